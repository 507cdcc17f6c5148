"""Causal Butterworth filters over a stream."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.signal import butter, sosfilt_zi

from ecgcore.jit import compiled
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class ButterworthConfig:
    """A Butterworth filter by its -3 dB points: two for a band-pass, one for the others."""

    fs_hz: float
    kind: Literal["bandpass", "lowpass", "highpass"]
    cutoff_hz: tuple[float, ...]
    order: int = 2


@dataclass(slots=True)
class ButterworthState:
    """What the filter remembers."""

    memory: FloatArray | None = None
    """shape (n_sections, 2); None before the first sample"""


class Butterworth:
    """Butterworth filter over a stream.

    However the signal is cut, the concatenated output is bit-equal to one run over all of it.
    Oracle: ``scipy.signal.sosfilt``.

    Raises
    ------
    ValueError
        If a cut-off frequency is not inside (0, fs/2).
    """

    def __init__(self, config: ButterworthConfig, state: ButterworthState | None = None) -> None:
        self.config = config
        cutoff_hz = config.cutoff_hz if len(config.cutoff_hz) > 1 else config.cutoff_hz[0]
        sections = butter(config.order, cutoff_hz, config.kind, fs=config.fs_hz, output="sos")
        self._sections: FloatArray = np.ascontiguousarray(sections)
        self._settled: FloatArray = sosfilt_zi(sections)
        self.state = state or ButterworthState()

    def push(self, signal: FloatArray) -> FloatArray:
        """Filter the next samples, shape (n_samples,)."""
        if not signal.size:
            return np.empty(0)
        if self.state.memory is None:
            # Settle on the first *sample*: the first chunk's mean would depend on the cut.
            self.state.memory = self._settled * signal[0]
        return _filter_sections(self._sections, self.state.memory, signal)

    def reset(self) -> None:
        """Forget the past, as after a gap."""
        self.state.memory = None


@compiled
def _filter_sections(sections: FloatArray, memory: FloatArray, signal: FloatArray) -> FloatArray:
    """Run second-order sections (direct form II transposed); `memory` is updated in place."""
    filtered = np.empty(signal.size)
    for i in range(signal.size):
        value = signal[i]
        for s in range(sections.shape[0]):
            b0, b1, b2, _, a1, a2 = sections[s]
            output = b0 * value + memory[s, 0]
            memory[s, 0] = b1 * value - a1 * output + memory[s, 1]
            memory[s, 1] = b2 * value - a2 * output
            value = output
        filtered[i] = value
    return filtered
