from devices.driver import Advertisement
from devices.polar_h10.driver import PolarH10Driver
from devices.registry import Registry


class AcceptAll(PolarH10Driver):
    def identify(self, advertisement: Advertisement) -> str | None:
        return "any"


def test_first_driver_that_knows_the_patch_is_taken() -> None:
    strap, anything = PolarH10Driver(), AcceptAll()
    registry = Registry([strap, anything])
    assert registry.match(Advertisement("Polar H10 0A1B2C3D")) == (strap, "polar-h10-0A1B2C3D")
    assert registry.match(Advertisement("Bike")) == (anything, "any")


def test_unknown_patches_match_nothing() -> None:
    assert Registry([PolarH10Driver()]).match(Advertisement("Bike")) is None
    assert Registry([]).match(Advertisement("Polar H10 0A1B2C3D")) is None
