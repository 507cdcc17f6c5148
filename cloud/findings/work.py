"""One recording of many: read, measured and judged, and what went wrong said rather than raised."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cloud.evaluation.archive import read_leads
from cloud.findings.labels import Labelled, labelled
from ecgcore.errors import ConfigError
from ecgcore.extraction import ExtractionConfig, analyse, measure
from ecgcore.findings import Findings, examine
from ecgcore.findings_rules import RuleSet
from ecgcore.recorded_facts import facts_of
from ecgcore.report import Statement

Reasons = Counter[tuple[str, str]]
"""Values by key and the reason they are null; the reason is "" where there is a value."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one recording."""

    record: str
    findings: Findings | None = None
    labelled: Labelled | None = None
    reasons: Reasons | None = None
    error: str | None = None

    @property
    def said(self) -> frozenset[str]:
        """Ids of the statements that are more than "consider"."""
        return frozenset(each.id for each in self._statements if each.certainty != "consider")

    @property
    def considered(self) -> frozenset[str]:
        """Ids of the statements that are only to be considered."""
        return frozenset(each.id for each in self._statements) - self.said

    @property
    def open(self) -> frozenset[str]:
        """Ids of statements of which a rule could not be judged or was kept back."""
        found = self.findings
        if found is None:
            return frozenset()
        kept = {each.says for each in found.suppressed}
        return frozenset({each.says for each in found.unjudged} | kept)

    @property
    def _statements(self) -> tuple[Statement, ...]:
        return () if self.findings is None else self.findings.statements


def work(record: Path, config: ExtractionConfig, rules: RuleSet) -> Judged:
    """Measure one recording and judge the rules."""
    try:
        given = read_leads(record)
        told = labelled(record)
        person = given.person if told is None or told.person is None else told.person
        recorded = analyse(given.ecg_mv, given.fs_hz, given.names, config, person)
        measured = measure(recorded, config).measurements
    except (ConfigError, ValueError) as error:
        return Judged(str(record), error=str(error))
    reasons: Reasons = Counter(
        (each.key, "" if each.null_reason is None else each.null_reason.value) for each in measured
    )
    found = examine(facts_of(recorded, measured), rules)
    return Judged(str(record), found, told, reasons)
