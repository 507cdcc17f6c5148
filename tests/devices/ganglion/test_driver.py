import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.driver import Advertisement, Counting, Refused, Signal, Unread, Wish
from devices.ganglion import codec
from devices.ganglion.driver import GanglionDialogue, GanglionDriver
from ecgcore.errors import NotificationError
from ecgcore.types import Lead, leads_of
from simulators.patches.ganglion import GanglionConfig, SimulatedGanglion
from tests.devices.host import ON_NS, S_NS, Host, Ramp, Ramps

ANY = Wish()
EVERY_FIRMWARE = pytest.mark.parametrize(
    ("firmware", "bits"), [("2.0.1", 18), ("2.0.1", 19), ("3.0.2", 18), ("3.0.2", 19)]
)


def streaming(
    firmware: str = "2.0.1", bits: int = 18, wish: Wish = ANY
) -> tuple[Host, SimulatedGanglion, Signal]:
    config = GanglionConfig("A0F3", ON_NS, firmware=firmware, bits=bits)
    # The same number on every channel, at different scales.
    board = SimulatedGanglion(config, Ramps(Ramp(400), Ramp(401), Ramp(57), Ramp(90)))
    host = Host(GanglionDriver().open(wish), board)
    host.listen()
    signal = host.converse(host.dialogue.start())
    assert signal is not None
    return host, board, signal


@pytest.mark.parametrize(
    ("name", "device_id"),
    [
        ("Ganglion-a0f3", "ganglion-a0f3"),
        ("Ganglion-A0F3", "ganglion-a0f3"),
        ("Ganglion", None),
        ("Ganglion-a0f", None),
        ("Simblee", None),
    ],
)
def test_identity_is_in_the_name(name: str, device_id: str | None) -> None:
    assert GanglionDriver().identify(Advertisement(name)) == device_id


@EVERY_FIRMWARE
def test_samples_are_the_boards(firmware: str, bits: int) -> None:
    host, board, signal = streaming(firmware, bits)
    host.wait(5 * S_NS)
    assert host.wrote == [b"b"]
    assert (signal.fs_mhz, signal.lsb_pv, signal.counting) == (200_000, 1870, Counting.COUNTER)
    assert signal.counter_modulus == (201 if firmware == "2.0.1" else 200)
    first, n = host.sent[0].start, host.adc.shape[1]
    assert n == sum(len(samples) for samples in host.sent) >= 900
    assert np.array_equal(host.adc, board.adc(first, n))
    at = 0
    for samples in host.samples:
        assert samples.first_counter == at % signal.counter_modulus
        at += samples.adc.shape[1]


@EVERY_FIRMWARE
@given(lost=st.sets(st.integers(0, 200), max_size=20), twice=st.booleans())
def test_a_loss_never_makes_a_wrong_sample(
    firmware: str, bits: int, lost: set[int], twice: bool
) -> None:
    host, board, signal = streaming(firmware, bits)
    modulus = signal.counter_modulus or 0
    kept = arrived = 0
    for number, notification in enumerate(
        n for step in range(80) for n in board.due(host.now_ns + step * 25_000_000)
    ):
        if number in lost:
            continue
        arrived += len(notification.samples)
        for copy in range(1 + twice):
            for samples in host.dialogue.decode(codec.NOTIFY, notification.value):
                assert copy == 0
                span = notification.samples
                assert np.array_equal(samples.adc, board.adc(span.start, len(span)))
                assert samples.first_counter == (span.start - 201) % modulus
                kept += len(span)
    # With firmware 2 each loss costs what is left of its second, too.
    also_lost = 0 if firmware == "3.0.2" else 201 * len(lost)
    assert arrived - also_lost <= kept <= arrived
    assert arrived > 300 - 2 * len(lost)


def test_after_a_loss_differences_are_missing_until_a_whole_sample() -> None:
    host, _, _ = streaming()
    numbers = iter(range(10_000))
    host.is_lost = lambda _: next(numbers) == 50
    host.wait(2 * S_NS)
    counters = [samples.first_counter for samples in host.samples]
    assert counters[:50] == [0, *range(1, 99, 2)]
    assert counters[50] == 0


def test_a_wish_names_the_channels() -> None:
    assert leads_of(streaming()[2].lead_mask) == (Lead.I, Lead.II, Lead.V1, Lead.V5)
    host, board, signal = streaming(wish=Wish(fs_hz=200, lead_mask=1 << Lead.II | 1 << Lead.V2))
    host.wait(S_NS)
    assert leads_of(signal.lead_mask) == (Lead.II, Lead.V2)
    assert np.array_equal(host.adc, board.adc(host.sent[0].start, host.adc.shape[1])[:2])


@pytest.mark.parametrize("wish", [Wish(fs_hz=250), Wish(lead_mask=0b11111)])
def test_what_cannot_be_is_refused(wish: Wish) -> None:
    with pytest.raises(Refused):
        streaming(wish=wish)


def test_a_board_that_does_not_say_its_firmware_is_refused() -> None:
    starting = GanglionDialogue(Wish()).start()
    next(starting)
    starting.send(b"")
    with pytest.raises(Refused, match="firmware"):
        starting.send(b"")


def test_a_second_start_begins_a_round_anew() -> None:
    host, board, _ = streaming()
    host.wait(S_NS // 2)
    host.converse(host.dialogue.stop())
    assert not board.is_streaming
    host.converse(host.dialogue.start())
    n_before = len(host.samples)
    host.wait(S_NS)
    assert host.samples[n_before].first_counter == 0


def test_words_are_kept_raw() -> None:
    (packet,) = GanglionDialogue(Wish()).decode(codec.NOTIFY, b"\xc9123Z")
    assert packet == Unread(codec.NOTIFY, b"\xc9123Z", "impedance of channel 1: 123Z")


def test_what_the_board_does_not_send_is_refused() -> None:
    host, _, _ = streaming("3.0.2")
    for uuid, data in ((sig.BATTERY_LEVEL, b"\x01"), (codec.NOTIFY, bytes([200]) + bytes(19))):
        with pytest.raises(NotificationError):
            host.dialogue.decode(uuid, data)
