"""Three brokers, three engines, one database: whatever is killed, the others go on where it was."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cloud.store import shard_locks
from cloud.store.database import DbPool, open_pool
from cloud.verify import verify_sessions
from ecgcore.wire.broker import Broker
from ecgcore.wire.topics import N_SHARDS
from tests.cloud.engine_room import StandInGateway
from tests.cloud.frames import run
from tests.servers import running_nats_cluster

pytestmark = pytest.mark.e2e

N_DEVICES = 60
N_FRAMES = 90
RESUMES_WITHIN_S = 10


@asynccontextmanager
async def _engine(
    broker: str, database: str, log: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ecgcore", "engine", "--broker", broker, "--database", database,
            "--wait-s", "30", stdout=out, stderr=out,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _all_held(pool: DbPool, n_workers: int) -> None:
    """Wait until so many workers hold all shards."""
    async with pool.acquire() as connection:
        while True:
            held = await shard_locks.held_shards(connection)
            if len(held) == N_SHARDS and await shard_locks.count_workers(connection) == n_workers:
                return
            await asyncio.sleep(0.05)


async def test_a_worker_and_a_broker_are_killed_under_load(
    database_url: str, tmp_path: Path
) -> None:
    devices = [f"polar-h10-{i:08X}" for i in range(N_DEVICES)]
    frames = [f for i in range(N_FRAMES) for d in devices for f in run(1, first=73 * i, device=d)]
    third = len(frames) // 3
    pool = await open_pool(database_url)
    with running_nats_cluster(tmp_path) as nodes:
        ports = [nats.port for _, nats in nodes]

        def address(user: str, first: int) -> str:
            hosts = ",".join(f"127.0.0.1:{port}" for port in ports[first:] + ports[:first])
            return f"mqtt://{user}:{user}@{hosts}"

        async with (
            _engine(address("engine", 0), database_url, tmp_path / "engine0.log"),
            _engine(address("engine", 1), database_url, tmp_path / "engine1.log") as victim,
            _engine(address("engine", 2), database_url, tmp_path / "engine2.log"),
        ):
            async with asyncio.timeout(120):
                await _all_held(pool, 3)
            gateway = StandInGateway(Broker.parse(address("gw1", 0)))
            await gateway.send_until_committed(frames[:third], within_s=120)
            sending = asyncio.create_task(gateway.send_until_committed(frames, within_s=240))
            await asyncio.sleep(0.5)
            victim.kill()
            killed_s = time.monotonic()
            async with asyncio.timeout(RESUMES_WITHIN_S):
                await _all_held(pool, 2)
            print(f"shards of a killed worker taken over after {time.monotonic() - killed_s:.2f} s")
            await asyncio.to_thread(nodes[0][0].kill)
            await sending
    async with pool.acquire() as connection:
        audits = await verify_sessions(connection, [])
    await pool.close()
    assert len(audits) == N_DEVICES
    assert all(audit.holds for audit in audits)
    assert {(audit.stored, audit.lost, audit.duplicated) for audit in audits} == {
        (N_FRAMES * 73, 0, 0)
    }
