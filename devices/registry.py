"""Which driver an advertisement belongs to."""

from collections.abc import Iterable

from devices.driver import Advertisement, Driver


class Registry:
    """The drivers of one gateway, asked in the order given.

    Parameters
    ----------
    drivers : iterable of Driver
        Usually one of each class under the ``ecgomics.drivers`` entry points; who reads those
        is up to the caller.
    """

    def __init__(self, drivers: Iterable[Driver]) -> None:
        self.drivers = tuple(drivers)

    def match(self, advertisement: Advertisement) -> tuple[Driver, str] | None:
        """Give the first driver that knows the patch, and the patch's id; None if nobody does."""
        for driver in self.drivers:
            if device_id := driver.identify(advertisement):
                return driver, device_id
        return None
