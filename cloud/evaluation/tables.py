"""Results as tables: for people, as JSON, as a page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from rich.console import Group
from rich.table import Table as RichTable
from rich.text import Text

Cell: TypeAlias = str | int | float | None
"""None where there is nothing to divide by; shown as a dash."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table; all rows are as long as `columns`."""

    key: str
    """Its name in JSON."""
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    is_long: bool = False
    """In JSON only."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `ecgomics evaluate` gives."""

    dataset: str
    sha256: str
    """Of the data; see `archive.sha256_of`."""
    version: str
    algorithm: str
    """`ecgcore.pipeline.ALGORITHM_VERSION`."""
    n_records: int
    n_tuned_on: int
    tables: tuple[Table, ...]


def shown(cell: Cell) -> str:
    """Write a value for people: percentages and the like with two digits."""
    if cell is None:
        return "–"
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)


def as_text(evaluation: Evaluation) -> Group:
    """Give all tables for a terminal."""
    return Group(
        Text(_heading(evaluation)), *(rich_of(t) for t in evaluation.tables if not t.is_long)
    )


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Give everything; each table is a list of objects, by its key."""
    tables = {
        table.key: [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        for table in evaluation.tables
    }
    return {**asdict(evaluation), "tables": tables}


def as_page(evaluation: Evaluation, command: str) -> str:
    """Give a Markdown page."""
    parts = [
        f"# {evaluation.dataset}",
        "Written by the command below; how it counts is said in [the protocols](README.md).",
        f"    {command}",
        _heading(evaluation),
        *(markdown_of(table) for table in evaluation.tables if not table.is_long),
    ]
    return "\n\n".join(parts) + "\n"


def _heading(evaluation: Evaluation) -> str:
    return (
        f"{evaluation.n_records} records of {evaluation.dataset}, of which "
        f"{evaluation.n_tuned_on} were tuned on; ecgomics {evaluation.version}, "
        f"algorithm {evaluation.algorithm}; data sha256 {evaluation.sha256}"
    )


def rich_of(table: Table) -> RichTable:
    """Give one table for a terminal."""
    made = RichTable(title=table.title, title_justify="left", title_style="bold")
    made.caption, made.caption_justify = table.note or None, "left"
    for n, column in enumerate(table.columns):
        made.add_column(column, justify="right" if n else "left", overflow="fold")
    for row in table.rows:
        made.add_row(*map(shown, row))
    return made


def markdown_of(table: Table) -> str:
    """Give one table as Markdown."""
    lines = [
        f"## {table.title}\n",
        _line(table.columns),
        _line(["---", *["---:"] * (len(table.columns) - 1)]),
        *(_line([shown(cell) for cell in row]) for row in table.rows),
    ]
    return "\n".join([*lines, *([f"\n{table.note}"] if table.note else [])])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
