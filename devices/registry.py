"""Which driver an advertisement belongs to."""

from collections.abc import Iterable

from devices.driver import Advertisement, Driver


class Registry:
    """The drivers of one gateway: those that know a patch by its own name before generic ones.

    A driver that takes any patch with some service sets ``is_generic = True`` and is asked last;
    among the others the order given decides. Nothing depends on the order in which packages were
    installed.

    Parameters
    ----------
    drivers : iterable of Driver
        Usually one of each class under the ``ecgomics.drivers`` entry points; who reads those
        is up to the caller.
    """

    def __init__(self, drivers: Iterable[Driver]) -> None:
        self.drivers = tuple(sorted(drivers, key=_is_generic))

    def match(self, advertisement: Advertisement) -> tuple[Driver, str] | None:
        """Give the first driver that knows the patch, and the patch's id; None if nobody does."""
        for driver in self.drivers:
            if device_id := driver.identify(advertisement):
                return driver, device_id
        return None


def _is_generic(driver: Driver) -> bool:
    return bool(getattr(driver, "is_generic", False))
