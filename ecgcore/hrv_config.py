"""How heart-rate variability is measured: the parameters one may set, and the least data.

The defaults are those of the biomarker catalogue; they follow the Task Force (1996) where it says
anything, and NeuroKit2 where it leaves a choice that the literature shares.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ecgcore.limits import Count, Hertz, Milliseconds, Seconds, Share


class EctopicPolicy(StrEnum):
    """What stands in place of intervals that are known but not normal.

    Differences of neighbours never rest on what was put in place; spectra, entropies and fractal
    indices do.
    """

    DROP = "drop"
    """Nothing: the row of intervals breaks there."""
    INTERPOLATE = "interpolate"
    """As many intervals, on a line from the last normal one to the next."""
    CORRECT = "correct"
    """As many equal intervals as fit the time: beats are moved, added or taken away."""


class Detrend(StrEnum):
    """What is taken from a stretch before its spectrum."""

    CONSTANT = "constant"
    """The mean."""
    LINEAR = "linear"
    """The least-squares line."""


class PsdMethod(StrEnum):
    """How the spectrum is estimated."""

    WELCH = "welch"
    """Periodograms of Hann windows that overlap by half."""
    LOMB = "lomb"
    """Lomb-Scargle, of the intervals as they lie in time."""
    AR = "ar"
    """Autoregressive model (Burg)."""


class Band(NamedTuple):
    """A range of frequencies, half-open."""

    low_hz: Hertz
    high_hz: Hertz


ULF = Band(0.0, 0.003)
VLF = Band(0.003, 0.04)
LF = Band(0.04, 0.15)
HF = Band(0.15, 0.40)
VHF = Band(0.40, 0.50)
TOTAL = Band(0.0, 0.40)
BETA = Band(1e-4, 1e-2)


@dataclass(frozen=True, slots=True)
class LeastData:
    """What an index needs at least; less gives null with its reason."""

    short_s: Seconds = 60.0
    """RMSSD and all else that rests on intervals and differences alone."""
    short_nn: Count = 20
    normal_share: Share = 0.8
    """Of the known intervals, for a spectrum and for whatever rests on intervals put in place."""
    hf_s: Seconds = 60.0
    lf_s: Seconds = 250.0
    """Also of what is set against LF: total power, ratio, normalised units."""
    vlf_s: Seconds = 1800.0
    prsa_s: Seconds = 1800.0
    """Deceleration and acceleration capacity and runs."""
    long_s: Seconds = 86400.0
    """ULF, the slope of the long spectrum, SDANN."""
    dfa_nn: Count = 300
    entropy_nn: Count = 200
    """Sample entropy and the other indices of a row of intervals."""
    scale_nn: Count = 200
    """Coarse-grained intervals at the longest scale of multiscale entropy."""
    n_segments: Count = 2
    """Whole segments that SDNN index averages."""
    segment_share: Share = 0.5
    """Of a segment's time that normal intervals cover."""
    turbulence_pvcs: Count = 5


@dataclass(frozen=True, slots=True)
class HrvConfig:
    """All parameters of heart-rate variability."""

    window_s: Seconds = 300.0
    """Length of the windows of a recording, and of those of Welch's method."""
    step_s: Seconds = 300.0
    """From one window of a recording to the next."""
    ectopic: EctopicPolicy = EctopicPolicy.DROP
    nn_reject: Share = 0.2
    """An interval further than this share from its local median is not normal."""
    max_bridge_s: Seconds = 3.0
    """Time without normal intervals that a spectrum may reach across: a premature beat with its
    pause, never lost samples."""
    detrend: Detrend = Detrend.LINEAR
    resample_hz: Hertz = 4.0
    psd: PsdMethod = PsdMethod.WELCH
    ar_order: Count = 16
    ulf: Band = ULF
    vlf: Band = VLF
    lf: Band = LF
    hf: Band = HF
    vhf: Band = VHF
    total: Band = TOTAL
    beta: Band = BETA
    breathing_hz: Hertz | None = None
    """Where the breathing rate is known, HF is the band around it."""
    breathing_reach_hz: Hertz = 0.065
    histogram_bin_ms: Milliseconds = 1000.0 / 128.0
    stress_bin_ms: Milliseconds = 50.0
    dfa_short: tuple[Count, Count] = (4, 11)
    """First and last length of box, in intervals."""
    dfa_long: tuple[Count, Count] = (12, 64)
    entropy_m: Count = 2
    entropy_r_sd: Share = 0.2
    """Tolerance as a share of the standard deviation (N - 1)."""
    scales: Count = 20
    """Multiscale entropy: from 1 to this."""
    higuchi_k: Count = 10
    correlation_m: Count = 10
    most_nn: Count = 10_000
    """Entropies, indices of a curve and irregularity, whose time may grow with the square of the
    intervals, rest on the first ones up to this number (two hours and more)."""
    prsa_most_change: Share = 0.05
    """Anchors that change by more are taken for artefacts."""
    least: LeastData = field(default_factory=LeastData)

    @property
    def hf_band(self) -> Band:
        """The band of HF, around the breathing rate where that is known."""
        if self.breathing_hz is None:
            return self.hf
        reach_hz = self.breathing_reach_hz
        return Band(self.breathing_hz - reach_hz, self.breathing_hz + reach_hz)
