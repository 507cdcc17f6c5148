"""`ecgomics catalogue`: what can be measured, what it means and what it needs."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloud.catalogue.wording import DIMENSION_NAMES, needs_of, range_of, unit_of
from ecgcore.catalogue import Entry
from ecgcore.errors import ConfigError
from ecgcore.events import Dimension

_PIPE_WIDTH = 200


def catalogue(
    dimension: Annotated[
        str | None, typer.Option(help="structural, intensity, functional, comparative; or S I F C.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="A key; may hold * and ?.")] = None,
    catalogue_id: Annotated[str | None, typer.Option("--id", help="S01 to C75.")] = None,
    leads: Annotated[
        int | None, typer.Option(min=1, help="Only what so many leads can give.")
    ] = None,
    measured: Annotated[
        bool | None, typer.Option("--measured/--not-measured", help="By this version.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All fields as one JSON object.")] = False,
    pages: Annotated[
        Path | None, typer.Option(help="Write the pages of all biomarkers into a folder instead.")
    ] = None,
) -> None:
    """Print the registry of biomarkers: key, meaning, unit, needs, what is normal.

    Filters can be combined. Units are UCUM; a key that ends in * stands for a family. Exit code 1
    if nothing passes.

    Examples: `ecgomics catalogue --measured`, `ecgomics catalogue --key 'rr_*'`,
    `ecgomics catalogue --id S09 --json`, `ecgomics catalogue --dimension structural --leads 1`
    """
    from cloud.catalogue.pages import write_pages
    from ecgcore.catalogue import catalogue as read

    registry = read()
    if pages is not None:
        write_pages(registry, pages)
        return
    entries = registry.select(
        dimension=None if dimension is None else _dimension(dimension),
        key=key,
        catalogue_id=None if catalogue_id is None else catalogue_id.upper(),
        n_leads=leads,
        measured=measured,
    )
    if as_json:
        print(json.dumps({"biomarkers": [entry.as_dict() for entry in entries]}))
    elif entries:
        # A table that goes into a file or a pipe is not folded to the terminal's width.
        width = None if sys.stdout.isatty() else _PIPE_WIDTH
        Console(highlight=False, width=width).print(_table(entries))
    if not entries:
        print("no biomarker passes", file=sys.stderr)
        raise typer.Exit(1)


def _dimension(name: str) -> Dimension:
    for dimension, word in DIMENSION_NAMES.items():
        if name.lower() in (word, dimension.lower()):
            return dimension
    msg = f"--dimension: {name} is not one of {', '.join(DIMENSION_NAMES.values())}"
    raise ConfigError(msg)


def _table(entries: Sequence[Entry]) -> Table:
    table = Table("id", "key", "what it is", "unit", "needs", "normal", "since")
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    for entry in entries:
        row = (entry.definition, unit_of(entry), needs_of(entry), range_of(entry))
        # Units such as [ppm] are no markup.
        table.add_row(entry.id, entry.key, *map(Text, row), entry.since or "")
    return table
