import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.driver import (
    Advertisement,
    Battery,
    Command,
    CommandReply,
    Refused,
    Samples,
    Signal,
    SkinContact,
    Unread,
    Wish,
)
from devices.movesense import codec
from devices.movesense.codec import EcgPacket, Kind, Message
from devices.movesense.driver import MovesenseDialogue, MovesenseDriver
from ecgcore.errors import NotificationError
from ecgcore.types import Lead
from simulators.patches.movesense import MovesenseConfig, SimulatedMovesense
from tests.devices.host import ON_NS, S_NS, Host, Ramp

SERIAL = "174630000192"
ANY = Wish()


def sensor(fs_hz: int = 250, **config: object) -> SimulatedMovesense:
    return SimulatedMovesense(MovesenseConfig(SERIAL, ON_NS, **config), Ramp(), fs_hz)


def streaming(patch: SimulatedMovesense, wish: Wish = ANY, **how: object) -> tuple[Host, Signal]:
    host = Host(MovesenseDriver().open(wish), patch, **how)
    host.listen()
    signal = host.converse(host.dialogue.start())
    assert signal is not None
    return host, signal


def assert_exact(host: Host, patch: SimulatedMovesense) -> None:
    sent = [samples for samples in host.sent if samples]
    assert sent
    expected = np.concatenate([patch.adc(each.start, len(each)) for each in sent], axis=1)
    assert np.array_equal(host.adc, expected)
    for samples, numbers in zip(host.samples, sent, strict=True):
        at_ns = patch.sample_ns(numbers.stop - 1)
        assert samples.last_sample_ns == pytest.approx(at_ns, abs=500_001)


@pytest.mark.parametrize(
    ("name", "device_id"),
    [
        (f"Movesense {SERIAL}", f"movesense-{SERIAL}"),
        ("Movesense 17463000019", None),
        ("Movesense", None),
        (f"Movesense {SERIAL}\n", None),
    ],
)
def test_identity_is_the_printed_number(name: str, device_id: str | None) -> None:
    assert MovesenseDriver().identify(Advertisement(name)) == device_id


@pytest.mark.parametrize("fs_hz", codec.RATES_HZ)
def test_every_rate_streams_and_the_samples_are_the_patchs(fs_hz: int) -> None:
    patch = sensor()
    host, signal = streaming(patch, Wish(fs_hz=fs_hz))
    host.wait(3 * S_NS)
    assert (signal.fs_mhz, signal.lsb_pv) == (fs_hz * 1000, 381_470)
    assert signal.lead_mask == 1 << Lead.CHEST
    assert signal.timestamp_step_ns == 1_000_000
    assert host.adc.shape[1] >= 2.9 * fs_hz
    assert_exact(host, patch)


def test_without_a_wish_it_is_250_hz() -> None:
    assert streaming(sensor())[1].fs_mhz == 250_000


@pytest.mark.parametrize("wish", [Wish(fs_hz=300), Wish(lead_mask=3)])
def test_what_cannot_be_is_refused_before_anything_is_asked(wish: Wish) -> None:
    with pytest.raises(Refused):
        next(MovesenseDriver().open(wish).start())


def test_a_rate_the_sensor_refuses_is_told_with_its_words() -> None:
    with pytest.raises(Refused, match="/Meas/ECG/512: 501 rate not supported"):
        streaming(sensor(refused_rates_hz=frozenset({512})), Wish(fs_hz=512))


@given(lost_answers=st.integers(0, 5), is_sample_app=st.booleans())
def test_lost_and_missing_answers_are_asked_for_again(
    lost_answers: int, is_sample_app: bool
) -> None:
    patch = sensor(lost_answers=lost_answers, is_sample_app=is_sample_app)
    host, _ = streaming(patch)
    host.wait(S_NS)
    refs = [request[1] for request in host.wrote]
    assert refs == sorted(refs)
    # One subscription is left, however often it was asked for.
    assert len([samples for samples in host.sent if samples]) == len(host.samples)
    assert_exact(host, patch)


def test_a_sensor_that_never_answers_is_refused() -> None:
    payloads = []

    def ask() -> None:
        # Whoever runs through a generator sends it None.
        for command in MovesenseDriver().open(Wish()).start():
            assert isinstance(command, Command)
            payloads.append(command.payload)

    with pytest.raises(Refused, match="no answer"):
        ask()
    assert [payload[0] for payload in payloads] == [0, 0, 0, 1, 2, 1, 2, 1, 2]
    assert len({payload[1] for payload in payloads if payload[0] == 1}) == 3


def test_a_late_answer_is_not_taken_for_anothers() -> None:
    dialogue = MovesenseDialogue(Wish())
    conversation = dialogue.start()
    first = next(conversation)
    second = conversation.send(None)
    late = dialogue.decode(codec.NOTIFY, bytes([Kind.RESPONSE, 1, 1]))
    assert isinstance(first, Command)
    assert isinstance(second, Command)
    assert late == (CommandReply(first.name, True, "hello", b"\x01"),)
    assert first.name != second.name


def test_the_bare_hello_of_the_first_applications_is_an_answer() -> None:
    dialogue = MovesenseDialogue(Wish())
    command = next(dialogue.start())
    assert isinstance(command, Command)
    (reply,) = dialogue.decode(codec.NOTIFY, b"Hello")
    assert reply == CommandReply(command.name, True, "hello", b"Hello")
    assert isinstance(dialogue.decode(codec.NOTIFY, b"Hello")[0], Unread)


@given(mtu=st.integers(23, 247))
def test_packets_in_parts_are_put_together(mtu: int) -> None:
    patch = sensor()
    host, _ = streaming(patch, mtu=mtu)
    host.wait(2 * S_NS)
    assert_exact(host, patch)


@given(lost=st.sets(st.integers(0, 120), max_size=40))
def test_a_lost_part_loses_its_packet_and_no_other(lost: set[int]) -> None:
    """Two lost in a row, an end and a beginning, would pass: the protocol numbers no parts."""
    patch, numbers = sensor(), iter(range(10_000))
    host, _ = streaming(patch, mtu=60)
    alone = {number for number in lost if number - 1 not in lost}
    host.is_lost = lambda _: next(numbers) in alone
    for _ in range(40):
        try:
            host.wait(25_000_000)
        except NotificationError:
            continue
    truth = patch.adc(0, 1000)[0].tolist()
    for samples in host.samples:
        first, *_ = adc = samples.adc[0].tolist()
        # Within the ramp no value comes twice.
        at = truth.index(first)
        assert adc == (truth + truth)[at : at + 16]


def test_the_clock_goes_on_over_its_wrap_and_back_with_a_reset() -> None:
    patch = sensor(uptime_ms=2**32 - 3000)
    host, _ = streaming(patch)
    host.wait(6 * S_NS)
    assert_exact(host, patch)
    steps_ns = np.diff([samples.last_sample_ns or 0 for samples in host.samples])
    assert np.allclose(steps_ns, 64_000_000, atol=1_000_001)
    before_ns = host.samples[-1].last_sample_ns or 0
    again = codec.encode_ecg(EcgPacket(500, np.zeros(16, np.int32)))
    ref = host.wrote[1][1]
    packets = host.dialogue.decode(codec.NOTIFY, bytes([Kind.DATA, ref]) + again)
    (samples,) = packets
    assert isinstance(samples, Samples)
    assert (samples.last_sample_ns or 0) < before_ns


@pytest.mark.parametrize(("of_last", "offset_samples"), [(False, 15), (True, 0)])
def test_which_sample_is_stamped_is_a_constant(of_last: bool, offset_samples: int) -> None:
    dialogue = MovesenseDriver(stamp_is_of_last=of_last).open(Wish(fs_hz=500))
    conversation = dialogue.start()
    next(conversation)
    subscribe = conversation.send(CommandReply("hello", True, ""))
    assert isinstance(subscribe, Command)
    body = codec.encode_ecg(EcgPacket(1000, np.zeros(16, np.int32)))
    packet = dialogue.decode(codec.NOTIFY, bytes([Kind.DATA, subscribe.payload[1]]) + body)[0]
    assert isinstance(packet, Samples)
    assert packet.last_sample_ns == 1_000_000_000 + offset_samples * 2_000_000


def test_contact_and_battery_are_told() -> None:
    patch = sensor()
    host, _ = streaming(patch)
    patch.set_contact(False)
    host.wait(S_NS)
    patch.set_contact(None)
    host.wait(10 * S_NS)
    contacts = [packet for packet in host.packets if isinstance(packet, SkinContact)]
    assert contacts == [SkinContact(True), SkinContact(False), SkinContact(None)] or contacts == [
        SkinContact(False),
        SkinContact(None),
    ]
    assert Battery(90) in host.packets


def test_stop_ends_every_subscription_and_start_goes_on() -> None:
    patch = sensor()
    host, signal = streaming(patch)
    host.wait(S_NS)
    host.converse(host.dialogue.stop())
    assert not patch.is_streaming
    n_heard = len(host.samples)
    host.wait(S_NS)
    assert len(host.samples) == n_heard
    assert host.converse(host.dialogue.start()) == signal
    host.wait(S_NS)
    assert len(host.samples) > n_heard
    assert_exact(host, patch)


def test_what_nobody_asked_for_is_kept_raw() -> None:
    dialogue = MovesenseDialogue(Wish())
    for data in (b"\x02\x09abc", b"\x01\x09\xc8\x00"):
        (packet,) = dialogue.decode(codec.NOTIFY, data)
        assert isinstance(packet, Unread)
        assert packet.data == data


def test_unknown_characteristics_are_refused() -> None:
    with pytest.raises(NotificationError):
        MovesenseDialogue(Wish()).decode(sig.MODEL_NUMBER, b"HR2")


def test_a_message_survives_the_trip() -> None:
    message = Message(Kind.DATA_PART2, 255, b"\x01\x02")
    assert codec.decode_message(codec.encode_message(message)) == message
