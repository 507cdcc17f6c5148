"""The table of what breathing does to the ECG, of a recording."""

from collections.abc import Iterator

import numpy as np

from ecgcore import breathing_coupling as coupling
from ecgcore.average_signal import both
from ecgcore.breathing import Breathing, Modulations, breathing_of, qrs_area_mv_ms
from ecgcore.breathing_config import BreathingConfig
from ecgcore.events import BeatLabel, Measurement, NullReason
from ecgcore.measured import Said, Value, measurement_of
from ecgcore.nn import nn_mask
from ecgcore.recorded import Recorded
from ecgcore.types import FloatArray

BREATHING = (
    *("edr_rate", "prq", "rsa_amp", "cpc_hfc", "cpc_lfc", "cpc_vlfc", "cvhr_index"),
    "r_amp_resp",
)
_LABELS = (BeatLabel.NORMAL, BeatLabel.PACED)
_PERCENTILES = (95.0, 5.0)


def measure_breathing(
    recorded: Recorded, is_af: bool, config: BreathingConfig
) -> Iterator[Measurement]:
    """Give every row of the table.

    Of a fibrillating atrium the intervals say nothing of breathing, nor does the pacemaker's.
    """
    given = modulations_of(recorded)
    yield from _of_r(recorded, given, config)
    reason = recorded.unusable
    if reason is None and is_af:
        reason = NullReason.AF
    if reason is None and _is_paced(recorded):
        reason = NullReason.PACED
    found = _found(recorded, given, config) if reason is None else {}
    for key in BREATHING[:-1]:
        value, n = found.get(key, (reason or NullReason.NOT_APPLICABLE, 0))
        yield measurement_of(key, value, n, recorded.sqi, None)


def modulations_of(recorded: Recorded) -> Modulations:
    """Give what breathing moves of the beats of the usual kind."""
    beats = [beat for beat in recorded.beats if beat.label in _LABELS]
    samples = np.array([beat.sample for beat in beats], np.int64)
    amplitude_mv = np.array(
        [
            [np.nan if waves.qrs is None else waves.qrs.amplitude_mv for waves in beat.lead_waves]
            for beat in beats
        ],
        float,
    ).reshape(len(beats), len(recorded.leads))
    normal = nn_mask(recorded.rr_ms, recorded.is_label(BeatLabel.NORMAL))
    is_kept = np.array([beat.label in _LABELS for beat in recorded.beats], bool)
    return Modulations(
        times_s=samples / recorded.fs_hz,
        amplitude_mv=amplitude_mv.T,
        area_mv_ms=qrs_area_mv_ms(recorded.ecg_mv, samples, recorded.fs_hz),
        nn_ms=np.where(normal, recorded.rr_ms, np.nan)[is_kept],
    )


def _is_paced(recorded: Recorded) -> bool:
    return 2 * int(recorded.is_label(BeatLabel.PACED).sum()) > len(recorded.beats)


def _of_r(recorded: Recorded, given: Modulations, config: BreathingConfig) -> Iterator[Measurement]:
    for lead, of_lead in zip(recorded.leads, given.amplitude_mv, strict=True):
        known = of_lead[np.isfinite(of_lead)]
        value: Value = NullReason.TOO_FEW_BEATS
        if recorded.unusable is not None:
            value = recorded.unusable
        elif known.size >= config.least_beats:
            value = float(np.subtract(*np.percentile(known, _PERCENTILES)))
        yield measurement_of("r_amp_resp", value, known.size, recorded.sqi, lead)


def _found(
    recorded: Recorded, given: Modulations, config: BreathingConfig
) -> dict[str, tuple[Said, int]]:
    found: dict[str, tuple[Said, int]] = {}
    breathing: Breathing | NullReason = NullReason.TOO_SHORT
    if recorded.duration_s >= config.least_s:
        breathing = breathing_of(given, config)
    stretches = coupling.stretches_of(given.times_s, given.nn_ms, _breath(given), config.hole_s)
    if isinstance(breathing, NullReason):
        found |= dict.fromkeys(("edr_rate", "prq", "rsa_amp"), (breathing, 0))
    else:
        rate = 60.0 * breathing.rate_hz
        n = int(np.isfinite(given.nn_ms).sum())
        found["edr_rate"] = rate, n
        heart: Value = 6e4 / float(np.nanmean(given.nn_ms)) if n else NullReason.TOO_FEW_BEATS
        found["prq"] = both(heart, rate, lambda one, other: one / other), n
        found["rsa_amp"] = _pair(coupling.sinus_arrhythmia_ms(stretches, breathing.rate_hz, config))
    coupled = coupling.coupling_pct(stretches, config)
    if coupled is NullReason.TOO_SHORT and recorded.duration_s >= config.coupling_window_s:
        coupled = NullReason.GAP
    for key in coupling.COUPLING_HZ:
        found[key] = (
            (coupled, 0) if isinstance(coupled, NullReason) else (coupled[0][key], coupled[1])
        )
    found["cvhr_index"] = _pair(
        coupling.cyclic_per_hour(stretches, config)
        if recorded.duration_s >= config.cyclic_least_s
        else NullReason.TOO_SHORT
    )
    return found


def _pair(outcome: tuple[float, int] | NullReason) -> tuple[Said, int]:
    return (outcome, 0) if isinstance(outcome, NullReason) else outcome


def _breath(given: Modulations) -> FloatArray:
    """Give the QRS area of the lead where it varies the most for its size, shape (n,)."""
    area = given.area_mv_ms
    known = np.isfinite(area)
    n = known.sum(axis=1)
    if not n.size or not (n >= 2).any():
        return np.full(area.shape[1], np.nan)
    usable = np.flatnonzero(n >= 0.5 * n.max())
    spread = [
        float(np.std(area[k][known[k]]) / max(float(np.mean(area[k][known[k]])), 1e-9))
        for k in usable
    ]
    chosen: FloatArray = area[usable[int(np.argmax(spread))]]
    return chosen
