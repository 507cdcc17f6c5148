"""`ecgomics extract`: the biomarkers of recordings as one table."""

import json
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table


def extract(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="WFDB records, or folders of them.")
    ],
    out: Annotated[Path, typer.Option(help="The table: .csv, .json or .parquet.")],
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
    params: Annotated[
        str | None,
        typer.Option(metavar="PRESET|FILE", help="What is set: see `ecgomics parameters`."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary as one JSON object.")
    ] = False,
) -> None:
    """Measure recordings: a row for each value, or for why there is none.

    Every record goes through the pipeline that the engine runs, all leads together. What the keys
    mean is told by `ecgomics catalogue`. A record that cannot be read is named and left out, and
    the exit code is then 1.

    Examples: `ecgomics extract ludb/1 --out one.csv`,
    `ecgomics extract ~/data/ludb ~/data/ptbxl --out all.parquet --jobs 8 --params diagnostic`
    """
    # Imported here so that `--help` needs no compiled code.
    from cloud.evaluation.study import n_usable_cores, scored
    from cloud.extraction import output
    from cloud.extraction.work import Outcome, records_in, work
    from cloud.parameters.read import preset_of

    config = preset_of(params).parameters
    records = records_in(paths)
    failed: list[Outcome] = []
    reasons: Counter[str] = Counter()
    n_values = 0
    with output.opened(out) as table:
        for outcome in track(
            scored(partial(work, config=config), records, jobs or n_usable_cores()),
            description="extract",
            total=len(records),
            console=Console(stderr=True),
        ):
            if outcome.error is not None:
                failed.append(outcome)
                continue
            table.write(outcome.rows)
            n_values += len(outcome.rows)
            reasons += outcome.null_reasons
    summary = {
        "records": len(records) - len(failed),
        "failed": {each.record: each.error for each in failed},
        "rows": n_values,
        "parameters": config.digest,
        "null_reasons": dict(reasons.most_common()),
        "out": str(out),
    }
    if as_json:
        print(json.dumps(summary))
    else:
        _print(summary, n_values, reasons)
    for each in failed:
        print(f"error: {each.error}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def _print(summary: dict[str, object], n_values: int, reasons: Counter[str]) -> None:
    console = Console(highlight=False)
    console.print(f"{summary['records']} records, {n_values} rows in {summary['out']}")
    if not reasons:
        return
    table = Table("no value because", "rows", "of all %")
    for reason, n in reasons.most_common():
        table.add_row(reason, str(n), f"{100.0 * n / n_values:.1f}")
    console.print(table)
