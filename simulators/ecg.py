"""Synthetic ECG whose beats are known exactly.

The dynamical model of McSharry, Clifford, Tarassenko and Smith (IEEE Trans Biomed Eng 50:289,
2003) with the parameters of their ``ecgsyn``: each heart cycle is one turn around a limit cycle,
P, Q, R, S and T are Gaussians of the angle. The model's differential equation has a closed
solution when the cycle turns evenly from one R peak to the next and its slow pull towards the
baseline (1/s, against waves of 0.1 s) is left out. That makes every sample a function of its
index: nothing accumulates, any cut gives the same bits, and the R peaks lie where they are said
to (Q, S and the wander move the summit by less than 0.2 ms).

The intervals follow the paper's spectrum: a low-frequency band at 0.1 Hz (Mayer waves) and a
high-frequency band at 0.25 Hz (breathing), here as a sum of cosines with seeded phases.
"""

from dataclasses import dataclass

import numpy as np

from ecgcore.types import FloatArray, Int32Array, SampleIndex

_TURN = 2 * np.pi
# ecgsyn's P, Q, R, S, T: angle from R, amplitude of the force and width. A wave's height is
# amplitude x width^2 / speed of turning; only the ratios matter, R is scaled to `r_mv`.
_ANGLE = np.radians([-70.0, -15.0, 0.0, 15.0, 100.0])
_FORCE = np.array([1.2, -5.0, 30.0, -7.5, 0.75])
_WIDTH = np.array([0.25, 0.1, 0.1, 0.1, 0.4])
_HEIGHT = _FORCE * _WIDTH**2
_R = 2
# The paper's widths of both bands.
_BAND_SD_HZ = 0.01
_LINES_PER_BAND = 15
_SHORTEST_RR_S = 0.3


@dataclass(frozen=True, slots=True)
class EcgConfig:
    """What a synthetic heart does."""

    fs_hz: float = 130.0
    seed: int = 0
    mean_hr_bpm: float = 65.0
    rr_sd_ms: float = 40.0
    """Standard deviation of the intervals."""
    lf_hf_ratio: float = 0.5
    """Power of the low-frequency band over that of the high-frequency band."""
    lf_hz: float = 0.1
    hf_hz: float = 0.25
    """The breathing rate."""
    r_mv: float = 1.0
    baseline_mv: float = 0.05
    """Amplitude of the wander with each breath."""


class Tachogram:
    """The times of the beats, one after another."""

    def __init__(self, config: EcgConfig) -> None:
        self._mean_s = 60 / config.mean_hr_bpm
        self._frequency_hz, self._amplitude_s, self._phase = _lines(config)
        first_s = self._mean_s / 2
        self._beats_s = [first_s - self._rr_s(first_s), first_s]

    def _rr_s(self, time_s: float) -> float:
        angle = _TURN * self._frequency_hz * time_s + self._phase
        rr_s = self._mean_s + float(self._amplitude_s @ np.cos(angle))
        return max(rr_s, _SHORTEST_RR_S)

    def around(self, start_s: float, end_s: float) -> FloatArray:
        """Give the beats from the last one at or before `start_s` to the first at or after `end_s`.

        `start_s` never goes back: what lies before it is forgotten.
        """
        beats = self._beats_s
        while beats[-1] < end_s:
            beats.append(beats[-1] + self._rr_s(beats[-1]))
        while beats[1] <= start_s:
            del beats[0]
        return np.array(beats)


def _lines(config: EcgConfig) -> tuple[FloatArray, FloatArray, FloatArray]:
    spread = np.linspace(-3.0, 3.0, _LINES_PER_BAND)
    frequency_hz = np.concatenate(
        [centre + _BAND_SD_HZ * spread for centre in (config.lf_hz, config.hf_hz)]
    )
    share = np.exp(-0.5 * spread**2) / np.exp(-0.5 * spread**2).sum()
    hf_share = 1 / (1 + config.lf_hf_ratio)
    power = np.concatenate([share * (1 - hf_share), share * hf_share])
    phase = np.random.default_rng(config.seed).uniform(0, _TURN, frequency_hz.size)
    return frequency_hz, config.rr_sd_ms / 1000 * np.sqrt(2 * power), phase


class SyntheticEcg:
    """ECG of one lead as a `Source`, with its truth."""

    def __init__(self, config: EcgConfig) -> None:
        self._config = config
        # Signal and truth are asked for apart, so each keeps its own place.
        self._signal_beats = Tachogram(config)
        self._truth_beats = Tachogram(config)
        # ecgsyn: at a higher rate the waves fill more of the cycle.
        stretch = np.sqrt(config.mean_hr_bpm / 60)
        self._width = _WIDTH * stretch
        self._angle = _ANGLE * np.array([np.sqrt(stretch), stretch, 1, stretch, np.sqrt(stretch)])

    def read_mv(self, start: SampleIndex, n_samples: int) -> FloatArray:
        """Give samples in millivolts, shape (n_samples,)."""
        time_s = np.arange(start, start + n_samples) / self._config.fs_hz
        if not n_samples:
            return time_s
        beats_s = self._signal_beats.around(time_s[0], np.nextafter(time_s[-1], np.inf))
        beat = np.searchsorted(beats_s, time_s, side="right") - 1
        turned = (time_s - beats_s[beat]) / (beats_s[beat + 1] - beats_s[beat])
        return self._waves(_TURN * turned) + self._wander(time_s)

    def _waves(self, angle: FloatArray) -> FloatArray:
        apart = angle[:, np.newaxis] - self._angle
        apart -= _TURN * np.round(apart / _TURN)
        waves = _HEIGHT / _HEIGHT[_R] * np.exp(-0.5 * (apart / self._width) ** 2)
        # One by one: a matrix product's order of adding depends on the number of rows.
        total = waves[:, 0] + waves[:, 1] + waves[:, 2] + waves[:, 3] + waves[:, 4]
        return np.asarray(self._config.r_mv * total)

    def _wander(self, time_s: FloatArray) -> FloatArray:
        return self._config.baseline_mv * np.sin(_TURN * self._config.hf_hz * time_s)

    def read_uv(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give samples in microvolts, shape (n_samples,)."""
        return np.rint(1000 * self.read_mv(start, n_samples)).astype(np.int32)

    def rpeaks(self, start: SampleIndex, end: SampleIndex) -> FloatArray:
        """Give where the R peaks lie in [start, end), in (fractional) samples."""
        fs_hz = self._config.fs_hz
        peaks = self._truth_beats.around(start / fs_hz, end / fs_hz) * fs_hz
        return peaks[(peaks >= start) & (peaks < end)]
