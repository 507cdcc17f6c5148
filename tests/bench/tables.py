"""The figures as tables for people."""

from collections.abc import Callable

from rich.console import Group
from rich.table import Table

from cloud.evaluation.tables import rich_of
from tests.bench.analysis import tables_of
from tests.bench.bluetooth import BluetoothRun
from tests.bench.catch_up import CatchUp
from tests.bench.core import CoreCost
from tests.bench.results import Results, Target, growth, times
from tests.bench.spool import SpoolCost
from tests.bench.startup import StartUp
from tests.bench.system import OWN, SystemRun
from tests.bench.wire import FormatCost


def tables(results: Results) -> Group:
    """Give everything, the targets last."""
    return Group(
        _wire(results.wire, results.signal),
        _core(results.core, results.signal),
        *map(rich_of, tables_of(results.analysis)),
        _spool(results.spool),
        _outage(results.spool),
        _catch_up(results.catch_up),
        _start_up(results.start_up),
        _system(results.system),
        _bluetooth(results.bluetooth),
        _targets(results.targets, results.largest.patches),
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def _wire(costs: list[FormatCost], signal: str) -> Table:
    columns = ("Format", "bytes", "of JSON", "encode µs", "of JSON", "decode µs", "of JSON")
    table = _table(f"Wire: one second at 250 Hz, one lead, {signal}", *columns)
    json = costs[0]
    for cost in costs:
        table.add_row(
            cost.name,
            f"{cost.n_bytes:.0f}",
            times(cost.n_bytes, json.n_bytes),
            f"{cost.encode_us:.1f}",
            times(cost.encode_us, json.encode_us),
            f"{cost.decode_us:.1f}",
            times(cost.decode_us, json.decode_us),
        )
    return table


def _core(costs: list[CoreCost], signal: str) -> Table:
    columns = ("Chunks", "µs per stream second", "streams per core")
    table = _table(f"Analysis: Pipeline.push, {signal}", *columns)
    for cost in costs:
        table.add_row(
            f"{cost.chunk_samples} samples at {cost.fs_hz} Hz",
            f"{cost.us_per_stream_second:.0f}",
            f"{cost.streams_per_core:.0f}",
        )
    return table


def _spool(cost: SpoolCost) -> Table:
    table = _table("Spool: durable frames of 73 samples", "Way", "frames/s")
    table.add_row("one a transaction", f"{cost.one_by_one_frames_per_s:.0f}")
    table.add_row("twenty a transaction", f"{cost.together_frames_per_s:.0f}")
    table.add_row("through the outbox", f"{cost.outbox_frames_per_s:.0f}")
    table.add_row("a bare fsync on this disk", f"{1e6 / cost.fsync_us:.0f}")
    return table


def _outage(cost: SpoolCost) -> Table:
    table = _table("Spool: three leads at 250 Hz, a frame and a transaction a second", "What", "")
    table.add_row("72 h, MB", f"{cost.outage_mb:.0f}")
    table.add_row("72 h encrypted, MB", f"{cost.outage_encrypted_mb:.0f}")
    table.add_row("% of a core", f"{cost.spooling_cpu_pct:.2f}")
    return table


def _catch_up(found: CatchUp) -> Table:
    table = _table(f"After an outage: {found.backlog_s} s of {found.patches} patches", "", "")
    table.add_row("drained in, s", f"{found.drained_in_s:.1f}")
    table.add_row("times real time, each patch", f"{found.times_real_time:.0f}x")
    table.add_row("live beside it, p50 s", f"{found.live_p50_s:.2f}")
    table.add_row("live beside it, p99 s", f"{found.live_p99_s:.2f}")
    table.add_row("frames that overtook", f"{found.n_live}")
    table.add_row("others, to commit, p99 s", f"{found.others_p99_s:.2f}")
    return table


def _start_up(start_up: StartUp) -> Table:
    columns = ("", "pages s", "first patch s", "first report s", "engine MB")
    table = _table("Start: seconds from the command", *columns)
    for name, start in (("new machine", start_up.first), ("second start", start_up.second)):
        table.add_row(
            name,
            f"{start.to_pages_s:.1f}",
            f"{start.to_streaming_s:.1f}",
            "" if start.to_report_s is None else f"{start.to_report_s:.1f}",
            f"{start.engine_peak_mb:.0f}",
        )
    return table


def _system(runs: list[SystemRun]) -> Table:
    table = _table(
        "System: ecgomics demo", "Patches", *(str(run.patches) for run in runs), "growth"
    )

    def row(name: str, value: Callable[[SystemRun], float], digits: int) -> None:
        ratio = growth(runs, value)
        cells = [f"{value(run):.{digits}f}" for run in runs]
        table.add_row(name, *cells, "" if ratio is None else f"{ratio:.1f}x")

    row("frames/s", lambda run: run.frames_per_s, 1)
    row("sample to WebSocket, p50 s", lambda run: run.to_websocket_p50_s, 3)
    row("sample to WebSocket, p99 s", lambda run: run.to_websocket_p99_s, 3)
    row("  of which framing s", lambda run: run.framing_s, 3)
    row("  of which everything else s", lambda run: run.p99_beyond_framing_s, 3)
    row("sample to commit, p50 s", lambda run: run.to_commit_p50_s, 3)
    row("sample to commit, p99 s", lambda run: run.to_commit_p99_s, 3)
    row("lost samples", lambda run: run.lost_samples, 0)
    table.add_section()
    for name in _processes(runs):
        row(f"CPU {name}, % of a core", lambda run, name=name: run.cpu_pct[name], 1)  # type: ignore[misc]
    row("CPU engine + gateway + server", lambda run: run.own_cpu_pct, 1)
    table.add_section()
    for name in _processes(runs):
        row(f"peak memory {name}, MB", lambda run, name=name: run.peak_memory_mb[name], 0)  # type: ignore[misc]
    return table


def _bluetooth(runs: list[BluetoothRun]) -> Table:
    table = _table(
        "Bluetooth: straps and gateway in one process",
        "Straps",
        *(str(run.patches) for run in runs),
    )

    def row(name: str, value: Callable[[BluetoothRun], float | None], digits: int) -> None:
        values = [value(run) for run in runs]
        cells = ["" if figure is None else f"{figure:.{digits}f}" for figure in values]
        table.add_row(name, *cells)

    row("until all stream s", lambda run: run.connected_s, 1)
    row("CPU until then s", lambda run: run.start_cpu_s, 1)
    row("CPU, % of a core", lambda run: run.cpu_pct, 1)
    row("event loop late, p99 ms", lambda run: run.lag_p99_ms, 1)
    row("peak memory MB", lambda run: run.peak_memory_mb, 0)
    row("samples sent", lambda run: run.sent_samples, 0)
    row("samples lost", lambda run: run.lost_samples, 0)
    row("samples twice", lambda run: run.repeated_samples, 0)
    row("back after a cut, p50 s", lambda run: run.reconnect_p50_s, 2)
    row("back after a cut, p95 s", lambda run: run.reconnect_p95_s, 2)
    row("holes", lambda run: run.holes, 0)
    row("  not named by the next frame", lambda run: run.holes_named_late, 0)
    row("silence told after s", lambda run: run.silence_told_s, 2)
    return table


def _processes(runs: list[SystemRun]) -> list[str]:
    return [*OWN, *sorted(set(runs[0].cpu_pct) - set(OWN))]


def _targets(targets: list[Target], patches: int) -> Table:
    table = _table(f"Targets, with {patches} patches", "", "measured", "below", "")
    for target in targets:
        table.add_row(
            target.name,
            f"{target.value:.3g} {target.unit}",
            f"{target.below:g} {target.unit}",
            "[green]met[/]" if target.is_met else "[red]missed[/]",
        )
    return table
