"""One patch, for as long as the gateway runs: link after link, and every sample into the spool.

Theory of operation: `run` waits for an advertisement, makes a link, starts the stream and watches
it. Notifications are taken from the link's inbox by the intake (`gateway.intake`). Whatever goes
wrong with a link ends in a pause and a new attempt; the pause is cut short when a patch comes back
that had been silent.
"""

import asyncio
import logging
from collections.abc import Callable

from bleak.exc import BleakError

from devices.driver import Wish
from ecgcore.clock import UtcClock
from ecgcore.types import GapReason
from ecgcore.wire.messages import LinkState
from gateway.backoff import Backoff
from gateway.intake import Intake, MakeRecorder
from gateway.link import Details, Link, LinkError
from gateway.outbox import Outbox
from gateway.presence import Presence
from gateway.recorder import Recorder
from gateway.scanner import Sighting
from gateway.session_state import LinkEvent, next_state
from gateway.status import PatchView

_log = logging.getLogger(__name__)
_ABSENT_S = 10.0
_HEALTHY_S = 10.0
_DEFAULTS = Wish()


class Session:
    """Keeps one patch streaming.

    Parameters
    ----------
    device_id : str
    make_recorder : MakeRecorder
        Called when the patch first tells what it streams.
    on_change : Callable[[], None]
        Called when the view changed in a way that people want to see at once.
    wish : Wish
        What is wanted of a patch that leaves a choice.
    """

    def __init__(
        self,
        device_id: str,
        *,
        outbox: Outbox,
        clock: UtcClock,
        backoff: Backoff,
        make_recorder: MakeRecorder,
        on_change: Callable[[], None],
        wish: Wish = _DEFAULTS,
    ) -> None:
        self._clock = clock
        self._backoff = backoff
        self._on_change = on_change
        self._wish = wish
        self._presence = Presence()
        self.view = PatchView(device_id, LinkState.ABSENT, clock.now_ns())
        self._intake = Intake(
            self.view,
            outbox,
            make_recorder,
            on_change=on_change,
            on_stream=lambda: self._move(LinkEvent.SAMPLES),
        )

    @property
    def recorder(self) -> Recorder | None:
        """None until the patch first told what it streams."""
        return self._intake.recorder

    def saw(self, sighting: Sighting) -> None:
        """Note an advertisement of the patch."""
        self.view.rssi_dbm = sighting.rssi_dbm
        self._presence.saw(sighting)

    async def run(self) -> None:
        """Stream until cancelled, which stops the patch and disconnects in order."""
        try:
            while True:
                await self._attempt(await self._sighted())
                self._presence.forget()
                await self._presence.wait(self._backoff.next_s())
        finally:
            self._move(LinkEvent.STOP)

    async def _sighted(self) -> Sighting:
        try:
            async with asyncio.timeout(_ABSENT_S):
                sighting = await self._presence.fresh()
        except TimeoutError:
            if self.view.link is not LinkState.ABSENT:
                self._move(LinkEvent.SILENT)
            sighting = await self._presence.fresh()
        self._move(LinkEvent.HEARD)
        return sighting

    async def _attempt(self, sighting: Sighting) -> None:
        started_s = _now_s()
        self._move(LinkEvent.CONNECT)
        try:
            await self._hold_link(sighting)
        except Exception as error:  # one device session: the others must go on
            _log.warning("link failed device=%s error=%s", self.view.device, _cause(error))
        self._move(LinkEvent.FAILED)
        if self._intake.heard_s - started_s > _HEALTHY_S:
            self._backoff.reset()

    async def _hold_link(self, sighting: Sighting) -> None:
        link = Link(sighting.driver, self._clock.now_ns, self._wish, self._clock.at_ns)
        self._intake.begin()
        try:
            async with asyncio.TaskGroup() as tasks:
                pump = tasks.create_task(self._intake.pump(link), name="pump")
                async with link.connected(sighting):
                    self._move(LinkEvent.CONNECTED)
                    await self._stream(link, sighting.driver.model)
                pump.cancel()
        finally:
            self._intake.close(link)

    async def _stream(self, link: Link, model: str) -> None:
        self._intake.heard_s = _now_s()
        await self._intake.open(link, await link.start())
        if not self.view.model:
            await self._introduce(link, model)
        silence_s = link.dialogue.first_frame_timeout_s
        while True:
            if await self._has_samples(link, silence_s):
                silence_s = self._intake.stall_s
            elif link.is_away:
                self._intake.heard_s = _now_s()
            elif self.view.link is LinkState.STALLED:
                msg = f"no samples for {silence_s:g} s after a restart of the stream"
                raise LinkError(msg)
            else:
                self._move(LinkEvent.STALLED)
                self._intake.interrupt(GapReason.LINK_LOST, is_same_link=True)
                self._intake.heard_s = _now_s()
                await link.restart()

    async def _has_samples(self, link: Link, silence_s: float) -> bool:
        """Wait for news; False if the stream fell silent or the patch ended it."""
        link.news.clear()
        # What came before nobody may have seen.
        link.check()
        try:
            async with asyncio.timeout_at(self._intake.heard_s + silence_s):
                await link.news.wait()
        except TimeoutError:
            return False
        link.check()
        return not link.is_stream_ended

    async def _introduce(self, link: Link, model: str) -> None:
        try:
            details = await link.details()
        except BleakError as error:
            link.check()
            _log.info("no device information device=%s error=%s", self.view.device, error)
            details = Details()
        view = self.view
        view.model = details.model or model
        view.serial, view.firmware = details.serial, details.firmware
        view.battery_pct = details.battery_pct
        self._on_change()

    def _move(self, event: LinkEvent) -> None:
        before = self.view.link
        self.view.link = next_state(before, event)
        if self.view.link is not before:
            self.view.since_ns = self._clock.now_ns()
            _log.info("link device=%s state=%s", self.view.device, self.view.link)
            self._on_change()


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
