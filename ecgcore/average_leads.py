"""What several leads of the representative beat tell together: voltages added up, lead to lead.

A wave that a lead does not have is 0 mV high in a sum; a QS stands for S where there is no R.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from ecgcore import morph_places as m
from ecgcore import vector
from ecgcore.average_signal import AverageSignal, Measure, both
from ecgcore.events import NullReason
from ecgcore.measured import Value
from ecgcore.morphology import p_of, terminal_of
from ecgcore.types import FloatArray

LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")
CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
TWELVE = (*LIMB, *CHEST)
LEAST_ST_UV = 50.0


def with_leads(leads: Sequence[str], value: Callable[[AverageSignal], Value]) -> Measure:
    """Measure where all of some leads are there and their QRS is delineated."""

    def measure(signal: AverageSignal) -> Value:
        if not set(leads) <= set(signal.leads):
            return NullReason.LEAD_MISSING
        if not signal.has(m.QRS_ON, m.QRS_OFF):
            return NullReason.NOT_APPLICABLE
        return value(signal)

    return measure


def r_mv(signal: AverageSignal, lead: str) -> float:
    """Give the height of R, 0 where there is none."""
    value = signal.figure(lead, "r_amp")
    return 0.0 if isinstance(value, NullReason) else value


def s_mv(signal: AverageSignal, lead: str) -> float:
    """Give the depth of S, that of a QS where there is no R, or 0."""
    key = "s_amp" if r_mv(signal, lead) > 0.0 else "q_amp"
    value = signal.figure(lead, key)
    return 0.0 if isinstance(value, NullReason) else value


def _sokolow(signal: AverageSignal) -> float:
    return s_mv(signal, "V1") + max(r_mv(signal, "V5"), r_mv(signal, "V6"))


def _rvh_sokolow(signal: AverageSignal) -> float:
    return r_mv(signal, "V1") + max(s_mv(signal, "V5"), s_mv(signal, "V6"))


def _lewis(signal: AverageSignal) -> float:
    in_i, in_iii = r_mv(signal, "I"), r_mv(signal, "III")
    return in_i - in_iii + s_mv(signal, "III") - s_mv(signal, "I")


def _peguero(signal: AverageSignal) -> float:
    return max(s_mv(signal, lead) for lead in signal.leads) + s_mv(signal, "V4")


def _sizes_mv(signal: AverageSignal, leads: Sequence[str]) -> list[float]:
    return [float(signal.figures[signal.leads.index(lead), m.QRS_WHOLE_AT]) for lead in leads]


def _st_uv(signal: AverageSignal, sign: float) -> float:
    """Add up the ST levels at J on one side, beyond 50 uV."""
    levels = sign * signal.figures[[signal.leads.index(lead) for lead in (*LIMB, *CHEST)], m.ST_AT]
    return sign * float(levels[levels > LEAST_ST_UV].sum())


def _progression(signal: AverageSignal) -> float:
    heights = [r_mv(signal, lead) for lead in CHEST[:4]]
    return float(np.polyfit(np.arange(4.0), heights, 1)[0])


def _transition(signal: AverageSignal) -> Value:
    """Give where R / S first reaches 1, between leads by the share of R in R + S."""
    shares = []
    for lead in CHEST:
        r, s = r_mv(signal, lead), s_mv(signal, lead)
        shares.append(r / (r + s) if r + s > 0.0 else 0.0)
    for at, share in enumerate(shares):
        if share >= 0.5:
            before = shares[at - 1] if at else 0.5
            return float(at + 1 if at == 0 else at + (0.5 - before) / (share - before))
    return NullReason.NOT_APPLICABLE


def _rows(signal: AverageSignal, leads: Sequence[str]) -> FloatArray:
    rows: FloatArray = signal.beat.ecg_mv[[signal.leads.index(lead) for lead in leads]]
    return rows


def _eigenvalues(signal: AverageSignal, first: int, last: int) -> FloatArray | None:
    """Give the eigenvalues of a wave over eight leads, largest first; None if it is flat."""
    wave = _rows(signal, vector.EIGHT)[:, signal.index(first) : signal.index(last) + 1]
    values = np.linalg.svd(wave - wave.mean(axis=1, keepdims=True), compute_uv=False) ** 2
    return values if values.size == len(vector.EIGHT) and values[0] > 0.0 else None


def _second_pct(first: int, last: int) -> Measure:
    def measure(signal: AverageSignal) -> Value:
        if not signal.has(first, last):
            return NullReason.NOT_APPLICABLE
        values = _eigenvalues(signal, first, last)
        return NullReason.NOT_APPLICABLE if values is None else float(100 * values[1] / values[0])

    return measure


def _residuum_pct(signal: AverageSignal) -> Value:
    if not signal.has(m.T_ON, m.T_OFF):
        return NullReason.NOT_APPLICABLE
    values = _eigenvalues(signal, m.T_ON, m.T_OFF)
    if values is None:
        return NullReason.NOT_APPLICABLE
    return float(100.0 * values[3:].sum() / values.sum())


def _delay_ms(signal: AverageSignal) -> Value:
    return both(
        signal.figure("V6", "r_peak_time"), signal.figure("V1", "r_peak_time"), float.__sub__
    )


def _product(signal: AverageSignal) -> Value:
    return both(_sokolow(signal), signal.interval_ms(m.QRS_ON, m.QRS_OFF), float.__mul__)


def _ptf_uv_ms(signal: AverageSignal) -> Value:
    """Depth times width of the negative end of P in V1, 0 where there is none."""
    lead = signal.leads.index("V1")
    points = np.ascontiguousarray(signal.beat.points[lead])
    p_mv = p_of(signal.beat.ecg_mv[lead], signal.fs_hz, points)
    if not p_mv.size:
        return NullReason.NO_P_WAVE
    depth_mv, width_ms = terminal_of(p_mv, signal.fs_hz)
    return 1e3 * depth_mv * width_ms


LEADS_TOGETHER: Mapping[str, Measure] = MappingProxyType(
    {
        "lvh_sokolow": with_leads(("V1", "V5", "V6"), _sokolow),
        "lvh_sokolow_product": with_leads(("V1", "V5", "V6"), _product),
        "lvh_cornell": with_leads(("aVL", "V3"), lambda s: r_mv(s, "aVL") + s_mv(s, "V3")),
        "lvh_gubner": with_leads(("I", "III"), lambda s: r_mv(s, "I") + s_mv(s, "III")),
        "lvh_lewis": with_leads(("I", "III"), _lewis),
        "lvh_ravl": with_leads(("aVL",), lambda s: r_mv(s, "aVL")),
        "lvh_peguero": with_leads(TWELVE, _peguero),
        "qrs_sum12": with_leads(TWELVE, lambda s: math.fsum(_sizes_mv(s, TWELVE))),
        "rvh_sokolow": with_leads(("V1", "V5", "V6"), _rvh_sokolow),
        "rvh_rv1": with_leads(("V1",), lambda s: r_mv(s, "V1")),
        "low_voltage_limb": with_leads(LIMB, lambda s: max(_sizes_mv(s, LIMB))),
        "low_voltage_chest": with_leads(CHEST, lambda s: max(_sizes_mv(s, CHEST))),
        "ste_sum": with_leads(TWELVE, lambda s: _st_uv(s, 1.0)),
        "std_sum": with_leads(TWELVE, lambda s: _st_uv(s, -1.0)),
        "ptf_v1": with_leads(("V1",), _ptf_uv_ms),
        "r_progression": with_leads(CHEST[:4], _progression),
        "transition_zone": with_leads(CHEST, _transition),
        "qrs_pca_ratio": with_leads(vector.EIGHT, _second_pct(m.QRS_ON, m.QRS_OFF)),
        "t_pca_ratio": with_leads(vector.EIGHT, _second_pct(m.T_ON, m.T_OFF)),
        "t_residuum": with_leads(vector.EIGHT, _residuum_pct),
        "activation_delay": with_leads(("V1", "V6"), _delay_ms),
    }
)
"""Over several leads, by name."""
