"""`ecgomics population`: tables of what is normal, out of open recordings."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track


def population(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH…", help="Archives, as folders or tar files."),
    ],
    out: Annotated[Path, typer.Option(help="The tables, as JSON.")],
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
) -> None:
    """Measure normal people and say what is normal.

    Knows PTB-XL, LUDB and the Challenges of 2017 and 2021, and takes the people whose labels there
    say that they are normal and nothing else. Each row of the tables tells from how many people of
    which archive; strata of sex and age are made where there are enough.

    Example: `ecgomics population ptbxl ludb cinc2021 cinc2017.tar.xz --out population.json`
    """
    # Imported here so that `--help` needs no compiled code.
    from cloud.evaluation.study import n_usable_cores
    from cloud.population.work import gathered, tables_of, written

    measured, failed = gathered(
        paths,
        jobs or n_usable_cores(),
        lambda work, total: track(
            work, description="population", total=total, console=Console(stderr=True)
        ),
    )
    made = tables_of(measured)
    out.write_text(written(made), encoding="utf-8")
    for table in made.tables:
        print(f"{table.id}: {len(table.rows)} rows, core of {table.core.n} people")
    for error in failed:
        print(f"error: {error}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)
