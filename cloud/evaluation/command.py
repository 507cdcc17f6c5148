"""`ecgomics evaluate`: the analysis against annotated archives."""

import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from ecgcore.errors import ConfigError

if TYPE_CHECKING:
    from cloud.evaluation.tables import Evaluation

SETS = ("mitdb", "nstdb", "qtdb", "ludb", "cinc2017", "afdb")


def evaluate(
    dataset: Annotated[str, typer.Argument(metavar="SET", help=", ".join(SETS))],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Its folder, or a tar of it.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    page: Annotated[Path | None, typer.Option(help="Write a Markdown page there as well.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
    record: Annotated[
        list[str] | None, typer.Option(help="Only this record; may be given again.")
    ] = None,
    noise: Annotated[str, typer.Option(help="nstdb: em, bw or ma.")] = "em",
    clean: Annotated[
        Path | None, typer.Option(help="nstdb: clean records; else the mitdb beside DIR.")
    ] = None,
) -> None:
    """Measure how right the analysis is on an annotated archive.

    Every record goes through the pipeline that the engine runs, its first lead in chunks of 250
    samples. Prints tables by ANSI/AAMI EC57 for mitdb, the noise curve for nstdb (the noise is
    mixed in here), wave borders for qtdb and ludb, rhythms for cinc2017 and afdb.

    Example: `ecgomics evaluate mitdb ~/data/mitdb --page docs/evaluation/mitdb.md`
    """
    if dataset not in SETS:
        msg = f"{dataset}: not one of {', '.join(SETS)}"
        raise ConfigError(msg)
    from cloud.evaluation.tables import as_json as json_of
    from cloud.evaluation.tables import as_page, as_text

    result = _evaluated(dataset, folder, record or [], workers, noise, clean)
    if page is not None:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(as_page(result, f"ecgomics evaluate {dataset} DIR"))
    if as_json:
        print(json.dumps(json_of(result)))
    else:
        # Tables that go into a file or a pipe are not folded.
        width = None if sys.stdout.isatty() else 160
        Console(highlight=False, width=width).print(as_text(result))


def _evaluated(
    dataset: str, folder: Path, names: list[str], workers: int, noise: str, clean: Path | None
) -> "Evaluation":
    """Put the records through the analysis, with a progress bar, and judge what it found."""
    # Imported here so that `--help` needs no compiled code.
    from cloud.evaluation import archive
    from cloud.evaluation.studies import STUDIES
    from cloud.evaluation.study import Options, n_usable_cores, scored, tuned_on
    from cloud.evaluation.tables import Evaluation
    from ecgcore.pipeline import ALGORITHM_VERSION

    study = STUDIES[dataset]
    with archive.opened(folder) as opened:
        # The folder of several archives will do.
        place = opened / dataset if (opened / dataset).is_dir() else opened
        options = Options(noise, clean)
        jobs = _chosen(study.jobs(place, folder, options), names)
        progress = track(
            scored(study.score, jobs, workers or n_usable_cores()),
            description=dataset,
            total=len(jobs),
            console=Console(stderr=True),
        )
        tables = study.tables(list(progress))
        sha256 = archive.sha256_of(*study.sources(place, options))
    records = {job.name for job in jobs}
    return Evaluation(
        dataset=dataset,
        sha256=sha256,
        version=version("ecgomics"),
        algorithm=ALGORITHM_VERSION,
        n_records=len(records),
        n_tuned_on=len(records & tuned_on("mitdb" if dataset == "nstdb" else dataset)),
        tables=tables,
    )


def _chosen(jobs: Sequence[Any], names: Sequence[str]) -> list[Any]:
    unknown = set(names) - {job.name for job in jobs}
    if unknown:
        msg = f"--record: there is no {', '.join(sorted(unknown))}"
        raise ConfigError(msg)
    return [job for job in jobs if not names or job.name in names]
