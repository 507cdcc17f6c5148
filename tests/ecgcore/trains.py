"""Recordings whose beats and waves are known, without a pipeline in between."""

from collections.abc import Sequence

import numpy as np

from ecgcore.average import AverageConfig, average_beat
from ecgcore.average_signal import AverageSignal
from ecgcore.events import (
    BeatClassified,
    BeatDetected,
    BeatLabel,
    BeatWaves,
    Event,
    NullReason,
    QualityScored,
    Wave,
)
from ecgcore.recorded import Recorded
from ecgcore.stored import Window
from ecgcore.types import FloatArray
from tests.strategies import WAVES

# Of the waves of `tests.strategies`: where they begin and end, s against R.
P_S, QRS_S, T_S = (-0.22, -0.10), (-0.055, 0.06), (0.15, 0.37)
T_PEAK_S = WAVES[4][1]


def train_mv(
    rpeaks_s: FloatArray,
    fs_hz: float,
    duration_s: float,
    *,
    r_gain: FloatArray | None = None,
    t_gain: FloatArray | None = None,
    qt_gain: FloatArray | None = None,
    noise_mv: float = 0.0,
    seed: int = 1,
) -> FloatArray:
    """Give a train of beats, shape (n,), with a factor a beat on QRS, on T and on the time to T."""
    times_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    ecg_mv = noise_mv * np.random.default_rng(seed).standard_normal(times_s.size)
    ones = np.ones(rpeaks_s.size)
    r, t, qt = (ones if each is None else each for each in (r_gain, t_gain, qt_gain))
    for k, at_s in enumerate(rpeaks_s):
        first, end = (max(round((at_s + s) * fs_hz), 0) for s in (-0.4, 0.7))
        away_s = times_s[first:end] - at_s
        for wave, (height_mv, place_s, width_s) in enumerate(WAVES):
            gain = (1.0, r[k], r[k], r[k], t[k])[wave]
            by = qt[k] if wave == 4 else 1.0
            inside = 0.5 * ((away_s - by * place_s) / (by * width_s)) ** 2
            ecg_mv[first:end] += gain * height_mv * np.exp(-inside)
    return ecg_mv


def recorded_of(
    ecg_mv: FloatArray,
    rpeaks_s: FloatArray,
    fs_hz: float,
    leads: Sequence[str] = ("II",),
    labels: Sequence[BeatLabel] | None = None,
    *,
    sqi: float = 1.0,
    clock_hz: float | None = None,
) -> Recorded:
    """Give a recording with these beats found in it.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n_leads, n_samples)
    clock_hz : float, optional
        Rate by the device's clock; `fs_hz` if not given.
    """
    leads = tuple(leads)
    labels = labels or [BeatLabel.NORMAL] * rpeaks_s.size
    sample_ms = 1e3 / (clock_hz or fs_hz)
    beats = []
    for k, at_s in enumerate(rpeaks_s):
        place = at_s * fs_hz
        detected = BeatDetected(
            sample=round(place),
            offset=place - round(place),
            time_ms=place * sample_ms,
            sample_ms=sample_ms,
            amplitude_mv=1.0,
            rr_ms=None if k == 0 else 1e3 * (at_s - rpeaks_s[k - 1]),
            confidence=1.0,
        )
        of_leads = tuple(_waves(place, fs_hz, float(lead[round(place)])) for lead in ecg_mv)
        beats.append(
            BeatClassified(detected, labels[k], 1.0, detected.rr_ms, of_leads[0], of_leads)
        )
    second = round(fs_hz)
    seconds = [
        QualityScored(start, min(start + second, ecg_mv.shape[1]), sqi)
        for start in range(0, ecg_mv.shape[1], second)
    ]
    events: list[Event] = [*(beat.beat for beat in beats), *beats, *seconds]
    average = average_beat(ecg_mv, 0, fs_hz, beats, AverageConfig())
    return Recorded(
        ecg_mv=ecg_mv,
        fs_hz=fs_hz,
        leads=leads,
        events=tuple(events),
        window=Window(0, ecg_mv.shape[1], sqi, 1.0, len(beats)),
        average=average
        if isinstance(average, NullReason)
        else AverageSignal(average, fs_hz, leads),
    )


def _waves(place: float, fs_hz: float, height_mv: float) -> BeatWaves:
    def wave(span_s: tuple[float, float], peak_s: float, amplitude_mv: float) -> Wave:
        first, last = (place + s * fs_hz for s in span_s)
        return Wave(first, place + peak_s * fs_hz, last, amplitude_mv, 1.0)

    return BeatWaves(
        p=wave(P_S, WAVES[0][1], WAVES[0][0]),
        qrs=wave(QRS_S, 0.0, height_mv),
        t=wave(T_S, T_PEAK_S, WAVES[4][0]),
    )
