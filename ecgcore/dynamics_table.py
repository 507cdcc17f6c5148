"""The table of the dynamics of repolarisation, and of alternans, of a recording."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from ecgcore import alternans
from ecgcore import morph_places as m
from ecgcore import qt_dynamics as qt
from ecgcore.events import BeatLabel, Measurement, NullReason
from ecgcore.measured import Said, Value, measurement_of
from ecgcore.qt_config import DynamicsConfig
from ecgcore.qt_series import qt_series_ms
from ecgcore.recorded import Recorded
from ecgcore.smooth_lead import SmoothLead
from ecgcore.t_vector import slow_power_deg2, turns_deg
from ecgcore.types import FloatArray
from ecgcore.usual_beats import UsualBeats
from ecgcore.vector import EIGHT, KORS

VARIABILITY = ("sdqt", "qtvi", "stv_qt")
AGAINST_RATE = ("qt_rr_slope", "qt_rr_r2", "qt_lag")
SPREAD = ("tpe_sd", "stt_lability")
OF_LEADS = ("twa_mma", "twa_spectral", "elec_alternans_qrs")
DYNAMICS = (*VARIABILITY, *AGAINST_RATE, *SPREAD, "prd", *OF_LEADS)
Outcome: TypeAlias = tuple[Said, int]
"""With the beats behind it, 0 for a reason."""


def measure_dynamics(
    recorded: Recorded, is_af: bool, config: DynamicsConfig
) -> Iterator[Measurement]:
    """Give every row of the table."""
    average = recorded.average
    if isinstance(average, NullReason) or recorded.unusable is not None:
        reason = recorded.unusable or NullReason.TOO_FEW_BEATS
        for key, lead in _rows(recorded):
            yield measurement_of(key, reason, 0, recorded.sqi, lead)
        return
    beats = UsualBeats(recorded, average)
    variability = _no_variability(beats, is_af)
    found = {
        **_of_qt(beats, variability, config),
        **_of_spread(beats, config),
        "prd": _prd(beats, variability, config),
    }
    for key, (value, n) in found.items():
        yield measurement_of(key, value, n, recorded.sqi, None)
    for k, lead in enumerate(recorded.leads):
        for key, (value, n) in _of_lead(beats, k, variability, config).items():
            yield measurement_of(key, value, n, recorded.sqi, lead)


def _rows(recorded: Recorded) -> Iterator[tuple[str, str | None]]:
    for key in DYNAMICS:
        yield from ((key, lead) for lead in (recorded.leads if key in OF_LEADS else (None,)))


def _no_variability(beats: UsualBeats, is_af: bool) -> NullReason | None:
    """Say why repolarisation cannot be followed from beat to beat, if so."""
    if is_af:
        return NullReason.AF
    if beats.average.beat.label is BeatLabel.PACED:
        return NullReason.PACED
    is_there = beats.has(m.QRS_ON, m.QRS_OFF, m.T_OFF)
    return None if is_there else NullReason.NOT_APPLICABLE


def _of_qt(
    beats: UsualBeats, reason: NullReason | None, config: DynamicsConfig
) -> dict[str, Outcome]:
    fs_hz, duration_s = beats.recorded.fs_hz, beats.recorded.duration_s
    of_variability = reason
    if of_variability is None and fs_hz < config.variability_fs_hz:
        of_variability = NullReason.FS_TOO_LOW
    if of_variability is None and beats.n < config.least_qt:
        of_variability = NullReason.TOO_FEW_BEATS
    if of_variability is None and beats.t_clear[beats.t_lead] < config.least_clear:
        of_variability = NullReason.LOW_SQI
    of_rate = reason
    if of_rate is None and duration_s < config.rate_least_s:
        of_rate = NullReason.TOO_SHORT
    found: dict[str, Outcome] = {}
    if of_variability is None or of_rate is None:
        qt_ms = qt_series_ms(beats, config)
    found |= (
        _variability(beats, qt_ms, config)
        if of_variability is None
        else dict.fromkeys(VARIABILITY, (of_variability, 0))
    )
    found |= (
        _against_rate(beats, qt_ms, config)
        if of_rate is None
        else dict.fromkeys(AGAINST_RATE, (of_rate, 0))
    )
    return found


def _variability(
    beats: UsualBeats, qt_ms: FloatArray, config: DynamicsConfig
) -> dict[str, Outcome]:
    known = qt_ms[np.isfinite(qt_ms)]
    if known.size < config.least_qt:
        return dict.fromkeys(VARIABILITY, (NullReason.TOO_FEW_BEATS, 0))
    rr_ms = np.where(beats.follows, beats.rr_ms, np.nan)
    stv = qt.short_term_variability_ms(qt_ms, beats.follows, config.block)
    return {
        "sdqt": (float(known.std(ddof=1)), known.size),
        "qtvi": (qt.qtvi(qt_ms, rr_ms), known.size),
        "stv_qt": (stv, known.size),
    }


def _against_rate(
    beats: UsualBeats, qt_ms: FloatArray, config: DynamicsConfig
) -> dict[str, Outcome]:
    recorded = beats.recorded
    # QT sees the rate of all beats, whatever they are; what it is itself after another one is not
    # what it would be.
    of_all = np.full(len(recorded.beats), np.nan)
    of_all[beats.numbers] = np.where(beats.follows, qt_ms, np.nan)
    times_s = np.array([beat.sample for beat in recorded.beats]) / recorded.fs_hz
    given = (of_all, recorded.rr_ms, times_s)
    line = qt.qt_on_rr(*given, config)
    lag: Outcome = qt.qt_lag_s(*given, config), int(np.isfinite(qt_ms).sum())
    if isinstance(line, NullReason):
        return {"qt_rr_slope": (line, 0), "qt_rr_r2": (line, 0), "qt_lag": lag}
    slope, r2, n = line
    return {"qt_rr_slope": (slope, n), "qt_rr_r2": (r2, n), "qt_lag": lag}


def _of_spread(beats: UsualBeats, config: DynamicsConfig) -> dict[str, Outcome]:
    """Give the spread of Tpe and of ST, in V5, else II, else where T is clearest."""
    leads = beats.recorded.leads
    lead = next((leads.index(name) for name in ("V5", "II") if name in leads), beats.t_lead)
    waves = [beats.recorded.beats[k].lead_waves[lead].t for k in beats.numbers]
    tpe = np.array([np.nan if t is None else t.offset - t.peak for t in waves])
    found = {"tpe_sd": _spread(tpe * 1e3 / beats.recorded.fs_hz, config)}
    if not beats.has(m.QRS_ON, m.QRS_OFF):
        return found | {"stt_lability": (NullReason.NOT_APPLICABLE, 0)}
    at = beats.point(m.QRS_OFF) + config.alternans_after_j_s * beats.recorded.fs_hz
    st_mv = beats.levelled_mv(beats.recorded.ecg_mv[lead], np.array([at]))[:, 0]
    return found | {"stt_lability": _spread(1e3 * st_mv, config)}


def _spread(values: FloatArray, config: DynamicsConfig) -> Outcome:
    known = values[np.isfinite(values)]
    if known.size < config.least_spread:
        return NullReason.TOO_FEW_BEATS, 0
    return float(known.std(ddof=1)), known.size


def _prd(beats: UsualBeats, reason: NullReason | None, config: DynamicsConfig) -> Outcome:
    if not beats.average.has_eight:
        return NullReason.LEAD_MISSING, 0
    if reason is None and beats.recorded.duration_s < config.vector_least_s:
        reason = NullReason.TOO_SHORT
    if reason is None and not beats.has(m.QRS_ON, m.T_ON, m.T_OFF):
        reason = NullReason.NOT_APPLICABLE
    if reason is not None:
        return reason, 0
    eight = [beats.recorded.leads.index(lead) for lead in EIGHT]
    step = config.grid_s * beats.recorded.fs_hz
    offsets = np.arange(beats.point(m.T_ON), beats.point(m.T_OFF), step)
    xyz_mv = KORS @ beats.recorded.ecg_mv[eight]
    sums = np.stack([beats.levelled_mv(of_axis, offsets).sum(axis=1) for of_axis in xyz_mv], axis=1)
    return _outcome(slow_power_deg2(turns_deg(sums), beats.times_s, beats.follows, config))


def _of_lead(
    beats: UsualBeats, lead: int, reason: NullReason | None, config: DynamicsConfig
) -> dict[str, Outcome]:
    ecg_mv = beats.recorded.ecg_mv[lead]
    found = {"elec_alternans_qrs": _qrs_alternans(beats, ecg_mv, config)}
    is_few = beats.n < config.spectral_usual_share * config.spectral_beats
    reasons = {
        "twa_mma": reason or _no_mma(beats, lead, config),
        "twa_spectral": reason or (NullReason.TOO_FEW_BEATS if is_few else None),
    }
    measures: dict[str, Measure] = {
        "twa_mma": alternans.moving_average_uv,
        "twa_spectral": alternans.spectral_uv,
    }
    found |= {key: (why, 0) for key, why in reasons.items() if why is not None}
    wanted = [key for key, why in reasons.items() if why is None]
    if not wanted:
        return found
    given = _repolarisations(beats, ecg_mv, config)
    for key in wanted:
        found[key] = (
            (NullReason.NOT_APPLICABLE, 0)
            if given is None
            else _outcome(measures[key](given, config))
        )
    return found


Measure: TypeAlias = Callable[
    [alternans.Repolarisations, DynamicsConfig], tuple[float, int] | NullReason
]


def _no_mma(beats: UsualBeats, lead: int, config: DynamicsConfig) -> NullReason | None:
    if beats.recorded.duration_s < config.mma_block_s:
        return NullReason.TOO_SHORT
    known = beats.rr_ms[np.isfinite(beats.rr_ms)]
    if not known.size:
        return NullReason.TOO_FEW_BEATS
    if 6e4 / float(known.mean()) > config.mma_most_rate:
        return NullReason.NOT_APPLICABLE
    noise_uv = 1e3 * float(beats.noise_mv[lead])
    return None if noise_uv <= config.most_noise_uv else NullReason.LOW_SQI


def _repolarisations(
    beats: UsualBeats, ecg_mv: FloatArray, config: DynamicsConfig
) -> alternans.Repolarisations | None:
    """Cut ST and T out, from J + 60 ms to the end of T; None where there is nothing between."""
    fs_hz = beats.recorded.fs_hz
    width = max(round(config.smooth_s / config.grid_s), 1)
    step = config.grid_s * fs_hz
    first = beats.point(m.QRS_OFF) + config.alternans_after_j_s * fs_hz
    n_places = int((beats.point(m.T_OFF) - first) / step) + 1
    if n_places < 1:
        return None
    begin = first - step * (width // 2)
    offsets = begin + step * np.arange(n_places + width - 1, dtype=float)
    st_t = alternans.smoothed(beats.levelled_mv(ecg_mv, offsets), width)
    return alternans.Repolarisations(1e3 * st_t, beats.numbers, beats.times_s)


def _qrs_alternans(beats: UsualBeats, ecg_mv: FloatArray, config: DynamicsConfig) -> Outcome:
    fs_hz = beats.recorded.fs_hz
    reach = config.qrs_reach_s * fs_hz
    # Between samples, or a rate that the interval is no multiple of makes an alternans.
    offsets = np.arange(-reach, reach, config.qrs_grid_s * fs_hz)
    cut = SmoothLead(ecg_mv).at(beats.places[:, np.newaxis] + offsets)
    height_mv = cut.max(axis=1) - cut.min(axis=1)
    value: Value = alternans.qrs_alternans_pct(height_mv, beats.numbers, config)
    return value, 0 if isinstance(value, NullReason) else int(np.isfinite(height_mv).sum())


def _outcome(found: tuple[float, int] | NullReason) -> Outcome:
    return (found, 0) if isinstance(found, NullReason) else found
