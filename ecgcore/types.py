"""The values that travel through the engine: sample positions, chunks and gaps.

Inside ``ecgcore`` a moment is a *sample index*: the patch's own counter, counted from the first
sample of a boot. Wall time is an annotation that is put on at the edges (see ``SampleClock``).
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Float32Array: TypeAlias = NDArray[np.float32]
Int32Array: TypeAlias = NDArray[np.int32]
Int64Array: TypeAlias = NDArray[np.int64]
SampleIndex: TypeAlias = int


class Lead(IntEnum):
    """Electrocardiographic leads, numbered by their bit in a lead mask."""

    I = 0  # noqa: E741 - the lead's name
    II = 1
    III = 2
    AVR = 3
    AVL = 4
    AVF = 5
    V1 = 6
    V2 = 7
    V3 = 8
    V4 = 9
    V5 = 10
    V6 = 11
    CHEST = 12
    """A single bipolar patch or strap lead, close to lead I."""

    @property
    def label(self) -> str:
        """As electrocardiographers write it: aVR, V1."""
        return self.name.replace("AV", "aV") if self.name.startswith("AV") else self.name


@lru_cache(maxsize=256)
def leads_of(mask: int) -> tuple[Lead, ...]:
    """Give the leads whose bits are set, lowest first."""
    return tuple(lead for lead in Lead if mask >> lead & 1)


class GapReason(IntEnum):
    """Why samples between two frames do not exist."""

    NONE = 0
    RADIO_LOSS = 1
    """Notifications missing inside a live link."""
    LINK_LOST = 2
    """No Bluetooth link, or a link without stream, while the patch went on."""
    SENSOR_OVERFLOW = 3
    """The patch itself dropped samples."""
    GATEWAY_DOWN = 4
    """The gateway was not running."""
    SPOOL_EVICTED = 5
    """The gateway's store was full; the oldest frames gave way."""
    MISSING = 6
    """Never reached the cloud; the gateway no longer has it."""


class FrameFlag(IntFlag):
    """What is special about a frame."""

    NONE = 0
    SATURATED = 1
    DISCONTINUITY = 2
    """The clock or the counter was re-fitted before this frame."""
    REPLAY = 4
    """Sent after an outage from the spool or from the patch's own flash."""


@dataclass(frozen=True, slots=True)
class SampleClock:
    """Device time of a run of samples, as the patch's own timestamps give it.

    Every piece of one frame carries the same clock, so a sample's time does not depend on how the
    frame was cut.
    """

    start: SampleIndex
    """Sample to which `start_ns` belongs."""
    start_ns: int
    """Device time of that sample."""
    period_ns: float
    """Time from one sample to the next."""

    def time_ms(self, sample: float) -> float:
        """Give the device time of a (fractional) sample index in milliseconds."""
        return (self.start_ns + (sample - self.start) * self.period_ns) / 1e6


@dataclass(frozen=True, slots=True)
class EcgChunk:
    """Consecutive samples of one boot of one patch."""

    start: SampleIndex
    ecg_mv: FloatArray
    """shape (n_leads, n_samples)"""
    clock: SampleClock

    @property
    def n_samples(self) -> int:
        """Samples per lead."""
        return int(self.ecg_mv.shape[1])

    @property
    def end(self) -> SampleIndex:
        """Index after the last sample."""
        return self.start + self.n_samples

    def cut(self, at: int) -> tuple["EcgChunk", "EcgChunk"]:
        """Split after `at` samples; both parts keep the clock."""
        return (
            EcgChunk(self.start, self.ecg_mv[:, :at], self.clock),
            EcgChunk(self.start + at, self.ecg_mv[:, at:], self.clock),
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that are known not to exist."""

    start: SampleIndex
    n_samples: int
    reason: GapReason

    @property
    def end(self) -> SampleIndex:
        """Index after the last missing sample."""
        return self.start + self.n_samples
