"""The engine: frames from the broker through each device's stream into the database and out again.

Theory of operation. A batch of deliveries is decoded, put in order and analysed in memory; then
frames, findings, progress and the checkpoints that are due go into **one** transaction. Only after
its commit are the messages acknowledged, `committed` published and the pages fed. While the
database is away the same batch is tried again and nothing more is taken from the broker, so the
backlog stays in the broker and in the gateways' spools. After a crash the stream goes on from the
checkpoint and the frames stored since; what the gateways send again changes nothing.

A batch is small enough to be through in some tenths of a second (`cloud.batch_size`), and takes
from every device in turn (`cloud.ingest`): what is live waits for no backlog of others.

Beside the batches, `watch` takes what comes on the live lane and shows it at once
(`cloud.live_watch`). A batch lets it in between every few frames, however much there is to do.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from cloud.admission import admitted, admitted_event
from cloud.announce import Announcer
from cloud.baselines import remember
from cloud.batch_size import BatchSize
from cloud.device_facts import DeviceFacts
from cloud.device_stream import Arrived, DeviceStream, Recalled
from cloud.event_order import EventBatch, EventOrder, EventOrders
from cloud.ingest import Delivery, Inbox, Readers
from cloud.live_edge import LiveEdges
from cloud.live_watch import NUMBERS_EVERY_S, LiveWatch
from cloud.parameters.read import preset_of
from cloud.reports import store_report
from cloud.settings import EngineSettings
from cloud.store.commit import BootCommit, Quarantined, store_boots, store_quarantined
from cloud.store.database import LOST, DbConnection, DbPool
from cloud.store.events import recall_order, store_events
from cloud.store.recall import recall
from cloud.store.shard_locks import StaleEpochError, require_epochs
from ecgcore.clock import UtcClock
from ecgcore.errors import EcgomicsError, StateError
from ecgcore.events import WindowKind
from ecgcore.report import Report
from ecgcore.wire import topics
from ecgcore.wire.frame import Frame
from ecgcore.wire.messages import Committed, Heartbeat

_log = logging.getLogger(__name__)
_RETRY_MAX_S = 2.0
_FRAMES_AT_ONCE = 4
"""Frames analysed before others get a turn: some hundredths of a second at most."""
_DECODED_AT_ONCE = 32
_DUMP_EVERY_S = 1.0

BootKey = tuple[str, int]
T = TypeVar("T")


@dataclass(slots=True)
class _Live:
    """A boot in memory."""

    stream: DeviceStream
    gateway: str
    seen_s: float
    checkpoint_at: int = 0
    """Counter from which on the next checkpoint is due."""
    dump_s: float = 0.0
    """When a checkpoint may be due again: in a backlog each batch would have one otherwise."""
    numbers_s: float = 0.0


@dataclass(slots=True)
class _Batch:
    """What one transaction will store and what follows its commit."""

    deliveries: list[Delivery]
    touched: dict[BootKey, BootCommit] = field(default_factory=dict)
    events: EventBatch = field(default_factory=EventBatch)
    quarantined: list[Quarantined] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)

    def devices(self) -> set[str]:
        """Give the devices of which it has something."""
        return {device for device, _ in (*self.touched, *self.events.boots)}


class Engine:
    """Runs device streams over an inbox; one process, any number of devices."""

    def __init__(
        self,
        settings: EngineSettings,
        pool: DbPool,
        inbox: Inbox,
        readers: Readers,
        announcer: Announcer,
        facts: DeviceFacts,
        clock: UtcClock,
        name: str = "engine",
    ) -> None:
        self._settings = settings
        self._preset = preset_of(settings.parameters)
        self._pool = pool
        self._inbox = inbox
        self._announcer = announcer
        self._facts = facts
        self._clock = clock
        self._live: dict[BootKey, _Live] = {}
        self._database_up = True
        self._started_ns = clock.now_ns()
        self._frames = 0
        self._resent = 0
        self._quarantined = 0
        self._edges = LiveEdges(self._preset)
        self._watch = LiveWatch(self._edges, inbox.live, announcer, pool, self._next_in_order)
        self._events = 0
        self._event_orders = EventOrders()
        self._readers = readers
        self._name = name
        self._epochs: dict[int, int] = {}
        self._turn = asyncio.Lock()
        """Held while a batch is in work."""

    async def run(self) -> None:
        """Process batches until cancelled; a batch in hand is then given back to the broker."""
        linger_s = self._settings.linger_ms / 1000
        size = BatchSize(self._settings.batch_frames)
        loop = asyncio.get_running_loop()
        while True:
            deliveries = await self._inbox.take(size.frames, linger_s)
            began_s = loop.time()
            async with self._turn:
                await self._work(deliveries)
            size.took(len(deliveries), loop.time() - began_s)
            self._evict_idle()

    def open_shard(self, shard: int, epoch: int) -> None:
        """Read and commit for a shard; `epoch` is what this worker holds it by."""
        self._epochs[shard] = epoch
        self._readers.open(shard)

    async def close_shard(self, shard: int) -> None:
        """Stop with a shard; what is in work is committed first, or given back to the broker."""
        if shard in self._epochs:
            self._readers.close(shard)
            async with self._turn:
                self._epochs.pop(shard, None)
                self._forget(frozenset((shard,)))

    async def watch(self) -> None:
        """Show what comes on the live lane, until cancelled."""
        await self._watch.run()

    def heartbeat(self) -> Heartbeat:
        """Give the engine's sign of life."""
        return Heartbeat(
            service="engine",
            at_ns=self._clock.now_ns(),
            started_ns=self._started_ns,
            database=self._database_up,
            devices=len(self._live),
            frames=self._frames,
            pending_frames=sum(len(live.stream.order.pending) for live in self._live.values()),
            quarantined=self._quarantined,
            resent_frames=self._resent,
            live_frames=self._watch.n_shown,
            live_refused=self._watch.n_refused + self._inbox.live.n_dropped,
            events=self._events,
            worker=self._name,
            shards=self._readers.n_reading,
        )

    async def _work(self, deliveries: list[Delivery]) -> None:
        """Carry a batch through; what lost its shard on the way is left to the new holder."""
        while True:
            batch = _Batch([d for d in deliveries if d.shard in self._epochs])
            await self._analyse(batch)
            try:
                await self._until_stored(partial(self._commit, batch))
                break
            except StaleEpochError as stale:
                _log.warning("batch withdrawn reason=%s", stale)
                self._lose(stale.shards)
                # Analysed and not stored: begun again from what is stored.
                self._forget(frozenset(map(topics.shard_of, batch.devices())))
        for delivery in batch.deliveries:
            delivery.ack()
        self._announce(batch)

    def _lose(self, shards: frozenset[int]) -> None:
        """Leave shards to who holds them now; a session of ours would take theirs over."""
        for shard in shards & self._epochs.keys():
            del self._epochs[shard]
            self._readers.close(shard)

    def _forget(self, shards: frozenset[int]) -> None:
        """Put everything of these shards out of memory."""
        for key in [key for key in self._live if topics.shard_of(key[0]) in shards]:
            del self._live[key]
        self._event_orders.forget(shards)
        self._edges.forget(shards)

    async def _analyse(self, batch: _Batch) -> None:
        for n_before, delivery in enumerate(batch.deliveries):
            if n_before % _DECODED_AT_ONCE == 0:
                await asyncio.sleep(0)
            try:
                if delivery.topic.endswith(f"/{topics.EVENT}"):
                    await self._take_event(batch, delivery)
                else:
                    await self._take_frame(batch, delivery)
            except EcgomicsError as error:
                self._quarantine(batch, delivery, str(error))
        for key, commit in batch.touched.items():
            await self._advance(self._live[key], commit)

    async def _take_frame(self, batch: _Batch, delivery: Delivery) -> None:
        gateway, frame = admitted(delivery.topic, delivery.payload)
        live = await self._stream_of(frame, gateway)
        commit = self._commit_of(batch, live)
        refused = live.stream.accept(Arrived(frame, delivery.payload), commit.findings)
        if refused is not None:
            self._quarantine(batch, delivery, refused)

    async def _take_event(self, batch: _Batch, delivery: Delivery) -> None:
        gateway, event = admitted_event(delivery.topic, delivery.payload)
        boot = (event.device, event.boot_id)
        order = self._event_orders.get(boot)
        if order is None:
            order = await self._until_stored(partial(self._recall_order, *boot))
            self._event_orders.put(boot, order)
        batch.events.take(gateway, event, order)

    async def _recall_order(self, device: str, boot_id: int) -> EventOrder:
        async with self._pool.acquire() as connection:
            return await recall_order(connection, device, boot_id)

    async def _advance(self, live: _Live, commit: BootCommit) -> None:
        stream = live.stream
        has_more = True
        while has_more:
            has_more = stream.advance(commit.findings, _FRAMES_AT_ONCE)
            await asyncio.sleep(0)
        for failure in commit.findings.failures:
            _log.error("analysis restarts device=%s", stream.device, exc_info=failure)
        commit.next_counter = stream.order.next
        commit.through_ns = stream.through_ns
        now_s = asyncio.get_running_loop().time()
        is_due = stream.order.next >= live.checkpoint_at and now_s >= live.dump_s
        if is_due and commit.findings.frames:
            commit.state = stream.dump()
            live.dump_s = now_s + _DUMP_EVERY_S
            fs_hz = commit.findings.frames[0].frame.fs_mhz / 1000
            live.checkpoint_at = stream.order.next + round(self._settings.checkpoint_s * fs_hz)

    def _commit_of(self, batch: _Batch, live: _Live) -> BootCommit:
        stream = live.stream
        return batch.touched.setdefault(
            (stream.device, stream.boot_id),
            BootCommit(
                device=stream.device,
                boot_id=stream.boot_id,
                gateway=live.gateway,
                next_counter=stream.order.next,
                through_ns=stream.through_ns,
                params_digest=stream.params_digest,
            ),
        )

    async def _stream_of(self, frame: Frame, gateway: str) -> _Live:
        key = (frame.device, frame.boot_id)
        live = self._live.get(key)
        now_s = asyncio.get_running_loop().time()
        if live is None:
            live = _Live(await self._resumed(frame), gateway, now_s)
            live.checkpoint_at = live.stream.order.next
            self._live[key] = live
        live.seen_s, live.gateway = now_s, gateway
        return live

    async def _resumed(self, frame: Frame) -> DeviceStream:
        recalled = await self._until_stored(partial(self._recall, frame.device, frame.boot_id))
        stream = DeviceStream(frame, self._settings.max_pending_frames, self._preset)
        if recalled is None:
            _log.info("recording opened device=%s boot=%08x", frame.device, frame.boot_id)
            return stream
        try:
            stream.resume(recalled)
        except StateError:
            # Others must not wait for one boot whose rows are damaged; `verify` tells what is.
            _log.exception("stored recording is damaged, analysis starts anew")
        _log.info(
            "recording resumed device=%s boot=%08x counter=%d",
            frame.device,
            frame.boot_id,
            recalled.next_counter,
        )
        return stream

    async def _recall(self, device: str, boot_id: int) -> Recalled | None:
        async with self._pool.acquire() as connection:
            return await recall(connection, device, boot_id)

    def _quarantine(self, batch: _Batch, delivery: Delivery, reason: str) -> None:
        self._quarantined += 1
        _log.warning("quarantined topic=%s reason=%s", delivery.topic, reason)
        now_ns = self._clock.now_ns()
        batch.quarantined.append(Quarantined(now_ns, delivery.topic, reason, delivery.payload))

    async def _commit(self, batch: _Batch) -> None:
        batch.reports.clear()
        now_ns = self._clock.now_ns()
        epochs = {shard: self._epochs[shard] for shard in map(topics.shard_of, batch.devices())}
        async with self._pool.acquire() as connection, connection.transaction():
            await require_epochs(connection, epochs)
            await store_boots(connection, batch.touched.values(), now_ns)
            for commit in batch.touched.values():
                await self._report(connection, commit, batch, now_ns)
            await store_events(connection, batch.events, now_ns)
            await store_quarantined(connection, batch.quarantined)

    async def _report(
        self, connection: DbConnection, commit: BootCommit, batch: _Batch, now_ns: int
    ) -> None:
        for window, _ in commit.findings.windows:
            if window.kind is not WindowKind.S60:
                continue
            report = await store_report(
                connection,
                device_id=commit.device,
                boot_id=commit.boot_id,
                kind="summary",
                start_counter=window.start,
                end_counter=window.end,
                created_ns=now_ns,
                status=self._facts.of(commit.device),
            )
            if report is not None:
                batch.reports.append(report)
                await remember(connection, report)

    def _announce(self, batch: _Batch) -> None:
        now_s = asyncio.get_running_loop().time()
        for key, commit in batch.touched.items():
            live = self._live[key]
            self._frames += len(commit.findings.frames)
            self._resent += len(commit.findings.resent)
            self._announcer.committed(
                commit.gateway,
                Committed(
                    device=commit.device,
                    boot_id=commit.boot_id,
                    through=commit.next_counter,
                    through_ns=commit.through_ns,
                ),
            )
            for frame, body in commit.findings.frames:
                if not self._edges.is_shown(frame):
                    self._announcer.strip(frame.device, body)
            self._edges.committed(commit.device, commit.through_ns)
            if self._edges.caught_up(commit.device, commit.boot_id, commit.next_counter):
                _log.info("caught up with the live edge device=%s", commit.device)
            is_due = now_s - live.numbers_s >= NUMBERS_EVERY_S
            if is_due and not self._edges.is_ahead(commit.device, commit.through_ns):
                live.numbers_s = now_s
                self._announcer.numbers(live.stream.numbers())
        self._events += len(batch.events.new)
        for gateway, word in batch.events.words():
            self._announcer.committed(gateway, word)
        for report in batch.reports:
            self._announcer.report(report.device.device_id, report)

    def _next_in_order(self, device: str, boot_id: int) -> int:
        live = self._live.get((device, boot_id))
        return live.stream.order.next if live else 0

    def _evict_idle(self) -> None:
        now_s = asyncio.get_running_loop().time()
        self._edges.forget_idle(now_s)
        idle = [k for k, live in self._live.items() if now_s - live.seen_s > self._settings.idle_s]
        for key in idle:
            del self._live[key]
            _log.info("device put out of memory device=%s", key[0])

    async def _until_stored(self, work: Callable[[], Awaitable[T]]) -> T:
        delay_s = 0.05
        while True:
            try:
                result = await work()
            except LOST as error:
                if self._database_up:
                    _log.warning("database away error=%s", error)
                self._database_up = False
                await asyncio.sleep(random.uniform(0, delay_s))  # noqa: S311 - spreading, not secrecy
                delay_s = min(2 * delay_s, _RETRY_MAX_S)
            else:
                if not self._database_up:
                    _log.info("database back")
                self._database_up = True
                return result
