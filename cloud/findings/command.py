"""`ecgomics findings`: what the rules state of recordings, and on what."""

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

if TYPE_CHECKING:
    from cloud.findings.work import Judged


def findings(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH…",
            help="WFDB records, folders of them, or tables that `ecgomics extract` wrote.",
        ),
    ],
    agree: Annotated[
        bool, typer.Option("--agree", help="Compare with the labels of ludb, PTB-XL, cinc2021.")
    ] = False,
    page: Annotated[Path | None, typer.Option(help="With --agree: a Markdown page too.")] = None,
    limits: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML: limit = number, or limit.case.")
    ] = None,
    params: Annotated[
        str | None,
        typer.Option(metavar="PRESET|FILE", help="What is set: see `ecgomics parameters`."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Judge the rules of findings on recordings, without writing anything.

    Prints each statement with its certainty and the numbers it rests on, most serious first, and
    with --json also the rules that could not be judged and those that were kept back, with the
    reason. A table of `ecgomics extract` has no rhythms, so nothing is stated that needs them.

    Examples: `ecgomics findings ptbxl/00057_hr`, `ecgomics findings all.parquet --json`,
    `ecgomics findings ludb ptbxl cinc2021 --agree --page docs/evaluation/findings.md`
    """
    # Imported here so that `--help` needs no compiled code.
    from cloud.evaluation.study import n_usable_cores, scored
    from cloud.extraction.work import records_in
    from cloud.findings.given import TABLES, of_tables, rules_with
    from cloud.findings.work import work
    from cloud.parameters.read import preset_of

    rules, config = rules_with(limits), preset_of(params).parameters
    tables = [path for path in paths if path.suffix in TABLES]
    records = records_in([path for path in paths if path not in tables]) if paths != tables else []
    judged = [*of_tables(tables, rules)]
    judged += track(
        scored(partial(work, config=config, rules=rules), records, jobs or n_usable_cores()),
        description="findings",
        total=len(records),
        console=Console(stderr=True),
    )
    if agree:
        _print_agreement(judged, rules.name, page, as_json)
    elif as_json:
        print(json.dumps([_as_dict(each) for each in judged], ensure_ascii=False))
    else:
        _print(judged)
    failed = [each for each in judged if each.error is not None]
    for each in failed:
        print(f"error: {each.error}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def _as_dict(judged: "Judged") -> dict[str, Any]:
    found = judged.findings
    if found is None:
        return {"record": judged.record, "error": judged.error}
    return {
        "record": judged.record,
        "rules": found.rules,
        "statements": [each.model_dump(mode="json") for each in found.statements],
        "not_judged": [
            {
                "rule": each.rule,
                "says": each.says,
                "absent": [
                    {"key": absent.key, "lead": absent.lead, "reason": absent.reason}
                    for absent in each.absent
                ],
            }
            for each in found.unjudged
        ],
        "kept_back": [
            {"rule": each.rule, "says": each.says, "because": each.because}
            for each in found.suppressed
        ],
    }


def _print(judged: Sequence["Judged"]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for each in judged:
        if each.findings is None:
            continue
        console.print(each.record, style="bold")
        for said in each.findings.statements:
            evidence = ", ".join(
                f"{e.key}{f' {e.lead}' if e.lead else ''} {e.text or f'{e.value:.4g}'}"
                f" ({e.threshold:.4g})"
                for e in said.evidence
            )
            console.print(f"  {said.text.en} [{said.certainty}]: {evidence}", markup=False)


def _print_agreement(
    judged: Sequence["Judged"], rules: str, page: Path | None, as_json: bool
) -> None:
    from cloud.evaluation.tables import rich_of
    from cloud.findings.page import as_page, tables_of

    tables = tables_of(judged)
    if page is not None:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(as_page(tables, rules))
    if as_json:
        rows = {t.key: [list(row) for row in t.rows] for t in tables}
        columns = {t.key: list(t.columns) for t in tables}
        print(json.dumps({"rules": rules, "columns": columns, "rows": rows}))
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 180)
    for table in tables:
        console.print(rich_of(table))
