"""Rhythm over synthetic beats: values, bounds, restoring, hostile input."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest

from ecgcore.events import (
    PATTERNS,
    BeatLabel,
    BeatWaves,
    QualityReason,
    RhythmBegan,
    RhythmEnded,
    RhythmLabel,
    Wave,
)
from ecgcore.rhythm import RhythmConfig, RhythmState, RhythmTracker
from ecgcore.rpeak import RPeak
from ecgcore.second import LabelledBeat, SignalSecond
from ecgcore.state import dump_state, load_state
from ecgcore.types import FloatArray

FS_HZ = 250.0
RNG = np.random.default_rng(5)
Beat = tuple[float, BeatLabel]
N, V, PACED = BeatLabel.NORMAL, BeatLabel.VENTRICULAR, BeatLabel.PACED
EVEN: list[Beat] = [(0.5 + 0.8 * k, N) for k in range(74)]


def beat_of(at_s: float, label: BeatLabel, has_p: bool | None) -> LabelledBeat:
    sample = round(at_s * FS_HZ)
    peak = RPeak(sample, at_s * FS_HZ - sample, 1.0, 1.0, sample)

    def wave(begin_s: float, end_s: float) -> Wave:
        a, b = sample + begin_s * FS_HZ, sample + end_s * FS_HZ
        return Wave(a, (a + b) / 2, b, 0.1, 0.9)

    qrs = None if has_p is None else wave(-0.04, 0.04)
    waves = BeatWaves(wave(-0.2, -0.1) if has_p else None, qrs)
    return LabelledBeat(peak, waves, (waves,), label, 1.0)


def seconds(
    beats: Sequence[Beat],
    length_s: int,
    ecg_mv: FloatArray | None = None,
    has_p: bool | None = None,
    bad: tuple[int, int, QualityReason] | None = None,
) -> Iterator[tuple[SignalSecond, list[LabelledBeat]]]:
    whole = np.zeros(round(length_s * FS_HZ)) if ecg_mv is None else ecg_mv
    for k in range(length_s):
        inside = [beat_of(s, label, has_p) for s, label in beats if k <= s < k + 1]
        is_bad = bad is not None and bad[0] <= k < bad[1]
        start = round(k * FS_HZ)
        piece = whole[np.newaxis, start : start + round(FS_HZ)]
        reasons = (bad[2],) if bad is not None and is_bad else ()
        yield (
            SignalSecond(
                start, piece, tuple(b.peak for b in inside), 0.1 if is_bad else 1.0, reasons
            ),
            inside,
        )


def ended(
    items: Iterator[tuple[SignalSecond, list[LabelledBeat]]], restored_at: int | None = None
) -> list[RhythmEnded]:
    stage = RhythmTracker(RhythmConfig(), FS_HZ, 1)
    events: list[RhythmBegan | RhythmEnded] = []
    for k, (second, beats) in enumerate(items):
        if k == restored_at:
            state = load_state(RhythmState, dump_state(stage.state, "law"), "law")
            stage = RhythmTracker(RhythmConfig(), FS_HZ, 1, state)
        events += stage.push(second, beats)
    events += stage.finish([])
    began = [(e.start, e.label) for e in events if isinstance(e, RhythmBegan)]
    over = [e for e in events if isinstance(e, RhythmEnded)]
    assert sorted(began) == sorted((e.start, e.label) for e in over)
    return over


def bases(over: Sequence[RhythmEnded]) -> list[RhythmEnded]:
    return [each for each in over if each.label not in PATTERNS]


def fibrillating(start_s: float, end_s: float) -> list[Beat]:
    at_s, beats = start_s, []
    while at_s < end_s:
        beats.append((at_s, N))
        at_s += float(RNG.uniform(0.4, 1.0))
    return beats


@pytest.mark.parametrize(
    ("has_p", "label"),
    [
        (False, RhythmLabel.JUNCTIONAL),
        (True, RhythmLabel.SINUS_BRADY),
        (None, RhythmLabel.SINUS_BRADY),
    ],
)
def test_even_narrow_beats_that_have_no_p_wave_are_junctional(
    has_p: bool | None, label: RhythmLabel
) -> None:
    beats = [(0.5 + 1.2 * k, N) for k in range(49)]
    assert bases(ended(seconds(beats, 60, has_p=has_p)))[-1].label is label


def test_in_a_stream_waves_alone_make_no_fibrillation(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a fast heart whose P waves are hidden: the waves say AF, even intervals do not."""

    def mistaken(_: FloatArray, has_waves: bool) -> float:
        return 0.8 if has_waves else 0.02

    monkeypatch.setattr("ecgcore.rhythm.probability", mistaken)
    found = bases(ended(seconds([(0.5 + 0.5 * k, N) for k in range(358)], 180, has_p=True)))
    assert found[-2].label is RhythmLabel.AFIB
    assert found[-1].label is RhythmLabel.SINUS_TACHY
    assert found[-1].end - found[-1].start > 120 * FS_HZ


def test_in_a_stream_waves_and_intervals_make_fibrillation() -> None:
    found = bases(ended(seconds(fibrillating(0.5, 180.0), 180, has_p=False)))
    assert max(found, key=lambda each: each.end - each.start).label is RhythmLabel.AFIB


@pytest.mark.parametrize(
    ("rr_s", "label"),
    [
        (0.8, RhythmLabel.SINUS_RHYTHM),
        (1.25, RhythmLabel.SINUS_BRADY),
        (0.5, RhythmLabel.SINUS_TACHY),
    ],
)
def test_even_beats_are_named_by_their_rate(rr_s: float, label: RhythmLabel) -> None:
    beats = [(0.5 + rr_s * k, N) for k in range(int(59 / rr_s))]
    found = bases(ended(seconds(beats, 60, has_p=True)))
    assert found[-1].label is label
    assert found[-1].end - found[-1].start >= 45 * FS_HZ


@pytest.mark.parametrize(
    ("steps_s", "kind", "has_p", "label"),
    [
        ([1.3] * 7, N, True, RhythmLabel.SINUS_BRADY),
        ([1.4] * 6, N, False, RhythmLabel.JUNCTIONAL),
        ([1.3] * 7, PACED, True, RhythmLabel.PACED),
        # It may be fibrillation, which so few beats cannot show.
        ([1.0, 1.7, 1.1, 1.6, 1.3, 1.9], N, False, RhythmLabel.UNDETERMINED),
        ([2.9] * 2, N, True, RhythmLabel.UNDETERMINED),
    ],
)
def test_a_run_that_is_over_before_its_rhythm_lasts_is_named_by_its_beats(
    steps_s: list[float], kind: BeatLabel, has_p: bool, label: RhythmLabel
) -> None:
    beats: list[Beat] = [(0.6 + float(s), kind) for s in np.r_[0.0, np.cumsum(steps_s)]]
    stage = RhythmTracker(RhythmConfig(), FS_HZ, 1)
    events: list[RhythmBegan | RhythmEnded] = []
    waiting: list[LabelledBeat] = []
    for second, inside in seconds(beats, 10, has_p=has_p):
        waiting += inside
        # Classes come some beats late; the last ones come at the end.
        events += stage.push(second, waiting[:-5])
        waiting = waiting[-5:]
    events += stage.finish(waiting)
    over = bases([e for e in events if isinstance(e, RhythmEnded)])
    assert over[-1].label is label
    first = 0.0 if label is RhythmLabel.UNDETERMINED else 0.6
    assert (over[-1].start, over[-1].end) == (first * FS_HZ, 10 * FS_HZ)
    assert over[0].start == 0
    assert all(a.end == b.start for a, b in pairwise(over))
    began = [(e.start, e.label) for e in events if isinstance(e, RhythmBegan)]
    assert began == [(e.start, e.label) for e in over]


def test_fibrillation_that_is_judged_at_the_end_of_a_run_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ecgcore.rhythm.probability", lambda _, has_waves: 0.9)
    steps_s = [0.8, 1.4, 0.9, 1.3, 0.7, 1.4, 0.9, 1.2]
    beats: list[Beat] = [(0.6 + float(s), N) for s in np.r_[0.0, np.cumsum(steps_s)]]
    stage, held_back = RhythmTracker(RhythmConfig(), FS_HZ, 1), []
    for second, inside in seconds(beats, 10, has_p=False):
        stage.push(second, [])
        held_back += inside
    over = [e for e in stage.finish(held_back) if isinstance(e, RhythmEnded)]
    assert bases(over)[-1].label is RhythmLabel.AFIB


def test_breathing_is_sinus_arrhythmia() -> None:
    at_s = 0.5 + np.cumsum(0.85 + 0.1 * np.sin(2 * np.pi * np.arange(68) / 5.0))
    found = bases(ended(seconds([(float(s), N) for s in at_s], 58, has_p=True)))
    assert found[-1].label is RhythmLabel.SINUS_ARRHYTHMIA


def test_fast_even_beats_without_p_are_svt() -> None:
    beats = [(0.5 + 0.35 * k, N) for k in range(160)]
    assert bases(ended(seconds(beats, 56, has_p=False)))[-1].label is RhythmLabel.SVT


def test_fibrillation_begins_and_ends_where_it_does() -> None:
    before: list[Beat] = [(0.5 + 0.8 * k, N) for k in range(100)]
    during = fibrillating(80.5, 160.0)
    after: list[Beat] = [(160.5 + 0.8 * k, N) for k in range(100)]
    over = ended(seconds([*before, *during, *after], 240))
    found = [each for each in over if each.label is RhythmLabel.AFIB]
    assert len(found) == 1
    assert found[0].start / FS_HZ == pytest.approx(80.5, abs=10.0)
    assert found[0].end / FS_HZ == pytest.approx(160.0, abs=10.0)


def test_a_change_of_rate_does_not_hide_where_fibrillation_begins() -> None:
    before: list[Beat] = [(0.5 + 0.7 * k, N) for k in range(120)]
    during = [(at_s, N) for at_s in 84.5 + np.cumsum(RNG.uniform(0.35, 0.75, 200))]
    over = ended(seconds([*before, *during], 180))
    found = [each for each in over if each.label is RhythmLabel.AFIB]
    assert found[0].start / FS_HZ == pytest.approx(84.5, abs=10.0)


def test_bigeminy_is_a_pattern_over_sinus_rhythm() -> None:
    beats = [(1.0 + 1.6 * k, N) for k in range(36)] + [(1.5 + 1.6 * k, V) for k in range(36)]
    over = ended(seconds(sorted(beats), 60))
    assert RhythmLabel.BIGEMINY in {each.label for each in over}
    assert RhythmLabel.AFIB not in {each.label for each in over}


@pytest.mark.parametrize(("rr_s", "label"), [(0.35, RhythmLabel.VT), (0.8, RhythmLabel.AIVR)])
def test_long_runs_of_v_beats(rr_s: float, label: RhythmLabel) -> None:
    beats = [*EVEN[:20], *((16.5 + rr_s * k, V) for k in range(int(50 / rr_s)))]
    assert label in {each.label for each in ended(seconds(beats, 66))}


def test_paced_beats() -> None:
    beats = [(0.5 + 0.85 * k, PACED) for k in range(60)]
    assert bases(ended(seconds(beats, 52)))[-1].label is RhythmLabel.PACED


def test_one_oscillation_is_ventricular_fibrillation() -> None:
    time_s = np.arange(round(60 * FS_HZ)) / FS_HZ
    is_vf = (time_s >= 24.0) & (time_s < 44.0)
    wave = np.sin(2 * np.pi * 4.5 * time_s + 0.8 * np.sin(2 * np.pi * 0.3 * time_s))
    beats = [b for b in EVEN if not 24.0 <= b[0] < 44.0]
    over = ended(seconds(beats, 60, np.where(is_vf, 0.4 * wave, 0.0)))
    found = [each for each in over if each.label is RhythmLabel.VF]
    assert len(found) == 1
    assert found[0].start / FS_HZ == pytest.approx(24.0, abs=3.0)
    assert found[0].end / FS_HZ == pytest.approx(44.0, abs=6.0)


def test_standstill_is_asystole_from_the_last_beat() -> None:
    over = ended(seconds(EVEN[:30], 50))
    found = [each for each in over if each.label is RhythmLabel.ASYSTOLE]
    assert [each.start / FS_HZ for each in found] == [pytest.approx(EVEN[29][0], abs=0.1)]


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        (QualityReason.LOW_SNR, RhythmLabel.NOISE),
        (QualityReason.LEAD_OFF, RhythmLabel.LEAD_OFF),
    ],
)
def test_bad_signal_is_no_rhythm(reason: QualityReason, label: RhythmLabel) -> None:
    beats = [b for b in EVEN if not 25 <= b[0] < 40]
    over = ended(seconds(beats, 60, bad=(25, 40, reason)))
    found = [each for each in over if each.label is label]
    assert len(found) == 1
    assert found[0].start / FS_HZ == pytest.approx(25.0, abs=4.0)
    assert RhythmLabel.ASYSTOLE not in {each.label for each in over}


def test_base_rhythms_leave_no_hole() -> None:
    found = bases(ended(seconds([*EVEN[:40], *fibrillating(33.0, 100.0)], 100)))
    for a, b in pairwise(found):
        assert a.end == b.start
    assert found[-1].end == 100 * FS_HZ


@pytest.mark.parametrize("at", [1, 37, 60])
def test_restore_is_invisible(at: int) -> None:
    beats = [*EVEN[:40], *fibrillating(33.0, 80.0)]
    assert ended(seconds(beats, 80), at) == ended(seconds(beats, 80))


def test_memory_is_bounded() -> None:
    stage, sizes = RhythmTracker(RhythmConfig(), FS_HZ, 1), []
    for second, beats in seconds(fibrillating(0.5, 400.0), 400):
        stage.push(second, beats)
        sizes.append(len(dump_state(stage.state, "law")))
    assert max(sizes[200:]) <= 1.1 * max(sizes[:200])


def test_hostile_beats_and_signal_are_borne() -> None:
    noise = 50.0 * RNG.standard_normal(round(60 * FS_HZ))
    labels = list(BeatLabel)
    beats = [(0.3 + 0.21 * k, labels[int(RNG.integers(len(labels)))]) for k in range(270)]
    for has_p in (None, False, True):
        for each in ended(seconds(beats, 60, noise, has_p)):
            assert each.start <= each.end
            assert 0.0 <= each.confidence <= 1.0
