"""One patch, for as long as the gateway runs: link after link, and every sample into the spool.

Theory of operation: `run` waits for an advertisement, makes a link, starts the stream and watches
it. Notifications are taken from the link's inbox by `_pump`, decoded by the driver, counted and
timed by the recorder and put into the outbox; between counting and putting nothing waits, so no
cancellation can come between. Whatever goes wrong with a link ends in a pause and a new attempt;
the pause is cut short when a patch comes back that had been silent.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bleak.exc import BleakError

from devices.driver import (
    Battery,
    CommandReply,
    HeartRate,
    Packet,
    Samples,
    StreamStopped,
    Unread,
)
from ecgcore.clock import UtcClock
from ecgcore.errors import NotificationError
from ecgcore.types import GapReason
from ecgcore.wire.messages import Contact, LinkState
from gateway.backoff import Backoff
from gateway.link import Details, Link, LinkError, Notification
from gateway.outbox import Outbox
from gateway.presence import Presence
from gateway.recorder import Recorder
from gateway.scanner import Sighting
from gateway.session_state import LinkEvent, next_state
from gateway.spool import Entry
from gateway.status import PatchView

_log = logging.getLogger(__name__)
_ABSENT_S = 10.0
_HEALTHY_S = 10.0
_STALL_S = 5.0
_STALL_FRAMES = 4
_LOG_EVERY_S = 60.0
_CONTACT = {True: Contact.ON, False: Contact.OFF, None: Contact.UNKNOWN}

MakeRecorder = Callable[[Sighting], Awaitable[Recorder]]


class Session:
    """Keeps one patch streaming.

    Parameters
    ----------
    device_id : str
    make_recorder : MakeRecorder
        Gives the patch's recorder, going on from the spool's state, at the first sighting.
    on_change : Callable[[], None]
        Called when the view changed in a way that people want to see at once.
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
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._backoff = backoff
        self._make_recorder = make_recorder
        self._on_change = on_change
        self._presence = Presence()
        self._samples_s = 0.0
        self._stall_s = _STALL_S
        self._logged_s = float("-inf")
        self.recorder: Recorder | None = None
        """None until the patch was first seen."""
        self.view = PatchView(device_id, LinkState.ABSENT, clock.now_ns())

    def saw(self, sighting: Sighting) -> None:
        """Note an advertisement of the patch."""
        self.view.rssi_dbm = sighting.rssi_dbm
        self._presence.saw(sighting)

    async def run(self) -> None:
        """Stream until cancelled, which stops the patch and disconnects in order."""
        try:
            while True:
                sighting = await self._sighted()
                if self.recorder is None:
                    self.recorder = await self._make_recorder(sighting)
                await self._attempt(sighting, self.recorder)
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

    async def _attempt(self, sighting: Sighting, recorder: Recorder) -> None:
        started_s = _now_s()
        self._move(LinkEvent.CONNECT)
        try:
            await self._hold_link(sighting, recorder)
        except Exception as error:  # one device session: the others must go on
            _log.warning("link failed device=%s error=%s", self.view.device, _cause(error))
        self._move(LinkEvent.FAILED)
        self._update(contact=Contact.UNKNOWN, battery_pct=self.view.battery_pct)
        if self._samples_s - started_s > _HEALTHY_S:
            self._backoff.reset()

    async def _hold_link(self, sighting: Sighting, recorder: Recorder) -> None:
        link = Link(sighting.driver, self._clock.now_ns)
        try:
            async with asyncio.TaskGroup() as tasks:
                pump = tasks.create_task(self._pump(link, recorder), name="pump")
                async with link.connected(sighting):
                    self._move(LinkEvent.CONNECTED)
                    recorder.interrupt(GapReason.LINK_LOST)
                    await self._stream(link, recorder)
                pump.cancel()
        finally:
            while not link.inbox.empty():
                self._take(link, recorder, link.inbox.get_nowait())

    async def _stream(self, link: Link, recorder: Recorder) -> None:
        self._samples_s = _now_s()
        await link.start()
        if not self.view.model:
            await self._introduce(link)
        silence_s = link.driver.first_frame_timeout_s
        while True:
            if await self._has_samples(link, silence_s):
                silence_s = self._stall_s
            elif self.view.link is LinkState.STALLED:
                msg = f"no samples for {silence_s:g} s after a restart of the stream"
                raise LinkError(msg)
            else:
                self._move(LinkEvent.STALLED)
                recorder.interrupt(GapReason.LINK_LOST, is_same_link=True)
                self._samples_s = _now_s()
                await link.restart()

    async def _has_samples(self, link: Link, silence_s: float) -> bool:
        """Wait for news; False if the stream fell silent or the patch ended it."""
        link.news.clear()
        # What came before nobody may have seen.
        link.check()
        try:
            async with asyncio.timeout_at(self._samples_s + silence_s):
                await link.news.wait()
        except TimeoutError:
            return False
        link.check()
        return not link.is_stream_ended

    async def _introduce(self, link: Link) -> None:
        try:
            details = await link.details()
        except BleakError as error:
            link.check()
            _log.info("no device information device=%s error=%s", self.view.device, error)
            details = Details()
        view = self.view
        view.model = details.model or link.driver.model
        view.serial, view.firmware = details.serial, details.firmware
        view.battery_pct = details.battery_pct
        self._on_change()

    async def _pump(self, link: Link, recorder: Recorder) -> None:
        while True:
            self._take(link, recorder, await link.inbox.get())

    def _take(self, link: Link, recorder: Recorder, notification: Notification) -> None:
        if notification.n_dropped:
            self._overflow(recorder, notification.n_dropped)
        try:
            packets = link.driver.decode(notification.characteristic, notification.data)
        except NotificationError as error:
            self.view.decode_errors += 1
            self._log_rarely("notification unreadable", str(error))
            return
        for packet in packets:
            self._handle(link, recorder, packet, notification.arrival_ns)

    def _handle(self, link: Link, recorder: Recorder, packet: Packet, arrival_ns: int) -> None:
        match packet:
            case Samples():
                self._record(link, recorder, packet, arrival_ns)
            case HeartRate(contact=contact):
                self._update(contact=_CONTACT[contact], battery_pct=self.view.battery_pct)
            case Battery(pct=pct):
                self._update(contact=self.view.contact, battery_pct=pct)
            case CommandReply():
                link.answer(packet)
            case StreamStopped(detail=detail):
                _log.warning("patch ended stream device=%s detail=%s", self.view.device, detail)
                link.end_stream()
            case Unread(detail=detail):
                self._log_rarely("notification of unknown kind", detail)

    def _overflow(self, recorder: Recorder, n_notifications: int) -> None:
        self.view.overflows += n_notifications
        recorder.interrupt(GapReason.GATEWAY_DOWN, is_same_link=True)

    def _record(self, link: Link, recorder: Recorder, samples: Samples, arrival_ns: int) -> None:
        if not self._outbox.has_room:
            self._overflow(recorder, 1)
            self._keep_streaming(link)
            return
        is_lead_off = self.view.contact is Contact.OFF
        frame = recorder.take(samples, arrival_ns, is_lead_off=is_lead_off)
        if frame is None:
            return
        if frame.gap_before:
            _log.info(
                "gap device=%s samples=%d reason=%s",
                frame.device,
                frame.gap_before,
                frame.gap_reason.name,
            )
        self._outbox.put(Entry.of(frame, recorder.dump()))
        self._stall_s = max(_STALL_S, _STALL_FRAMES * frame.n_samples * frame.period_ns / 1e9)
        self._keep_streaming(link)

    def _keep_streaming(self, link: Link) -> None:
        self._samples_s = _now_s()
        if not link.is_lost:
            self._move(LinkEvent.SAMPLES)
        link.news.set()

    def _update(self, *, contact: Contact, battery_pct: int | None) -> None:
        view = self.view
        if (contact, battery_pct) != (view.contact, view.battery_pct):
            view.contact, view.battery_pct = contact, battery_pct
            self._on_change()

    def _move(self, event: LinkEvent) -> None:
        before = self.view.link
        self.view.link = next_state(before, event)
        if self.view.link is not before:
            self.view.since_ns = self._clock.now_ns()
            _log.info("link device=%s state=%s", self.view.device, self.view.link)
            self._on_change()

    def _log_rarely(self, what: str, detail: str) -> None:
        if _now_s() - self._logged_s > _LOG_EVERY_S:
            self._logged_s = _now_s()
            _log.warning("%s device=%s detail=%s", what, self.view.device, detail)


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
