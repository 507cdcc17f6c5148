"""Where a simulated patch gets its signal from."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ecgcore.types import FloatArray, Int32Array, SampleIndex

SAMPLE_NUMBER_MODULUS = 1 << 23
"""Sample numbers stay positive in the 24 bits of a strap's sample; they repeat after 18 hours."""


class Source(Protocol):
    """A signal on the patch's own sample grid, sample 0 at power-on.

    Both methods are asked for later and later samples, each on its own; samples may be left out.
    """

    def read_uv(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give samples in microvolts, shape (n_samples,)."""
        ...

    def rpeaks(self, start: SampleIndex, end: SampleIndex) -> FloatArray | None:
        """Give where the R peaks lie in [start, end), in samples; None if nobody knows."""
        ...


class SampleNumbers:
    """The sample's index as its value, so that loss, repeat and reorder show at any hop."""

    def read_uv(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give ``index % SAMPLE_NUMBER_MODULUS``."""
        index = np.arange(start, start + n_samples, dtype=np.int64)
        return (index % SAMPLE_NUMBER_MODULUS).astype(np.int32)

    def rpeaks(self, start: SampleIndex, end: SampleIndex) -> FloatArray | None:
        """Give None: numbers have no beats."""
        return None


class Shifted:
    """Another source, begun `offset` samples in, so that patches of one record differ."""

    def __init__(self, source: Source, offset: int) -> None:
        self._source = source
        self._offset = offset

    def read_uv(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give the other source's samples from `offset` on."""
        return self._source.read_uv(start + self._offset, n_samples)

    def rpeaks(self, start: SampleIndex, end: SampleIndex) -> FloatArray | None:
        """Give the other source's R peaks on this grid."""
        peaks = self._source.rpeaks(start + self._offset, end + self._offset)
        return None if peaks is None else peaks - self._offset


class MultiSource(Protocol):
    """A signal of several leads on the patch's own sample grid, sample 0 at the start of a boot."""

    @property
    def n_leads(self) -> int:
        """How many there are."""
        ...

    def read_uv(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give samples in microvolts, shape (n_leads, n_samples)."""
        ...

    def rpeaks(self, start: SampleIndex, end: SampleIndex) -> FloatArray | None:
        """Give where the R peaks lie in [start, end), in samples; None if nobody knows."""
        ...


class Projected:
    """One source seen by several leads, each with its own gain."""

    def __init__(self, source: Source, gains: Sequence[float]) -> None:
        self._source = source
        self._gains = np.array(gains)[:, np.newaxis]
        self.n_leads = len(gains)

    def read_uv(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give the source's samples times each gain."""
        return np.rint(self._gains * self._source.read_uv(start, n_samples)).astype(np.int32)

    def rpeaks(self, start: SampleIndex, end: SampleIndex) -> FloatArray | None:
        """Give the source's R peaks."""
        return self._source.rpeaks(start, end)
