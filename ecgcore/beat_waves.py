"""Whether a lead has P waves and U waves, told by those of its beats."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgcore.events import BeatClassified, NullReason
from ecgcore.limits import Count, Factor, Milliseconds, Millivolts, Share
from ecgcore.measured import Said, Value
from ecgcore.types import FloatArray, SampleIndex


@dataclass(frozen=True, slots=True)
class BeatWavesConfig:
    """Limits (biomarkers S51, S66; where these name none, our own)."""

    noise_ms: Milliseconds = 60.0
    """The noise is that of so much before P, its line taken off."""
    over_noise: Factor = 3.0
    least_p_mv: Millivolts = 0.02
    steady_ms: Milliseconds = 20.0
    """Median distance of P peaks from their usual place before R."""
    least_share: Share = 0.5
    """Of the beats that have the wave."""
    u_beats: Count = 8
    """A U wave can be told from about this beat on."""
    least_u_mv: Millivolts = 0.05
    prominent_share: Share = 0.25
    """Of the height of T."""


def p_present(
    beats: Sequence[BeatClassified],
    lead: int,
    ecg_mv: FloatArray,
    start: SampleIndex,
    fs_hz: float,
    config: BeatWavesConfig,
) -> Value:
    """Tell whether most beats have a P wave over the noise, at a steady place.

    Parameters
    ----------
    lead : int
        Which one of the beats' leads.
    ecg_mv : FloatArray, shape (n_samples,)
        The signal of that lead.
    start : SampleIndex
        Counter of its first sample.
    """
    if not beats:
        return NullReason.TOO_FEW_BEATS
    rows = [
        (p.onset - start, beat.sample - p.peak, p.amplitude_mv)
        for beat in beats
        if (p := beat.lead_waves[lead].p) is not None
    ]
    if len(rows) < config.least_share * len(beats):
        return 0.0
    onsets, before, heights_mv = np.array(rows).T
    noise_mv = noise_before(ecg_mv, onsets, fs_hz, config.noise_ms)
    least_mv = np.maximum(config.over_noise * noise_mv, config.least_p_mv)
    n_high = np.count_nonzero(np.abs(heights_mv) > least_mv)
    away_ms = np.median(np.abs(before - np.median(before))) * 1e3 / fs_hz
    return float(n_high >= config.least_share * len(beats) and away_ms <= config.steady_ms)


def noise_before(
    ecg_mv: FloatArray, places: FloatArray, fs_hz: float, noise_ms: float
) -> FloatArray:
    """Give the root mean square of what lies before each place, around its own line.

    NaN where the signal does not reach so far back, or has no samples.
    """
    n = max(round(noise_ms * 1e-3 * fs_hz), 4)
    firsts = np.floor(places).astype(int) - n
    index = np.clip(firsts, 0, ecg_mv.size - n)[:, np.newaxis] + np.arange(n)
    pieces = ecg_mv[index]
    line = np.stack([np.ones(n), np.linspace(-1.0, 1.0, n)])
    basis = line / np.linalg.norm(line, axis=1, keepdims=True)
    rest = pieces - (pieces @ basis.T) @ basis
    found: FloatArray = np.sqrt((rest**2).sum(axis=1) / (n - 2))
    return np.where(firsts >= 0, found, np.nan)


def u_present(beats: Sequence[BeatClassified], lead: int, config: BeatWavesConfig) -> Said:
    """Name the U wave of a lead: absent, present or prominent."""
    waves = [beat.lead_waves[lead] for beat in beats[config.u_beats - 1 :]]
    if not waves:
        return NullReason.TOO_FEW_BEATS
    heights = [
        (abs(each.u.amplitude_mv), abs(each.t.amplitude_mv))
        for each in waves
        if each.u is not None and each.t is not None
    ]
    if len(heights) < config.least_share * len(waves):
        return "absent"
    u_mv, t_mv = np.median(np.array(heights), axis=0)
    if u_mv < config.least_u_mv:
        return "absent"
    return "prominent" if u_mv > config.prominent_share * t_mv else "present"
