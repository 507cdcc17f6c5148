"""From archives to tables: measure each normal person once, fit, write a row a line."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from cloud.evaluation.archive import opened
from cloud.evaluation.study import scored
from cloud.population.fit import PLANS, FitConfig, Measured, fit
from cloud.population.people import ARCHIVES, NormalRecord, archive_of, normal_records
from ecgcore.errors import ConfigError
from ecgcore.extraction import ExtractionConfig, extract
from ecgcore.normality import NormalityConfig
from ecgcore.person import Person
from ecgcore.pipeline import ALGORITHM_VERSION
from ecgcore.population import ADULT_YEARS, Population

_ALONE = ExtractionConfig(normality=NormalityConfig(is_wanted=False))
LEAST_SQI = 0.8
"""Recordings of worse signal tell of noise, not of people."""


def gathered(
    paths: Iterable[Path],
    jobs: int,
    shown: Callable[[Iterable[Measured | str | None], int], Iterable[Measured | str | None]],
) -> tuple[list[Measured], list[str]]:
    """Measure the normal adults of archives; give what was measured and what could not be read.

    Raises
    ------
    ConfigError
        If a path is no archive whose labels tell who is normal.
    """
    with ExitStack() as stack:
        records: dict[str, NormalRecord] = {}
        for path in paths:
            folder = stack.enter_context(opened(path))
            for record in normal_records(folder, archive_of(folder)):
                records.setdefault(record.name, record)
        found = list(shown(scored(measured_of, list(records.values()), jobs), len(records)))
    return (
        [each for each in found if isinstance(each, Measured)],
        [each for each in found if isinstance(each, str)],
    )


def measured_of(record: NormalRecord) -> Measured | str | None:
    """Measure one person; a text says why that cannot be, None that it is no use."""
    try:
        given = record.read()
        if not _is_adult(given.person):
            return None
        found = extract(given.ecg_mv, given.fs_hz, given.names, _ALONE, given.person)
    except (ConfigError, ValueError) as error:
        return str(error)
    if found.sqi < LEAST_SQI:
        return None
    values = {
        (each.key, each.lead): each.value for each in found.measurements if each.value is not None
    }
    return Measured(record.source, given.person, given.names, values)


def tables_of(people: Sequence[Measured], config: FitConfig | None = None) -> Population:
    """Make every table for which there are enough people.

    Raises
    ------
    ConfigError
        If there is not one.
    """
    config = config or FitConfig()
    n_of = Counter(each.source for each in people)
    tables, missing = [], []
    for plan in PLANS:
        try:
            tables.append(fit(plan, people, config))
        except ValueError as error:
            missing.append(str(error))
    if not tables:
        raise ConfigError("; ".join(missing))
    return Population(
        version=f"pipeline {ALGORITHM_VERSION}",
        sources=tuple(
            replace(each.source, n=n_of[each.source.id])
            for each in ARCHIVES
            if n_of[each.source.id]
        ),
        tables=tuple(tables),
    )


def written(made: Population) -> str:
    """Give tables as JSON with a line for each row, so that a change can be read."""
    return "\n".join(_lines(made)) + "\n"


def _lines(made: Population) -> Iterator[str]:
    yield f'{{"version": {json.dumps(made.version)},'
    yield '"sources": ['
    yield ",\n".join(_compact(asdict(each)) for each in made.sources)
    yield '], "tables": ['
    for k, table in enumerate(made.tables):
        head = {"id": table.id, "title": table.title, "leads": table.leads}
        yield f'{"," if k else ""}{_compact(head)[:-1]}, "rows": ['
        yield ",\n".join(_compact(_without_nones(asdict(row))) for row in table.rows)
        yield f'], "core": {_compact(asdict(table.core))}}}'
    yield "]}"


def _compact(value: object) -> str:
    return json.dumps(value)


def _without_nones(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _is_adult(person: Person) -> bool:
    return person.age_years is None or person.age_years >= ADULT_YEARS
