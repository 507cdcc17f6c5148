"""What the loops of the heart's vector in space tell of the representative beat.

Null with `lead_missing` unless all eight leads are there that X, Y and Z are made of.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from ecgcore import morph_places as m
from ecgcore import vector
from ecgcore.average_signal import AverageSignal, Measure
from ecgcore.events import NullReason
from ecgcore.measured import Value
from ecgcore.types import FloatArray

TCRT_ENERGY = 0.7
"""Of the largest square of a vector in the QRS; those above are compared with T (Acar 1999)."""


def _of_vector(value: Callable[[FloatArray, FloatArray, AverageSignal], float]) -> Measure:
    """Something about the loops of QRS and T, shape (3, n) each."""

    def measure(signal: AverageSignal) -> Value:
        if not signal.has_eight:
            return NullReason.LEAD_MISSING
        if not signal.has(m.QRS_ON, m.QRS_OFF, m.T_ON, m.T_OFF):
            return NullReason.NOT_APPLICABLE
        on, j = signal.index(m.QRS_ON), signal.index(m.QRS_OFF)
        t_on, t_off = signal.index(m.T_ON), signal.index(m.T_OFF)
        if not (on + 2 < j and t_on + 2 < t_off):
            return NullReason.NOT_APPLICABLE
        xyz = signal.xyz_mv
        found = value(xyz[:, on : j + 1], xyz[:, t_on : t_off + 1], signal)
        return found if math.isfinite(found) else NullReason.NOT_APPLICABLE

    return measure


def _largest(loop: FloatArray) -> FloatArray:
    at = int(np.argmax(np.linalg.norm(loop, axis=0)))
    largest: FloatArray = loop[:, at]
    return largest


def _planarity(qrs: FloatArray) -> float:
    squares = vector.loop_shares(qrs) ** 2
    return float(1.0 - squares[2] / squares.sum()) if squares.sum() > 0.0 else math.nan


def _roundness(t: FloatArray) -> float:
    shares = vector.loop_shares(t)
    return float(shares[1] / shares[0]) if shares[0] > 0.0 else math.nan


def _total_cosine(qrs: FloatArray, t: FloatArray) -> float:
    """Mean cosine between the vectors around the largest one of QRS and the largest one of T."""
    squares = (qrs**2).sum(axis=0)
    around = qrs[:, (squares > 0.0) & (squares >= TCRT_ENERGY * squares.max())]
    largest = _largest(t)
    size = float(np.linalg.norm(largest))
    if size == 0.0 or not around.size:
        return math.nan
    return float(np.mean(largest @ around / np.linalg.norm(around, axis=0)) / size)


def _st_vm(signal: AverageSignal) -> Value:
    if not signal.has_eight:
        return NullReason.LEAD_MISSING
    if not signal.has(m.QRS_ON, m.QRS_OFF):
        return NullReason.NOT_APPLICABLE
    at = signal.index(m.QRS_OFF) + round(0.060 * signal.fs_hz)
    if at >= signal.xyz_mv.shape[1]:
        return NullReason.TOO_SHORT
    return 1e3 * float(np.linalg.norm(signal.xyz_mv[:, at]))


def _gradient_mv_ms(signal: AverageSignal) -> FloatArray:
    """Areas of X, Y and Z from QRS onset to the end of T."""
    on, off = signal.index(m.QRS_ON), signal.index(m.T_OFF)
    areas: FloatArray = signal.xyz_mv[:, on : off + 1].sum(axis=1) * 1e3 / signal.fs_hz
    return areas


def _sum_absolute(signal: AverageSignal) -> float:
    on, off = signal.index(m.QRS_ON), signal.index(m.T_OFF)
    return float(np.abs(signal.xyz_mv[:, on : off + 1]).sum() * 1e3 / signal.fs_hz)


VECTOR: Mapping[str, Measure] = MappingProxyType(
    {
        "qrst_angle_spatial_mean": _of_vector(
            lambda qrs, t, _: vector.angle_deg(qrs.sum(axis=1), t.sum(axis=1))
        ),
        "qrst_angle_spatial_peak": _of_vector(
            lambda qrs, t, _: vector.angle_deg(_largest(qrs), _largest(t))
        ),
        "tcrt": _of_vector(lambda qrs, t, _: _total_cosine(qrs, t)),
        "qrs_azimuth": _of_vector(lambda qrs, _, __: vector.azimuth_deg(qrs.sum(axis=1))),
        "qrs_elevation": _of_vector(lambda qrs, _, __: vector.elevation_deg(qrs.sum(axis=1))),
        "t_azimuth": _of_vector(lambda _, t, __: vector.azimuth_deg(t.sum(axis=1))),
        "t_elevation": _of_vector(lambda _, t, __: vector.elevation_deg(t.sum(axis=1))),
        "qrs_planarity": _of_vector(lambda qrs, _, __: _planarity(qrs)),
        "qrs_loop_area": _of_vector(lambda qrs, _, __: vector.loop_area(qrs)),
        "t_loop_area": _of_vector(lambda _, t, __: vector.loop_area(t)),
        "t_roundness": _of_vector(lambda _, t, __: _roundness(t)),
        "qrs_vm": _of_vector(lambda qrs, _, __: float(np.linalg.norm(qrs, axis=0).max())),
        "t_vm": _of_vector(lambda _, t, __: float(np.linalg.norm(t, axis=0).max())),
        "st_vm": _st_vm,
        "vg_magnitude": _of_vector(
            lambda _, __, signal: float(np.linalg.norm(_gradient_mv_ms(signal)))
        ),
        "sai_qrst": _of_vector(lambda _, __, signal: _sum_absolute(signal)),
    }
)
"""Of the representative beat, over all leads."""
