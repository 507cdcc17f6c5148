"""Rhythm, ectopic beats, runs, fibrillation and pauses of a stretch, from its tally.

Burdens are shares of the analysable time or of all beats. Nothing is said where nothing could be
read, of premature beats of the atria in fibrillation, or of ectopic beats under a pacemaker: its
beats look like the ventricles' own.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ecgcore.events import BeatLabel, Event, Measurement, NullReason, RhythmLabel
from ecgcore.limits import Count, Seconds, Share
from ecgcore.measured import Said, Value, measurement_of
from ecgcore.rhythm import AF_SHARE
from ecgcore.rhythm_judged import TallyConfig
from ecgcore.rhythm_tally import Found, RhythmTally
from ecgcore.settling import SettlingConfig, settled

_GRADES: Mapping[RhythmLabel, str] = {
    RhythmLabel.COMPLETE_AVB: "complete",
    RhythmLabel.AVB_2TO1: "2to1",
    RhythmLabel.MOBITZ2: "mobitz2",
    RhythmLabel.MOBITZ1: "mobitz1",
    RhythmLabel.AVB1: "1",
}
"""Highest first."""
_NAMELESS: Mapping[RhythmLabel, NullReason] = {
    RhythmLabel.NOISE: NullReason.LOW_SQI,
    RhythmLabel.LEAD_OFF: NullReason.LOW_SQI,
    RhythmLabel.UNDETERMINED: NullReason.TOO_FEW_BEATS,
}


@dataclass(frozen=True, slots=True)
class BurdenConfig:
    """How counts become biomarkers."""

    settling: SettlingConfig = field(default_factory=SettlingConfig)
    tally: TallyConfig = field(default_factory=TallyConfig)
    least_beats: Count = 3
    hourly_least_s: Seconds = 60.0
    """Analysable time that a count for each hour may rest on."""
    af_share: Share = AF_SHARE
    """Of the analysable time; fibrillation that takes as much is the rhythm, and premature beats
    of the atria are not told there."""
    paced_share: Share = 0.5
    """Of the beats; more are a pacemaker's rhythm."""
    p_share: Share = 0.5
    """Beats with a P wave, without which no block between atria and ventricles can be told."""


def tally_of(events: Iterable[Event], fs_hz: float, config: BurdenConfig) -> RhythmTally:
    """Count what a pipeline told of a whole recording."""
    tally = RhythmTally(config.tally, fs_hz)
    for item in settled(events, fs_hz, config.settling):
        tally.push(item)
    return tally


def measure_burden(tally: RhythmTally, config: BurdenConfig, sqi: float) -> list[Measurement]:
    """Give every row of the table.

    Parameters
    ----------
    tally : RhythmTally
        Of the stretch; a sum of parts gives the same.
    """
    found = tally.found()
    n = found.n_beats
    return [measurement_of(key, value, n, sqi, None) for key, value in _said(tally, found, config)]


def _said(tally: RhythmTally, found: Found, config: BurdenConfig) -> list[tuple[str, Said]]:
    rows: dict[str, Said] = {
        **_ventricular(tally, found, config),
        **_supraventricular(tally, found, config),
        **_fibrillation(tally, found, config),
        **_pauses_and_rates(found),
        "paced_frac": 100.0 * _share(found.n_of(BeatLabel.PACED), found.n_beats),
        **_class(tally, config),
        "avb_grade": _grade(tally, found, config),
    }
    reason = _nothing(tally, found, config)
    return [(key, value if reason is None else reason) for key, value in rows.items()]


def _nothing(tally: RhythmTally, found: Found, config: BurdenConfig) -> NullReason | None:
    """Say why nothing can be told, if so."""
    if tally.state.usable == 0:
        return NullReason.GAP if tally.state.start is None else NullReason.LOW_SQI
    return NullReason.TOO_FEW_BEATS if found.n_beats < config.least_beats else None


def _ventricular(tally: RhythmTally, found: Found, config: BurdenConfig) -> dict[str, Said]:
    v, sums = found.ventricular, found.sums
    n_v = found.n_of(BeatLabel.VENTRICULAR)
    rows: dict[str, Said] = {
        "pvc_count": float(n_v),
        "pvc_per_h": _hourly(n_v, tally, config),
        "pvc_burden": 100.0 * _share(n_v, found.n_beats),
        "v_couplets": float(v.n_pairs),
        "v_triplets": float(v.n_triples),
        "bigeminy_s": found.bigeminy.length / 1e6,
        "trigeminy_s": found.trigeminy.length / 1e6,
        "vt_runs": float(v.n),
        "vt_longest": float(v.longest_n),
        "vt_fastest": v.fastest * 60e6 if v.n else NullReason.NOT_APPLICABLE,
        "vt_total_s": v.length / 1e6,
        "pvc_coupling_sd": _deviation_ms(sums.n_coupled, sums.coupled_us, sums.coupled_us2),
    }
    return _without(rows, NullReason.PACED if _is_paced(found, config) else None)


def _supraventricular(tally: RhythmTally, found: Found, config: BurdenConfig) -> dict[str, Said]:
    s = found.supraventricular
    n_s = found.n_of(BeatLabel.SUPRAVENTRICULAR)
    rows: dict[str, Said] = {
        "pac_count": float(n_s),
        "pac_per_h": _hourly(n_s, tally, config),
        "pac_burden": 100.0 * _share(n_s, found.n_beats),
        "svt_runs": float(s.n),
        "svt_longest": float(s.longest_n),
        "svt_fastest": s.fastest * 60e6 if s.n else NullReason.NOT_APPLICABLE,
        "escape_count": float(found.sums.n_escapes),
    }
    reason = None
    if _is_paced(found, config):
        reason = NullReason.PACED
    elif _af_share(tally) >= config.af_share:
        reason = NullReason.AF
    return _without(rows, reason)


def _fibrillation(tally: RhythmTally, found: Found, config: BurdenConfig) -> dict[str, Said]:
    sums, state = found.sums, tally.state
    wall_s = (state.end - (state.start or 0)) / tally.fs_hz
    has_beats, has_rate = sums.n_af > 0, found.peaks.af_span_us > 0
    n_rate = config.tally.beats.rate_beats
    is_long = wall_s >= config.tally.af_episode_s
    return {
        "af_burden": 100.0 * _af_share(tally),
        "af_episodes": float(found.af.n) if is_long else NullReason.TOO_SHORT,
        "af_longest": found.af.longest / tally.fs_hz,
        "af_hr_mean": 60e6 * sums.n_af / sums.af_us if has_beats else NullReason.NOT_APPLICABLE,
        "af_hr_max": 60e6 * n_rate / found.peaks.af_span_us
        if has_rate
        else NullReason.NOT_APPLICABLE,
    }


def _pauses_and_rates(found: Found) -> dict[str, Said]:
    sums = found.sums
    is_known = sums.judged_us > 0
    return {
        "pause_count": float(sums.n_pauses),
        "pause_count_af": float(sums.n_pauses_af),
        "pause_longest": found.peaks.pause_us / 1e6,
        "brady_s": sums.brady_us / 1e6 if is_known else NullReason.TOO_FEW_BEATS,
        "tachy_s": sums.tachy_us / 1e6 if is_known else NullReason.TOO_FEW_BEATS,
    }


def _class(tally: RhythmTally, config: BurdenConfig) -> dict[str, Said]:
    """Name the rhythm: fibrillation where it takes enough, else what takes most."""
    rhythms = tally.state.rhythms
    named = {label: n for label, n in rhythms.items() if label not in _NAMELESS}
    if not named:
        reason = _NAMELESS[max(rhythms, key=lambda each: rhythms[each])] if rhythms else None
        return dict.fromkeys(("rhythm_class", "rhythm_share"), reason or NullReason.LOW_SQI)
    label = max(named, key=lambda each: (named[each], each))
    if _af_share(tally) >= config.af_share:
        label = RhythmLabel.AFIB
    return {"rhythm_class": str(label), "rhythm_share": _share(named[label], tally.state.usable)}


def _grade(tally: RhythmTally, found: Found, config: BurdenConfig) -> Said:
    """Give the highest grade of AV block that was found."""
    if _is_paced(found, config):
        return NullReason.PACED
    if _af_share(tally) >= config.af_share:
        return NullReason.AF
    grade = next((_GRADES[each] for each in _GRADES if each in tally.state.patterns), None)
    sums = found.sums
    if grade is None and sums.n_p < config.p_share * max(sums.n_p_known, 1):
        return NullReason.NO_P_WAVE
    return grade or "0"


def _is_paced(found: Found, config: BurdenConfig) -> bool:
    return found.n_of(BeatLabel.PACED) > config.paced_share * found.n_beats


def _af_share(tally: RhythmTally) -> float:
    return _share(tally.state.rhythms.get(RhythmLabel.AFIB, 0), tally.state.usable)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _hourly(n: int, tally: RhythmTally, config: BurdenConfig) -> Value:
    if tally.usable_s < config.hourly_least_s:
        return NullReason.TOO_SHORT
    return 3600.0 * n / tally.usable_s


def _deviation_ms(n: int, total_us: int, squares_us2: int) -> Value:
    """Give the standard deviation (N - 1) from whole sums."""
    if n < 2:
        return NullReason.TOO_FEW_BEATS
    return math.sqrt((n * squares_us2 - total_us * total_us) / (n * (n - 1))) / 1e3


def _without(rows: dict[str, Said], reason: NullReason | None) -> dict[str, Said]:
    return rows if reason is None else dict.fromkeys(rows, reason)


BURDEN = (
    *("rhythm_class", "rhythm_share", "pvc_count", "pvc_per_h", "pvc_burden", "pac_count"),
    *("pac_per_h", "pac_burden", "v_couplets", "v_triplets", "bigeminy_s", "trigeminy_s"),
    *("vt_runs", "vt_longest", "vt_fastest", "vt_total_s", "svt_runs", "svt_longest"),
    *("svt_fastest", "af_burden", "af_episodes", "af_longest", "af_hr_mean", "af_hr_max"),
    *("pause_count", "pause_count_af", "pause_longest", "brady_s", "tachy_s", "escape_count"),
    *("pvc_coupling_sd", "paced_frac", "avb_grade"),
)
"""Keys that the table gives."""
