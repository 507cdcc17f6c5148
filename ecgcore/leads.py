"""R peaks of several leads: those of the lead in charge, whose place another takes when it fails.

Each lead has a detector of its own. Once a second the quality of the leads is compared: when the
one in charge has been unusable for `patience_s` and another is good, that one takes over, for good,
until it fails itself. It hands in what it found meanwhile, so no beat is missed; an interval across
the change is wrong by as much as the leads see the R peak at different times, some milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ecgcore.events import USABLE_SQI
from ecgcore.limits import Count, Share
from ecgcore.rpeak import RPeak, RPeakBank, RPeakConfig, RPeakState
from ecgcore.types import FloatArray, SampleIndex

_SAME_BEAT_S = 0.1
"""Peaks of two leads closer than that are one beat; those of one lead never are."""


@dataclass(frozen=True, slots=True)
class LeadsConfig:
    """When the lead in charge changes."""

    patience_s: Count = 2
    """Seconds in a row that the one in charge has to be unusable; a beat comes no later by it."""
    good_sqi: Share = 0.7
    """The other's quality in each of them."""


@dataclass(slots=True)
class LeadsState:
    """What is remembered."""

    rpeak: RPeakState = field(default_factory=RPeakState)
    in_charge: int = 0
    n_bad: int = 0
    """Seconds in a row that it has been unusable while another lead was good."""
    last: SampleIndex | None = None
    """The last peak given in this run."""
    others: list[list[RPeak]] = field(default_factory=list)
    """Peaks of each lead of the last seconds, while it is not in charge."""


class LeadPeaks:
    """Finds R peaks in the best of some leads; see the module's text."""

    def __init__(
        self,
        config: LeadsConfig,
        rpeak: RPeakConfig,
        fs_hz: float,
        n_leads: int,
        state: LeadsState | None = None,
    ) -> None:
        self.state = state or LeadsState()
        self._config = config
        self.state.others = self.state.others or [[] for _ in range(n_leads)]
        self._n_leads = n_leads
        self._bank = RPeakBank(rpeak, fs_hz, n_leads, self.state.rpeak)
        self.delay_samples = self._bank.delay_samples
        self.max_delay_samples = self._bank.max_delay_samples
        self._patience = round(config.patience_s * fs_hz)
        self._same = round(_SAME_BEAT_S * fs_hz)

    @property
    def in_charge(self) -> int:
        """The lead whose peaks are given."""
        return self.state.in_charge

    def push(self, start: SampleIndex, ecg_mv: FloatArray) -> list[RPeak]:
        """Take the samples that follow, shape (n_leads, n_samples); give the beats certain now."""
        found = self._bank.push(start, ecg_mv)
        return found[0] if self._n_leads == 1 else self._sorted_out(found)

    def finish(self) -> list[RPeak]:
        """End the run, as before a gap; the lead in charge stays so."""
        peaks = self._sorted_out(self._bank.finish())
        self.state.last, self.state.n_bad = None, 0
        for others in self.state.others:
            others.clear()
        return peaks

    def judge(self, sqi: Sequence[float], end: SampleIndex) -> list[RPeak]:
        """Compare the leads after the second that ends at `end`.

        Returns
        -------
        list of RPeak
            What a lead that takes over found since the one before failed.
        """
        state, config = self.state, self._config
        if len(sqi) == 1:
            return []
        for lead, others in enumerate(state.others):
            state.others[lead] = [p for p in others if p.sample >= end - self._patience]
        best = max(range(len(sqi)), key=sqi.__getitem__)
        is_lost = sqi[state.in_charge] < USABLE_SQI and sqi[best] >= config.good_sqi
        state.n_bad = state.n_bad + 1 if is_lost else 0
        if state.n_bad < config.patience_s:
            return []
        state.in_charge, state.n_bad = best, 0
        found, state.others[best] = state.others[best], []
        return self._given([peak._replace(decided_at=end) for peak in found])

    def _sorted_out(self, found: list[list[RPeak]]) -> list[RPeak]:
        state = self.state
        for lead, peaks in enumerate(found):
            if lead != state.in_charge:
                state.others[lead] += peaks
        return self._given(found[state.in_charge])

    def _given(self, peaks: list[RPeak]) -> list[RPeak]:
        """Leave out what was given already, by another lead."""
        given = []
        for peak in peaks:
            last = self.state.last
            if last is None or peak.sample >= last + self._same:
                given.append(peak)
                self.state.last = peak.sample
        return given
