"""`python -m tests.bench [--quick] [--json]`: measure everything; about fifteen minutes.

Progress goes to stderr. The figures are also kept in ``artifacts/bench.json``. Nothing fails here:
a target that is missed is shown as missed.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.analysis import measure_analysis
from tests.bench.bluetooth import measure_bluetooth
from tests.bench.catch_up import measure_catch_up
from tests.bench.clock import measure_clock
from tests.bench.core import measure_core
from tests.bench.ecg import signal_name
from tests.bench.results import Results
from tests.bench.spool import measure_spool
from tests.bench.startup import measure_start_up
from tests.bench.system import measure_system
from tests.bench.tables import tables
from tests.bench.wire import measure_wire

_KEPT = Path(__file__).parents[2] / "artifacts" / "bench.json"
_FULL = ((1, 5, 10, 20), 45.0)
_QUICK = ((1, 20), 20.0)
_STRAPS, _STRAPS_S = (50, 200), 20.0
_BACKLOG = 4, 600
_QUICK_BACKLOG = 4, 240


def main() -> None:
    """Measure, print, keep."""
    arguments = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="1 and 20 patches, 20 s each")
    arguments.add_argument("--json", action="store_true", help="one JSON object on stdout")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecgomics-bench-") as folder:
        results = _measure(Path(folder), is_quick=given.quick)
    book = json.dumps(_as_book(results), indent=2)
    _KEPT.parent.mkdir(exist_ok=True)
    _KEPT.write_text(book + "\n")
    if given.json:
        print(book)
    else:
        Console(highlight=False).print(tables(results))


def _measure(folder: Path, *, is_quick: bool) -> Results:
    sizes, duration_s = _QUICK if is_quick else _FULL
    _say("wire formats")
    wire = measure_wire()
    _say("analysis")
    core = measure_core()
    analysis = measure_analysis(is_quick=is_quick)
    _say("spool")
    spool = measure_spool(folder)
    patches, backlog_s = _QUICK_BACKLOG if is_quick else _BACKLOG
    _say(f"backlog of {backlog_s} s of {patches} patches")
    catch_up = measure_catch_up(folder, patches, backlog_s)
    _say("start-up, first and second" + ("" if is_quick else ", until the first report"))
    (start := folder / "start").mkdir()
    start_up = measure_start_up(start, to_report=not is_quick)
    system = []
    for patches in sizes:
        _say(f"system, {patches} patches for {duration_s:g} s")
        (place := folder / f"system-{patches}").mkdir()
        system.append(measure_system(place, patches, duration_s))
    bluetooth = []
    for straps in _STRAPS[: 1 if is_quick else None]:
        _say(f"Bluetooth, {straps} straps on one gateway")
        (place := folder / f"bluetooth-{straps}").mkdir()
        is_first = straps == _STRAPS[0]
        bluetooth.append(measure_bluetooth(place, straps, _STRAPS_S, breaks=is_first))
    _say("clock")
    clock_ms = measure_clock()
    return Results(
        signal_name(), wire, core, analysis, spool, catch_up, system, start_up, bluetooth, clock_ms
    )


def _as_book(results: Results) -> dict[str, Any]:
    return {
        "machine": {
            "cores": os.cpu_count(),
            "processor": platform.machine(),
            "python": platform.python_version(),
        },
        **asdict(results),
        "targets": [{**asdict(t), "is_met": t.is_met} for t in results.targets],
    }


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
