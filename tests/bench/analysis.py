"""`python -m tests.bench.analysis [--quick] [--json] [--page FILE]`: the analysis beside others.

Detector, delineator, whole beat pipeline, values and embeddings beside what one could install
instead, then the cost by rate and leads. Accuracy is measured on mitdb and ludb in the folder
`ECGOMICS_DATA`, else in `../shared/data`; without them a synthetic heart tells the cost alone.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console, Group

from cloud.evaluation.tables import Cell, Table, markdown_of, rich_of
from tests.bench.embedding import EmbeddingTable, measure_embedding
from tests.bench.extraction import ExtractionTable, measure_extraction
from tests.bench.peers import BeatFigures, Comparison, WaveFigures, compare
from tests.bench.scaling import StreamCost, measure_scaling

_ALL = "Beats, waves, classes and rhythm"
_POINTS = ("p_on", "qrs_on", "t", "t_off")


@dataclass(frozen=True, slots=True)
class Analysis:
    """All figures of the analysis."""

    comparison: Comparison
    extraction: list[ExtractionTable]
    embedding: EmbeddingTable
    scaling: list[StreamCost]


def measure_analysis(*, is_quick: bool = False) -> Analysis:
    """Measure everything; some minutes, most of them for the peers."""
    comparison = compare(is_quick=is_quick, say=_say)
    extraction, embedding = measure_extraction(_say), measure_embedding(_say)
    _say("cost by rate and leads")
    return Analysis(comparison, extraction, embedding, measure_scaling())


def tables_of(analysis: Analysis) -> list[Table]:
    """Give the figures as tables; ratios are to ours."""
    found = analysis.comparison
    return [
        _beats("detectors", f"Detectors, {found.beat_signal}", found.detectors),
        _beats(
            "pipelines",
            f"Beats, waves, classes and rhythm, a quarter of {found.beat_signal}",
            found.pipelines,
        ),
        _waves(found),
        *map(_extraction, analysis.extraction),
        _embedding(analysis.embedding),
        _scaling(analysis.scaling),
    ]


def _beats(key: str, title: str, figures: Sequence[BeatFigures]) -> Table:
    ours = figures[0]
    rows: list[tuple[Cell, ...]] = []
    for each in figures:
        qrs = each.qrs
        f1_pct = None if qrs is None else qrs.f1_pct
        our_f1_pct = None if ours.qrs is None else ours.qrs.f1_pct
        rows.append(
            (
                each.name,
                _short(each.cpu_s_per_hour),
                _times(each.cpu_s_per_hour, ours.cpu_s_per_hour),
                None if qrs is None else qrs.sensitivity_pct,
                None if qrs is None else qrs.ppv_pct,
                f1_pct,
                _times(_lacking(f1_pct), _lacking(our_f1_pct)),
                each.worst_f1_pct,
                each.n_failed,
            )
        )
    columns = ("", "CPU s per hour", "of ours", "Se %", "+P %", "F1 %", "errors, of ours")
    note = (
        "First five minutes excluded, 150 ms. Ours in blocks of 250 samples, the others whole "
        "records at once. Errors: 100 - F1."
    )
    return Table(key, title, (*columns, "worst F1 %", "failed"), tuple(rows), note)


def _waves(found: Comparison) -> Table:
    ours = found.delineators[0]
    rows = tuple(
        (
            each.name,
            _short(each.cpu_s_per_hour),
            _times(each.cpu_s_per_hour, ours.cpu_s_per_hour),
            *_by_point(each),
            None if each.p is None else each.p.ppv_pct,
            each.n_failed,
        )
        for each in found.delineators
    )
    columns = ["", "CPU s per hour", "of ours"]
    columns += [f"{point} {what}" for point in _POINTS for what in ("sd ms", "Se %")]
    note = (
        "sd: mean of the records'. Found within 150 ms. prominence-delineator: beats by sleepecg."
    )
    title = f"Delineators with the detectors they need, {found.wave_signal}"
    return Table("delineators", title, (*columns, "P PPV %", "failed"), rows, note)


def _by_point(each: WaveFigures) -> list[Cell]:
    if each.sd_rec_ms is None or each.se_pct is None:
        return [None] * (2 * len(_POINTS))
    return [of[point] for point in _POINTS for of in (each.sd_rec_ms, each.se_pct)]


def _extraction(table: ExtractionTable) -> Table:
    figures = table.figures
    rows = tuple(
        (each.name, _short(each.cpu_ms), _times(each.cpu_ms, figures[0].cpu_ms), each.n_values)
        for each in figures
    )
    columns = ("", "CPU ms per recording", "of ours", "values")
    note = "Beats, waves, rhythm and every biomarker; values: how many are there, on average."
    return Table("extraction", f"Values of one recording, {table.signal}", columns, rows, note)


def _embedding(table: EmbeddingTable) -> Table:
    ours = table.figures[0]
    rows = tuple(
        (each.name, _short(each.cpu_ms), _times(each.cpu_ms, ours.cpu_ms)) for each in table.figures
    )
    columns = ("", "CPU ms per segment", "of ours")
    note = "openecg gives labels of samples, not an embedding; its resampling is not counted."
    return Table("embedding", f"Embedding of 10 s, {table.signal}", columns, rows, note)


def _scaling(costs: Sequence[StreamCost]) -> Table:
    rows = tuple(
        (
            f"{cost.stage}, {cost.fs_hz} Hz, {cost.n_leads} lead{'s' * (cost.n_leads > 1)}",
            _short(cost.us_per_stream_second),
            _short(cost.us_per_stream_second * 3600e-6),
            round(cost.streams_per_core),
        )
        for cost in costs
    )
    columns = ("stage", "us per stream second", "CPU s per hour", "streams per core")
    title = "Cost by rate and leads, blocks of a second, synthetic heart"
    return Table("scaling", title, columns, rows)


def _short(value: float) -> str:
    return f"{value:.3g}"


def _lacking(f1_pct: float | None) -> float | None:
    return None if f1_pct is None else 100.0 - f1_pct


def _times(value: float | None, reference: float | None) -> str | None:
    return f"{value / reference:.3g}x" if value is not None and reference else None


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure, print."""
    arguments = argparse.ArgumentParser(prog="python -m tests.bench.analysis", description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="fewer records")
    arguments.add_argument("--json", action="store_true", help="one JSON object on stdout")
    arguments.add_argument("--page", type=Path, help="write a Markdown page as well")
    given = arguments.parse_args()
    analysis = measure_analysis(is_quick=given.quick)
    tables = tables_of(analysis)
    if given.page:
        parts = ["# Beside others", "Written by `make bench`.", *map(markdown_of, tables)]
        given.page.write_text("\n\n".join(parts) + "\n")
    if given.json:
        print(json.dumps(asdict(analysis), indent=2))
    else:
        width = None if sys.stdout.isatty() else 160
        Console(highlight=False, width=width).print(Group(*map(rich_of, tables)))


if __name__ == "__main__":
    main()
