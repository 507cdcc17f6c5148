"""The beats that the representative beat stands for, one after another, and their signal."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ecgcore import morph_places as m
from ecgcore.average_signal import AverageSignal
from ecgcore.lead_window import longest_stretch
from ecgcore.morphology import KEYS
from ecgcore.nn import BoolArray
from ecgcore.noise import noise_rms_mv
from ecgcore.recorded import Recorded
from ecgcore.smooth_lead import SmoothLead
from ecgcore.types import FloatArray, Int64Array

_LEAST_NOISE_MV = 0.005
_LEVEL_S = 0.02
"""What lies so long before the QRS is the level of a beat."""


@dataclass(frozen=True)
class UsualBeats:
    """The beats of the most frequent class."""

    recorded: Recorded
    average: AverageSignal

    @cached_property
    def numbers(self) -> Int64Array:
        """Which of all beats they are, shape (n,), rising."""
        return np.flatnonzero(self.recorded.is_label(self.average.beat.label)).astype(np.int64)

    @cached_property
    def places(self) -> FloatArray:
        """Where their R peaks lie, in samples with fractions, shape (n,)."""
        beats = self.recorded.beats
        return np.array([beats[k].sample + beats[k].beat.offset for k in self.numbers], float)

    @cached_property
    def times_s(self) -> FloatArray:
        """The same from the first sample on."""
        return self.places / self.recorded.fs_hz

    @cached_property
    def rr_ms(self) -> FloatArray:
        """The interval that ends at each, shape (n,); NaN where none could be formed."""
        return self.recorded.rr_ms[self.numbers]

    @cached_property
    def follows(self) -> BoolArray:
        """Whether each comes right after the usual beat before it, shape (n,)."""
        is_next: BoolArray = np.diff(self.numbers, prepend=-2) == 1
        is_next &= np.isfinite(self.rr_ms)
        return is_next

    @property
    def n(self) -> int:
        """Number of beats."""
        return int(self.numbers.size)

    @cached_property
    def t_lead(self) -> int:
        """The lead whose T wave is the clearest."""
        return int(np.argmax(self.t_clear))

    @cached_property
    def t_clear(self) -> FloatArray:
        """Height of T over the noise, shape (n_leads,); 0 where either is not known."""
        tall = np.abs(self.average.figures[:, KEYS.index("t_amp")])
        clear: FloatArray = tall / np.maximum(self.noise_mv, _LEAST_NOISE_MV)
        return np.nan_to_num(clear)

    @cached_property
    def noise_mv(self) -> FloatArray:
        """Root mean square of the noise of each lead, shape (n_leads,)."""
        fs_hz = self.recorded.fs_hz
        found = [noise_rms_mv(longest_stretch(lead), fs_hz) for lead in self.recorded.ecg_mv]
        return np.array(found, float)

    def point(self, which: int) -> float:
        """Give a point over all leads (`ecgcore.morph_places`), in samples from the R peak."""
        return float(self.average.beat.points[0, which]) - self.average.beat.r

    def has(self, *points: int) -> bool:
        """Tell whether all of some points are there, in their order."""
        at = self.average.beat.points[0, list(points)]
        return bool(np.isfinite(at).all() and (np.diff(at) > 0.0).all())

    def levelled_mv(self, ecg_mv: FloatArray, offsets: FloatArray) -> FloatArray:
        """Cut the beats out of a lead, freed of its wander.

        The wander is the spline through the levels right before each QRS.

        Parameters
        ----------
        ecg_mv : FloatArray, shape (n_samples,)
        offsets : FloatArray, shape (n_offsets,)
            In samples from the R peak.

        Returns
        -------
        FloatArray, shape (n, n_offsets)
            NaN for beats where a sample is missing.
        """
        from scipy.interpolate import CubicSpline

        lead = SmoothLead(ecg_mv)
        on = self.point(m.QRS_ON)
        before = on - np.arange(max(round(_LEVEL_S * self.recorded.fs_hz), 3))
        levels = lead.at(self.places[:, np.newaxis] + before).mean(axis=1)
        places = self.places[:, np.newaxis] + offsets
        found: FloatArray = lead.at(places)
        found[np.isnan(found).any(axis=1)] = np.nan
        known = np.isfinite(levels)
        if known.sum() < 2:
            found -= levels[:, np.newaxis]
            return found
        wander = CubicSpline(self.places[known] + on, levels[known])
        # Beyond the last level, or across lost beats, a cubic goes anywhere.
        inside = np.clip(places, self.places[known][0] + on, self.places[known][-1] + on)
        found -= wander(inside)
        found[~known] = np.nan
        return found
