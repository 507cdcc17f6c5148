"""How the heart follows breathing: sinus arrhythmia, coupling, cyclic variation of rate."""

from typing import NamedTuple

import numpy as np

from ecgcore.band_pass import band_passed
from ecgcore.breathing import evenly
from ecgcore.breathing_config import BreathingConfig
from ecgcore.events import NullReason
from ecgcore.types import FloatArray

COUPLING_HZ = {"cpc_hfc": (0.1, 0.4), "cpc_lfc": (0.01, 0.1), "cpc_vlfc": (0.001, 0.01)}
"""Thomas 2005."""
_SMOOTH_S = 5.0


class Stretch(NamedTuple):
    """A row of beats without a hole; all values are known."""

    times_s: FloatArray
    nn_ms: FloatArray
    breath: FloatArray
    """What breathing moves, in any unit."""

    @property
    def length_s(self) -> float:
        """From the first beat to the last."""
        return float(self.times_s[-1] - self.times_s[0])


def stretches_of(
    times_s: FloatArray, nn_ms: FloatArray, breath: FloatArray, hole_s: float
) -> list[Stretch]:
    """Cut a row of beats where it has a hole; beats of which anything is NaN are left out."""
    known = np.isfinite(nn_ms) & np.isfinite(breath)
    times_s, nn_ms, breath = times_s[known], nn_ms[known], breath[known]
    borders = np.flatnonzero(np.diff(times_s) > hole_s) + 1
    cut = (np.split(each, borders) for each in (times_s, nn_ms, breath))
    return [Stretch(*each) for each in zip(*cut, strict=True) if each[0].size >= 4]


def sinus_arrhythmia_ms(
    stretches: list[Stretch], rate_hz: float, config: BreathingConfig
) -> tuple[float, int] | NullReason:
    """Give the mean of peak to trough of the NN intervals at the breathing rate, and the breaths.

    Peaks and troughs are those of the NN intervals that a band-pass around the rate leaves.
    """
    from scipy.signal import find_peaks

    low, high = (share * rate_hz for share in config.breath_band)
    swings: list[FloatArray] = []
    for each in stretches:
        if each.length_s < config.least_s / 2.0:
            continue
        even = evenly(each.times_s, each.nn_ms[np.newaxis], config.resample_hz)[0]
        breath_ms = band_passed(even - even.mean(), (low, high), config.resample_hz)
        tops, bottoms = find_peaks(breath_ms)[0], find_peaks(-breath_ms)[0]
        turns = breath_ms[np.sort(np.r_[tops, bottoms])]
        swings.append(np.abs(np.diff(turns)))
    swing_ms = np.concatenate(swings) if swings else np.empty(0)
    if not swing_ms.size:
        return NullReason.TOO_FEW_BEATS
    return float(swing_ms.mean()), -(-swing_ms.size // 2)


def coupling_pct(
    stretches: list[Stretch], config: BreathingConfig
) -> tuple[dict[str, float], int] | NullReason:
    """Give the shares of the bands in coherence times cross-power, and the beats behind them.

    Null where no stretch is as long as a window.
    """
    from scipy.signal import csd, detrend

    fs_hz, total, n = config.coupling_resample_hz, None, 0
    n_window, n_segment = (
        round(length_s * fs_hz)
        for length_s in (config.coupling_window_s, config.coupling_segment_s)
    )
    for each in stretches:
        # Beats leave up to an interval at either end.
        if each.length_s < 0.99 * config.coupling_window_s:
            continue
        even = evenly(each.times_s, np.stack([each.nn_ms, each.breath]), fs_hz)
        n_windows = max(2 * even.shape[1] // n_window - 1, 1)
        starts = np.linspace(0, max(even.shape[1] - n_window, 0), n_windows).astype(np.int64)
        n += each.times_s.size
        for start in starts:
            nn, breath = even[:, start : start + n_window]
            pairs = ((nn, breath), (nn, nn), (breath, breath))
            hz, both = csd(*pairs[0], fs=fs_hz, nperseg=n_segment, detrend=detrend)
            own = [np.abs(csd(*p, fs=fs_hz, nperseg=n_segment, detrend=detrend)[1]) for p in pairs]
            # Coherence times cross-power is |Pxy|^4 / (Pxx Pyy).
            size = own[1] * own[2]
            product = np.divide(np.abs(both) ** 4, size, out=np.zeros(hz.size), where=size > 0.0)
            total = product if total is None else total + product
    if total is None:
        return NullReason.TOO_SHORT
    power = {
        key: float(total[(hz >= low) & (hz < high)].sum())
        for key, (low, high) in COUPLING_HZ.items()
    }
    whole = sum(power.values())
    if whole <= 0.0:
        return NullReason.NOT_APPLICABLE
    return {key: 100.0 * value / whole for key, value in power.items()}, n


def cyclic_per_hour(
    stretches: list[Stretch], config: BreathingConfig
) -> tuple[float, int] | NullReason:
    """Give the cyclic variations of heart rate an hour of known intervals, and the beats.

    A variation is a dip of the smoothed NN intervals, as deep and as wide as an apnoea makes it,
    that stands in a row of such (after Hayano 2011, without his likeness of neighbours).
    """
    n_cyclic, known_s, n = 0, 0.0, 0
    for each in stretches:
        known_s += each.length_s
        n += each.times_s.size
        dips_s = _dips_s(each, config)
        n_cyclic += _n_in_rows(dips_s, config)
    if known_s < config.cyclic_least_s:
        return NullReason.GAP
    return n_cyclic * 3600.0 / known_s, n


def _dips_s(of: Stretch, config: BreathingConfig) -> FloatArray:
    from scipy.signal import find_peaks, savgol_filter

    fs_hz = config.coupling_resample_hz
    n_smooth = 2 * round(_SMOOTH_S * fs_hz) + 1
    even = evenly(of.times_s, of.nn_ms[np.newaxis], fs_hz)[0]
    if even.size < n_smooth:
        return np.empty(0)
    at, found = find_peaks(
        -savgol_filter(even, n_smooth, 2),
        prominence=config.cyclic_steepness_ms_s * config.cyclic_width_s[0],
        width=tuple(fs_hz * width_s for width_s in config.cyclic_width_s),
    )
    steep = found["prominences"] * fs_hz / found["widths"] >= config.cyclic_steepness_ms_s
    dips_s: FloatArray = at[steep] / fs_hz
    return dips_s


def _n_in_rows(dips_s: FloatArray, config: BreathingConfig) -> int:
    """Count the dips that stand in rows of neighbours as far apart as they may be."""
    low, high = config.cyclic_apart_s
    apart_s = np.diff(dips_s)
    breaks = np.flatnonzero((apart_s < low) | (apart_s > high)) + 1
    lengths = np.diff(np.r_[0, breaks, dips_s.size])
    return int(lengths[lengths >= config.cyclic_in_row].sum())
