"""How far the statements agree with the labels of archives: sensitivity, specificity, and how sure.

A finding counts as stated when it is more than one to consider. A record whose rule could not be
judged, or was kept back by another statement, counts as one that does not state it; how many these
are is told beside.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cloud.evaluation.tables import Cell, Table
from cloud.findings.labels import Label, archives_of, labels
from cloud.findings.work import Judged
from ecgcore.catalogue import catalogue

_Z95 = 1.959963984540054
COLUMNS = (
    *("finding", "archive", "records", "labelled", "stated", "both"),
    *("Se %", "95 %", "Sp %", "95 %", "PPV %", "considered", "not judged"),
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a finding is labelled and stated."""

    tp: int = 0
    fn: int = 0
    fp: int = 0
    tn: int = 0
    considered: int = 0
    """Neither stated nor ruled out: to be considered."""
    unjudged: int = 0

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(
            self.tp + other.tp,
            self.fn + other.fn,
            self.fp + other.fp,
            self.tn + other.tn,
            self.considered + other.considered,
            self.unjudged + other.unjudged,
        )

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Give the cells from "records" on."""
        positive, negative = self.tp + self.fn, self.fp + self.tn
        return (
            *(positive + negative, positive, self.tp + self.fp, self.tp),
            *(share_pct(self.tp, positive), wilson(self.tp, positive)),
            *(share_pct(self.tn, negative), wilson(self.tn, negative)),
            *(share_pct(self.tp, self.tp + self.fp), self.considered, self.unjudged),
        )


def share_pct(k: int, n: int) -> float | None:
    """Give a share in percent; None of nothing."""
    return 100.0 * k / n if n else None


def wilson_pct(k: int, n: int) -> tuple[float, float]:
    """Give Wilson's score interval of a share, 95 %, in percent; ``n > 0``."""
    share, z2 = k / n, _Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return 100.0 * max(middle - half, 0.0), 100.0 * min(middle + half, 1.0)


def wilson(k: int, n: int) -> str | None:
    """Write Wilson's interval; None of nothing."""
    if not n:
        return None
    low, high = wilson_pct(k, n)
    return f"{low:.0f} to {high:.0f}"


def agreements(judged: Iterable[Judged], label: Label) -> dict[str, Agreement]:
    """Compare a finding, archive by archive; archives without such a label are left out."""
    found: defaultdict[str, Agreement] = defaultdict(Agreement)
    for each in judged:
        if each.labelled is None or each.findings is None:
            continue
        is_there = each.labelled.shows(label)
        if is_there is None:
            continue
        is_said = not each.said.isdisjoint(label.says)
        is_considered = not is_said and not each.considered.isdisjoint(label.says)
        is_open = not is_said and not is_considered and not each.open.isdisjoint(label.says)
        found[each.labelled.archive] += Agreement(
            tp=is_there and is_said,
            fn=is_there and not is_said,
            fp=not is_there and is_said,
            tn=not is_there and not is_said,
            considered=is_considered,
            unjudged=is_open,
        )
    return dict(found)


def agreement_table(judged: Sequence[Judged]) -> Table:
    """Put every finding that is labelled or stated at all into one table."""
    rows: list[tuple[Cell, ...]] = []
    for label in labels():
        for archive, found in agreements(judged, label).items():
            if found.tp + found.fn + found.fp:
                rows.append((label.finding, archive, *found.cells))
    return Table("agreement", "Findings beside labels", COLUMNS, tuple(rows))


def archive_table(judged: Sequence[Judged]) -> Table:
    """Tell how many records there are, and of how many labels are known."""
    told = [each.labelled for each in judged if each.labelled is not None]
    n_said = sum(len(each.findings.statements) for each in judged if each.findings is not None)
    rows: list[tuple[Cell, ...]] = [
        (archive, sum(each.archive == archive for each in told)) for archive in archives_of(told)
    ]
    rows += [("no labels known", len(judged) - len(told))]
    rows += [("cannot be read", sum(each.error is not None for each in judged))]
    rows += [("statements in all", n_said)]
    return Table("records", "Records", ("", "n"), tuple(rows))


def unjudged_table(judged: Sequence[Judged]) -> Table:
    """Tell which rules could not be judged, for want of which key."""
    found: Counter[tuple[str, str, str]] = Counter()
    for each in judged:
        for rule in () if each.findings is None else each.findings.unjudged:
            found.update({(rule.rule, absent.key, absent.reason) for absent in rule.absent})
    rows = tuple((*what, n) for what, n in sorted(found.items()))
    columns = ("rule", "key", "why", "records")
    return Table("unjudged", "Rules that could not be judged", columns, rows)


def reason_table(judged: Sequence[Judged]) -> Table:
    """Count values and reasons of null by the groups of the registry."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in judged:
        for (key, reason), n in (each.reasons or {}).items():
            entry = catalogue()[key]
            found[f"{entry.dimension.value}: {entry.group}"][reason] += n
    reasons = sorted({reason for counts in found.values() for reason in counts if reason})
    order = list(dict.fromkeys(f"{e.dimension.value}: {e.group}" for e in catalogue().entries))
    rows: list[tuple[Cell, ...]] = [
        (group, found[group].total(), found[group][""], *(found[group][each] for each in reasons))
        for group in order
        if group in found
    ]
    columns = ("group of the registry", "rows", "values", *reasons)
    return Table("null_reasons", "Why values are null", columns, tuple(rows))
