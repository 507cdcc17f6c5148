"""One patch, for as long as the gateway runs: link after link, and every sample into the spool.

Theory of operation: `run` waits for an advertisement, makes a link, starts the stream and watches
it. Notifications are taken from the link's inbox by the intake (`gateway.intake`). Whatever goes
wrong with a link ends in a pause and a new attempt; the pause is cut short when a patch comes back
that had been silent. A command can stop the patch until another one starts it again.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from bleak.exc import BleakError

from devices.driver import Conversation, Dialogue, Hole
from ecgcore.clock import UtcClock
from ecgcore.errors import CommandError
from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame
from ecgcore.wire.messages import CommandName, DeviceCommand, LinkState
from gateway.backoff import Backoff
from gateway.bluez import Remedies
from gateway.causes import cause_of
from gateway.events import Events
from gateway.framing import Framer
from gateway.intake import Intake, MakeRecorder
from gateway.link import Details, Link, LinkError, OutOfSlotsError
from gateway.patches import KnownPatch
from gateway.presence import Presence
from gateway.recorder import Recorder
from gateway.recovery import Ladder, LadderConfig
from gateway.replaying import Replaying
from gateway.scanner import Sighting
from gateway.session_state import LinkEvent, next_state
from gateway.slots import Slots
from gateway.status import PatchView

_log = logging.getLogger(__name__)
_ABSENT_S = 10.0
_HEALTHY_S = 10.0
_GIVE_UP_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Shared:
    """What all sessions of a gateway share."""

    frames: Framer
    events: Events
    clock: UtcClock
    slots: Slots
    remedies: Remedies
    ladder: LadderConfig
    make_recorder: MakeRecorder
    """Called when a patch first tells what it streams."""
    on_change: Callable[[], None]
    """Called when a view changed in a way that people want to see at once."""
    on_frame: Callable[[Frame], None]
    """Called with every frame after it was put into the outbox; must return at once."""
    n_streaming: Callable[[], int]
    """How many patches stream now."""


class Session:
    """Keeps one patch streaming.

    Parameters
    ----------
    device_id : str
    known : KnownPatch
        What the allow-list says of it.
    """

    def __init__(
        self, device_id: str, known: KnownPatch, *, shared: Shared, backoff: Backoff
    ) -> None:
        self._known = known
        self._shared = shared
        self._backoff = backoff
        self._presence = Presence()
        self._events = shared.events.of(device_id)
        self._link: Link | None = None
        self._is_wanted = asyncio.Event()
        self._is_wanted.set()
        self._ladder = Ladder(shared.ladder)
        self.view = PatchView(device_id, LinkState.ABSENT, shared.clock.now_ns())
        self._intake = Intake(
            self.view,
            shared.frames,
            self._events,
            shared.make_recorder,
            on_change=shared.on_change,
            on_frame=shared.on_frame,
            on_stream=self._on_stream,
        )

    @property
    def recorder(self) -> Recorder | None:
        """None until the patch first told what it streams."""
        return self._intake.recorder

    def saw(self, sighting: Sighting) -> None:
        """Note an advertisement of the patch."""
        self.view.rssi_dbm = sighting.rssi_dbm
        if sighting.rssi_dbm is not None:
            self._events.rssi(sighting.rssi_dbm)
        self._presence.saw(sighting)
        for packet in sighting.packets:
            self._intake.observe(packet)

    async def run(self) -> None:
        """Stream until cancelled, which stops the patch and disconnects in order."""
        try:
            while True:
                if not self._is_wanted.is_set():
                    self._move(LinkEvent.STOP)
                await self._is_wanted.wait()
                sighting = await self._sighted()
                if self._is_wanted.is_set():
                    await self._attempt(sighting)
                self._presence.forget()
                await self._presence.wait(self._backoff.next_s())
        finally:
            self._move(LinkEvent.STOP)

    async def carry_out(self, command: DeviceCommand) -> str:
        """Do what somebody wants done with the patch; give what came of it.

        Raises
        ------
        CommandError
            If the patch cannot, or is not there.
        """
        match command.name:
            case CommandName.START:
                self._is_wanted.set()
                return "will stream as soon as the patch is in reach"
            case CommandName.STOP:
                self._is_wanted.clear()
                if self._link:
                    self._link.news.set()
                return "stops, until it is told to start"
            case CommandName.IDENTIFY:
                return await self._converse(lambda dialogue: dialogue.identify_patch())
            case CommandName.REPLAY:
                hole = _hole(command)
                return await self._converse(lambda dialogue: dialogue.replay(hole))

    async def _converse(self, begin: Callable[[Dialogue], Conversation[None] | None]) -> str:
        link = self._link
        if link is None:
            msg = "there is no link to the patch"
            raise CommandError(msg)
        conversation = begin(link.dialogue)
        if conversation is None:
            msg = "this kind of patch cannot do that"
            raise CommandError(msg)
        try:
            await link.converse(conversation)
        except (BleakError, EOFError, OSError) as error:
            msg = f"the patch did not answer: {error}"
            raise CommandError(msg) from error
        return "the patch does it"

    async def _sighted(self) -> Sighting:
        try:
            async with asyncio.timeout(_ABSENT_S):
                sighting = await self._presence.fresh()
        except TimeoutError:
            if self.view.link is not LinkState.ABSENT:
                self._move(LinkEvent.SILENT)
            sighting = await self._sighted_again()
        self._move(LinkEvent.HEARD)
        return sighting

    async def _sighted_again(self) -> Sighting:
        while True:
            # What it still has in its memory nobody waits for forever.
            self._intake.give_up(self._shared.clock.now_ns())
            try:
                async with asyncio.timeout(_GIVE_UP_EVERY_S):
                    return await self._presence.fresh()
            except TimeoutError:
                continue

    async def _attempt(self, sighting: Sighting) -> None:
        async with self._shared.slots.hold():
            started_s = _now_s()
            self._move(LinkEvent.CONNECT)
            detail = ""
            try:
                await self._hold_link(sighting)
            except Exception as error:  # one device session: the others must go on
                detail = str(cause_of(error))
                await self._failed(cause_of(error), sighting)
            self._move(LinkEvent.FAILED, detail)
        if self._intake.heard_s - started_s > _HEALTHY_S:
            self._backoff.reset()

    async def _failed(self, cause: BaseException, sighting: Sighting) -> None:
        _log.warning("link failed device=%s error=%s", self.view.device, cause)
        self.view.trouble = str(cause)
        if isinstance(cause, OutOfSlotsError):
            self._shared.slots.out_of_slots()
        elif self.view.link is LinkState.CONNECTING:
            # It is heard, but cannot be reached: the stack may be wrong about it.
            others_stream = self._shared.n_streaming() > 0
            if remedy := self._ladder.failed(_now_s(), others_stream=others_stream):
                await self._shared.remedies(remedy, sighting.ble_device.address)

    def _on_stream(self) -> None:
        self.view.trouble = ""
        self._ladder.worked()
        self._move(LinkEvent.SAMPLES)

    async def _hold_link(self, sighting: Sighting) -> None:
        clock = self._shared.clock
        link = Link(sighting.driver, clock.now_ns, self._known.wish, clock.at_ns)
        self._intake.begin()
        try:
            async with asyncio.TaskGroup() as tasks:
                pump = tasks.create_task(self._intake.pump(link), name="pump")
                replaying = Replaying(link, self._intake, self._shared.clock.now_ns)
                replay = tasks.create_task(replaying.run(), name="replay")
                async with link.connected(sighting):
                    self._link = link
                    self._move(LinkEvent.CONNECTED)
                    await self._stream(link, sighting.driver.model)
                pump.cancel()
                replay.cancel()
        finally:
            self._link = None
            self._intake.close(link)

    async def _stream(self, link: Link, model: str) -> None:
        self._intake.heard_s = _now_s()
        if self._known.serial:
            await self._introduce(link, model)
            self._require_known()
        await self._intake.open(link, await link.start())
        if not self.view.model:
            await self._introduce(link, model)
        silence_s = link.dialogue.first_frame_timeout_s
        while self._is_wanted.is_set():
            if self.view.link is LinkState.STREAMING:
                silence_s = self._intake.stall_s
            if await self._has_samples(link, silence_s):
                continue
            if link.is_away:
                self.view.trouble = "the phone that holds the link is away"
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
        """Wait for news, or for as long as a silence may last.

        False if the stream fell silent or the patch ended it.
        """
        heard_s = self._intake.heard_s
        link.news.clear()
        # What came before nobody may have seen.
        link.check()
        try:
            async with asyncio.timeout_at(heard_s + silence_s):
                await link.news.wait()
        except TimeoutError:
            # Samples that follow others are no news.
            return self._intake.heard_s > heard_s
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
        self._shared.on_change()

    def _require_known(self) -> None:
        if self.view.serial != self._known.serial:
            msg = f"wrong patch: serial {self.view.serial!r}, not {self._known.serial!r} as claimed"
            raise LinkError(msg)

    def _move(self, event: LinkEvent, detail: str = "") -> None:
        before = self.view.link
        self.view.link = next_state(before, event)
        if self.view.link is not before:
            self.view.since_ns = self._shared.clock.now_ns()
            _log.info("link device=%s state=%s", self.view.device, self.view.link)
            self._events.link(self.view.link, detail)
            self._shared.on_change()


def _hole(command: DeviceCommand) -> Hole:
    if command.from_counter is None or command.to_counter is None:
        msg = "replay of what?"
        raise CommandError(msg)
    # Of the patch's running count; only the patch knows what it has of earlier ones.
    return Hole(None, command.from_counter, command.to_counter - command.from_counter)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
