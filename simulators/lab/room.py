"""A scenario at the Bluetooth level: its patches on the virtual radio, its plan carried out.

What happens inside of a patch the patch does itself (`FaultyPatch`); here stands what happens to
its link: cut, off with the patch, too weak, of another MTU.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from simulators.lab.patch import FaultyPatch
from simulators.lab.timeline import Timeline
from simulators.patch import Notification
from simulators.peripheral import Peripheral
from simulators.radio import VirtualRadio
from simulators.scenario.faults import Mtu, Scope, WeakSignal
from simulators.scenario.plan import Planned

_log = logging.getLogger(__name__)
# Both ends notice at once; the gateway needs a moment to be back.
_MTU_CUT_S = 0.3
_AT_1M_DBM, _PER_DECADE_DB = -59.0, 25.0

OnSent = Callable[[FaultyPatch, range], None]


@dataclass(frozen=True, slots=True)
class Worn:
    """One patch and its radio."""

    number: int
    patch: FaultyPatch
    peripheral: Peripheral


class ScenarioRoom:
    """The patches of a scenario.

    Parameters
    ----------
    patches : list of FaultyPatch
        In the order of their numbers.
    on_sent, on_lost : callable
        Called with patch and samples right after they have been handed to the link, and when
        they disappeared on the air.
    """

    def __init__(
        self,
        patches: list[FaultyPatch],
        radio: VirtualRadio,
        timeline: Timeline,
        on_sent: OnSent = lambda patch, samples: None,
        on_lost: OnSent = lambda patch, samples: None,
    ) -> None:
        self._radio = radio
        self._timeline = timeline
        self._tasks: asyncio.TaskGroup | None = None
        self.worn = [
            Worn(number, patch, self._on_air(patch, on_sent, on_lost))
            for number, patch in enumerate(patches, 1)
        ]

    def _on_air(self, patch: FaultyPatch, on_sent: OnSent, on_lost: OnSent) -> Peripheral:
        def sent(notification: Notification) -> None:
            patch.account.sent(notification.samples)
            on_sent(patch, notification.samples)

        def lost(notification: Notification) -> None:
            patch.account.touched(notification.samples, "weak_signal")
            on_lost(patch, notification.samples)

        return Peripheral(self._radio, patch, self._timeline.clock, sent, lost)

    async def run(self) -> None:
        """Serve and carry the plan out, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for worn in self.worn:
                tasks.create_task(worn.peripheral.run(), name=worn.patch.device_id)
                for planned in worn.patch.plan:
                    self._follow(worn, planned)

    def inject(self, number: int, planned: Planned) -> None:
        """Add a fault of a patch that nobody planned."""
        worn = self.worn[number - 1]
        worn.patch.add(planned)
        self._follow(worn, planned)

    def _follow(self, worn: Worn, planned: Planned) -> None:
        work = self._work(worn, planned)
        if work is not None and self._tasks is not None:
            self._tasks.create_task(work, name=f"{planned.kind} {worn.patch.device_id}")

    def _work(self, worn: Worn, planned: Planned) -> Coroutine[Any, Any, None] | None:
        if planned.kind in ("link_cut", "reboot"):
            return self._cut(worn, planned)
        if isinstance(planned.fault, WeakSignal):
            return self._weaken(worn, planned, planned.fault)
        if isinstance(planned.fault, Mtu):
            return self._limit(worn, planned, planned.fault)
        return None

    async def _cut(self, worn: Worn, planned: Planned) -> None:
        await self._timeline.until(planned.start_s)
        self._tell(worn, planned)
        async with self._radio.drop(worn.peripheral.address):
            await self._timeline.until(planned.end_s)

    async def _weaken(self, worn: Worn, planned: Planned, fault: WeakSignal) -> None:
        await self._timeline.until(planned.start_s)
        self._tell(worn, planned)
        distance_m = 10 ** ((_AT_1M_DBM - fault.rssi_dbm) / _PER_DECADE_DB)
        with ExitStack() as settings:
            settings.enter_context(self._radio.place(worn.patch.address, distance_m))
            settings.enter_context(self._radio.loss(worn.patch.address, fault.loss))
            await self._timeline.until(planned.end_s)

    async def _limit(self, worn: Worn, planned: Planned, fault: Mtu) -> None:
        await self._timeline.until(planned.start_s)
        self._tell(worn, planned)
        with self._radio.limit_mtu(worn.patch.address, fault.bytes_):
            await self._renew(worn)
            await self._timeline.until(planned.end_s)
        await self._renew(worn)

    async def _renew(self, worn: Worn) -> None:
        async with self._radio.drop(worn.peripheral.address):
            await asyncio.sleep(_MTU_CUT_S)

    def _tell(self, worn: Worn, planned: Planned) -> None:
        if planned.fault.scope is Scope.LINK or planned.kind == "reboot":
            _log.warning("%s device=%s", planned.kind, worn.patch.device_id)
