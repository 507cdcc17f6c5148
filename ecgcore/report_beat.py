"""The representative beat as a report carries it."""

import numpy as np

from ecgcore.average_signal import AverageSignal
from ecgcore.report import RepresentativeBeat

FIDUCIALS = ("p_on", "p_off", "qrs_on", "r", "qrs_off", "t_on", "t_peak", "t_off")
"""Names of the points of a representative beat, by their place."""


def beat_of(average: AverageSignal) -> RepresentativeBeat:
    """Give the representative beat as a report carries it."""
    beat = average.beat
    points = beat.points[0]
    return RepresentativeBeat(
        label=str(beat.label),
        n_beats=beat.n_beats,
        fs_hz=average.fs_hz,
        leads=average.leads,
        r=beat.r,
        ecg_uv=tuple(tuple(np.rint(1e3 * lead).tolist()) for lead in beat.ecg_mv),
        fiducials={
            name: round(float(at), 2)
            for name, at in zip(FIDUCIALS, points, strict=True)
            if np.isfinite(at)
        },
    )
