"""Signal quality of one lead, second by second and around each beat.

Every figure is taken from the raw signal alone, so quality depends on nothing the detector does:

* *flat*: samples inside stretches of 200 ms that do not move by more than `flat_mv`;
* *rail*: samples at the limit of the converter, where that is known;
* *motion*: how far the medians of fifths of a second lie apart, in itself and against the tallest
  120 ms stretch; *wander* where they lie on a smooth bow, as breathing makes them;
* *low_snr*: that stretch against the noise, unless the noise is low in itself; *mains* where most
  of that noise is hum of 50 or 60 Hz.

Each gives a score from 0 to 1 between a "bad" and a "good" limit; the SQI is their product, and
what scores below one half is named as a reason.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ecgcore.events import USABLE_SQI, QualityReason
from ecgcore.history import History, HistoryState
from ecgcore.jit import compiled
from ecgcore.limits import Decibels, Factor, Millivolts, Seconds, Share
from ecgcore.noise import mains_rms_mv, noise_rms_mv
from ecgcore.types import FloatArray, SampleIndex

# Below the smallest QRS that could be found; in a standstill slow drift is no motion.
_LEAST_SWING_MV = 0.1


@dataclass(frozen=True, slots=True)
class QualityConfig:
    """Limits as (bad, good) pairs: scores 0 and 1."""

    flat_mv: Millivolts = 0.001
    flat_share: tuple[Share, Share] = (0.5, 0.1)
    rail_share: tuple[Share, Share] = (0.05, 0.0)
    motion_mv: tuple[Millivolts, Millivolts] = (5.0, 2.0)
    motion_share: tuple[Factor, Factor] = (1.1, 0.5)
    snr_db: tuple[Decibels, Decibels] = (10.0, 16.0)
    """White noise alone gives 8 to 10 dB by its own swing."""
    noise_mv: tuple[Millivolts, Millivolts] = (0.06, 0.03)
    """30 and 50 uV are the catalogue's good and poor."""
    mains_share: Share = 0.5
    """Share of the noise power that makes it hum."""
    wander_share: Share = 0.95
    """Share of the medians' variance that a bow explains in wander; a step reaches 0.81."""
    context_s: Seconds = 2.0
    """Where the tallest stretch is looked for: one QRS at 30/min."""
    least_s: Seconds = 0.3
    """A shorter stretch cannot be judged and counts as unusable."""


class SecondScored(NamedTuple):
    """A second of signal, or what gaps left of it, judged."""

    start: SampleIndex
    end: SampleIndex
    sqi: float
    """0 unusable to 1 clean."""
    noise_mv: float
    """RMS; NaN when too short."""
    reasons: tuple[QualityReason, ...] = ()


@dataclass(slots=True)
class QualityState:
    """What the meter remembers."""

    raw: HistoryState = field(default_factory=HistoryState)
    second_start: SampleIndex | None = None
    """First sample of the second under way; None between runs."""


class QualityMeter:
    """Scores each second ``[k S, (k + 1) S)`` of counters, S the whole samples of a second.

    The quality around a sample can be asked for until `late_s` after it.
    """

    def __init__(
        self,
        config: QualityConfig,
        fs_hz: float,
        late_s: float,
        rail_mv: float | None = None,
        state: QualityState | None = None,
    ) -> None:
        self.state = state or QualityState()
        self._config = config
        ramps = (
            config.flat_share,
            config.rail_share,
            config.motion_mv,
            config.motion_share,
            config.snr_db,
            config.noise_mv,
        )
        rail = np.inf if rail_mv is None else float(rail_mv)
        self._limits = np.array([config.flat_mv, rail, *np.ravel(ramps)])
        self._second = round(fs_hz)
        self._context = round(config.context_s * fs_hz)
        self._least = round(config.least_s * fs_hz)
        # Room for the second around the oldest beat, its context and the piece that comes with it.
        self._raw = History(round((late_s + config.context_s + 2) * fs_hz), self.state.raw)

    def push(self, start: SampleIndex, raw_mv: FloatArray) -> list[SecondScored]:
        """Take the samples that follow, shape (n_samples,); give the seconds they complete."""
        scored = []
        end = start + raw_mv.size
        while start < end:
            if self.state.second_start is None:
                self.state.second_start = start
            second_end = (start // self._second + 1) * self._second
            n_fitting = min(second_end, end) - start
            self._raw.push(start, raw_mv[:n_fitting])
            raw_mv = raw_mv[n_fitting:]
            start += n_fitting
            if start == second_end:
                scored.append(self._score(self.state.second_start, second_end))
                self.state.second_start = second_end
        return scored

    def finish(self) -> list[SecondScored]:
        """End the run, as before a gap: score the second that stays incomplete."""
        start, end = self.state.second_start, self._raw.end
        scored = [self._score(start, end)] if start is not None and start < end else []
        self._raw.reset()
        self.state.second_start = None
        return scored

    def around(self, sample: SampleIndex, seen: SampleIndex) -> float:
        """Give the SQI of the second around `sample`, of the samples before `seen`."""
        start = max(sample - self._second // 2, self._raw.start)
        return self._score(start, min(sample + self._second // 2, seen)).sqi

    def _score(self, start: SampleIndex, end: SampleIndex) -> SecondScored:
        if end - start < self._least:
            return SecondScored(start, end, 0.0, np.nan, (QualityReason.GAP,))
        context_mv = self._raw.between(end - self._context, end)
        judged_mv = context_mv[start - end :]
        noise_mv = noise_rms_mv(judged_mv, float(self._second))
        sqi, least, flat, rail, motion, snr, bow = _scores(
            context_mv, end - start, self._second, noise_mv, self._limits
        )
        if least >= USABLE_SQI:
            return SecondScored(start, end, sqi, noise_mv)
        is_bow = bow >= self._config.wander_share
        reasons = (
            (flat, QualityReason.FLAT),
            (rail, QualityReason.RAIL),
            (motion, QualityReason.WANDER if is_bow else QualityReason.MOTION),
            (snr, QualityReason.LOW_SNR),
        )
        named = [
            self._named(reason, judged_mv, noise_mv)
            for score, reason in reasons
            if score < USABLE_SQI
        ]
        return SecondScored(start, end, sqi, noise_mv, tuple(named))

    def _named(
        self, reason: QualityReason, judged_mv: FloatArray, noise_mv: float
    ) -> QualityReason:
        """Tell hum from other noise."""
        if reason is not QualityReason.LOW_SNR:
            return reason
        hum_mv = mains_rms_mv(judged_mv, float(self._second))
        is_hum = hum_mv**2 > self._config.mains_share * noise_mv**2
        return QualityReason.MAINS if is_hum else reason


@compiled
def _scores(
    context_mv: FloatArray, n_judged: int, second: int, noise_mv: float, limits: FloatArray
) -> tuple[float, float, float, float, float, float, float]:
    """Score the last `n_judged` samples.

    Parameters
    ----------
    limits : FloatArray, shape (14,)
        `flat_mv`, the rail, then (bad, good) of flat and rail share, motion in mV and as a share of
        the swing, signal to noise and noise.

    Returns
    -------
    tuple
        The product of the scores, the least of them, the scores for flat, rail, motion and noise,
        and how much of the motion is a bow.
    """
    judged_mv = context_mv[-n_judged:]
    n_rail = 0
    for value in judged_mv:
        n_rail += abs(value) >= limits[1]
    fifth = max(second // 5, 2)
    medians = _medians_mv(judged_mv, fifth)
    motion_mv = np.max(medians) - np.min(medians) if medians.size else 0.0
    swing_mv = _swing_mv(context_mv, max(round(0.12 * second), 2))
    snr_db = 20.0 * math.log10(max(swing_mv, 1e-6) / (2.0 * max(noise_mv, 1e-6)))
    flat = _ramp(_flat_samples(judged_mv, fifth, limits[0]) / n_judged, limits[2], limits[3])
    rail = _ramp(n_rail / n_judged, limits[4], limits[5])
    motion = min(
        _ramp(motion_mv, limits[6], limits[7]),
        _ramp(motion_mv / max(swing_mv, _LEAST_SWING_MV), limits[8], limits[9]),
    )
    snr = max(_ramp(snr_db, limits[10], limits[11]), _ramp(noise_mv, limits[12], limits[13]))
    least = min(min(flat, rail), min(motion, snr))
    return flat * rail * motion * snr, least, flat, rail, motion, snr, _bow_share(medians)


@compiled
def _ramp(value: float, bad: float, good: float) -> float:
    return min(max((value - bad) / (good - bad), 0.0), 1.0)


@compiled
def _flat_samples(raw_mv: FloatArray, stretch: int, flat_mv: float) -> int:
    """Count samples in runs of at least `stretch` that stay within `flat_mv` of the run's first."""
    n_flat, run = 0, 1
    first = raw_mv[0]
    for i in range(1, raw_mv.size + 1):
        if i < raw_mv.size and abs(raw_mv[i] - first) <= flat_mv:
            run += 1
            continue
        if run >= stretch:
            n_flat += run
        if i < raw_mv.size:
            first, run = raw_mv[i], 1
    return n_flat


@compiled
def _medians_mv(raw_mv: FloatArray, stretch: int) -> FloatArray:
    """Give the (upper) median of each whole stretch."""
    medians = np.empty(raw_mv.size // stretch)
    for s in range(medians.size):
        piece = np.sort(raw_mv[s * stretch : (s + 1) * stretch])
        medians[s] = piece[stretch // 2]
    return medians


@compiled
def _bow_share(values: FloatArray) -> float:
    """Give the share of the variance that a parabola explains; 0 for fewer than five values."""
    n = values.size
    if n < 5:
        return 0.0
    mean = np.mean(values)
    spread_x = n * (n * n - 1) / 12.0
    spread_bow = spread_x * (n * n - 4) / 15.0
    total = sum_xy = sum_bow_y = 0.0
    for i in range(n):
        x, y = i - 0.5 * (n - 1), values[i] - mean
        total += y * y
        sum_xy += x * y
        sum_bow_y += (x * x - spread_x / n) * y
    explained = sum_xy**2 / spread_x + sum_bow_y**2 / spread_bow
    return explained / total if total > 0.0 else 0.0


@compiled
def _swing_mv(raw_mv: FloatArray, stretch: int) -> float:
    """Give the largest peak-to-peak of stretches that overlap by half."""
    half = max(stretch // 2, 1)
    n_halves = max(raw_mv.size // half, 1)
    swing = 0.0
    low_before, high_before = np.inf, -np.inf
    for h in range(n_halves):
        low, high = np.inf, -np.inf
        for value in raw_mv[h * half : (h + 1) * half]:
            low, high = min(low, value), max(high, value)
        swing = max(swing, max(high, high_before) - min(low, low_before))
        low_before, high_before = low, high
    return swing
