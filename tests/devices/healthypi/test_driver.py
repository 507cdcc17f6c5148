import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.driver import Advertisement, Battery, Counting, HeartRate, Refused, Wish
from devices.healthypi.driver import (
    ECG_STREAM,
    HealthyPi5Driver,
    HealthyPiMoveDriver,
    decode_ecg,
    encode_ecg,
)
from ecgcore.errors import NotificationError
from ecgcore.types import Lead
from simulators.patches.healthypi import HealthyPi, SimulatedHealthyPi
from simulators.patches.sensor import SensorConfig
from tests.devices.host import ON_NS, S_NS, Host, Ramp

INT32 = st.integers(-(1 << 31), (1 << 31) - 1)


def test_ecg_reads_golden_bytes() -> None:
    samples = decode_ecg(bytes.fromhex("01000000 ffffffff ffffff7f 00000080"))
    assert samples.adc.tolist() == [[1, -1, 2147483647, -2147483648]]
    assert (samples.last_sample_ns, samples.first_counter) == (None, None)


@given(adc=st.lists(INT32, min_size=1, max_size=16))
def test_ecg_survives_the_trip(adc: list[int]) -> None:
    assert decode_ecg(encode_ecg(np.array(adc, np.int32))).adc.tolist() == [adc]


@pytest.mark.parametrize("data", [b"", b"\0" * 3, b"\0" * 5])
def test_ecg_without_whole_samples_is_refused(data: bytes) -> None:
    with pytest.raises(NotificationError):
        decode_ecg(data)


@pytest.mark.parametrize(
    ("name", "five", "move"),
    [
        ("healthypi 5", "healthypi-5", None),
        ("HealthyPi 5", "healthypi-5", None),
        ("healthypi5-07", "healthypi-5-07", None),
        ("healthypi move", None, "healthypi-move"),
        ("healthypi move A1", None, "healthypi-move-A1"),
        ("healthypi", None, None),
        ("healthypi 50", None, None),
    ],
)
def test_identity_is_the_kind_and_what_follows(
    name: str, five: str | None, move: str | None
) -> None:
    assert HealthyPi5Driver().identify(Advertisement(name)) == five
    assert HealthyPiMoveDriver().identify(Advertisement(name)) == move


@pytest.mark.parametrize(
    ("driver", "kind", "fs_hz", "per_s"),
    [
        (HealthyPi5Driver(), HealthyPi.FIVE, 125, 125 * 8 / 9),
        (HealthyPiMoveDriver(), HealthyPi.MOVE, 128, 128),
    ],
)
def test_samples_are_the_patchs(
    driver: HealthyPi5Driver | HealthyPiMoveDriver, kind: HealthyPi, fs_hz: int, per_s: float
) -> None:
    patch = SimulatedHealthyPi(SensorConfig("", ON_NS), Ramp(), kind)
    assert driver.identify(patch.advertisement(ON_NS)) == patch.device_id
    host = Host(driver.open(Wish(fs_hz=fs_hz)), patch)
    host.listen()
    signal = host.converse(host.dialogue.start())
    host.wait(11 * S_NS)
    host.converse(host.dialogue.stop())
    assert signal is not None
    assert (signal.fs_mhz, signal.counting) == (fs_hz * 1000, Counting.ARRIVAL)
    assert signal.lead_mask == 1 << Lead.CHEST
    sent = [samples for samples in host.sent if samples]
    expected = np.concatenate([patch.adc(each.start, len(each)) for each in sent], axis=1)
    assert np.array_equal(host.adc, expected)
    assert host.adc.shape[1] == pytest.approx(11 * per_s, abs=17)
    assert Battery(90) in host.packets
    assert HeartRate(60, (), None) in host.packets
    patch.subscribe(ECG_STREAM, False, host.now_ns, host.mtu)
    assert not patch.is_streaming


@pytest.mark.parametrize("wish", [Wish(fs_hz=128), Wish(lead_mask=3)])
def test_what_cannot_be_is_refused(wish: Wish) -> None:
    with pytest.raises(Refused):
        next(HealthyPi5Driver().open(wish).start())


def test_unknown_characteristics_are_refused() -> None:
    with pytest.raises(NotificationError):
        HealthyPi5Driver().open(Wish()).decode(sig.MODEL_NUMBER, b"5")
