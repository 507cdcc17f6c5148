"""What statements are made from, of a recording that was analysed as a whole."""

from collections.abc import Iterable

from ecgcore.events import Measurement
from ecgcore.findings import Facts
from ecgcore.recorded import Recorded
from ecgcore.statements import RhythmFound


def facts_of(recorded: Recorded, measurements: Iterable[Measurement]) -> Facts:
    """Give the facts; times count from the recording's start."""
    return Facts(
        measurements=tuple(measurements),
        sqi=recorded.sqi,
        coverage=recorded.window.coverage,
        start_ns=0,
        end_ns=_ns(recorded, recorded.n_samples),
        leads=recorded.leads,
        person=recorded.person,
        rhythms=_rhythms(recorded),
    )


def _ns(recorded: Recorded, counter: int) -> int:
    return round(counter * 1e9 / recorded.fs_hz)


def _rhythms(recorded: Recorded) -> tuple[RhythmFound, ...]:
    found = []
    for label in dict.fromkeys(each.label for each in recorded.rhythms):
        alike = [each for each in recorded.rhythms if each.label is label]
        longest = max(alike, key=lambda each: each.end - each.start)
        found.append(
            RhythmFound(
                label=label,
                n=len(alike),
                duration_s=sum(each.end - each.start for each in alike) / recorded.fs_hz,
                confidence=longest.confidence,
                start_ns=_ns(recorded, longest.start),
                end_ns=_ns(recorded, longest.end),
            )
        )
    return tuple(found)
