import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import ConfigError
from ecgcore.wire.broker import Broker


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtt://host", Broker("host", 1883, None, None, tls=False)),
        ("mqtts://host", Broker("host", 8883, None, None, tls=True)),
        ("mqtt://u%40x:p%2Fw@10.0.0.1:99", Broker("10.0.0.1", 99, "u@x", "p/w", tls=False)),
        ("mqtt://[::1]:99", Broker("::1", 99, None, None, tls=False)),
        (
            "mqtts://u:p@one,[::1]:99,two:7",
            Broker("one", 8883, "u", "p", tls=True, others=(("::1", 99), ("two", 7))),
        ),
    ],
)
def test_addresses(url: str, broker: Broker) -> None:
    assert Broker.parse(url) == broker


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_told_not_to_be(url: str) -> None:
    try:
        broker = Broker.parse(url)
    except ConfigError:
        return
    assert url.lstrip().lower().startswith("mqtt")
    assert broker.host


def test_the_nodes_of_a_cluster_take_turns() -> None:
    broker = Broker.parse("mqtt://u:p@one:1,two:2,three:3")
    hosts = []
    for _ in range(4):
        hosts.append((broker.host, broker.port))
        broker = broker.turned()
    assert hosts == [("one", 1), ("two", 2), ("three", 3), ("one", 1)]
    alone = Broker.parse("mqtt://one")
    assert alone.turned() is alone
    with pytest.raises(ConfigError, match="not mqtt://HOST:PORT"):
        Broker.parse("mqtt://one,,two")
