import pytest

from devices import sig
from devices.driver import (
    Advertisement,
    Battery,
    Command,
    CommandReply,
    Dialogue,
    Driver,
    HeartRate,
    Hole,
    Refused,
    Subscription,
    Wish,
)
from devices.polar_h10 import codec
from devices.polar_h10.driver import SIGNAL, PolarH10Dialogue, PolarH10Driver
from ecgcore.errors import NotificationError
from ecgcore.types import Lead, leads_of
from ecgcore.wire.topics import checked_name


def test_driver_keeps_the_protocol() -> None:
    driver: Driver = PolarH10Driver()
    dialogue: Dialogue = driver.open(Wish())
    assert SIGNAL.fs_mhz == 130_000
    assert SIGNAL.lsb_pv == 1_000_000
    assert leads_of(SIGNAL.lead_mask) == (Lead.CHEST,)
    assert dialogue.first_frame_timeout_s == 45
    assert not dialogue.needs_bond
    nowhere = Hole(None, 0, 1)
    assert dialogue.replay(nowhere) is None
    assert dialogue.identify_patch() is None


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
    listens = PolarH10Dialogue().listens
    first = listens[0]
    assert (first.characteristic, first.how) == (codec.PMD_CONTROL, Subscription.INDICATE)
    assert [listen.required for listen in listens] == [True, True, False, False]


def test_commands_are_the_vendors_bytes() -> None:
    for conversation, payload in (
        (PolarH10Dialogue().start(), "02000001820001010e00"),
        (PolarH10Dialogue().stop(), "0300"),
    ):
        asked = next(conversation)
        assert isinstance(asked, Command)
        assert asked.payload.hex() == payload


def test_a_yes_ends_the_start_with_the_signal_and_a_no_is_told() -> None:
    starting = PolarH10Dialogue().start()
    next(starting)
    with pytest.raises(StopIteration) as end:
        starting.send(CommandReply("start", True, "success"))
    assert end.value.value is SIGNAL
    for answer, says in ((CommandReply("start", False, "bad mtu"), "start: bad mtu"), (None, "no")):
        starting = PolarH10Dialogue().start()
        next(starting)
        with pytest.raises(Refused, match=says):
            starting.send(answer)


def test_each_characteristic_has_its_decoder() -> None:
    driver = PolarH10Dialogue()
    assert driver.decode(sig.BATTERY_LEVEL, b"\x5a") == (Battery(90),)
    assert driver.decode(sig.HEART_RATE_MEASUREMENT, b"\x00\x3c") == (HeartRate(60, (), None),)


def test_unknown_characteristics_are_refused() -> None:
    with pytest.raises(NotificationError):
        PolarH10Dialogue().decode(sig.MODEL_NUMBER, b"H10")
