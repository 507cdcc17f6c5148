"""What comes over one link, on its way into the spool.

Theory of operation: a notification is decoded by the link's dialogue; samples are placed and timed
by the recorder and handed on for storing. Between placing and handing on nothing waits, so no
cancellation can come between. Samples that come before the stream's constants are known wait for
them. What the patch says beside its samples goes into the view, and is noted as an event.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from devices.driver import (
    Battery,
    CommandReply,
    HeartRate,
    Hole,
    Missing,
    Packet,
    Samples,
    Signal,
    SkinContact,
    StreamStopped,
    Unread,
)
from ecgcore.errors import NotificationError
from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame
from ecgcore.wire.messages import Contact, LinkState
from gateway.batching import Place
from gateway.events import DeviceEvents
from gateway.framing import Framer
from gateway.link import Link, Notification, Receipt
from gateway.recorder import Recorded, Recorder
from gateway.status import PatchView

_log = logging.getLogger(__name__)
_STALL_S = 4.5
_STALL_FRAMES = 4
_EARLY_PACKETS = 64
_LOG_EVERY_S = 60.0
_CONTACT = {True: Contact.ON, False: Contact.OFF, None: Contact.UNKNOWN}

MakeRecorder = Callable[[str, Signal], Awaitable[Recorder]]
"""Gives a patch's recorder, going on from the spool's state."""


@dataclass(frozen=True, slots=True)
class _Taken:
    samples: Samples
    arrival_ns: int
    receipt: Receipt | None


class Intake:
    """Takes the notifications of one patch, link after link.

    Parameters
    ----------
    on_change : Callable[[], None]
        Called when the view changed in a way that people want to see at once.
    on_frame : Callable[[Frame], None]
        Called with every frame after it was put into the outbox.
    on_stream : Callable[[], None]
        Called for what shows that the patch streams.
    """

    def __init__(
        self,
        view: PatchView,
        frames: Framer,
        events: DeviceEvents,
        make_recorder: MakeRecorder,
        *,
        on_change: Callable[[], None],
        on_frame: Callable[[Frame], None],
        on_stream: Callable[[], None],
    ) -> None:
        self._view = view
        self._frames = frames
        self._events = events
        self._make_recorder = make_recorder
        self._on_change = on_change
        self._on_frame = on_frame
        self._on_stream = on_stream
        self._early: list[_Taken] | None = None
        self._has_ecg = True
        self._logged_s = float("-inf")
        self.recorder: Recorder | None = None
        """None until the patch first told what it streams."""
        self.heard_s = 0.0
        """When the patch last showed that it streams."""
        self.stall_s = _STALL_S
        """Silence that is no longer normal."""
        self.is_open = asyncio.Event()
        """Set while a link's stream is started."""
        self._is_linked = False
        self.mended = asyncio.Event()
        """Set when a hole was opened, or some of one closed."""

    def begin(self) -> None:
        """Expect another link."""
        self._is_linked = True
        self._early, self._has_ecg = [], True
        self.is_open.clear()
        self.heard_s = _now_s()
        self.interrupt(GapReason.LINK_LOST)

    async def open(self, link: Link, signal: Signal | None) -> None:
        """Take samples of this kind from now on; None: the patch has no ECG."""
        if signal is None:
            self._early, self._has_ecg = None, False
            return
        if self.recorder is None or self.recorder.signal != signal:
            # The state stored last is what the next recorder goes on from.
            await self._frames.settle(self._view.device)
            self.recorder = await self._make_recorder(self._view.device, signal)
        self._let_in(link)
        self.is_open.set()

    def close(self, link: Link) -> None:
        """Take what is still in the link's inbox; the link is over."""
        while not link.inbox.empty():
            notification = link.inbox.get_nowait()
            if self._frames.has_room or notification.receipt is None:
                self.take(link, notification)
        self._let_in(link)
        self._frames.flush(self._view.device)
        self.update(contact=Contact.UNKNOWN)
        self._is_linked = False

    def _let_in(self, link: Link) -> None:
        early, self._early = self._early, None
        for waiting in early or ():
            self._record(link, waiting)
            if self.recorder:
                # Otherwise nobody kept them: they have to come again.
                self._acknowledge(waiting.receipt)

    def interrupt(self, reason: GapReason, *, is_same_link: bool = False) -> None:
        """Name the cause of samples missing before the next notification."""
        if self.recorder:
            self.recorder.interrupt(reason, is_same_link=is_same_link)

    async def pump(self, link: Link) -> None:
        """Take what comes, until cancelled."""
        while True:
            notification = await link.inbox.get()
            # Whoever keeps a copy can wait for the disk.
            if notification.receipt and not self._frames.has_room:
                await self._frames.stored()
            self.take(link, notification)

    def take(self, link: Link, notification: Notification) -> None:
        """Take one notification."""
        if notification.n_dropped:
            self._overflow(notification.n_dropped)
        try:
            packets = link.dialogue.decode(notification.characteristic, notification.data)
        except NotificationError as error:
            self._view.decode_errors += 1
            self._log_rarely("notification unreadable", str(error))
            packets = ()
        is_early = self._early is not None and any(isinstance(each, Samples) for each in packets)
        for packet in packets:
            self._handle(link, packet, notification)
        if not is_early:
            self._acknowledge(notification.receipt)

    def _acknowledge(self, receipt: Receipt | None) -> None:
        if receipt is None:
            return
        position = self.recorder.position if self.recorder else None
        self._frames.when_committed(self._view.device, position, receipt.safe)
        receipt.handled()

    def _handle(self, link: Link, packet: Packet, notification: Notification) -> None:
        match packet:
            case Samples():
                self._take_samples(link, packet, notification)
            case HeartRate():
                self._take_heart_rate(link, packet)
            case SkinContact(is_on=is_on):
                self.update(contact=_CONTACT[is_on])
            case Battery(pct=pct):
                self.update(battery_pct=pct)
            case CommandReply():
                link.answer(packet)
            case StreamStopped(detail=detail):
                _log.warning("patch ended stream device=%s detail=%s", self._view.device, detail)
                link.end_stream()
            case Missing(detail=detail):
                self._log_rarely("patch lost samples", detail)
                self._name(packet, notification.arrival_ns)
            case Unread(characteristic=characteristic, data=data, detail=detail):
                self._log_rarely("notification of unknown kind", detail)
                self._events.unread(characteristic, data, detail)

    def _take_heart_rate(self, link: Link, told: HeartRate) -> None:
        contact = _CONTACT[told.contact]
        self.update(contact=contact)
        # Beside an ECG it says nothing that the ECG does not.
        if not self._has_ecg:
            self._events.heart_rate(told.bpm, told.rr_ms, contact)
            self._keep_streaming(link)

    def observe(self, packet: Packet) -> None:
        """Take what the patch tells without a link.

        While one stands, or what came over it is still being taken, that tells better.
        """
        if self._is_linked:
            return
        match packet:
            case SkinContact(is_on=is_on):
                self.update(contact=_CONTACT[is_on])
            case Battery(pct=pct):
                self.update(battery_pct=pct)
            case _:
                self._log_rarely("advertisement of unknown kind", type(packet).__name__)

    def _take_samples(self, link: Link, samples: Samples, notification: Notification) -> None:
        taken = _Taken(samples, notification.arrival_ns, notification.receipt)
        if self._early is None:
            self._record(link, taken)
        elif len(self._early) < _EARLY_PACKETS:
            self._early.append(taken)
        else:
            self._overflow(1)

    def _overflow(self, n_notifications: int) -> None:
        self._view.overflows += n_notifications
        self.interrupt(GapReason.GATEWAY_DOWN, is_same_link=True)

    def _record(self, link: Link, taken: _Taken) -> None:
        recorder, samples = self.recorder, taken.samples
        if recorder is None:
            return
        if not self._frames.has_room:
            if not samples.is_replayed:
                self._overflow(1)
                self._keep_streaming(link)
            return
        is_lead_off = self._view.contact is Contact.OFF
        n_resets = recorder.counters.clock_resets
        receipt = taken.receipt
        recorded = list(
            recorder.record(
                samples,
                taken.arrival_ns,
                is_lead_off=is_lead_off,
                mark=(receipt.source, receipt.number) if receipt else None,
            )
        )
        if recorder.counters.clock_resets > n_resets:
            self._events.clock("the patch's clock began anew or stepped", recorder.clock.drift_ppm)
        self._put(recorded)
        if samples.is_replayed or not recorded:
            return
        newest = recorded[-1].frame
        self._on_frame(newest)
        self.stall_s = max(_STALL_S, _STALL_FRAMES * newest.n_samples * newest.period_ns / 1e9)
        self._keep_streaming(link)

    def _name(self, missing: Missing, arrival_ns: int) -> None:
        if self.recorder and self._frames.has_room:
            self._put(self.recorder.name(missing, arrival_ns))

    def _put(self, recorded: Iterable[Recorded]) -> None:
        for each in recorded:
            frame = each.frame
            if frame.gap_before:
                _log.info(
                    "gap device=%s samples=%d reason=%s",
                    frame.device,
                    frame.gap_before,
                    frame.gap_reason.name,
                )
            self._frames.put(frame, each.state, Place(each.is_held, each.releases_to))
            self.mended.set()

    def next_hole(self, n_samples: int) -> Hole | None:
        """Give what to ask the patch for next, at most so much; None: nothing is missing."""
        return self.recorder.ask(n_samples) if self.recorder else None

    def give_up(self, now_ns: int, *, everything: bool = False) -> None:
        """Name what was waited for long enough."""
        if self.recorder and self._frames.has_room:
            self._put(self.recorder.give_up(now_ns, everything=everything))

    def _keep_streaming(self, link: Link) -> None:
        self.heard_s = _now_s()
        is_news = self._view.link is not LinkState.STREAMING
        if not link.is_lost:
            self._on_stream()
        if is_news:
            link.news.set()

    def update(self, *, contact: Contact | None = None, battery_pct: int | None = None) -> None:
        """Note what is known anew of electrodes or battery."""
        view = self._view
        before = (view.contact, view.battery_pct)
        view.contact = view.contact if contact is None else contact
        view.battery_pct = view.battery_pct if battery_pct is None else battery_pct
        if (view.contact, view.battery_pct) == before:
            return
        self._events.contact(view.contact)
        if view.battery_pct is not None:
            self._events.battery(view.battery_pct)
        self._on_change()

    def _log_rarely(self, what: str, detail: str) -> None:
        if _now_s() - self._logged_s > _LOG_EVERY_S:
            self._logged_s = _now_s()
            _log.warning("%s device=%s detail=%s", what, self._view.device, detail)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
