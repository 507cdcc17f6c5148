"""Where the waves of all beats of a recording lie, as one array."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ecgcore.events import (
    USABLE_SQI,
    BeatClassified,
    BeatLabel,
    BeatWaves,
    NullReason,
    QualityScored,
    RhythmLabel,
    Wave,
)
from ecgcore.nn import BoolArray
from ecgcore.recorded import Recorded
from ecgcore.types import FloatArray

P, QRS, T, U = range(4)
"""Waves."""
ON, PEAK, OFF, MV = range(4)
"""What is known of each: counters, and the signed height of the peak."""
OVER_LEADS = 0
"""Row of the waves over all leads; those of the leads follow."""
_NO_WAVE = (float("nan"),) * 4


@dataclass(frozen=True)
class BeatPlaces:
    """The beats of a recording with their waves."""

    recorded: Recorded
    af_share: float
    """A recording of which AF takes more has no P waves."""

    @cached_property
    def places(self) -> FloatArray:
        """Shape (1 + n_leads, n_beats, 4 waves, 4); NaN where there is no wave."""
        beats = self.recorded.beats
        leads = range(len(self.recorded.leads))
        rows = [
            [_row(beat.waves) for beat in beats],
            *([_row(_of_lead(beat, lead)) for beat in beats] for lead in leads),
        ]
        return np.array(rows, float).reshape(len(rows), len(beats), 4, 4)

    @cached_property
    def is_accepted(self) -> BoolArray:
        """Which beats lie in seconds of usable signal, shape (n_beats,)."""
        scored = self.recorded.of_kind(QualityScored)
        starts = np.array([each.start for each in scored], float)
        is_good = np.array([each.sqi >= USABLE_SQI for each in scored], bool)
        samples = np.array([beat.sample for beat in self.recorded.beats], float)
        if not is_good.size:
            return np.zeros(samples.size, bool)
        at = np.searchsorted(starts, samples, side="right") - 1
        return is_good[np.maximum(at, 0)] & (at >= 0)

    @cached_property
    def is_usual(self) -> BoolArray:
        """Which beats statistics rest on: accepted ones of class N."""
        return self.recorded.is_label(BeatLabel.NORMAL) & self.is_accepted

    @cached_property
    def is_nn(self) -> BoolArray:
        """Which beats end an interval between two of `is_usual`, shape (n_beats,)."""
        before = np.concatenate(([False], self.is_usual[:-1]))[: self.is_usual.size]
        return self.is_usual & before & np.isfinite(self.recorded.rr_ms)

    @cached_property
    def following(self) -> FloatArray:
        """As `places`, of the beat that ends the interval begun here; NaN where there is none."""
        following = np.full_like(self.places, np.nan)
        has_interval = np.isfinite(self.recorded.rr_ms[1:])
        following[:, :-1][:, has_interval] = self.places[:, 1:][:, has_interval]
        return following

    @property
    def no_beats(self) -> NullReason:
        """Why there is nothing of beats of class N."""
        unusable = self.recorded.unusable
        if unusable is not None:
            return unusable
        is_paced = self.recorded.is_label(BeatLabel.PACED)
        return NullReason.PACED if 2 * is_paced.sum() > is_paced.size else NullReason.TOO_FEW_BEATS

    @cached_property
    def is_af(self) -> bool:
        """Whether the atria fibrillate."""
        return self.recorded.share_of([RhythmLabel.AFIB]) > self.af_share


def _of_lead(beat: BeatClassified, lead: int) -> BeatWaves:
    return beat.lead_waves[lead] if lead < len(beat.lead_waves) else BeatWaves()


def _row(waves: BeatWaves) -> tuple[tuple[float, ...], ...]:
    return tuple([_figures(wave) for wave in waves])


def _figures(wave: Wave | None) -> tuple[float, ...]:
    return _NO_WAVE if wave is None else wave[:4]
