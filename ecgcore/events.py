"""What the pipeline finds in a stream, as values with absolute sample indices."""

from dataclasses import dataclass, field
from enum import StrEnum

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
    LOW_SNR = "low_snr"
    LEAD_OFF = "lead_off"
    GAP = "gap"


class WindowKind(StrEnum):
    """Lengths of the live windows."""

    S10 = "10s"
    S60 = "60s"


@dataclass(frozen=True, slots=True)
class BeatDetected:
    """One heart beat."""

    sample: SampleIndex
    """Sample nearest to the R peak."""
    offset: float
    """Where between samples the peak lies, -0.5 to 0.5."""
    time_ms: float
    """Device time of the peak."""
    amplitude_mv: float
    """Signed height of the peak over the level just before the QRS."""
    rr_ms: float | None
    """Interval from the beat before; None after a gap, unusable signal or at the start."""
    confidence: float
    """0 to 1."""


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
    """None with `null_reason`."""
    unit: str
    """UCUM."""
    dim: Dimension
    n: int = 0
    """Beats or intervals behind it."""
    sqi: float = 1.0
    null_reason: NullReason | None = None
    lead: str | None = None


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


Event = BeatDetected | QualityScored | WindowClosed | BlockClosed | Gap
