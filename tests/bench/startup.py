"""How long people wait after the command: for the pages, the first patch, the first report."""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import asyncpg

from tests.bench.system import wait_until
from tests.e2e.demo_run import DemoRun, running_demo

_START_S = 60.0
_REPORT_S = 100.0
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the demo with one patch; seconds from the command."""

    to_pages_s: float
    to_streaming_s: float
    to_report_s: float | None
    """A window of a minute comes before it; None if it was not waited for."""
    engine_peak_mb: float


@dataclass(frozen=True, slots=True)
class StartUp:
    """The demo started twice in the same folder."""

    first: Start
    """As on a new machine: the database is made, the analysis compiled."""
    second: Start


def measure_start_up(folder: Path, *, to_report: bool) -> StartUp:
    """Start twice; only the second one is waited for until its report."""
    with patch.dict(os.environ, {"NUMBA_CACHE_DIR": str(folder / "compiled")}):
        return StartUp(_start(folder, to_report=False), _start(folder, to_report=to_report))


def _start(folder: Path, *, to_report: bool) -> Start:
    start_ns, start_s = time.time_ns(), time.monotonic()
    with running_demo(folder, "--patients", "1") as run:
        wait_until(lambda: "pages at" in run.log, run, _START_S)
        pages_s = time.monotonic() - start_s
        wait_until(lambda: "state=streaming" in run.log, run, _START_S)
        streaming_s = time.monotonic() - start_s
        report_s = None
        if to_report:
            asyncio.run(_first_report(run, start_ns))
            report_s = time.monotonic() - start_s
        run.stop()
        processes = run.result()["processes"]
    return Start(pages_s, streaming_s, report_s, processes["engine"]["peak_memory_mb"])


async def _first_report(run: DemoRun, start_ns: int) -> None:
    connection = await asyncpg.connect(run.state["database_url"])
    async with asyncio.timeout(_REPORT_S):
        while True:
            if await connection.fetchval(
                "SELECT count(*) FROM report WHERE created_ns >= $1", start_ns
            ):
                break
            await asyncio.sleep(_POLL_S)
    await connection.close()
