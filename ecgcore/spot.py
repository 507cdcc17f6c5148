"""A stretch that no closed window covers, measured from its stored beats by the same table."""

from collections.abc import Sequence

import numpy as np

from ecgcore.events import BeatLabel
from ecgcore.omics import WindowSignal, measure_window
from ecgcore.stored import StoredBeat, Window
from ecgcore.types import FloatArray


def measure_span(
    start: int,
    end: int,
    parts: Sequence[Window],
    beats: Sequence[StoredBeat],
    start_ns: int,
    fs_hz: float,
) -> Window:
    """Make one window out of the 10-s windows in it.

    Parameters
    ----------
    start, end : int
        Counters; what no part covers counts as missing.
    beats : Sequence[StoredBeat]
        Beats inside, in order.
    start_ns : int
        UTC of `start`; an interval that began before is left out.
    fs_hz : float
        Nominal rate, which windows are counted in.
    """
    length = end - start
    signal = WindowSignal(
        duration_s=length / fs_hz,
        rr_ms=_intervals_ms(beats, start_ns),
        amplitude_mv=np.array([beat.amplitude_mv for beat in beats], float),
        is_normal_beat=np.array([beat.label is BeatLabel.NORMAL for beat in beats], bool),
        intervals=tuple(beat.intervals for beat in beats),
        noise_mv=_noise_mv(parts),
        sqi=min(sum(p.sqi * (p.end - p.start) for p in parts) / length, 1.0),
        coverage=min(sum(p.coverage * (p.end - p.start) for p in parts) / length, 1.0),
    )
    reasons = dict.fromkeys(reason for part in parts for reason in part.quality_reasons)
    return Window(
        start=start,
        end=end,
        sqi=signal.sqi,
        coverage=signal.coverage,
        n_beats=len(beats),
        measurements=measure_window(signal),
        quality_reasons=tuple(reasons),
    )


def _intervals_ms(beats: Sequence[StoredBeat], start_ns: int) -> FloatArray:
    return np.array(
        [
            np.nan if b.rr_ms is None or b.utc_ns - b.rr_ms * 1e6 < start_ns else b.rr_ms
            for b in beats
        ],
        float,
    )


def _noise_mv(parts: Sequence[Window]) -> FloatArray:
    # Seconds are not kept; the noise of ten of them is.
    found = (m for part in parts for m in part.measurements if m.key == "noise_rms")
    return np.array([m.value / 1e3 for m in found if m.value is not None], float)
