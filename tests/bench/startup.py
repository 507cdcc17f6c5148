"""How long people wait after the command: to the pages, to the first heart beat, to a report."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.bench.system import wait_until
from tests.e2e.demo_run import DemoRun, running_demo

_START_S = 60.0
_REPORT_S = 100.0
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class StartUp:
    """Seconds from the command; a window of a minute lies between streaming and the report."""

    first_to_pages_s: float
    """On an empty folder: the database is made."""
    first_to_streaming_s: float
    second_to_pages_s: float
    """On the folder that the first one left."""
    second_to_streaming_s: float
    second_to_report_s: float | None
    """None in the quick run."""


def measure_start_up(folder: Path, *, to_report: bool) -> StartUp:
    """Start the demo twice in the same folder."""
    first_pages_s, first_streaming_s, _ = _start(folder, to_report=False)
    second_pages_s, second_streaming_s, report_s = _start(folder, to_report=to_report)
    return StartUp(first_pages_s, first_streaming_s, second_pages_s, second_streaming_s, report_s)


def _start(folder: Path, *, to_report: bool) -> tuple[float, float, float | None]:
    start_ns, start_s = time.time_ns(), time.monotonic()
    with running_demo(folder, "--patients", "1") as run:
        wait_until(lambda: "pages at" in run.log, run, _START_S)
        pages_s = time.monotonic() - start_s
        wait_until(lambda: "state=streaming" in run.log, run, _START_S)
        streaming_s = time.monotonic() - start_s
        if not to_report:
            return pages_s, streaming_s, None
        asyncio.run(_first_report(run, start_ns))
        return pages_s, streaming_s, time.monotonic() - start_s


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
