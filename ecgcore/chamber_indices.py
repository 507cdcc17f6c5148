"""Indices of large chambers that join several findings: Cornell product, Romhilt-Estes, atria."""

from dataclasses import dataclass, field

from ecgcore import morph_places as m
from ecgcore.average_leads import LIMB, r_mv, s_mv
from ecgcore.average_signal import AverageSignal, both
from ecgcore.average_twelve import TWELVE, missing, no_p
from ecgcore.average_waves import AverageWavesConfig, p_peak_gap_ms
from ecgcore.averaged import GLOBAL
from ecgcore.events import NullReason
from ecgcore.limits import Degrees, Milliseconds, MillivoltMilliseconds, Millivolts
from ecgcore.measured import Value
from ecgcore.person import Sex


@dataclass(frozen=True, slots=True)
class ChamberConfig:
    """Limits (biomarkers I43, I48, I55, I56)."""

    cornell_women_mv: Millivolts = 0.8
    """Added for women; some use 0.6."""
    limb_mv: Millivolts = 2.0
    chest_mv: Millivolts = 3.0
    strain_st_mv: Millivolts = 0.05
    strain_t_mv: Millivolts = 0.1
    """Depth of ST (at J + 60 ms) and T that is strain where QRS is upright."""
    ptf_mv_ms: MillivoltMilliseconds = 4.0
    left_axis_deg: Degrees = -30.0
    qrs_ms: Milliseconds = 90.0
    r_peak_ms: Milliseconds = 50.0
    p_ii_mv: Millivolts = 0.25
    p_v1_mv: Millivolts = 0.15
    p_ms: Milliseconds = 120.0
    p_gap_ms: Milliseconds = 40.0
    p_peaks: AverageWavesConfig = field(default_factory=AverageWavesConfig)
    """How the peaks of a notched P wave are told."""


def cornell_product(signal: AverageSignal, sex: Sex | None, config: ChamberConfig) -> Value:
    """Give Cornell voltage times QRS duration, mV.ms; null where the sex is not known."""
    reason = missing(signal, ("aVL", "V3"))
    if reason is not None:
        return reason
    if sex is None:
        return NullReason.NOT_APPLICABLE
    added = config.cornell_women_mv if sex is Sex.FEMALE else 0.0
    voltage = r_mv(signal, "aVL") + s_mv(signal, "V3") + added
    return both(voltage, signal.interval_ms(m.QRS_ON, m.QRS_OFF), float.__mul__)


def romhilt_points(signal: AverageSignal, config: ChamberConfig) -> Value:
    """Give the points of Romhilt and Estes, 0 to 13, as of somebody without digitalis.

    What cannot be told, as the left atrium without P waves, gives no points.
    """
    reason = missing(signal, TWELVE)
    if reason is not None:
        return reason
    axis = GLOBAL["qrs_axis"](signal)
    ptf = GLOBAL["ptf_v1"](signal)
    qrs_ms = signal.interval_ms(m.QRS_ON, m.QRS_OFF)
    return float(
        3 * _is_voltage(signal, config)
        + 3 * any(_is_strain(signal, lead, config) for lead in ("V5", "V6"))
        + 3 * _is_least(ptf, 1e3 * config.ptf_mv_ms)
        + 2 * (not isinstance(axis, NullReason) and axis <= config.left_axis_deg)
        + _is_least(qrs_ms, config.qrs_ms)
        + any(
            _is_least(signal.figure(lead, "r_peak_time"), config.r_peak_ms) for lead in ("V5", "V6")
        )
    )


def _is_least(value: Value, least: float) -> bool:
    return not isinstance(value, NullReason) and value >= least


def _is_voltage(signal: AverageSignal, config: ChamberConfig) -> bool:
    limb = max(max(r_mv(signal, lead), s_mv(signal, lead)) for lead in LIMB if lead != "aVR")
    chest = max(
        *(s_mv(signal, lead) for lead in ("V1", "V2")),
        *(r_mv(signal, lead) for lead in ("V5", "V6")),
    )
    return limb >= config.limb_mv or chest >= config.chest_mv


def _is_strain(signal: AverageSignal, lead: str, config: ChamberConfig) -> bool:
    """Tell whether ST and T go the other way than an upright QRS."""
    values = [signal.figure(lead, key) for key in ("qrs_area", "st_j60", "t_amp")]
    area, st_uv, t_mv = (0.0 if isinstance(each, NullReason) else each for each in values)
    return area > 0.0 and st_uv <= -1e3 * config.strain_st_mv and t_mv <= -config.strain_t_mv


def rae_index(signal: AverageSignal, config: ChamberConfig) -> Value:
    """Tell whether P is too high in II, or its positive part in V1."""
    reason = no_p(signal, ("II", "V1"))
    if reason is not None:
        return reason
    in_ii, in_v1 = (signal.figure(lead, "p_amp_pos") for lead in ("II", "V1"))
    is_ii = not isinstance(in_ii, NullReason) and in_ii > config.p_ii_mv
    is_v1 = not isinstance(in_v1, NullReason) and in_v1 > config.p_v1_mv
    return float(is_ii or is_v1)


def lae_index(signal: AverageSignal, config: ChamberConfig) -> Value:
    """Tell whether P is long with peaks far apart (in I or II), or deep and long in V1."""
    reason = no_p(signal, ("I", "II", "V1"))
    if reason is not None:
        return reason
    is_long = _is_least(signal.interval_ms(m.P_ON, m.P_OFF), config.p_ms)
    is_notched = any(
        _is_least(p_peak_gap_ms(signal, lead, config.p_peaks), config.p_gap_ms)
        for lead in ("I", "II")
    )
    is_deep = _is_least(GLOBAL["ptf_v1"](signal), 1e3 * config.ptf_mv_ms)
    return float((is_long and is_notched) or is_deep)
