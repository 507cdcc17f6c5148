"""What the slower stages work on: a whole second of the counter at a time.

R peaks and quality are judged sample by sample. Delineation, beat classes and rhythm look at what
lies some way back anyway; the pipeline calls them once a second of the counter, so they see the
same pieces however the stream was cut, and a call is paid once a second.
"""

from typing import NamedTuple

from ecgcore.events import BeatLabel, BeatWaves, QualityReason
from ecgcore.rpeak import RPeak
from ecgcore.types import FloatArray, SampleIndex


class SignalSecond(NamedTuple):
    """The samples ``[k S, (k + 1) S)``, S the whole samples of a second; fewer at a run's ends."""

    start: SampleIndex
    ecg_mv: FloatArray
    """shape (n_leads, n_samples)"""
    peaks: tuple[RPeak, ...]
    """Named while it came, in order; they may lie some seconds before it."""
    sqi: float
    """0 unusable to 1 clean."""
    reasons: tuple[QualityReason, ...] = ()
    lead: int = 0
    """The lead that the peaks were found in."""

    @property
    def end(self) -> SampleIndex:
        """Index after the last sample."""
        return self.start + int(self.ecg_mv.shape[1])


class DelineatedBeat(NamedTuple):
    """A beat with its waves."""

    peak: RPeak
    waves: BeatWaves
    """Over all leads."""
    lead_waves: tuple[BeatWaves, ...]
    """One for each lead."""


class LabelledBeat(NamedTuple):
    """A beat with its waves and its class."""

    peak: RPeak
    waves: BeatWaves
    lead_waves: tuple[BeatWaves, ...]
    label: BeatLabel
    confidence: float
    """0 to 1, of the label."""
    cluster: int | None = None
