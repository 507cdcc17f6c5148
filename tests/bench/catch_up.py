"""How fast a backlog drains, and how live the newest stays beside it.

A gateway's spool as it is after an outage, a real broker, database and engine process: from the
moment the broker is reached until everything spooled before is committed. Every second each patch
also makes a frame; how long it takes to the pages' fan-out is measured, on whichever lane it comes.
So does a patch that was put on after the outage; of that one, how long it takes to the commit.
"""

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt
import numpy as np

from cloud.embedded.nats import EmbeddedNats
from ecgcore.errors import FrameError
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.frame import Frame, decode_frame
from ecgcore.wire.messages import Committed
from gateway.backoff import Backoff, BackoffConfig
from gateway.broker_client import BrokerAccess
from gateway.lane import LaneConfig
from gateway.live_lane import LiveLaneConfig
from gateway.outbox import Outbox
from gateway.pace import PaceConfig
from gateway.sender import Sender
from gateway.spool import Entry
from gateway.uplink import Uplink
from tests.bench.ecg import source
from tests.servers import running_nats, running_postgres

_FS_HZ = 250
_GAINS = np.array([[1.0], [0.7], [-0.3]])
_GATEWAY = "gw1"
_READY_S = 180.0
_FRAMING_S = 1.0
_SETTLED_S = 5.0
_MOST_S = 240.0
_STATE = b"s" * 300
_FRESH = "patch-fresh"


@dataclass(frozen=True, slots=True)
class CatchUp:
    """A backlog of some patches, drained beside live."""

    patches: int
    backlog_s: float
    """Of each patch, three leads at 250 Hz."""
    drained_in_s: float
    live_p50_s: float
    """From the first sample of a frame to the fan-out; a second of it is the frame's own."""
    live_p99_s: float
    n_live: int
    """Frames that overtook."""
    others_p99_s: float
    """From the first sample to the commit, for a patch without a backlog beside them."""

    @property
    def times_real_time(self) -> float:
        """Signal of each patch committed a second."""
        return self.backlog_s / self.drained_in_s


def measure_catch_up(folder: Path, patches: int, backlog_s: int) -> CatchUp:
    """Measure in `folder`."""
    with running_postgres(folder) as (_, database), running_nats(folder) as (_, nats):
        return asyncio.run(_measured(folder, nats, database, patches, backlog_s))


async def _measured(
    folder: Path, nats: EmbeddedNats, database: str, patches: int, backlog_s: int
) -> CatchUp:
    house = _House(folder, nats, [f"patch-{k}" for k in range(patches)], backlog_s)
    async with (
        engine_process(folder, nats.url("engine", "engine"), database),
        house.spooled() as outbox,
        house.listening(),
        asyncio.timeout(_MOST_S),
    ):
        sender = Sender(outbox, _GATEWAY, LaneConfig(), PaceConfig(), LiveLaneConfig())
        uplink = _uplink(nats, sender)
        began_s = time.monotonic()
        running = [asyncio.create_task(uplink.run()), asyncio.create_task(house.live(outbox))]
        while not house.is_drained(outbox):  # noqa: ASYNC110 - a spool has no such event
            await asyncio.sleep(0.05)
        drained_in_s = time.monotonic() - began_s
        await asyncio.sleep(_SETTLED_S)
        for task in running:
            task.cancel()
        await asyncio.wait(running)
    return CatchUp(
        patches,
        backlog_s,
        drained_in_s,
        _FRAMING_S + float(np.percentile(house.latencies_s, 50)),
        _FRAMING_S + float(np.percentile(house.latencies_s, 99)),
        sender.n_live,
        _FRAMING_S + float(np.percentile(house.commit_latencies_s, 99)),
    )


@dataclass
class _House:
    """A gateway's patches: what they left in the spool, and what they make now."""

    folder: Path
    nats: EmbeddedNats
    devices: list[str]
    backlog_s: int
    latencies_s: list[float] = field(default_factory=list)
    commit_latencies_s: list[float] = field(default_factory=list)
    made_s: dict[tuple[str, int], float] = field(default_factory=dict)
    uncommitted: dict[int, float] = field(default_factory=dict)
    """When what the fresh patch made was made."""
    begin_ns: int = 0

    @asynccontextmanager
    async def spooled(self) -> AsyncIterator[Outbox]:
        """Give the spool after the outage."""
        self.begin_ns = time.time_ns() - self.backlog_s * 10**9
        at = self.folder / "catch-up.sqlite"
        async with Outbox.open(at, max_bytes=1 << 30, linger_s=0.05) as outbox:
            writing = asyncio.create_task(outbox.run())
            for second in range(self.backlog_s):
                for device in self.devices:
                    outbox.put(self._entry(device, second))
                if not outbox.has_room:
                    await outbox.flush()
            await outbox.flush()
            yield outbox
            writing.cancel()
            await asyncio.wait([writing])

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Note when what is made now is shown."""
        at = Broker.parse(self.nats.url("server", "server"))
        async with aiomqtt.Client(
            at.host, at.port, username=at.username, password=at.password
        ) as client:
            words = topics.committed(_GATEWAY, _FRESH)
            await client.subscribe([(topics.all_live(), 0), (words, 0)])
            task = asyncio.create_task(self._listen(client))
            yield
            task.cancel()
            await asyncio.wait([task])

    async def live(self, outbox: Outbox) -> None:
        """Make a frame a second, until cancelled."""
        for second in range(self.backlog_s, self.backlog_s + round(_MOST_S)):
            for device in self.devices:
                entry = self._entry(device, second)
                self.made_s[device, entry.end_counter] = time.monotonic()
                outbox.put(entry)
                await asyncio.sleep(1 / (len(self.devices) + 1))
            fresh = self._entry(_FRESH, second, since=self.backlog_s)
            self.uncommitted[fresh.end_counter] = time.monotonic()
            outbox.put(fresh)
            await asyncio.sleep(1 / (len(self.devices) + 1))

    def is_drained(self, outbox: Outbox) -> bool:
        """Say whether everything of the outage is committed."""
        until_ns = self.begin_ns + self.backlog_s * 10**9
        oldest = (outbox.backlog.get(device) for device in self.devices)
        return all(each is None or each.oldest_utc_ns >= until_ns for each in oldest)

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = bytes(message.payload)  # type: ignore[arg-type]
            if message.topic.value.endswith("/committed"):
                self._note_committed(Committed.model_validate_json(payload).through)
            elif message.topic.value.endswith("/strip"):
                with suppress(FrameError):
                    self._note_shown(decode_frame(payload))

    def _note_shown(self, frame: Frame) -> None:
        made_s = self.made_s.pop((frame.device, frame.end), None)
        if made_s is not None:
            self.latencies_s.append(time.monotonic() - made_s)

    def _note_committed(self, through: int) -> None:
        for end in [end for end in self.uncommitted if end <= through]:
            self.commit_latencies_s.append(time.monotonic() - self.uncommitted.pop(end))

    def _entry(self, device: str, second: int, since: int = 0) -> Entry:
        first = (second - since) * _FS_HZ
        lead = source(_FS_HZ).read_uv(first, _FS_HZ)
        frame = Frame(
            device=device,
            boot_id=7,
            first_counter=first,
            adc=np.round(_GAINS * lead).astype(np.int32),
            lead_mask=0b111,
            fs_mhz=_FS_HZ * 1000,
            lsb_pv=1_000_000,
            device_time_ns=second * 10**9,
            device_span_ns=10**9,
            utc_ns=self.begin_ns + second * 10**9,
            arrival_ns=self.begin_ns + (second + 1) * 10**9,
        )
        return Entry.of(frame, _STATE)


def _uplink(nats: EmbeddedNats, sender: Sender) -> Uplink:
    async def no_report(_client: aiomqtt.Client) -> None:
        await asyncio.Event().wait()

    return Uplink(
        BrokerAccess(Broker.parse(nats.url(_GATEWAY, _GATEWAY)), _GATEWAY),
        sender,
        backoff=Backoff(BackoffConfig(), random.random),
        report=no_report,
        take_command=lambda _device, _payload: None,
        now_ns=time.time_ns,
    )


@asynccontextmanager
async def engine_process(
    folder: Path, broker_url: str, database_url: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run an engine; ready on entering."""
    secrets = {"ECGOMICS_CLOUD_BROKER_URL": broker_url, "ECGOMICS_CLOUD_DATABASE_URL": database_url}
    log = folder / "catch-up-engine.log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ecgcore", "engine", "--wait-s", "30",
            stdout=out, stderr=out, env=os.environ | secrets,
        )  # fmt: skip
    try:
        deadline_s = time.monotonic() + _READY_S
        while b"engine ready" not in log.read_bytes():
            assert process.returncode is None, log.read_text()
            assert time.monotonic() < deadline_s, "engine not ready"
            await asyncio.sleep(0.1)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
