import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import TopicError
from ecgcore.wire import topics
from tests.ecgcore.wire.test_checksum import bitwise
from tests.strategies import names


@given(gateway=names, device=names, kind=st.sampled_from(sorted(topics.UP_KINDS)))
def test_an_uplink_topic_reads_back(gateway: str, device: str, kind: str) -> None:
    topic = topics.up(gateway, device, kind)
    shard = topics.shard_of(device)
    assert topic == f"ecg/v1/{shard}/{gateway}/{device}/{kind}"
    assert 0 <= shard < 64
    assert topics.parse_up(topic) == topics.UpTopic(shard, gateway, device, kind)


@given(device=names, kind=st.sampled_from(["strip", "numbers", "report"]))
def test_a_live_topic_reads_back(device: str, kind: str) -> None:
    assert topics.parse_live(topics.live(device, kind)) == (device, kind)


def test_a_device_keeps_its_shard_for_good() -> None:
    # CRC-32C modulo 64: a change would send frames to a worker without their history.
    assert topics.shard_of("123456789") == 0xE3069283 % 64
    assert topics.shard_of("polar-h10-0A1B2C3D") == bitwise(b"polar-h10-0A1B2C3D") % 64 == 47


@given(gateway=names, device=names)
def test_what_a_gateway_listens_to_and_leaves_behind_reads_back(gateway: str, device: str) -> None:
    for build, kind in ((topics.committed, "committed"), (topics.command, "command")):
        assert topics.parse_down(build(gateway, device)) == (gateway, device, kind)
    assert topics.parse_gateway(topics.gateway_status(gateway)) == gateway


@given(topic=st.text(max_size=60))
def test_any_other_topic_is_refused_by_its_own_error(topic: str) -> None:
    for parse in (topics.parse_up, topics.parse_down, topics.parse_gateway, topics.parse_live):
        with pytest.raises(TopicError):
            parse(topic)


@pytest.mark.parametrize(
    "topic",
    [
        "ecg/v1/43/g1/123456789/samples",
        "ecg/v1/03/g1/123456789/samples",
        "ecg/v2/3/g1/123456789/samples",
        "ecg/v1/3/g1/123456789/command",
        "ecg/v1/3/g1/123456789/samples/x",
        "ecg/v1/3/g 1/123456789/samples",
        "ecg/v1/3/+/123456789/samples",
    ],
)
def test_a_nearly_right_topic_is_refused(topic: str) -> None:
    assert topics.parse_up("ecg/v1/3/g1/123456789/samples").shard == 3
    with pytest.raises(TopicError):
        topics.parse_up(topic)


@pytest.mark.parametrize("name", ["", "x" * 49, "a.b", "a b", "a/b", "+", "#", "ä", "a\n"])
def test_a_name_that_a_broker_would_bend_is_refused(name: str) -> None:
    with pytest.raises(TopicError, match="A-Z a-z 0-9"):
        topics.checked_name(name)
    for build in (
        topics.committed_of_gateway,
        topics.commands_of_gateway,
        topics.gateway_status,
        topics.service,
    ):
        with pytest.raises(TopicError):
            build(name)


def matches(pattern: str, topic: str) -> bool:
    """Match as MQTT does, for filters with single-level wildcards only."""
    levels, parts = pattern.split("/"), topic.split("/")
    return len(levels) == len(parts) and all(
        level in ("+", part) for level, part in zip(levels, parts, strict=True)
    )


@given(gateway=names, device=names)
def test_each_filter_matches_its_topics_and_no_others(gateway: str, device: str) -> None:
    shard = topics.shard_of(device)
    kinds = ("samples", "live", "event")
    samples = topics.up(gateway, device, "samples")
    everything = {
        **{topics.up(gateway, device, kind): topics.of_shard(shard, kind) for kind in kinds},
        topics.up(gateway, device, "status"): topics.all_status(),
        topics.command(gateway, device): topics.commands_of_gateway(gateway),
        topics.gateway_status(gateway): topics.all_gateways(),
        topics.committed(gateway, device): topics.committed_of_gateway(gateway),
        topics.live(device, "strip"): topics.all_live(),
        topics.service("engine"): topics.all_services(),
    }
    for pattern in everything.values():
        found = [topic for topic in everything if matches(pattern, topic)]
        assert [everything[topic] for topic in found] == [pattern]
    assert not matches(topics.of_shard((shard + 1) % 64, "samples"), samples)
