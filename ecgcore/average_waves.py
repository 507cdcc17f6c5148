"""What the representative beat shows in each lead besides the figures of its waves.

Peaks of a notched P wave, the times of all waves, and how ST goes with the QRS.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ecgcore import morph_places as m
from ecgcore.average_leads import LEAST_ST_UV, s_mv
from ecgcore.average_signal import AverageSignal, both
from ecgcore.events import NullReason
from ecgcore.limits import Microvolts, Milliseconds, Millivolts, Share
from ecgcore.measured import Said, Value
from ecgcore.morph_qrs import HEIGHT, MOST, N_COLUMNS, deflections_of
from ecgcore.morph_qrs import PEAK as PEAK_AT
from ecgcore.morphology import level_of
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class AverageWavesConfig:
    """Limits."""

    notch_mv: Millivolts = 0.02
    """How far a P wave falls from its lower peak before it rises to the other."""
    peak_share: Share = 0.5
    """Height of the lower peak over that of the higher one, on the same side."""
    smooth_ms: Milliseconds = 10.0
    """A P wave is averaged over so much before its peaks are looked for."""
    least_st_uv: Microvolts = LEAST_ST_UV
    """A smaller level at J+60 ms has no sign."""
    discordant_uv: Microvolts = 100.0
    """Elevation at J that is put in proportion to S."""


def _p_wave(signal: AverageSignal, lead: int) -> tuple[int, FloatArray] | None:
    """Give where a P wave begins, and it over the level there with its larger side upward."""
    if not signal.has(m.P_ON, m.P_OFF, m.QRS_ON):
        return None
    ecg_mv = signal.beat.ecg_mv[lead]
    on, off = signal.index(m.P_ON), min(signal.index(m.P_OFF), signal.index(m.QRS_ON))
    p_mv = ecg_mv[on : off + 1] - level_of(ecg_mv, on, signal.fs_hz)
    if p_mv.size < 3:
        return None
    return on, p_mv if p_mv.max() >= -p_mv.min() else -p_mv


def p_peak_gap_ms(signal: AverageSignal, lead: str, config: AverageWavesConfig) -> Value:
    """Give the time between the peaks of a notched P wave."""
    wave = _p_wave(signal, signal.leads.index(lead))
    if wave is None:
        return NullReason.NO_P_WAVE
    n = 2 * round(config.smooth_ms * 0.5e-3 * signal.fs_hz) + 1
    if wave[1].size < n + 2:
        return NullReason.NOT_APPLICABLE
    p_mv = np.convolve(wave[1], np.full(n, 1.0 / n), "valid")
    peaks = 1 + np.flatnonzero((p_mv[1:-1] > p_mv[:-2]) & (p_mv[1:-1] >= p_mv[2:]))
    if peaks.size < 2:
        return NullReason.NOT_APPLICABLE
    top = int(peaks[np.argmax(p_mv[peaks])])
    deepest, other = config.notch_mv, top
    for peak in peaks.tolist():
        dip_mv = p_mv[min(peak, top) : max(peak, top) + 1].min()
        is_second = p_mv[peak] >= config.peak_share * p_mv[top] and dip_mv > 0.0
        if is_second and p_mv[peak] - dip_mv >= deepest:
            deepest, other = p_mv[peak] - dip_mv, peak
    if other == top:
        return NullReason.NOT_APPLICABLE
    return abs(top - other) * 1e3 / signal.fs_hz


def wave_times_ms(signal: AverageSignal, lead: str, config: AverageWavesConfig) -> Said:
    """Give the times of P onset, P peak, Q, R, S and T peak from QRS onset; NaN: no such wave."""
    del config
    if not signal.has(m.QRS_ON, m.QRS_OFF):
        return NullReason.NOT_APPLICABLE
    at = signal.leads.index(lead)
    ecg_mv, on, off = signal.beat.ecg_mv[at], signal.index(m.QRS_ON), signal.index(m.QRS_OFF)
    p, p_on, p_peak = _p_wave(signal, at), math.nan, math.nan
    if p is not None:
        p_on, p_peak = float(signal.beat.points[at, m.P_ON]), float(p[0] + int(np.argmax(p[1])))
    over_mv = ecg_mv[on : off + 1] - level_of(ecg_mv, on, signal.fs_hz)
    q, r, s = (on + peak for peak in _q_r_s(over_mv, signal.fs_hz))
    places = (p_on, p_peak, q, r, s, float(signal.beat.points[at, m.T_PEAK]))
    start = float(signal.beat.points[at, m.QRS_ON])
    return tuple((place - start) * 1e3 / signal.fs_hz for place in places)


def _q_r_s(qrs_mv: FloatArray, fs_hz: float) -> tuple[float, float, float]:
    """Give the peaks of the first Q, R and S; a QS counts as Q."""
    found = np.empty((MOST, N_COLUMNS))
    n = deflections_of(np.ascontiguousarray(qrs_mv), fs_hz, found)
    peaks, is_up = found[:n, PEAK_AT], found[:n, HEIGHT] > 0.0
    r = int(np.argmax(is_up)) if is_up.any() else n
    below = np.flatnonzero(~is_up)
    q = next((float(peaks[k]) for k in below if k < r), math.nan)
    s = next((float(peaks[k]) for k in below if k > r), math.nan)
    return q, float(peaks[r]) if r < n else math.nan, s


def st_t_concordance(signal: AverageSignal, lead: str, config: AverageWavesConfig) -> Value:
    """Tell whether ST lies on the side of the QRS (1) or the other (-1); 0 where it has no side."""

    def side(st_uv: float, area: float) -> float:
        return 0.0 if abs(st_uv) < config.least_st_uv else float(np.sign(st_uv) * np.sign(area))

    return both(signal.figure(lead, "st_j60"), signal.figure(lead, "qrs_area"), side)


def st_over_s(signal: AverageSignal, lead: str, config: AverageWavesConfig) -> Value:
    """Give the elevation at J over S, whose sign is negative, where the QRS points downward."""
    if not signal.has_eight:
        return NullReason.LEAD_MISSING

    def share(st_uv: float, area: float) -> Value:
        depth_mv = s_mv(signal, lead)
        if area >= 0.0 or st_uv < config.discordant_uv or depth_mv <= 0.0:
            return NullReason.NOT_APPLICABLE
        return -1e-3 * st_uv / depth_mv

    return both(signal.figure(lead, "st_j0"), signal.figure(lead, "qrs_area"), share)


LeadMeasure = Callable[[AverageSignal, str, AverageWavesConfig], Said]
LEAD_WAVES: Mapping[str, LeadMeasure] = MappingProxyType(
    {
        "p_peak_gap": p_peak_gap_ms,
        "wave_times": wave_times_ms,
        "st_t_concordance": st_t_concordance,
        "st_over_s": st_over_s,
    }
)
"""Of each lead."""
