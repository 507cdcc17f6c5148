import numpy as np
import pytest

from devices import sig
from devices.driver import Advertisement, Battery, HeartRate, Wish
from devices.heart_rate.driver import HeartRateDriver, HeartyPatchDriver
from ecgcore.errors import NotificationError
from simulators.ecg import EcgConfig, SyntheticEcg
from simulators.patches.heart_rate import SimulatedStrap
from simulators.patches.sensor import SensorConfig
from tests.devices.host import ON_NS, S_NS, Host

HR = (sig.HEART_RATE_SERVICE,)


@pytest.mark.parametrize(
    ("name", "uuids", "device_id"),
    [
        ("TICKR 1A2B", HR, "hr-TICKR-1A2B"),
        ("HRM-Dual:123456", HR, "hr-HRM-Dual-123456"),
        ("Polar H9 12345678", HR, "hr-Polar-H9-12345678"),
        ("  ", HR, None),
        ("\N{SNOWMAN}", HR, None),
        ("x" * 60, HR, "hr-" + "x" * 45),
        ("TICKR 1A2B", (), None),
        ("TICKR 1A2B", (sig.BATTERY_SERVICE,), None),
    ],
)
def test_identity_is_the_name_of_whoever_has_the_service(
    name: str, uuids: tuple[str, ...], device_id: str | None
) -> None:
    assert HeartRateDriver().identify(Advertisement(name, service_uuids=uuids)) == device_id


def test_heartypatch_is_known_by_its_name() -> None:
    driver = HeartyPatchDriver()
    patch = Advertisement("HeartyPatch 7", service_uuids=HR)
    assert driver.identify(patch) == "hr-HeartyPatch-7"
    assert driver.identify(Advertisement("TICKR 1A2B", service_uuids=HR)) is None


@pytest.mark.parametrize(
    ("driver", "rr_unit_ms"), [(HeartRateDriver(), 1000 / 1024), (HeartyPatchDriver(), 1.0)]
)
def test_intervals_are_the_beats_in_the_straps_unit(
    driver: HeartRateDriver, rr_unit_ms: float
) -> None:
    source = SyntheticEcg(EcgConfig(seed=3))
    strap = SimulatedStrap(SensorConfig("0017", ON_NS), source, rr_unit_ms=rr_unit_ms)
    assert HeartRateDriver().identify(strap.advertisement(ON_NS)) == strap.device_id
    host = Host(driver.open(Wish()), strap)
    host.listen()
    assert host.converse(host.dialogue.start()) is None
    host.wait(60 * S_NS)
    host.converse(host.dialogue.stop())
    rates = [packet for packet in host.packets if isinstance(packet, HeartRate)]
    assert all(rate.contact is True for rate in rates)
    peaks = SyntheticEcg(EcgConfig(seed=3)).rpeaks(0, 61 * 130)
    told_ms = [rr for rate in rates for rr in rate.rr_ms]
    expected_ms = np.diff(peaks) * 1000 / 130
    assert told_ms == pytest.approx(expected_ms[: len(told_ms)], abs=0.51)
    assert len(expected_ms) - len(told_ms) <= 2
    assert Battery(90) in host.packets


@pytest.mark.parametrize("contact", [True, False, None])
def test_contact_is_told_as_the_strap_knows_it(contact: bool | None) -> None:
    strap = SimulatedStrap(SensorConfig("0017", ON_NS), SyntheticEcg(EcgConfig()), contact=contact)
    host = Host(HeartRateDriver().open(Wish()), strap)
    host.wait(2 * S_NS)
    assert {p.contact for p in host.packets if isinstance(p, HeartRate)} == {contact}


def test_an_interval_in_milliseconds_reads_golden_bytes() -> None:
    dialogue = HeartyPatchDriver().open(Wish())
    data = bytes.fromhex("103cd003")
    assert dialogue.decode(sig.HEART_RATE_MEASUREMENT, data) == (HeartRate(60, (976.0,), None),)
    standard = HeartRateDriver().open(Wish())
    assert standard.decode(sig.HEART_RATE_MEASUREMENT, data) == (HeartRate(60, (953.125,), None),)


def test_unknown_characteristics_are_refused() -> None:
    with pytest.raises(NotificationError):
        HeartRateDriver().open(Wish()).decode(sig.MODEL_NUMBER, b"x")
