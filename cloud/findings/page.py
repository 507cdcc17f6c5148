"""Agreement with labels as a page."""

from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files

from cloud.evaluation.tables import Table, markdown_of
from cloud.findings.agreement import (
    agreement_table,
    archive_table,
    reason_table,
    unjudged_table,
)
from cloud.findings.work import Judged
from ecgcore.pipeline import ALGORITHM_VERSION

_COMMAND = "ecgomics findings ludb ptbxl cinc2021 --agree --page docs/evaluation/findings.md"


def tables_of(judged: Sequence[Judged]) -> tuple[Table, ...]:
    """Give all tables."""
    return (
        archive_table(judged),
        agreement_table(judged),
        unjudged_table(judged),
        reason_table(judged),
    )


def as_page(tables: Sequence[Table], rules: str) -> str:
    """Give a Markdown page: how it counts, the tables, what the worst figures come from."""
    remarks = files("cloud.findings").joinpath("remarks.md").read_text("utf-8").strip()
    parts = [
        "# Findings",
        "Written by the command below from the labels that come with the records.",
        f"    {_COMMAND}",
        f"ecgomics {version('ecgomics')}, algorithm {ALGORITHM_VERSION}, rules {rules}",
        remarks,
        *(markdown_of(table) for table in tables),
    ]
    return "\n\n".join(parts) + "\n"
