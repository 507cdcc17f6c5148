"""The gateway put together: one scan, a session a patch, one spool, one uplink."""

import asyncio
import logging
import random
import secrets
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

from devices.driver import Signal
from ecgcore.clock import UtcClock
from ecgcore.errors import CommandError, ConfigError, StateError
from ecgcore.wire.frame import Frame
from ecgcore.wire.messages import DeviceCommand, DeviceStatus, LinkState
from gateway.analysis import LocalAnalysis
from gateway.backoff import Backoff, BackoffConfig
from gateway.bluez import native_remedies, no_remedy
from gateway.broker_client import BrokerAccess
from gateway.cancellation import cancel_all
from gateway.command_desk import CommandDesk
from gateway.events import EventClock, Events, is_event_key
from gateway.framing import Framer
from gateway.lane import LaneConfig
from gateway.live_lane import LiveLaneConfig
from gateway.outbox import Outbox
from gateway.pace import PaceConfig
from gateway.page.server import LocalPage
from gateway.patches import KnownPatch, read_patches
from gateway.radio import NATIVE, radio_opener
from gateway.recorder import Counters, Recorder, RecorderConfig
from gateway.recovery import LadderConfig
from gateway.scanner import Scanner, Sighting, installed_drivers
from gateway.sender import Sender
from gateway.service import Service
from gateway.session import Session, Shared
from gateway.settings import GatewaySettings, default_patches_path
from gateway.slots import Slots
from gateway.spool_seal import read_key
from gateway.status import StatusReporter, device_status
from gateway.store_watch import StoreWatch
from gateway.uplink import Uplink

_log = logging.getLogger(__name__)
# Longer than an orderly end of a link may take.
_STOP_S = 6.0
_FAREWELL_S = 1.0
_STUCK_S = 10.0
"""Nothing is committed for so long: the spool keeps it for the next time."""
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class _Worker:
    session: Session
    task: asyncio.Task[None]


class Gateway:
    """Everything between the patches and the broker.

    Parameters
    ----------
    settings : GatewaySettings
    outbox : Outbox
        Open; the gateway runs its writer.

    Raises
    ------
    ConfigError
        If the settings name no patches, or a broker or radio that cannot be.
    """

    def __init__(self, settings: GatewaySettings, outbox: Outbox) -> None:
        self._known = known_patches(settings)
        if not self._known and not settings.take_any:
            msg = (
                "no patch named: claim one (`ecgomics claim`), give --device ID (repeatable),"
                " or --any to take all in reach"
            )
            raise ConfigError(msg)
        self._settings = settings
        self._outbox = outbox
        self._clock = UtcClock(time.time_ns, settings.clock_origin_ns, settings.speed)
        self._workers: dict[str, _Worker] = {}
        self._passkeys: dict[str, int] = {}
        """By Bluetooth address, of the patches heard so far."""
        self._ignored: set[str] = set()
        self._is_stopping = False
        self._reporter = StatusReporter(settings.gateway_id, self._statuses, settings.status_s)
        self._sender = _sender(settings, outbox)
        self._framer = Framer(outbox, lambda: self._sender.pace.frame_s)
        self._events = Events(
            _new_boot_id(), outbox, EventClock(self._clock.now_ns, time.monotonic)
        )
        self._store_watch = StoreWatch(outbox, self._events, lambda: list(self._workers))
        self._desk = CommandDesk(self._carry_out, self._events, self._clock.now_ns)
        self._uplink = Uplink(
            BrokerAccess.of(settings),
            self._sender,
            backoff=_backoff(),
            report=self._reporter.publish,
            take_command=self._desk.take,
            now_ns=self._clock.now_ns,
        )
        self._open_radio = radio_opener(settings.radio)
        self._shared = Shared(
            frames=self._framer,
            events=self._events,
            clock=self._clock,
            slots=Slots(settings.max_links),
            remedies=native_remedies() if settings.radio == NATIVE else no_remedy,
            ladder=LadderConfig(may_restart=settings.may_restart_bluetooth),
            make_recorder=self._make_recorder,
            on_change=self._reporter.changed.set,
            on_frame=self._on_frame,
            n_streaming=self._n_streaming,
        )
        self._analysis = LocalAnalysis() if settings.analyse else None
        self._page = LocalPage(self._statuses, self._analysed, self._clock.now_ns)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then stop the patches and drain the spool.

        Raises
        ------
        ConfigError
            Alone or in a group: if radio or required broker cannot be used.
        """
        if self._settings.require_broker:
            await self._uplink.require_broker()
        async with self._pairing(), self._shown(), asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            scanner = Scanner(self._open_radio, installed_drivers(), _backoff(), self._on_sighting)
            services = [
                tasks.create_task(self._outbox.run(), name="spool"),
                tasks.create_task(self._uplink.run(), name="uplink"),
                tasks.create_task(self._framer.run(), name="framing"),
                tasks.create_task(self._desk.run(), name="commands"),
                tasks.create_task(self._store_watch.run(), name="store watch"),
                tasks.create_task(Service().run(self._in_words), name="service"),
            ]
            if self._analysis:
                services.append(tasks.create_task(self._analysis.run(), name="analysis"))
            scanning = tasks.create_task(scanner.run(), name="scanner")
            for device in self._known:
                self._add(device)
            try:
                await stop.wait()
                _log.info("stopping patches=%d", len(self._workers))
                # The links end before the radio does.
                self._is_stopping = True
                await cancel_all([worker.task for worker in self._workers.values()], _STOP_S)
                await cancel_all([scanning], _STOP_S)
                await self._drain()
            finally:
                await self._end(scanning, *services)

    async def _end(self, *services: asyncio.Task[None]) -> None:
        # When a part failed, too: the group itself asks the others only once.
        await cancel_all([*(worker.task for worker in self._workers.values()), *services], _STOP_S)

    def _in_words(self) -> str:
        return (
            f"{self._n_streaming()} of {len(self._workers)} patches stream,"
            f" {self._n_waiting()} frames wait for the cloud"
        )

    @asynccontextmanager
    async def _shown(self) -> AsyncIterator[None]:
        if self._settings.page_port is None:
            yield
            return
        async with self._page.serving(self._settings.page_port):
            yield

    def _on_frame(self, frame: Frame) -> None:
        self._page.show(frame)
        if self._analysis:
            self._analysis.push(frame)

    def _analysed(self) -> Mapping[str, Mapping[str, Any]]:
        return self._analysis.numbers if self._analysis else {}

    @asynccontextmanager
    async def _pairing(self) -> AsyncIterator[None]:
        if self._settings.radio == NATIVE and sys.platform == "linux":
            # Imported late: there is no D-Bus elsewhere.
            from gateway.agent import serving_passkeys

            async with serving_passkeys(self._passkeys):
                yield
        else:
            yield

    def summary(self) -> dict[str, Any]:
        """Give the final counters, in total and by patch."""
        devices = {device: self._patch_summary(device) for device in sorted(self._workers)}
        names = list(next(iter(devices.values()))) if devices else list(_figures(Counters(), 0, 0))
        totals = {name: sum(patch[name] for patch in devices.values()) for name in names}
        left = {key: backlog.n_frames for key, backlog in self._outbox.backlog.items()}
        events_left = sum(n for key, n in left.items() if is_event_key(key))
        return {
            **totals,
            "resent": self._sender.n_resent,
            "live": self._sender.n_live,
            "spooled_left": sum(left.values()) - events_left,
            "events_left": events_left,
            "devices": devices,
        }

    def _patch_summary(self, device: str) -> dict[str, int]:
        session = self._workers[device].session
        counters = session.recorder.counters if session.recorder else Counters()
        return _figures(counters, session.view.decode_errors, session.view.overflows)

    def _statuses(self) -> Iterator[DeviceStatus]:
        for device, worker in tuple(self._workers.items()):
            status = device_status(
                self._settings.gateway_id,
                self._clock.now_ns(),
                worker.session.view,
                worker.session.recorder,
                self._outbox.backlog.get(device),
                self._sender.resent_of(device),
            )
            if trouble := self._uplink.trouble:
                # Nobody but the gateway's own page hears of it.
                told = status.trouble or trouble
                status = status.model_copy(update={"uplink": False, "trouble": told})
            yield status

    def _on_sighting(self, sighting: Sighting) -> None:
        device = sighting.device_id
        if device not in self._workers:
            if not self._may_take(device):
                return
            self._add(device)
        if (passkey := self._passkey(device)) is not None:
            self._passkeys[sighting.ble_device.address.upper()] = passkey
        self._workers[device].session.saw(sighting)

    def _passkey(self, device: str) -> int | None:
        known = self._known.get(device)
        return known.passkey if known else None

    def _may_take(self, device: str) -> bool:
        if self._is_stopping:
            return False
        if self._settings.take_any and len(self._workers) < self._settings.max_patches:
            return True
        if device not in self._ignored and len(self._ignored) < self._settings.max_patches:
            self._ignored.add(device)
            _log.info("patch not taken device=%s", device)
        return False

    def _add(self, device: str) -> None:
        known = self._known.get(device, KnownPatch())
        session = Session(device, known, shared=self._shared, backoff=_backoff())
        task = self._tasks.create_task(session.run(), name=device)
        self._workers[device] = _Worker(session, task)

    def _n_streaming(self) -> int:
        views = (worker.session.view for worker in self._workers.values())
        return sum(view.link is LinkState.STREAMING for view in views)

    async def _make_recorder(self, device: str, signal: Signal) -> Recorder:
        config = RecorderConfig(device, signal, self._settings.speed)
        stored = await self._outbox.state(device)
        try:
            return Recorder(config, _new_boot_id, stored)
        except StateError as error:
            _log.warning("counting starts over device=%s error=%s", device, error)
            return Recorder(config, _new_boot_id)

    async def _carry_out(self, command: DeviceCommand) -> str:
        worker = self._workers.get(command.device)
        if worker is None:
            msg = "this gateway does not have that patch"
            raise CommandError(msg)
        return await worker.session.carry_out(command)

    async def _drain(self) -> None:
        self._framer.flush()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_s):
                await self._outbox.flush()
                await self._until_emptied()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await self._reporter.tell()
        for device, left in self._outbox.backlog.items():
            _log.warning("left in spool device=%s frames=%d", device, left.n_frames)

    async def _until_emptied(self) -> None:
        """Wait as long as the cloud commits something."""
        # What went unanswered before had its time.
        self._sender.hasten()
        n_before = None
        while n_before is None or self._n_waiting() < n_before:
            n_before = self._n_waiting()
            with suppress(TimeoutError):
                async with asyncio.timeout(_STUCK_S):
                    await self._outbox.emptied.wait()
                    return

    def _n_waiting(self) -> int:
        return sum(backlog.n_frames for backlog in self._outbox.backlog.values())


async def run_gateway(settings: GatewaySettings, stop: asyncio.Event) -> dict[str, Any]:
    """Run a gateway until `stop` is set; give its final counters.

    Raises
    ------
    ConfigError
        Alone or in a group: for settings that cannot be used.
    """
    max_age_days = settings.spool_max_age_days
    async with Outbox.open(
        settings.spool_path,
        max_bytes=settings.spool_max_bytes,
        linger_s=settings.spool_linger_ms / 1000,
        max_age_s=None if max_age_days is None else max_age_days * _DAY_S,
        key=read_key(settings.spool_key_file) if settings.spool_key_file else None,
    ) as outbox:
        gateway = Gateway(settings, outbox)
        await gateway.run(stop)
        return gateway.summary()


def _sender(settings: GatewaySettings, outbox: Outbox) -> Sender:
    lanes = LaneConfig(settings.window_frames, settings.resend_s, settings.resend_max_s)
    pace = PaceConfig(frame_s=settings.frame_s, longest_frame_s=settings.longest_frame_s)
    return Sender(outbox, settings.gateway_id, lanes, pace, LiveLaneConfig())


def known_patches(settings: GatewaySettings) -> dict[str, KnownPatch]:
    """Give the patches to take: those named and those claimed.

    Raises
    ------
    ConfigError
        If the allow-list cannot be read.
    """
    path = settings.patches_path
    if path is None and settings.radio == NATIVE:
        path = default_patches_path()
    claimed = read_patches(path) if path else {}
    return {device: KnownPatch() for device in settings.devices} | claimed


def _figures(counters: Counters, decode_errors: int, overflows: int) -> dict[str, int]:
    return {**asdict(counters), "decode_errors": decode_errors, "overflows": overflows}


def _backoff() -> Backoff:
    return Backoff(BackoffConfig(), random.random)


def _new_boot_id() -> int:
    return secrets.randbits(32)
