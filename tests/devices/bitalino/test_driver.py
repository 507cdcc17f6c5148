import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.bitalino import codec
from devices.bitalino.driver import BitalinoDialogue, BitalinoDriver
from devices.driver import Advertisement, Counting, Refused, Signal, Unread, Wish
from ecgcore.errors import NotificationError
from ecgcore.types import Lead
from simulators.patches.bitalino import SimulatedBitalino
from simulators.patches.sensor import SensorConfig
from tests.devices.host import ON_NS, S_NS, Host, Ramp

ANY = Wish()


def streaming(wish: Wish = ANY) -> tuple[Host, SimulatedBitalino, Signal]:
    # Three microvolts are just more than a count, so that no value comes twice in 490 samples.
    patch = SimulatedBitalino(SensorConfig("52-7E", ON_NS), Ramp(490, step_uv=3))
    host = Host(BitalinoDriver().open(wish), patch)
    host.listen()
    signal = host.converse(host.dialogue.start())
    assert signal is not None
    return host, patch, signal


@pytest.mark.parametrize(
    ("name", "device_id"),
    [
        ("BITalino-52-7E", "bitalino-52-7e"),
        ("BITalino BLE", "bitalino-ble"),
        ("BITalino", None),
        ("BITalino-52", None),
        ("BITalino-52-7E ", None),
    ],
)
def test_identity_is_in_the_name(name: str, device_id: str | None) -> None:
    assert BitalinoDriver().identify(Advertisement(name)) == device_id


def test_start_sets_the_rate_and_the_channel_of_the_ecg_block() -> None:
    host, patch, signal = streaming()
    assert host.wrote == [b"\x83", b"\x09"]
    assert (signal.fs_mhz, signal.lsb_pv) == (100_000, 2_929_688)
    assert (signal.counting, signal.counter_modulus) == (Counting.COUNTER, 16)
    assert signal.lead_mask == 1 << Lead.CHEST
    assert streaming(Wish(lead_mask=1 << Lead.II))[2].lead_mask == 1 << Lead.II
    host.converse(host.dialogue.stop())
    assert not patch.is_streaming


@pytest.mark.parametrize("wish", [Wish(fs_hz=1000), Wish(lead_mask=3)])
def test_what_cannot_be_is_refused(wish: Wish) -> None:
    with pytest.raises(Refused):
        streaming(wish)


def test_samples_are_the_boards_and_numbered_modulo_16() -> None:
    host, patch, _ = streaming()
    host.wait(8 * S_NS)
    first, end = host.sent[0].start, host.sent[-1].stop
    n_unproven = end - first - host.adc.shape[1]
    assert 0 <= n_unproven <= codec.FrameStream.PROOF
    assert np.array_equal(host.adc, patch.adc(first + n_unproven, host.adc.shape[1]))
    number = 0
    for samples in host.samples:
        number = number or samples.first_counter or 0
        assert samples.first_counter == number % 16
        number += samples.adc.shape[1]


@given(lost=st.sets(st.integers(2, 60), max_size=10))
def test_a_sample_is_the_boards_or_missing(lost: set[int]) -> None:
    host, patch, _ = streaming()
    numbers = iter(range(10_000))
    host.is_lost = lambda _: next(numbers) in lost
    host.wait(3 * S_NS)
    truth = patch.adc(host.sent[0].start, 380)[0].tolist()
    heard = host.adc[0].tolist()
    assert set(heard) <= set(truth)
    n_sent = sum(len(samples) for samples in host.sent)
    assert len(heard) >= n_sent - 8 * (len(lost) + 1)
    for samples in host.samples:
        places = [truth.index(value) for value in samples.adc[0].tolist()]
        assert places == list(range(places[0], places[0] + len(places)))


def test_what_is_no_frame_is_told_with_its_bytes() -> None:
    dialogue = BitalinoDialogue(Wish())
    (packet,) = dialogue.decode(codec.FRAMES, b"\xff" * 20)
    assert packet == Unread(codec.FRAMES, b"\xff" * 9, "9 bytes are no frame")


@pytest.mark.parametrize(("uuid", "data"), [(codec.FRAMES, b""), (sig.BATTERY_LEVEL, b"\x01")])
def test_what_the_board_does_not_send_is_refused(uuid: str, data: bytes) -> None:
    with pytest.raises(NotificationError):
        BitalinoDialogue(Wish()).decode(uuid, data)
