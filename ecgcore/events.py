"""What the pipeline finds in a stream, as values with absolute sample indices."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ecgcore.types import Gap, SampleIndex

USABLE_SQI = 0.5
"""Signal of a lower quality index is not used."""


class Dimension(StrEnum):
    """The four dimensions of ECGomics."""

    STRUCTURAL = "S"
    INTENSITY = "I"
    FUNCTIONAL = "F"
    COMPARATIVE = "C"


class NullReason(StrEnum):
    """Why a value is absent."""

    NO_P_WAVE = "no_p_wave"
    AF = "af"
    LOW_SQI = "low_sqi"
    GAP = "gap"
    TOO_FEW_BEATS = "too_few_beats"
    TOO_SHORT = "too_short"
    FS_TOO_LOW = "fs_too_low"
    LEAD_MISSING = "lead_missing"
    PACED = "paced"
    WIDE_QRS = "wide_qrs"
    NOT_APPLICABLE = "not_applicable"
    NOT_MEASURED = "not_measured"
    """This version does not measure it yet."""


class QualityReason(StrEnum):
    """Why a second of signal is not usable."""

    FLAT = "flat"
    RAIL = "rail"
    MOTION = "motion"
    MAINS = "mains"
    WANDER = "wander"
    LOW_SNR = "low_snr"
    LEAD_OFF = "lead_off"
    GAP = "gap"


class WindowKind(StrEnum):
    """Lengths of the live windows."""

    S10 = "10s"
    S60 = "60s"
    S300 = "300s"
    H1 = "1h"
    """Told two to three minutes after its end, as the next: its rhythm is settled then."""
    H24 = "24h"


class BeatLabel(StrEnum):
    """What kind of beat: the five AAMI classes, and what those classes cannot say."""

    NORMAL = "N"
    SUPRAVENTRICULAR = "S"
    VENTRICULAR = "V"
    FUSION = "F"
    UNKNOWN = "Q"
    PACED = "paced"
    NOISE = "noise"
    """Taken for a beat at first; no beat for any count or interval."""

    @property
    def aami(self) -> str:
        """The AAMI class; paced beats are Q (ANSI/AAMI EC57)."""
        return "Q" if self in (BeatLabel.PACED, BeatLabel.NOISE) else str(self.value)


class WaveForm(StrEnum):
    """Shape of a P or T wave."""

    UPRIGHT = "upright"
    INVERTED = "inverted"
    BIPHASIC_UP_DOWN = "biphasic_up_down"
    BIPHASIC_DOWN_UP = "biphasic_down_up"


class RhythmLabel(StrEnum):
    """Rhythms, by the ids of the report's statements."""

    SINUS_RHYTHM = "sinus_rhythm"
    SINUS_BRADY = "sinus_brady"
    SINUS_TACHY = "sinus_tachy"
    SINUS_ARRHYTHMIA = "sinus_arrhythmia"
    AFIB = "afib"
    AFLUTTER = "aflutter"
    SVT = "svt"
    JUNCTIONAL = "junctional"
    NSVT = "nsvt"
    VT = "vt"
    VF = "vf"
    AIVR = "aivr"
    BIGEMINY = "bigeminy"
    TRIGEMINY = "trigeminy"
    COUPLET = "couplet"
    TRIPLET = "triplet"
    PAUSE = "pause"
    AVB1 = "avb1"
    MOBITZ1 = "mobitz1"
    MOBITZ2 = "mobitz2"
    AVB_2TO1 = "2to1"
    COMPLETE_AVB = "complete_avb"
    PACED = "paced"
    ASYSTOLE = "asystole"
    UNDETERMINED = "undetermined"
    """Beats are there, but no rule names their rhythm."""
    NOISE = "noise"
    LEAD_OFF = "lead_off"


PATTERNS = frozenset(
    {
        RhythmLabel.NSVT,
        RhythmLabel.BIGEMINY,
        RhythmLabel.TRIGEMINY,
        RhythmLabel.COUPLET,
        RhythmLabel.TRIPLET,
        RhythmLabel.PAUSE,
        RhythmLabel.AVB1,
        RhythmLabel.MOBITZ1,
        RhythmLabel.MOBITZ2,
        RhythmLabel.AVB_2TO1,
        RhythmLabel.COMPLETE_AVB,
    }
)
"""What lies over the base rhythm; all other labels are base rhythms, of which one is at a time."""


class Wave(NamedTuple):
    """One wave of one beat that is there; positions are counters, with fractions."""

    onset: float
    peak: float
    offset: float
    amplitude_mv: float
    """Signed, at the peak: P over the level at its onset, the rest over that at QRS onset."""
    confidence: float
    """0 to 1, that the wave is there."""
    form: WaveForm = WaveForm.UPRIGHT


class BeatWaves(NamedTuple):
    """The waves of one beat in one lead, or over all leads; None where there is no such wave."""

    p: Wave | None = None
    qrs: Wave | None = None
    """Its peak is the R peak."""
    t: Wave | None = None
    u: Wave | None = None


class BeatDetected(NamedTuple):
    """One heart beat."""

    sample: SampleIndex
    """Sample nearest to the R peak."""
    offset: float
    """Where between samples the peak lies, -0.5 to 0.5."""
    time_ms: float
    """Device time of the peak."""
    sample_ms: float
    """Time from one sample to the next there, by the device's clock."""
    amplitude_mv: float
    """Signed height of the peak over the level just before the QRS."""
    rr_ms: float | None
    """Interval from the beat before; None after a gap, unusable signal or at the start."""
    confidence: float
    """0 to 1."""


class BeatClassified(NamedTuple):
    """A beat that was named before, with its waves and its class; comes a few seconds later."""

    beat: BeatDetected
    label: BeatLabel
    confidence: float
    """0 to 1, of the label."""
    rr_ms: float | None
    """As the beat's own, but counted from the last one that is not noise; None for noise."""
    waves: BeatWaves
    """Over all leads (the lead's own where there is one)."""
    lead_waves: tuple[BeatWaves, ...]
    """One for each lead."""
    cluster: int | None = None
    """Which of the patient's shapes of V beats; None for other beats."""

    @property
    def sample(self) -> SampleIndex:
        """Sample nearest to the R peak."""
        return self.beat.sample


@dataclass(frozen=True, slots=True)
class RhythmBegan:
    """A rhythm is there; `RhythmEnded` will follow with the same start and label."""

    start: SampleIndex
    label: RhythmLabel
    confidence: float


@dataclass(frozen=True, slots=True)
class RhythmEnded:
    """A stretch of one rhythm is over."""

    start: SampleIndex
    end: SampleIndex
    label: RhythmLabel
    confidence: float
    """0 to 1, over the whole stretch."""


@dataclass(frozen=True, slots=True)
class QualityScored:
    """One second of signal, judged."""

    start: SampleIndex
    end: SampleIndex
    sqi: float
    """0 unusable to 1 clean."""
    reasons: tuple[QualityReason, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """One biomarker value of one window."""

    key: str
    value: float | None
    """None with `null_reason`, `text` or `vector`; of a yes or no, 1 or 0."""
    unit: str
    """UCUM."""
    dim: Dimension
    n: int = 0
    """Beats or intervals behind it."""
    sqi: float = 1.0
    null_reason: NullReason | None = None
    lead: str | None = None
    text: str | None = None
    """Where the value is a class or a text."""
    vector: tuple[float, ...] | None = None
    """Where the value is several numbers; a matrix row by row."""


@dataclass(frozen=True, slots=True)
class WindowClosed:
    """A stretch of signal is complete and measured."""

    kind: WindowKind
    start: SampleIndex
    end: SampleIndex
    start_ms: float
    """Device time of `start`."""
    end_ms: float
    sqi: float
    """Mean of the seconds inside; missing seconds count as 0."""
    coverage: float
    """Share of the window that has samples, 0 to 1."""
    n_beats: int
    measurements: tuple[Measurement, ...] = field(default=())
    quality_reasons: tuple[QualityReason, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockClosed:
    """SHA-256 over ten seconds of samples, for `ecgomics verify`."""

    start: SampleIndex
    n_samples: int
    sha256: bytes


Event = (
    BeatDetected
    | BeatClassified
    | RhythmBegan
    | RhythmEnded
    | QualityScored
    | WindowClosed
    | BlockClosed
    | Gap
)
