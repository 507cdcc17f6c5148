"""`ecgomics embed`: the embeddings of recordings as one table."""

import json
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track


def embed(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="WFDB records, or folders of them.")
    ],
    out: Annotated[Path, typer.Option(help="The table: .csv, .json or .parquet.")],
    model: Annotated[
        Path | None,
        typer.Option(metavar="CARD", help="The card of another model; see docs/models/."),
    ] = None,
    beats: Annotated[bool, typer.Option("--beats", help="Single beats as well.")] = False,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary as one JSON object.")
    ] = False,
) -> None:
    """Embed recordings: a row for each vector of 10 s and for what is told from them.

    Each lead is embedded on its own. Besides vectors there are novelty, drift, the labelled
    recordings that are most alike, and the chances of a class, as the model's card allows. A record
    that cannot be read is named and left out, and the exit code is then 1.

    Examples: `ecgomics embed ludb/1 --out one.csv --beats`,
    `ecgomics embed ~/data/mitdb --out all.parquet --model my-encoder/card.toml`
    """
    # Imported here so that `--help` needs no compiled code.
    from cloud.embedding.card import SHIPPED
    from cloud.embedding.model import load_model
    from cloud.embedding.work import EmbedOptions, work
    from cloud.evaluation.study import n_usable_cores, scored
    from cloud.extraction import output
    from cloud.extraction.work import Outcome, records_in

    options = EmbedOptions(SHIPPED if model is None else model, beats)
    records = records_in(paths)
    used = load_model(options.card)
    if beats and not used.encoder.card.input.takes_beats:
        typer.echo(f"error: --beats: {used.encoder.card.name} takes no single beats", err=True)
        raise typer.Exit(2)
    failed: list[Outcome] = []
    keys: Counter[str] = Counter()
    with output.opened(out) as table:
        for outcome in track(
            scored(partial(work, options=options), records, jobs or n_usable_cores()),
            description="embed",
            total=len(records),
            console=Console(stderr=True),
        ):
            if outcome.error is not None:
                failed.append(outcome)
                continue
            table.write(outcome.rows)
            keys.update(row.key for row in outcome.rows if row.null_reason is None)
    summary = {
        "model": used.name,
        "records": len(records) - len(failed),
        "failed": {each.record: each.error for each in failed},
        "values": dict(sorted(keys.items())),
        "out": str(out),
    }
    if as_json:
        print(json.dumps(summary))
    else:
        print(f"{summary['records']} records, {keys.total()} values of {used.name} in {out}")
    for each in failed:
        print(f"error: {each.error}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)
