"""Beat beside beat: shape, time and width of each beat against what is usual of this heart.

Values of beats are told as their median over the stretch; clusters as vectors.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from ecgcore.beat_cuts import clusters, cut_beats
from ecgcore.beat_likeness import DTW, QRS, QRST, RMSE, LikenessLimits, compare_beats, slow_power
from ecgcore.events import BeatLabel, Measurement, NullReason
from ecgcore.hrv_config import LF, Band
from ecgcore.limits import Count, Seconds, Share
from ecgcore.measured import Said, Value, measurement_of
from ecgcore.nn import BoolArray
from ecgcore.recorded import Recorded
from ecgcore.stats import known_medians
from ecgcore.types import FloatArray

_OF_USUAL = {"tmpl_corr": QRS, "tmpl_corr_qrst": QRST, "tmpl_rmse": RMSE}
BEATS_BY_LEAD = (*_OF_USUAL, "dtw_prev", "morph_var")
BEATS_OVER_LEADS = (
    *("premature_ratio", "comp_ratio", "qrs_width_ratio", "cluster_id", "cluster_share"),
)


@dataclass(frozen=True, slots=True)
class ComparisonConfig:
    """How beats are compared."""

    likeness: LikenessLimits = field(default_factory=LikenessLimits)
    usual_nn: Count = 8
    """NN intervals whose median a beat's own is set against."""
    cluster_alike: Share = 0.9
    """Correlation of QRS complexes over all leads that makes a cluster."""
    most_clusters: Count = 10
    most_beats: Count = 5000
    """Clusters are of the first beats up to this number, an hour or more."""
    slow_band: Band = LF
    segment_s: Seconds = 300.0
    """Of the power of slow changes of shape."""


def measure_beats(recorded: Recorded, config: ComparisonConfig) -> list[Measurement]:
    """Give every row of the table: those of each lead, then those over all leads."""
    sqi, rows = recorded.sqi, []
    reason = recorded.unusable
    # A pacemaker's beats have no normal one beside them that would be usual.
    no_usual = reason or (NullReason.PACED if _is_paced(recorded) else None)
    cuts = cut_beats(recorded.ecg_mv, recorded.beats, recorded.fs_hz)
    for k, lead in enumerate(recorded.leads):
        for key, (value, n) in _of_lead(recorded, cuts[:, k], config).items():
            missing = reason if key == "dtw_prev" else no_usual
            rows.append(measurement_of(key, missing or value, n, sqi, lead))
    for key, (value, n) in _beside_usual(recorded, config).items():
        rows.append(measurement_of(key, no_usual or value, n, sqi, None))
    for key, (said, n) in _clusters(cuts, config).items():
        rows.append(measurement_of(key, reason or said, n, sqi, None))
    return rows


def usual_nn_ms(recorded: Recorded, n_usual: int) -> FloatArray:
    """Give the median of the last NN intervals before each beat, shape (n_beats,).

    NaN before the first.
    """
    is_n = recorded.is_label(BeatLabel.NORMAL)
    if not is_n.size:
        return np.empty(0)
    is_nn = is_n & np.r_[False, is_n[:-1]] & np.isfinite(recorded.rr_ms)
    nn_ms = recorded.rr_ms[is_nn]
    n_before = np.cumsum(is_nn) - is_nn
    usual = np.full(is_n.size, np.nan)
    if nn_ms.size:
        padded = np.r_[np.full(n_usual - 1, np.nan), nn_ms]
        rows = np.lib.stride_tricks.sliding_window_view(padded, n_usual)
        medians = known_medians(rows)
        usual[n_before > 0] = medians[n_before[n_before > 0] - 1]
    return usual


def premature_ratios(recorded: Recorded, config: ComparisonConfig) -> FloatArray:
    """Give each beat's interval over the usual NN before it, shape (n_beats,)."""
    return recorded.rr_ms / usual_nn_ms(recorded, config.usual_nn)


def compensation_ratios(recorded: Recorded, config: ComparisonConfig) -> FloatArray:
    """Give the intervals before and after each premature beat over two usual ones.

    Shape (n_beats,); NaN for beats that are not premature.
    """
    usual = usual_nn_ms(recorded, config.usual_nn)
    rr_ms = recorded.rr_ms
    after_ms = np.r_[rr_ms[1:], np.nan][: rr_ms.size]
    is_ectopic = recorded.is_label(BeatLabel.VENTRICULAR) | recorded.is_label(
        BeatLabel.SUPRAVENTRICULAR
    )
    ratios: FloatArray = np.where(
        is_ectopic & (rr_ms < usual), (rr_ms + after_ms) / (2.0 * usual), np.nan
    )
    return ratios


def width_ratios(recorded: Recorded) -> FloatArray:
    """Give each beat's QRS duration over the median one of normal beats, shape (n_beats,)."""
    widths = np.array(
        [
            np.nan if b.waves.qrs is None else b.waves.qrs.offset - b.waves.qrs.onset
            for b in recorded.beats
        ],
        float,
    )
    normal = widths[recorded.is_label(BeatLabel.NORMAL) & np.isfinite(widths)]
    usual = float(np.median(normal)) if normal.size else math.nan
    return widths / usual if usual > 0.0 else np.full(widths.size, np.nan)


def _of_lead(
    recorded: Recorded, cuts: FloatArray, config: ComparisonConfig
) -> dict[str, tuple[Value, int]]:
    is_normal: BoolArray = recorded.is_label(BeatLabel.NORMAL)
    follows: BoolArray = np.isfinite(recorded.rr_ms)
    found = compare_beats(cuts, is_normal, follows, config.likeness)
    few = NullReason.TOO_FEW_BEATS
    values = {key: _median(found[:, column], few) for key, column in _OF_USUAL.items()}
    values["dtw_prev"] = _median(found[:, DTW], few)
    both = is_normal & np.r_[False, is_normal[:-1]][: is_normal.size]
    values["morph_var"] = _slow(recorded, np.where(both, found[:, DTW], np.nan), config)
    return values


def _slow(recorded: Recorded, distances: FloatArray, config: ComparisonConfig) -> tuple[Value, int]:
    known = np.isfinite(distances)
    n = int(known.sum())
    if recorded.duration_s < config.segment_s:
        return NullReason.TOO_SHORT, 0
    if n < 2:
        return NullReason.TOO_FEW_BEATS, 0
    time_s = np.array([beat.beat.time_ms for beat in recorded.beats])[known] / 1e3
    # A recording of just a segment ends a beat or two before it.
    segment_s = min(config.segment_s, max(time_s[-1] - time_s[0], 0.95 * config.segment_s))
    power = slow_power(time_s, distances[known], config.slow_band, segment_s)
    return (power, n) if math.isfinite(power) else (NullReason.TOO_FEW_BEATS, 0)


def _beside_usual(recorded: Recorded, config: ComparisonConfig) -> dict[str, tuple[Value, int]]:
    few = NullReason.TOO_FEW_BEATS
    compensation = compensation_ratios(recorded, config)
    return {
        "premature_ratio": _median(premature_ratios(recorded, config), few),
        "comp_ratio": _median(compensation, NullReason.NOT_APPLICABLE),
        "qrs_width_ratio": _median(width_ratios(recorded), few),
    }


def _clusters(cuts: FloatArray, config: ComparisonConfig) -> dict[str, tuple[Said, int]]:
    found = clusters(cuts[: config.most_beats], config.cluster_alike, config.most_clusters)
    n = int((found >= 0).sum())
    if n == 0:
        return dict.fromkeys(("cluster_id", "cluster_share"), (NullReason.TOO_FEW_BEATS, 0))
    shares = np.bincount(found[found >= 0]) / n
    return {
        "cluster_id": (tuple(float(each) for each in found), n),
        "cluster_share": (tuple(float(each) for each in shares), n),
    }


def _is_paced(recorded: Recorded) -> bool:
    return 2 * int(recorded.is_label(BeatLabel.PACED).sum()) > len(recorded.beats)


def _median(values: FloatArray, without: NullReason) -> tuple[Value, int]:
    known = values[np.isfinite(values)]
    return (float(np.median(known)), int(known.size)) if known.size else (without, 0)
