"""The rate of the atria: P waves, those no QRS follows as well, or the waves of flutter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ecgcore.atrial import N_PATTERN
from ecgcore.beat_places import PEAK, BeatPlaces, P
from ecgcore.conduction import Conduction, ConductionConfig, ConductionState
from ecgcore.events import BeatClassified, Measurement, NullReason, RhythmLabel
from ecgcore.flutter import FlutterConfig, sawtooth
from ecgcore.limits import Count, Seconds, Share
from ecgcore.measured import Value, measurement_of
from ecgcore.nn import BoolArray
from ecgcore.recorded import Recorded
from ecgcore.rhythm import RhythmConfig
from ecgcore.rpeak import RPeak
from ecgcore.second import LabelledBeat
from ecgcore.types import FloatArray, Int64Array


@dataclass(frozen=True, slots=True)
class AtrialRateConfig:
    """Limits."""

    template_beats: Count = 4
    """P waves that the search for those without a QRS may rest on; the whole recording is known."""
    least_share: Share = 0.5
    """Of the beats, that must have a P wave before them."""
    in_time: Share = 0.25
    """A P wave without a QRS that comes sooner after another, by this share of PP, is none."""
    flutter_share: Share = 0.5
    """A recording of which flutter takes more has the rate of its waves."""
    least_pp: Count = 2
    """Intervals between P waves that a rate rests on."""
    before_s: Seconds = 6.0
    after_s: Seconds = 1.0
    """Signal around a beat that P waves are searched in."""


class PWaves(NamedTuple):
    """The P waves of one lead, in order."""

    place_s: FloatArray
    """shape (n,)"""
    run: Int64Array
    """shape (n,), rising; between waves of different runs something is not known"""
    n_beats: int
    """Beats that have any since the beat before."""

    @property
    def intervals_ms(self) -> FloatArray:
        """From each to the next of its run."""
        found: FloatArray = 1e3 * np.diff(self.place_s)[np.diff(self.run) == 0]
        return found


def measure_atria(
    beats: BeatPlaces, config: AtrialRateConfig, rhythm: RhythmConfig
) -> Iterator[Measurement]:
    """Give the atrial rate, the mean PP interval and P waves for each QRS."""
    recorded = beats.recorded
    for key, (value, n) in _values(beats, config, rhythm).items():
        yield measurement_of(key, value, n, recorded.sqi, None)


def _values(
    beats: BeatPlaces, config: AtrialRateConfig, rhythm: RhythmConfig
) -> dict[str, tuple[Value, int]]:
    recorded, keys = beats.recorded, ("atrial_rate", "pp_mean", "av_ratio")
    reason = recorded.unusable or (NullReason.AF if beats.is_af else None)
    if reason is not None:
        return dict.fromkeys(keys, (reason, 0))
    if recorded.share_of([RhythmLabel.AFLUTTER]) > config.flutter_share:
        return _of_flutter(recorded, rhythm.flutter)
    if not recorded.beats:
        return dict.fromkeys(keys, (NullReason.TOO_FEW_BEATS, 0))
    p = p_waves(beats, config, rhythm.conduction)
    if p.n_beats < config.least_share * len(recorded.beats):
        return dict.fromkeys(keys, (NullReason.NO_P_WAVE, 0))
    pp_ms, n = p.intervals_ms, p.place_s.size
    ratio = n / len(recorded.beats)
    if pp_ms.size < config.least_pp:
        few = (NullReason.TOO_FEW_BEATS, 0)
        return {"atrial_rate": few, "pp_mean": few, "av_ratio": (ratio, n)}
    return {
        "atrial_rate": (60000.0 / float(np.median(pp_ms)), pp_ms.size),
        "pp_mean": (float(np.mean(pp_ms)), pp_ms.size),
        "av_ratio": (ratio, n),
    }


def p_waves(beats: BeatPlaces, config: AtrialRateConfig, conduction: ConductionConfig) -> PWaves:
    """Find all P waves of the lead that has most of them."""
    recorded = beats.recorded
    lead = int(np.argmax(np.isfinite(beats.places[1:, :, P, PEAK]).sum(axis=1)))
    conduction = replace(conduction, template_beats=config.template_beats)
    pattern = np.zeros(N_PATTERN)
    # The P wave is learnt first, so that it is known from the first beat on.
    for _ in range(2):
        state = ConductionState(pattern=pattern, lead=lead)
        search = Conduction(conduction, recorded.fs_hz, state)
        found, is_lost = _followed(recorded, search, config)
        pattern = search.state.pattern
    return _in_time(found, is_lost, config.in_time)


def _followed(
    recorded: Recorded, search: Conduction, config: AtrialRateConfig
) -> tuple[PWaves, BoolArray]:
    """Give the P waves, beat after beat, and which of them no QRS follows."""
    lead, fs_hz = search.state.lead, recorded.fs_hz
    ecg_mv, n_samples = recorded.ecg_mv[lead], recorded.n_samples
    before, after = round(config.before_s * fs_hz), round(config.after_s * fs_hz)
    places: list[float] = []
    runs: list[int] = []
    lost: list[bool] = []
    run = last = n_beats = 0
    for beat in recorded.beats:
        run += beat.rr_ms is None
        if np.isnan(ecg_mv[last : beat.sample]).any():
            pattern = search.state.pattern
            search.finish(beat.sample)
            search.state.pattern = pattern
        last = beat.sample
        end = min(beat.sample + after, n_samples)
        search.push(_labelled(beat), lead, ecg_mv[max(beat.sample - before, 0) : end], end)
        cycle = search.state.cycles[-1]
        has_own = bool(np.isfinite(cycle.p_s))
        inside = [*cycle.lost_s, cycle.p_s] if has_own else [*cycle.lost_s]
        places += inside
        runs += [run] * len(inside)
        lost += [True] * len(cycle.lost_s) + [False] * has_own
        n_beats += bool(inside)
        # Of a beat without a P wave nobody knows when the atria beat.
        run += not has_own
    found = PWaves(np.array(places, float), np.array(runs, np.int64), n_beats)
    return found, np.array(lost, bool)


def _in_time(p: PWaves, is_lost: BoolArray, share: float) -> PWaves:
    """Leave out P waves that no QRS follows and that do not come in time."""
    if not p.intervals_ms.size:
        return p
    least_s = (1.0 - share) * float(np.median(p.intervals_ms)) / 1e3
    steps_s = np.where(np.diff(p.run) == 0, np.diff(p.place_s), np.inf)
    is_soon = np.minimum(np.append(np.inf, steps_s), np.append(steps_s, np.inf)) < least_s
    kept = ~(is_lost & is_soon)
    return PWaves(p.place_s[kept], p.run[kept], p.n_beats)


def _labelled(beat: BeatClassified) -> LabelledBeat:
    found = beat.beat
    peak = RPeak(found.sample, found.offset, found.amplitude_mv, found.confidence, found.sample)
    return LabelledBeat(peak, beat.waves, beat.lead_waves, beat.label, beat.confidence)


def _of_flutter(recorded: Recorded, config: FlutterConfig) -> dict[str, tuple[Value, int]]:
    cycles_s = flutter_cycles_s(recorded, config)
    no_p: tuple[Value, int] = (NullReason.NO_P_WAVE, 0)
    rr_ms = recorded.rr_ms[np.isfinite(recorded.rr_ms)]
    if not cycles_s or not rr_ms.size:
        return dict.fromkeys(("atrial_rate", "pp_mean", "av_ratio"), no_p)
    rate = 60.0 / float(np.median(cycles_s))
    ratio = rate * float(np.mean(rr_ms)) / 60000.0
    return {
        "atrial_rate": (rate, len(cycles_s)),
        "pp_mean": no_p,
        "av_ratio": (ratio, len(cycles_s)),
    }


def flutter_cycles_s(recorded: Recorded, config: FlutterConfig) -> Sequence[float]:
    """Give the cycle of each piece of flutter in which it can be seen, in its clearest lead."""
    length = round(config.length_s * recorded.fs_hz)
    peaks = np.array([beat.sample for beat in recorded.beats], float)
    cycles_s = []
    for rhythm in recorded.rhythms:
        if rhythm.label is not RhythmLabel.AFLUTTER:
            continue
        for start in range(rhythm.start, rhythm.end, length):
            end = min(start + length, rhythm.end)
            piece = recorded.ecg_mv[:, start:end]
            if np.isnan(piece).any():
                continue
            inside = peaks[(peaks >= start) & (peaks < end)] - start
            seen = [
                sawtooth(lead, inside, recorded.fs_hz, config.leave, config.compared_s)
                for lead in np.ascontiguousarray(piece)
            ]
            likeness, cycle_s, size_mv, _ = max(seen)
            if likeness >= config.leave and size_mv >= config.least_mv:
                cycles_s.append(cycle_s)
    return cycles_s
