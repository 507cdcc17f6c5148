"""Where the waves of each beat begin, peak and end, lead by lead and over all leads.

Theory of operation
-------------------
A beat is held back until the signal behind its T wave has come. Then, in each lead, the slope (a
least-squares line through 24 ms) bounds the QRS: from its steepest place outward until it has been
flat for a while. P and T are looked for as the farthest points from the chord of their search
window, which the neighbouring beats bound; a wave is there when it rises well over the noise of the
beat's quietest stretches and over a small share of the QRS. Onset and offset of P and T are where
the steepest tangent of each flank meets the chord (the tangent method), so they do not hang on a
threshold.

Over several leads a wave is there when it is in at least half of them; with three or more the
second-earliest onset and the second-latest offset count, so that one bad lead moves nothing.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from ecgcore.events import BeatWaves, Wave, WaveForm
from ecgcore.jit import compiled
from ecgcore.rpeak import RPeak
from ecgcore.second import DelineatedBeat, SignalSecond
from ecgcore.types import FloatArray, SampleIndex

_BEFORE_S = 0.55
_AFTER_S = 0.80
_WAVES = ("p", "qrs", "t")
# Columns of what `_delineate` gives for each wave.
_ONSET, _PEAK, _OFFSET, _AMPLITUDE, _CONFIDENCE, _OTHER = range(6)


@dataclass(frozen=True, slots=True)
class DelineateConfig:
    """Parameters of the search."""

    slope_ms: float = 12.0
    """Half the stretch a slope is taken over."""
    qrs_share: float = 0.10
    """Slope, against the steepest of the QRS, below which the QRS is over."""
    qrs_flat_ms: float = 12.0
    """How long it has to stay below."""
    pr_max_ms: float = 320.0
    """A P wave begins no longer than this before R."""
    snr: float = 3.0
    """A wave rises so many times over the noise."""
    p_share: float = 0.012
    """Least P and T, as a share of the QRS (0.02 mV of 1.5 mV, biomarkers S51)."""
    biphasic_share: float = 0.5
    """A wave with so much of its height on the other side is biphasic."""


@dataclass(slots=True)
class DelineateState:
    """The samples and beats that are still needed."""

    ecg_mv: FloatArray | None = None
    """shape (n_leads, n_samples); None between runs"""
    end: SampleIndex = 0
    waiting: list[RPeak] = field(default_factory=list)
    last: float = -math.inf
    """Place of the last R peak that was delineated."""


class Delineator:
    """Finds the waves of each beat; see the module's text."""

    max_delay_s = 2
    """A beat comes out at most so long after it went in."""

    def __init__(
        self,
        config: DelineateConfig,
        fs_hz: float,
        n_leads: int,
        state: DelineateState | None = None,
    ) -> None:
        self.state = state or DelineateState()
        self._config = config
        self._fs_hz = fs_hz
        self._n_leads = n_leads
        self._after = math.ceil(_AFTER_S * fs_hz)
        # Beats may be named some seconds late, by search-back or learning.
        self._kept = math.ceil(8.0 * fs_hz)

    def push(self, second: SignalSecond) -> list[DelineatedBeat]:
        """Take the next second; give the beats whose waves are certain now."""
        state = self.state
        before = state.ecg_mv
        joined = second.ecg_mv if before is None else np.hstack((before, second.ecg_mv))
        state.ecg_mv = np.ascontiguousarray(joined[:, -self._kept :])
        state.end = second.end
        state.waiting += second.peaks
        due = [peak for peak in state.waiting if peak.sample + self._after <= state.end]
        return self._delineated(due)

    def finish(self) -> list[DelineatedBeat]:
        """End the run, as before a gap: the beats still held come out with what can be seen."""
        found = self._delineated(list(self.state.waiting))
        self.state.ecg_mv, self.state.last = None, -math.inf
        return found

    def _delineated(self, due: list[RPeak]) -> list[DelineatedBeat]:
        state = self.state
        found = []
        for peak in due:
            state.waiting.remove(peak)
            following = state.waiting[0].sample if state.waiting else math.inf
            found.append(self._beat(peak, following))
            state.last = float(peak.sample)
        return found

    def _beat(self, peak: RPeak, following: float) -> DelineatedBeat:
        leads = self.state.ecg_mv
        if leads is None or not leads.shape[1]:
            nothing = tuple(BeatWaves() for _ in range(self._n_leads))
            return DelineatedBeat(peak, BeatWaves(), nothing)
        oldest = self.state.end - leads.shape[1]
        start = max(peak.sample - math.ceil(_BEFORE_S * self._fs_hz), oldest)
        end = min(peak.sample + self._after, self.state.end)
        window = leads[:, start - oldest : end - oldest]
        config = self._config
        lead_waves = []
        for lead in window:
            points = _delineate(
                np.ascontiguousarray(lead),
                self._fs_hz,
                peak.sample - start,
                max(self.state.last - start, -1e9),
                min(float(following - start), 1e9),
                config.slope_ms,
                config.qrs_share,
                config.qrs_flat_ms,
                config.pr_max_ms,
                config.snr,
                config.p_share,
            )
            lead_waves.append(self._waves(points, start, peak))
        return DelineatedBeat(peak, _over_leads(lead_waves, peak), tuple(lead_waves))

    def _waves(self, points: FloatArray, start: SampleIndex, peak: RPeak) -> BeatWaves:
        p, qrs, t = (self._wave(row, start) for row in points.tolist())
        if qrs is not None:
            r = peak.sample + peak.offset
            qrs = Wave(
                min(qrs.onset, r), r, max(qrs.offset, r), qrs.amplitude_mv, qrs.confidence, qrs.form
            )
        return BeatWaves(p=p, qrs=qrs, t=t)

    def _wave(self, row: list[float], start: SampleIndex) -> Wave | None:
        if math.isnan(row[_PEAK]):
            return None
        return Wave(
            start + row[_ONSET],
            start + row[_PEAK],
            start + row[_OFFSET],
            row[_AMPLITUDE],
            row[_CONFIDENCE],
            _form(row[_AMPLITUDE], row[_OTHER], self._config.biphasic_share),
        )


def _form(amplitude_mv: float, other_mv: float, share: float) -> WaveForm:
    """Name the shape from the main side and the signed height of the other, with its place."""
    if abs(other_mv) < share * abs(amplitude_mv):
        return WaveForm.UPRIGHT if amplitude_mv > 0 else WaveForm.INVERTED
    is_up_first = (amplitude_mv > 0) == (other_mv > 0)
    return WaveForm.BIPHASIC_UP_DOWN if is_up_first else WaveForm.BIPHASIC_DOWN_UP


def _over_leads(leads: list[BeatWaves], peak: RPeak) -> BeatWaves:
    if len(leads) == 1:
        return leads[0]
    merged = {name: _merged([getattr(lead, name) for lead in leads]) for name in _WAVES}
    qrs = merged["qrs"]
    if qrs is not None:
        r = peak.sample + peak.offset
        merged["qrs"] = Wave(qrs.onset, r, qrs.offset, qrs.amplitude_mv, qrs.confidence, qrs.form)
    return BeatWaves(**merged)


def _merged(waves: list[Wave | None]) -> Wave | None:
    """Join the waves of the leads; None if fewer than half have one."""
    found = [wave for wave in waves if wave is not None]
    if 2 * len(found) < len(waves):
        return None
    rank = 1 if len(found) >= 3 else 0
    tallest = max(found, key=lambda wave: abs(wave.amplitude_mv))
    peaks = sorted(wave.peak for wave in found)
    return Wave(
        sorted(wave.onset for wave in found)[rank],
        peaks[len(peaks) // 2],
        sorted(wave.offset for wave in found)[-1 - rank],
        tallest.amplitude_mv,
        sum(wave.confidence for wave in found) / len(waves),
        tallest.form,
    )


@compiled
def _delineate(  # noqa: C901 - one pass over one beat, so that a beat costs one call
    raw_mv: FloatArray,
    fs_hz: float,
    r: int,
    r_before: float,
    r_after: float,
    slope_ms: float,
    qrs_share: float,
    qrs_flat_ms: float,
    pr_max_ms: float,
    snr: float,
    p_share: float,
) -> FloatArray:
    """Give onset, peak, offset, amplitude, confidence, other side of P, QRS and T; NaN: no wave."""
    found = np.full((3, 6), np.nan)
    n = raw_mv.size
    ms = fs_hz / 1000.0
    half = max(round(slope_ms * ms), 1)
    if r < half or r >= n - half or n < 6 * half:
        return found
    slope = _slopes(raw_mv, half)
    smooth = _smoothed(raw_mv, max(round(8.0 * ms), 1))
    reach = round(70.0 * ms)
    low, high = max(r - reach, half), min(r + reach, n - half - 1)
    steepest = 0.0
    first = last = r
    for i in range(low, high + 1):
        steepest = max(steepest, abs(slope[i]))
    if steepest <= 0.0:
        return found
    for i in range(low, high + 1):
        if abs(slope[i]) >= 0.35 * steepest:
            first = i
            break
    for i in range(high, low - 1, -1):
        if abs(slope[i]) >= 0.35 * steepest:
            last = i
            break
    flat = max(round(qrs_flat_ms * ms), 1)
    limit = qrs_share * steepest
    onset = _until_flat(slope, first, -1, limit, flat, max(r - int(150 * ms), half))
    offset = _until_flat(slope, last, 1, limit, flat, min(r + int(200 * ms), n - half - 1))
    level = _median_of(raw_mv, onset - int(12 * ms), onset + 1)
    swing = np.max(raw_mv[onset : offset + 1]) - np.min(raw_mv[onset : offset + 1])
    noise = _noise(raw_mv, smooth, onset, offset)
    found[1, 0], found[1, 1], found[1, 2] = onset, r, offset
    found[1, 3] = raw_mv[r] - level
    found[1, 4] = min(swing / (swing + 6.0 * noise + 1e-9), 1.0)
    found[1, 5] = 0.0
    least = max(snr * noise, p_share * swing)
    wide = max(round(16.0 * ms), 1)
    # T: after the QRS, before half of the next cycle is over.
    t_from = offset + int(40 * ms)
    t_to = min(n - half - 1, r + int(700 * ms))
    if r_after < 1e8:
        t_to = min(t_to, int(r + 0.72 * (r_after - r)))
    elif r_before > -1e8:
        t_to = min(t_to, int(r + 0.80 * (r - r_before)))
    if t_to - t_from > 100 * ms:
        _wave_in(smooth, slope, t_from, t_to, level, least, wide, 2, found)
    # P: before the QRS, after the T wave of the beat before.
    p_from = max(r - int(pr_max_ms * ms), half)
    if r_before > -1e8:
        p_from = max(p_from, int(r_before + 0.55 * (r - r_before)))
    p_to = onset - int(4 * ms)
    if p_to - p_from > 70 * ms:
        _wave_in(smooth, slope, p_from, p_to, level, least, wide, 0, found)
    return found


@compiled
def _wave_in(
    smooth: FloatArray,
    slope: FloatArray,
    start: int,
    end: int,
    level: float,
    least: float,
    edge: int,
    row: int,
    found: FloatArray,
) -> None:
    """Look for a wave between `start` and `end`, as the farthest point from their chord."""
    a = float(np.mean(smooth[start : start + edge]))
    b = float(np.mean(smooth[end - edge + 1 : end + 1]))
    rise = (b - a) / (end - start)
    peak, height = start, 0.0
    for i in range(start, end + 1):
        over = smooth[i] - a - rise * (i - start)
        if abs(over) > abs(height):
            peak, height = i, over
    # The farthest point has to be a summit of the wave, not the border of the window.
    if abs(height) < least or peak - start < edge or end - peak < edge:
        return
    sign = 1.0 if height > 0.0 else -1.0
    up, down = peak, peak
    for i in range(start, peak + 1):
        if sign * slope[i] > sign * slope[up]:
            up = i
    for i in range(peak, end + 1):
        if sign * slope[i] < sign * slope[down]:
            down = i
    onset = _tangent(smooth, slope, up, a, rise, start)
    offset = _tangent(smooth, slope, down, a, rise, start)
    other, other_at = 0.0, peak
    for i in range(start, end + 1):
        over = smooth[i] - a - rise * (i - start)
        if sign * over < sign * other:
            other, other_at = over, i
    found[row, 0] = min(max(onset, float(start)), float(peak - 1))
    found[row, 1] = peak
    found[row, 2] = max(min(offset, float(end)), float(peak + 1))
    found[row, 3] = smooth[peak] - level if row == 2 else height
    found[row, 4] = 1.0 - 0.5 * min(least / abs(height), 1.0)
    # The other side's sign tells its order: the same sign as the main side if it comes later.
    found[row, 5] = abs(other) * sign * (1.0 if other_at > peak else -1.0)


@compiled
def _tangent(
    smooth: FloatArray, slope: FloatArray, at: int, a: float, rise: float, start: int
) -> float:
    """Give where the tangent at `at` meets the chord."""
    against = slope[at] - rise
    if against == 0.0:
        return float(at)
    return float(at - (smooth[at] - a - rise * (at - start)) / against)


@compiled
def _until_flat(slope: FloatArray, at: int, step: int, limit: float, flat: int, border: int) -> int:
    """Go outward until the slope has stayed below `limit`; give the last steep place."""
    steep, run = at, 0
    i = at
    while i != border and run < flat:
        i += step
        if abs(slope[i]) >= limit:
            steep, run = i, 0
        else:
            run += 1
    return steep + step


@compiled
def _slopes(raw_mv: FloatArray, half: int) -> FloatArray:
    """Give the least-squares slope over `half` samples on either side, per sample."""
    slope = np.zeros(raw_mv.size)
    scale = 0.0
    for k in range(1, half + 1):
        scale += 2.0 * k * k
    for i in range(half, raw_mv.size - half):
        total = 0.0
        for k in range(1, half + 1):
            total += k * (raw_mv[i + k] - raw_mv[i - k])
        slope[i] = total / scale
    return slope


@compiled
def _smoothed(raw_mv: FloatArray, half: int) -> FloatArray:
    """Give the mean over `half` samples on either side."""
    smooth = np.empty(raw_mv.size)
    for i in range(raw_mv.size):
        low, high = max(i - half, 0), min(i + half + 1, raw_mv.size)
        total = 0.0
        for k in range(low, high):
            total += raw_mv[k]
        smooth[i] = total / (high - low)
    return smooth


@compiled
def _noise(raw_mv: FloatArray, smooth: FloatArray, onset: int, offset: int) -> float:
    """Give the RMS of what smoothing takes away outside the QRS."""
    total, n = 0.0, 0
    for i in range(raw_mv.size):
        if i < onset or i > offset:
            total += (raw_mv[i] - smooth[i]) ** 2
            n += 1
    return math.sqrt(total / max(n, 1))


@compiled
def _median_of(raw_mv: FloatArray, start: int, end: int) -> float:
    return float(np.median(raw_mv[max(start, 0) : max(end, 1)]))
