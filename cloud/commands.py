"""`ecgomics engine` and `ecgomics verify`."""

import asyncio
import json
import logging
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from cloud.logs import log_to_stderr
from cloud.settings import CloudSettings, EngineSettings, made
from ecgcore.clock import UtcClock
from ecgcore.errors import ConfigError

if TYPE_CHECKING:
    from cloud.store.database import DbConnection

T = TypeVar("T")


def engine(
    broker: Annotated[str | None, typer.Option(help="mqtt://USER:PASSWORD@HOST:PORT")] = None,
    database: Annotated[
        str | None, typer.Option(help="postgresql://USER:PASSWORD@HOST/NAME")
    ] = None,
    wait_s: Annotated[float | None, typer.Option(help="Wait this long for both at start.")] = None,
    clock_origin_ns: Annotated[
        int | None, typer.Option(help="Rig: where sped-up time began.")
    ] = None,
    clock_speed: Annotated[
        float | None, typer.Option(help="Rig: how much faster time runs.")
    ] = None,
) -> None:
    """Analyse and store what the broker brings.

    Reads `ECGOMICS_CLOUD_BROKER_URL`, `ECGOMICS_CLOUD_DATABASE_URL` and so on from the
    environment; options win. Stops orderly on SIGTERM.

    Example: `ecgomics engine --broker mqtt://engine:secret@broker:1883
    --database postgresql://ecgomics:secret@db/ecgomics`
    """
    given = {
        "broker_url": broker,
        "database_url": database,
        "wait_s": wait_s,
        "clock_origin_ns": clock_origin_ns,
        "clock_speed": clock_speed,
    }
    settings = made(EngineSettings, given)
    log_to_stderr()
    asyncio.run(_run_engine(settings))


def verify(
    sessions: Annotated[
        list[str] | None, typer.Argument(help="DEVICE.BOOT; all if none is named.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="postgresql://USER:PASSWORD@HOST/NAME")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    audit: Annotated[
        bool, typer.Option("--audit", help="The trail of who read whom, instead of recordings.")
    ] = False,
) -> None:
    """Recompute the ledger and the block hashes of recordings from the database.

    Every counter of a recording must be accounted for once: stored, or in a gap with its reason.
    Each block of ten seconds is hashed again and compared with the hash kept when it arrived.
    With `--audit` the hash chain of every patient's access trail is recomputed instead.
    Exit code 1 if anything does not hold.

    Examples: `ecgomics verify polar-h10-0A1B2C3D.5f3a77c0 --json`; `ecgomics verify --audit`
    """
    settings = made(CloudSettings, {"database_url": database})
    if audit:
        if sessions:
            msg = "--audit is about all patients; name no recording with it"
            raise typer.BadParameter(msg)
        _verify_trail(settings, as_json=as_json)
        return
    audits = asyncio.run(_verify(settings, sessions or []))
    if as_json:
        print(json.dumps({"sessions": [audit.as_dict() for audit in audits]}))
    else:
        _print_audits(audits)
    if not all(audit.holds for audit in audits):
        raise typer.Exit(1)


async def _run_engine(settings: EngineSettings) -> None:
    # Imported here so that `--help` and the light commands need no compiled code.
    from cloud.announce import Announcer
    from cloud.device_facts import DeviceFacts
    from cloud.engine import Engine
    from cloud.ingest import Inbox, Readers, require_broker
    from cloud.parameters.read import preset_of
    from cloud.placement import Placement
    from cloud.store.database import migrate, open_pool
    from ecgcore.live import warm_up
    from ecgcore.wire.broker import Broker
    from ecgcore.wire.topics import N_SHARDS

    broker = Broker.parse(settings.broker_url.get_secret_value())
    database_url = settings.database_url.get_secret_value()
    pool = await open_pool(database_url, wait_s=settings.wait_s)
    await migrate(database_url)
    await require_broker(broker, settings.wait_s)
    log = logging.getLogger(__name__)
    log.info("preparing the analysis; on a new machine it is compiled once, for about a minute")
    await asyncio.to_thread(warm_up, 130.0, preset_of(settings.parameters).live_keys)
    clock = UtcClock(time.time_ns, settings.clock_origin_ns, settings.clock_speed)
    inbox, announcer, facts = Inbox(), Announcer(broker), DeviceFacts()
    readers = Readers(broker, inbox)
    name = f"{socket.gethostname()}-{os.getpid()}"
    machine = Engine(settings, pool, inbox, readers, announcer, facts, clock, name)
    placement = Placement(pool, machine, range(N_SHARDS))
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(readers.run(), name="ingest"),
                tasks.create_task(placement.run(), name="placement"),
                tasks.create_task(machine.run(), name="engine"),
                tasks.create_task(machine.watch(), name="live lane"),
                tasks.create_task(announcer.run(machine.heartbeat), name="announcer"),
                tasks.create_task(facts.run(broker), name="device facts"),
            ]
            stop = _stop_signal()
            log.info("engine ready broker=%s", broker)
            await stop.wait()
            for task in running:
                task.cancel()
    finally:
        pool.terminate()


def _verify_trail(settings: CloudSettings, *, as_json: bool) -> None:
    from cloud.audit import verify_trail

    trail = asyncio.run(_on_database(settings, verify_trail))
    if as_json:
        print(json.dumps({"audit": {**asdict(trail), "holds": trail.holds}}))
    else:
        print(f"audit: {trail.rows} rows in {trail.chains} chains")
        for fault in trail.faults:
            print(f"  {fault}")
    if not trail.holds:
        raise typer.Exit(1)


async def _verify(settings: CloudSettings, sessions: list[str]) -> list[Any]:
    from cloud.verify import verify_sessions

    return await _on_database(settings, lambda connection: verify_sessions(connection, sessions))


async def _on_database(
    settings: CloudSettings, work: Callable[["DbConnection"], Awaitable[T]]
) -> T:
    import asyncpg

    from cloud.store.database import open_pool, shown

    url = settings.database_url.get_secret_value()
    async with await open_pool(url, wait_s=settings.wait_s) as pool, pool.acquire() as connection:
        try:
            return await work(connection)
        except asyncpg.UndefinedTableError as error:
            msg = f"database {shown(url)}: no recordings have ever been stored in it"
            raise ConfigError(msg) from error


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _print_audits(audits: list[Any]) -> None:
    table = Table("session", "span", "stored", "gaps", "lost", "duplicated", "blocks", "holds")
    for audit in audits:
        table.add_row(
            audit.session_id,
            str(audit.span),
            str(audit.stored),
            ", ".join(f"{n} {reason}" for reason, n in audit.gaps.items()) or "0",
            str(audit.lost),
            str(audit.duplicated),
            f"{audit.blocks_equal}/{audit.blocks}",
            "yes" if audit.holds else "NO",
        )
    Console().print(table)
