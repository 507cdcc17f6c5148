"""Counts and burdens of rhythm, of any stretch; those of two neighbouring stretches can be joined.

Theory of operation
-------------------
A tally takes what is settled (`ecgcore.settling`), in its order, and holds a bounded number of
figures, however long it goes on. ``a + b`` is the tally of both stretches: hours add up to days.
However a stretch was cut into parts, the parts' sum equals, figure by figure, the tally of the
whole.

What a border carries: the judgement of a beat may rest on the nine before it. So a tally leaves
its first nine beats unjudged until it learns what came before them, or is read; and it keeps its
last nine for the stretch that follows. Runs of beats, cycles and episodes that touch a border are
kept whole there and join with their other half (`ecgcore.runs`), so none is lost or counted twice.
Times are whole microseconds of the device's clock and whole samples, so sums are exact.

Burdens are over the analysable time: samples of usable quality, of which those in a rhythm are a
part. A pattern over the base rhythm, such as a block, counts where it ends. Stretches of several
boots need places on one axis before they are added; no interval leads from one to the next.
"""

from collections import Counter
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property

from ecgcore.events import BeatLabel, RhythmEnded, RhythmLabel
from ecgcore.rhythm_judged import Judged, Rules, TallyConfig
from ecgcore.rhythm_sums import CONTEXT, BeatPeaks, BeatSums
from ecgcore.runs import Run, Runs, RunTotals
from ecgcore.settling import Settled, SettledBeat, SettledPiece
from ecgcore.types import SampleIndex

_NOT_JUDGED = (RhythmLabel.NOISE, RhythmLabel.LEAD_OFF, RhythmLabel.UNDETERMINED)


@dataclass(slots=True)
class TallyState:
    """What is remembered."""

    head: list[SettledBeat] = field(default_factory=list)
    """The first beats, at most `CONTEXT`; not judged yet."""
    tail: list[SettledBeat] = field(default_factory=list)
    """The last beats, at most `CONTEXT`."""
    judged: Judged = field(default_factory=Judged)
    """All beats after `head`."""
    start: SampleIndex | None = None
    """Of the first piece of signal; None before it."""
    end: SampleIndex = 0
    """Of the last one."""
    usable: int = 0
    """Samples of usable quality."""
    rhythms: dict[RhythmLabel, int] = field(default_factory=dict)
    """The same by base rhythm."""
    af: Runs = field(default_factory=Runs)
    """Stretches of AF, in samples."""
    patterns: dict[RhythmLabel, int] = field(default_factory=dict)
    """How often each pattern over the base rhythm was over."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a tally holds, read."""

    sums: BeatSums
    peaks: BeatPeaks
    ventricular: RunTotals
    """Beats and microseconds, as the next three."""
    supraventricular: RunTotals
    bigeminy: RunTotals
    trigeminy: RunTotals
    af: RunTotals
    """Episodes, in samples."""

    @property
    def n_beats(self) -> int:
        """Beats of all classes."""
        return sum(self.sums.labels.values())

    def n_of(self, label: BeatLabel) -> int:
        """Give the number of beats of a class."""
        return self.sums.labels.get(label, 0)


class RhythmTally:
    """Counts of one stretch; see the module's text."""

    def __init__(self, config: TallyConfig, fs_hz: float, state: TallyState | None = None) -> None:
        self.state = state or TallyState()
        self.config = config
        self.fs_hz = fs_hz

    def push(self, item: Settled) -> None:
        """Take what comes next."""
        if isinstance(item, SettledBeat):
            self._push_beat(item)
        elif isinstance(item, SettledPiece):
            self._push_piece(item)
        elif isinstance(item, RhythmEnded):
            patterns = self.state.patterns
            patterns[item.label] = patterns.get(item.label, 0) + 1

    def __add__(self, after: "RhythmTally") -> "RhythmTally":
        """Give the tally of this stretch and the one that follows.

        Raises
        ------
        ValueError
            If they were counted by other rules or rates, or the second does not follow.
        """
        self._check_follows(after)
        whole = RhythmTally(self.config, self.fs_hz, deepcopy(self.state))
        state, added = whole.state, after.state
        for beat in added.head:
            whole._push_beat(beat)
        state.judged = self._rules.joined(state.judged, added.judged)
        if len(added.head) == CONTEXT:
            state.tail = list(added.tail)
        if added.start is not None:
            state.start = added.start if state.start is None else state.start
            state.end = added.end
        state.usable += added.usable
        state.rhythms = dict(Counter(state.rhythms) + Counter(added.rhythms))
        state.patterns = dict(Counter(state.patterns) + Counter(added.patterns))
        state.af = state.af.joined(added.af, self._rules.af)
        return whole

    def __eq__(self, other: object) -> bool:
        """Tell whether two tallies hold the same figures by the same rules."""
        if not isinstance(other, RhythmTally):
            return NotImplemented
        mine, yours = (self.config, self.fs_hz), (other.config, other.fs_hz)
        return mine == yours and self.state == other.state

    __hash__ = None  # type: ignore[assignment]  # it changes

    @property
    def usable_s(self) -> float:
        """Analysable time, which burdens and hourly counts are divided by."""
        return self.state.usable / self.fs_hz

    def found(self) -> "Found":
        """Read all counts; the first beats count as those that nothing came before."""
        judged, rules = Judged(), self._rules
        for k, beat in enumerate(self.state.head):
            rules.judge(beat, self.state.head[:k], judged)
        judged = rules.joined(judged, self.state.judged)
        return Found(
            sums=judged.sums,
            peaks=judged.peaks,
            ventricular=judged.ventricular.totals(rules.ventricular),
            supraventricular=judged.supraventricular.totals(rules.supraventricular),
            bigeminy=judged.bigeminy.totals(rules.bigeminy),
            trigeminy=judged.trigeminy.totals(rules.trigeminy),
            af=self.state.af.totals(rules.af),
        )

    @cached_property
    def _rules(self) -> Rules:
        return Rules(self.config, self.fs_hz)

    def _push_beat(self, beat: SettledBeat) -> None:
        state = self.state
        if len(state.head) < CONTEXT:
            state.head.append(beat)
        else:
            self._rules.judge(beat, state.tail, state.judged)
        state.tail = [*state.tail[1 - CONTEXT :], beat]

    def _push_piece(self, piece: SettledPiece) -> None:
        state = self.state
        n = piece.end - piece.start
        state.start = piece.start if state.start is None else state.start
        state.end = piece.end
        if piece.is_usable:
            state.usable += n
            state.rhythms[piece.rhythm] = state.rhythms.get(piece.rhythm, 0) + n
        if piece.rhythm is RhythmLabel.AFIB:
            state.af.add(Run(piece.start, piece.end, n), self._rules.af)
        elif piece.rhythm not in _NOT_JUDGED:
            state.af.cut()

    def _check_follows(self, after: "RhythmTally") -> None:
        if (self.config, self.fs_hz) != (after.config, after.fs_hz):
            msg = "tallies by other rules or rates cannot be added"
            raise ValueError(msg)
        start, end = after.state.start, self.state.end
        if start is not None and self.state.start is not None and start < end:
            msg = f"the second tally starts at {start}, the first ends at {end}"
            raise ValueError(msg)


def tallies(
    items: Iterable[Settled], length: int, config: TallyConfig, fs_hz: float
) -> dict[int, RhythmTally]:
    """Count what is settled stretch by stretch, as hour by hour; the sum of all is the whole.

    Parameters
    ----------
    length : int
        Samples of a stretch, whole seconds of the counter; stretch k begins at k times it.

    Returns
    -------
    dict
        By number; stretches of which nothing is known are left out.
    """
    found: dict[int, RhythmTally] = {}
    for item in items:
        number = item.start // length
        if number not in found:
            found[number] = RhythmTally(config, fs_hz)
        found[number].push(item)
    return dict(sorted(found.items()))
