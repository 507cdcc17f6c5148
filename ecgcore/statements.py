"""Statements about what the pipeline found: rhythms, and long intervals without a beat.

A single patch lead never makes a rhythm "definite": its certainty follows from the confidence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ecgcore.events import PATTERNS, RhythmLabel
from ecgcore.findings_rules import RuleSet, rules
from ecgcore.report import Certainty, Evidence, Localised, ReportEvent, Source, Statement
from ecgcore.vocabulary import vocabulary

GOOD_SQI = rules().limits["sqi_good"].default
"""Below it only technical statements are made."""
LONG_INTERVAL_MS = rules().limits["pause"].default

_UNSAID = frozenset({RhythmLabel.NOISE, RhythmLabel.LEAD_OFF})
"""No rhythms: the quality says it."""
_SINUS = (
    RhythmLabel.SINUS_RHYTHM,
    RhythmLabel.SINUS_BRADY,
    RhythmLabel.SINUS_TACHY,
    RhythmLabel.SINUS_ARRHYTHMIA,
)
RHYTHM_IDS = frozenset(str(label) for label in RhythmLabel if label not in _UNSAID)
"""Ids of statements about rhythm."""
HARMLESS = frozenset(id_ for id_, term in vocabulary().terms.items() if term.is_harmless)
"""What alone gives nobody a reason to call; fast and slow rates are said by the rate."""


@dataclass(frozen=True, slots=True)
class RhythmFound:
    """All stretches of one rhythm in a recording."""

    label: RhythmLabel
    n: int
    duration_s: float
    """Of all together."""
    confidence: float
    """Of the longest."""
    start_ns: int
    end_ns: int
    """Of the longest, UTC."""
    strip_ids: tuple[str, ...] = ()


def rhythm(found: Sequence[RhythmFound], duration_s: float, by: RuleSet) -> list[Statement]:
    """State the rhythms of a recording that lasts so long.

    Beside a longer one, a brief sinus rhythm is not told, nor what could not be determined, as the
    first beats of each recording: the stage that names rhythms needs some beats to be right.
    """
    base = [e for e in found if e.label not in PATTERNS and e.label not in _UNSAID]
    longest_s = max((each.duration_s for each in base), default=0.0)
    share_s = by.limits["rhythm_share"].default * duration_s
    least_s = {RhythmLabel.UNDETERMINED: share_s}
    least_s |= dict.fromkeys(_SINUS, min(by.limits["sinus_lasts"].default, share_s))
    return [
        _rhythm_statement(each, by)
        for each in found
        if each.label not in _UNSAID
        and (each.duration_s >= least_s.get(each.label, 0.0) or each.duration_s >= longest_s)
    ]


def _rhythm_statement(found: RhythmFound, by: RuleSet) -> Statement:
    term = vocabulary()[found.label]
    more_en = f", {found.n} times" if found.n > 1 else ""
    more_zh = f"，共{found.n}次" if found.n > 1 else ""
    length = f"{found.duration_s:.0f}" if found.duration_s >= 10 else f"{found.duration_s:.1f}"
    possible = by.limits["rhythm_possible"].default
    return Statement(
        id=term.id,
        text=Localised(
            en=f"{term.en}{more_en}, {length} s in all", zh=f"{term.zh}{more_zh}，共{length}秒"
        ),
        aha_code=term.aha,
        snomed=term.snomed,
        scp=term.scp,
        certainty=_certainty(found.confidence, by),
        source=Source.RULE,
        evidence=(Evidence(key="rhythm_confidence", value=found.confidence, threshold=possible),),
        rules=by.name,
        start_ns=found.start_ns,
        end_ns=found.end_ns,
        strip_ids=found.strip_ids,
    )


def _certainty(confidence: float, by: RuleSet) -> Certainty:
    if confidence >= by.limits["rhythm_probable"].default:
        return Certainty.PROBABLE
    is_possible = confidence >= by.limits["rhythm_possible"].default
    return Certainty.POSSIBLE if is_possible else Certainty.CONSIDER


def long_intervals(events: Iterable[ReportEvent], by: RuleSet) -> list[Statement]:
    """Say for each long interval that no beat was found in it; a missed beat is possible."""
    return [_long_interval(event, by) for event in events]


def _long_interval(event: ReportEvent, by: RuleSet) -> Statement:
    length_ms = (event.end_ns - event.start_ns) / 1e6
    term, seconds = vocabulary()["long_interval"], f"{length_ms / 1000:.1f}"
    least_ms = by.limits["pause"].default
    return Statement(
        id=term.id,
        text=Localised(en=term.en.format(seconds=seconds), zh=term.zh.format(seconds=seconds)),
        certainty=Certainty.POSSIBLE,
        source=Source.RULE,
        evidence=(Evidence(key="rr_longest", value=length_ms, threshold=least_ms),),
        rules=by.name,
        start_ns=event.start_ns,
        end_ns=event.end_ns,
        strip_ids=event.strip_ids,
    )
