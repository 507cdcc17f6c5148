"""What is measured of a recording's leads with the help of its beats, and of its link."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ecgcore import morph_places as m
from ecgcore.average_signal import AverageSignal
from ecgcore.events import BeatDetected, BeatLabel, Measurement, NullReason
from ecgcore.fwaves import FWaveConfig, FWaves, f_waves
from ecgcore.late_potentials import (
    LateConfig,
    LatePotentials,
    fast_qrs_uv,
    late_potentials,
)
from ecgcore.lead_window import longest_span
from ecgcore.limits import Millivolts
from ecgcore.link import measure_link
from ecgcore.measured import Value, measurement_of
from ecgcore.noise import noise_rms_mv
from ecgcore.recorded import Recorded
from ecgcore.second_detector import SecondDetectorConfig, agreement, second_places
from ecgcore.types import FloatArray

SIGNAL = (
    *("snr_db", "b_sqi", *FWaves._fields, "hfqrs_rms"),
    *LatePotentials._fields,
    *("coverage", "loss_frac", "gap_count", "longest_gap", "fs_est"),
)
_WIDE_QRS_MS = 120.0


@dataclass(frozen=True, slots=True)
class SignalConfig:
    """All parameters of what is measured of the signal itself."""

    rail_mv: Millivolts | None = None
    """Limit of the converter, either side of 0; None: not known, told by what the signal holds."""
    detector: SecondDetectorConfig = field(default_factory=SecondDetectorConfig)
    f_waves: FWaveConfig = field(default_factory=FWaveConfig)
    late: LateConfig = field(default_factory=LateConfig)


def measure_signal(recorded: Recorded, is_af: bool, config: SignalConfig) -> Iterator[Measurement]:
    """Give every row of the table."""
    for key, value in measure_link(recorded).items():
        yield measurement_of(key, value, 0, recorded.sqi, None)
    n = 0 if isinstance(recorded.average, NullReason) else recorded.average.beat.n_beats
    found = _late(recorded.average, config.late)
    for key in LatePotentials._fields:
        late: Value = found if isinstance(found, NullReason) else float(getattr(found, key))
        yield measurement_of(key, late, n, recorded.sqi, None)
    places = np.array([b.sample + b.offset for b in recorded.of_kind(BeatDetected)], float)
    for k, lead in enumerate(recorded.leads):
        ecg_mv = recorded.ecg_mv[k]
        own: dict[str, Value] = {
            "snr_db": _snr_db(recorded, k),
            "b_sqi": _b_sqi(ecg_mv, places, recorded.fs_hz, config.detector),
            "hfqrs_rms": _fast(recorded.average, k, config.late),
        }
        for key, value in (own | _f_waves(recorded, k, is_af, config.f_waves)).items():
            yield measurement_of(key, value, 0, recorded.sqi, lead)


def _late(average: AverageSignal | NullReason, config: LateConfig) -> LatePotentials | NullReason:
    """Refuse beats of a pacemaker or a bundle branch block, whose QRS ends late for itself."""
    if isinstance(average, NullReason):
        return average
    found = late_potentials(average, config)
    if isinstance(found, NullReason):
        return found
    if average.beat.label is BeatLabel.PACED:
        return NullReason.PACED
    qrs_ms = average.interval_ms(m.QRS_ON, m.QRS_OFF)
    is_wide = not isinstance(qrs_ms, NullReason) and qrs_ms >= _WIDE_QRS_MS
    return NullReason.WIDE_QRS if is_wide else found


def _fast(average: AverageSignal | NullReason, lead: int, config: LateConfig) -> Value:
    return average if isinstance(average, NullReason) else fast_qrs_uv(average, lead, config)


def _snr_db(recorded: Recorded, lead: int) -> Value:
    if isinstance(recorded.average, NullReason):
        return recorded.average
    height_mv = recorded.average.figure(recorded.leads[lead], "qrs_pp")
    if isinstance(height_mv, NullReason):
        return height_mv
    first, end = longest_span(recorded.ecg_mv[lead])
    noise_mv = noise_rms_mv(recorded.ecg_mv[lead, first:end], recorded.fs_hz)
    if not (noise_mv > 0.0 and height_mv > 0.0):
        return NullReason.NOT_APPLICABLE
    return 20.0 * math.log10(height_mv / (2.0 * noise_mv))


def _b_sqi(
    ecg_mv: FloatArray, places: FloatArray, fs_hz: float, config: SecondDetectorConfig
) -> Value:
    if ecg_mv.size < config.least_s * fs_hz:
        return NullReason.TOO_SHORT
    if np.isfinite(ecg_mv).sum() < config.least_s * fs_hz:
        return NullReason.GAP
    found = second_places(ecg_mv, fs_hz, config)
    margin = round(config.margin_s * fs_hz)
    missing = np.flatnonzero(np.r_[True, np.isnan(ecg_mv), True]) - 1

    def compared(of: FloatArray) -> FloatArray:
        at = np.searchsorted(missing, of)
        away = np.minimum(of - missing[at - 1], missing[np.minimum(at, missing.size - 1)] - of)
        return of[away > margin]

    f1 = agreement(compared(places), compared(found), config.within_s * fs_hz)
    return NullReason.TOO_FEW_BEATS if math.isnan(f1) else f1


def _f_waves(recorded: Recorded, lead: int, is_af: bool, config: FWaveConfig) -> dict[str, Value]:
    found: FWaves | NullReason = NullReason.NOT_APPLICABLE
    if recorded.unusable is not None:
        found = recorded.unusable
    elif is_af:
        first, end = longest_span(recorded.ecg_mv[lead])
        of_lead = recorded.ecg_mv[lead, first:end]
        found = f_waves(of_lead, recorded.beats, first, recorded.fs_hz, config)
        if found is NullReason.TOO_SHORT and recorded.duration_s >= config.least_s:
            found = NullReason.GAP
    if isinstance(found, NullReason):
        return dict.fromkeys(FWaves._fields, found)
    return dict(found._asdict())
