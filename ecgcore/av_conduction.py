"""What AV blocks did to single beats: P waves lost in them, and how PR grew before one was."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ecgcore.conduction import Conduction, ConductionConfig, Cycle
from ecgcore.events import BeatClassified, NullReason, RhythmEnded, RhythmLabel
from ecgcore.limits import Count, Seconds
from ecgcore.measured import Value
from ecgcore.recorded import Recorded
from ecgcore.rpeak import RPeak
from ecgcore.second import LabelledBeat

_BLOCKS = (
    RhythmLabel.MOBITZ1,
    RhythmLabel.MOBITZ2,
    RhythmLabel.AVB_2TO1,
    RhythmLabel.COMPLETE_AVB,
)


@dataclass(frozen=True, slots=True)
class AvConfig:
    """How far is looked."""

    before_s: Seconds = 12.0
    after_s: Seconds = 3.0
    """Signal around a beat that its lost P waves are searched in."""
    trend_beats: Count = 3
    """Conducted beats before a dropped one that the growth of PR is taken over."""


def dropped_p(recorded: Recorded, config: AvConfig, conduction: ConductionConfig) -> int:
    """Count the P waves that no QRS followed, inside AV blocks of the second and third degree.

    Outside of a block that was named, what looks like a lost P wave is more often a U wave or a
    part of T.
    """
    blocks = [each for each in recorded.rhythms if each.label in _BLOCKS]
    if not blocks:
        return 0
    return sum(
        len(cycle.lost_s)
        for cycle in _cycles(recorded, config, conduction)
        if any(block.start < cycle.sample <= block.end for block in blocks)
    )


def pr_trend_ms(recorded: Recorded, config: AvConfig) -> Value:
    """Give the mean growth of PR from beat to beat before the dropped beats of Mobitz I."""
    found = [
        slope
        for each in recorded.rhythms
        if each.label is RhythmLabel.MOBITZ1
        and (slope := _growth_ms(each, recorded.beats, config.trend_beats)) is not None
    ]
    return float(np.mean(found)) if found else NullReason.NOT_APPLICABLE


def _growth_ms(block: RhythmEnded, beats: Sequence[BeatClassified], n_beats: int) -> float | None:
    """Give the slope of PR over the last beats up to where a block began; None if unknown."""
    last = [beat for beat in beats if beat.sample <= block.start][-n_beats:]
    pr_ms = [
        (beat.waves.qrs.onset - beat.waves.p.onset) * beat.beat.sample_ms
        for beat in last
        if beat.waves.p is not None and beat.waves.qrs is not None
    ]
    is_unbroken = all(beat.rr_ms is not None for beat in last[1:])
    if len(pr_ms) < n_beats or not is_unbroken:
        return None
    return float(np.polyfit(np.arange(n_beats), pr_ms, 1)[0])


def _cycles(recorded: Recorded, config: AvConfig, conduction: ConductionConfig) -> Iterator[Cycle]:
    """Search before each beat once more, as the pipeline did."""
    fs_hz = recorded.fs_hz
    stage = Conduction(conduction, fs_hz)
    is_missing = np.isnan(recorded.ecg_mv[0])
    # Where the unbroken samples around a sample begin and end.
    gaps = np.flatnonzero(is_missing)
    last_start = -1
    for beat in recorded.of_kind(BeatClassified):
        at = int(np.searchsorted(gaps, beat.sample))
        start = int(gaps[at - 1]) + 1 if at else 0
        end = int(gaps[at]) if at < gaps.size else recorded.n_samples
        if start != last_start:
            stage.finish(beat.sample)
            last_start = start
        end = min(end, beat.sample + round(config.after_s * fs_hz))
        start = max(start, end - round(config.before_s * fs_hz))
        ecg_mv = np.ascontiguousarray(recorded.ecg_mv[0, start:end])
        stage.push(_labelled(beat), 0, ecg_mv, end)
        if stage.state.cycles:
            yield stage.state.cycles[-1]


def _labelled(beat: BeatClassified) -> LabelledBeat:
    told = beat.beat
    peak = RPeak(told.sample, told.offset, told.amplitude_mv, told.confidence, told.sample)
    return LabelledBeat(
        peak, beat.waves, beat.lead_waves, beat.label, beat.confidence, beat.cluster
    )
