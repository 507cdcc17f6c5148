"""An open patch to which the world can happen: worn or not, with a battery that empties."""

from collections.abc import Iterator

from devices.driver import Advertisement
from ecgcore.types import Lead
from simulators.patch import Condition, Notification
from simulators.patches.open_patch import MakeSource, OpenPatchConfig, SimulatedOpenPatch

_ALL_ELECTRODES = 0x3FF


class WorldlyOpenPatch(SimulatedOpenPatch):
    """An open patch that goes by its condition; its clock nobody can set."""

    def __init__(self, config: OpenPatchConfig, make_source: MakeSource, battery_pct: int) -> None:
        super().__init__(config, make_source)
        self.condition = Condition(battery_pct=battery_pct)
        self._was_worn = True

    def advertisement(self, utc_ns: int) -> Advertisement:
        """Give what it advertises."""
        self._obey(utc_ns)
        return super().advertisement(utc_ns)

    def due(self, utc_ns: int) -> Iterator[Notification]:
        """Give what is to be sent by now; a host must be connected."""
        self._obey(utc_ns)
        yield from super().due(utc_ns)

    def _obey(self, utc_ns: int) -> None:
        self.battery_pct = self.condition.battery_pct
        if self._was_worn != self.condition.is_worn:
            self._was_worn = self.condition.is_worn
            self.touch(0 if self._was_worn else _ALL_ELECTRODES, utc_ns)


OPEN_PATCH_LEADS = (
    Lead.I,
    Lead.II,
    Lead.V1,
    Lead.V2,
    Lead.V3,
    Lead.V4,
    Lead.V5,
    Lead.V6,
    Lead.CHEST,
)
"""What it can; eight of them at once."""
