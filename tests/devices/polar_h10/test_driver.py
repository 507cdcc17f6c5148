import pytest

from devices import sig
from devices.driver import Advertisement, Battery, Driver, HeartRate, Subscription
from devices.polar_h10 import codec
from devices.polar_h10.driver import PolarH10Driver
from ecgcore.errors import NotificationError
from ecgcore.types import Lead, leads_of
from ecgcore.wire.topics import checked_name


def test_driver_keeps_the_protocol() -> None:
    driver: Driver = PolarH10Driver()
    assert driver.signal.fs_mhz == 130_000
    assert driver.signal.lsb_pv == 1_000_000
    assert leads_of(driver.signal.lead_mask) == (Lead.CHEST,)
    assert driver.first_frame_timeout_s == 45


@pytest.mark.parametrize(
    ("name", "device_id"),
    [
        ("Polar H10 0A1B2C3D", "polar-h10-0A1B2C3D"),
        ("Polar H10 0a1b2c3d", "polar-h10-0A1B2C3D"),
        ("Polar H10", None),
        ("Polar H10 0A1B2C3", None),
        ("Polar H9 0A1B2C3D", None),
        ("My Polar H10 0A1B2C3D", None),
        ("Polar H10 0A1B2C3D\n", None),
        ("", None),
    ],
)
def test_identity_is_the_printed_number(name: str, device_id: str | None) -> None:
    found = PolarH10Driver().identify(Advertisement(name))
    assert found == device_id
    assert found is None or checked_name(found)


def test_control_point_is_subscribed_first_as_indication() -> None:
    first = PolarH10Driver().listens[0]
    assert (first.characteristic, first.how) == (codec.PMD_CONTROL, Subscription.INDICATE)
    assert [listen.required for listen in PolarH10Driver().listens] == [True, True, False, False]


def test_commands_are_the_vendors_bytes() -> None:
    driver = PolarH10Driver()
    assert [c.payload.hex() for c in driver.start_commands] == ["02000001820001010e00"]
    assert [c.payload.hex() for c in driver.stop_commands] == ["0300"]


def test_each_characteristic_has_its_decoder() -> None:
    driver = PolarH10Driver()
    assert driver.decode(sig.BATTERY_LEVEL, b"\x5a") == (Battery(90),)
    assert driver.decode(sig.HEART_RATE_MEASUREMENT, b"\x00\x3c") == (HeartRate(60, (), None),)


def test_unknown_characteristics_are_refused() -> None:
    with pytest.raises(NotificationError):
        PolarH10Driver().decode(sig.MODEL_NUMBER, b"H10")
