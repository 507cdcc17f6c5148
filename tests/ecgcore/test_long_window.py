"""Windows of an hour and of a day: parts add up to the whole, and the whole is what it measures."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.events import (
    BeatClassified,
    BeatDetected,
    BeatLabel,
    BeatWaves,
    Event,
    Measurement,
    NullReason,
    QualityScored,
    RhythmBegan,
    RhythmEnded,
    RhythmLabel,
    WindowClosed,
    WindowKind,
)
from ecgcore.hrv_config import HrvConfig, LeastData
from ecgcore.hrv_table import measure_hrv
from ecgcore.hrv_time import segments, time_domain
from ecgcore.long_stage import LongStage, LongStageConfig, LongStageState
from ecgcore.long_values import LONG_VARIABILITY, long_rates, long_variability
from ecgcore.long_window import LONG_KEYS, LongConfig
from ecgcore.nn import BoolArray, is_normal
from ecgcore.nn_series import nn_series
from ecgcore.nn_sums import NnRows, NnSums, nn_sums
from ecgcore.rate_sums import RateSums, rate_sums
from ecgcore.rates import running_rates
from ecgcore.rhythm_burden import measure_burden, tally_of
from ecgcore.state import dump_state, load_state
from ecgcore.types import Int64Array

FS_HZ = 1000.0
LONG = LongConfig(FS_HZ)
BIN_MS = LONG.hrv.histogram_bin_ms
SINUS, AF = RhythmLabel.SINUS_RHYTHM, RhythmLabel.AFIB


def intervals_us(n: int, seed: int = 3) -> Int64Array:
    """Whole milliseconds, with breathing, a slow swing and some chance; 0 after lost samples."""
    rng, at = np.random.default_rng(seed), np.arange(n)
    rr_ms = 850 + 40 * np.sin(0.25 * at) + 90 * np.sin(at / 700) + 12 * rng.standard_normal(n)
    early = rng.choice(n - 2, n // 80, replace=False)
    rr_ms[early] *= 0.6
    rr_ms[early + 1] *= 1.35
    rr_us: Int64Array = 1000 * np.round(rr_ms).astype(np.int64)
    rr_us[rng.choice(n, n // 500, replace=False)] = 0
    return rr_us


def rows_of(rr_us: Int64Array) -> tuple[NnRows, Int64Array]:
    """Give the rows, and when each ends; lost samples take a second."""
    end_us: Int64Array = np.cumsum(np.where(rr_us > 0, rr_us, 1_000_000))
    is_nn = is_normal(np.where(rr_us > 0, rr_us / 1e3, np.nan))
    return NnRows(rr_us, is_nn, (end_us - 1) // 300_000_000), end_us


def parts_of(rows: NnRows, cuts: Iterable[int]) -> list[NnRows]:
    n = rows.rr_us.size
    places = [0, *sorted(min(cut, n) for cut in cuts), n]
    return [NnRows(*(column[a:b] for column in rows)) for a, b in pairwise(places)]


def test_a_day_added_up_is_what_all_its_intervals_measure() -> None:
    rows, end_us = rows_of(intervals_us(110_000))
    inside = end_us < 86_400_000_000
    rows, end_us = NnRows(*(column[inside] for column in rows)), end_us[inside]
    nn, rates = NnSums(), RateSums(8)
    for part in parts_of(rows, range(1, 101_000, 4321)):
        nn += nn_sums(part, BIN_MS)
        rates += rate_sums(part.rr_us, 8)
    found = long_variability(nn, 86400.0, 300.0, HrvConfig()) | long_rates(rates)

    rr_ms = np.where(rows.rr_us > 0, rows.rr_us / 1e3, np.nan)
    series = nn_series(rr_ms, rows.is_nn, end_us / 1e3)
    # From the start of the day, not of the first interval.
    series = replace(series, end_ms=(end_us / 1e3)[rows.is_nn])
    between = segments(series, 86400.0, 300.0, 0.5)
    timed = time_domain(series)._asdict()
    expected = {key: timed[key] for key in LONG_VARIABILITY if key in timed}
    known_ms = rr_ms[np.isfinite(rr_ms)]
    expected |= {
        "sdann5": between.sdann,
        "sdnni5": between.sdnni,
        "rr_mean": known_ms.mean(),
        "hr_mean": 60000.0 / known_ms.mean(),
        "rr_range": np.ptp(known_ms),
        **running_rates(rr_ms, 8),
    }
    assert between.n > 280
    assert {key: found[key] for key in expected} == pytest.approx(expected, rel=1e-9)


rows_drawn = st.lists(
    st.tuples(st.sampled_from([0, 600, 780, 800, 815, 845, 900]), st.booleans()), max_size=40
)


@given(drawn=rows_drawn, cuts=st.lists(st.integers(0, 40), max_size=8), running=st.integers(1, 8))
def test_parts_add_up_to_the_whole(
    drawn: list[tuple[int, bool]], cuts: list[int], running: int
) -> None:
    rr_us = 1000 * np.array([each for each, _ in drawn], np.int64)
    is_nn: BoolArray = np.array([is_nn for _, is_nn in drawn], bool) & (rr_us > 0)
    rows = NnRows(rr_us, is_nn, np.arange(rr_us.size) // 7)
    parts = parts_of(rows, cuts)
    nn, rates = nn_sums(rows, BIN_MS), rate_sums(rr_us, running)
    forth, back = NnSums(), NnSums()
    forth_rates, back_rates = RateSums(running), RateSums(running)
    for part, other in zip(parts, reversed(parts), strict=True):
        forth, back = forth + nn_sums(part, BIN_MS), nn_sums(other, BIN_MS) + back
        forth_rates += rate_sums(part.rr_us, running)
        back_rates = rate_sums(other.rr_us, running) + back_rates
    assert forth == back == nn
    assert forth_rates == back_rates == rates


def told(
    rr_us: Int64Array,
    letters: str = "",
    lost_s: tuple[int, int] = (0, 0),
    af_s: tuple[int, int] = (0, 0),
    seconds: int | None = None,
) -> list[Event]:
    """Give events as a pipeline tells them: beats late, rhythms later, minutes once closed."""
    end_us = np.cumsum(np.where(rr_us > 0, rr_us, 1_000_000)) - rr_us[0]
    seconds = seconds or int(end_us[-1] / 1e6)
    waiting: list[tuple[float, Event]] = []
    labels = {"N": BeatLabel.NORMAL, "V": BeatLabel.VENTRICULAR, "P": BeatLabel.PACED}
    for k, (at_us, each_us) in enumerate(zip(end_us.tolist(), rr_us.tolist(), strict=True)):
        at_s, rr_ms = at_us / 1e6, each_us / 1e3 if k and each_us else None
        if at_s >= seconds or lost_s[0] <= at_s < lost_s[1]:
            continue
        if at_s - each_us / 1e6 < lost_s[1] <= at_s:
            rr_ms = None
        beat = BeatDetected(round(at_s * FS_HZ), 0.0, at_us / 1e3, 1.0, 1.0, rr_ms, 1.0)
        label = labels[letters[k] if k < len(letters) else "N"]
        classified = BeatClassified(beat, label, 1.0, rr_ms, BeatWaves(), (BeatWaves(),))
        waiting.append((at_s + 4.0, classified))
    second = round(FS_HZ)
    kept = [s for s in range(seconds) if not lost_s[0] <= s < lost_s[1]]
    waiting += [(s + 1.0, QualityScored(s * second, (s + 1) * second, 0.75)) for s in kept]
    for minute in range(seconds // 60):
        n = len([s for s in range(minute * 60, minute * 60 + 60) if not lost_s[0] <= s < lost_s[1]])
        start, end = minute * 60 * second, (minute + 1) * 60 * second
        closed = WindowClosed(
            *(WindowKind.S60, start, end, start + 5.0, end + 5.0, 0.75 * n / 60, n / 60, 70)
        )
        waiting += [(minute * 60 + 75.0, closed)] if n else []
    for start_s, end_s, label in ((0, af_s[0], SINUS), (*af_s, AF), (af_s[1], seconds, SINUS)):
        if end_s > start_s:
            start, end = round(start_s * FS_HZ), round(end_s * FS_HZ)
            waiting.append((start_s + 60.0, RhythmBegan(start, label, 1.0)))
            waiting.append((end_s + 60.0, RhythmEnded(start, end, label, 1.0)))
    block = RhythmEnded(95 * second, 125 * second, RhythmLabel.AVB1, 1.0)
    waiting.append((130.0, block))
    return [event for _, event in sorted(waiting, key=lambda each: each[0])]


def stage_of(hour_s: int, day_hours: int, measures: LongConfig = LONG) -> LongStageConfig:
    return LongStageConfig(measures, frozenset(LONG_KEYS), hour_s, day_hours)


def closed_by(events: Sequence[Event], config: LongStageConfig, seconds: int) -> list[WindowClosed]:
    stage = LongStage(config)
    found = [window for event in events for window in stage.push(event)]
    return [*found, *stage.finish(round(seconds * FS_HZ))]


def by_key(window: WindowClosed) -> dict[str, Measurement]:
    return {each.key: each for each in window.measurements}


RR_US = intervals_us(9000)
LETTERS = "".join("V" if k % 61 == 9 or k % 500 in (70, 71, 72) else "N" for k in range(9000))
STREAM = told(RR_US, LETTERS, lost_s=(4003, 4500), af_s=(5000, 5600), seconds=7300)


def test_a_window_is_what_the_beats_of_its_stretch_measure() -> None:
    """The oracles have all beats of the window at once, and judge them among their neighbours."""
    hrv = HrvConfig(least=LeastData(long_s=7200.0))
    measures = replace(LONG, hrv=hrv)
    *hours, day = closed_by(STREAM, stage_of(3600, 2, measures), 7300)
    assert [(w.kind, w.start, w.end) for w in (*hours, day)] == [
        (WindowKind.H1, 0, 3_600_000),
        (WindowKind.H1, 3_600_000, 7_200_000),
        (WindowKind.H24, 0, 7_200_000),
    ]
    beats = [event for event in STREAM if isinstance(event, BeatClassified)]
    rr_ms = np.array([beat.rr_ms for beat in beats], float)
    is_sinus = np.array([beat.label is BeatLabel.NORMAL for beat in beats])
    is_nn = is_normal(rr_ms) & is_sinus & np.r_[True, is_sinus[:-1]]
    at_ms = np.array([beat.beat.time_ms for beat in beats])
    for window in (*hours, day):
        inside = (at_ms >= window.start) & (at_ms < window.end)
        duration_s = (window.end - window.start) / FS_HZ
        table = measure_hrv(
            rr_ms[inside], is_nn[inside], hrv, beat_ms=at_ms[inside], duration_s=duration_s
        )
        expected = {each.key: each.value for each in table if each.key in LONG_VARIABILITY}
        # Five minutes of the counter; the oracle counts them from the first beat.
        aligned = ("sdnni5", "sdann5") if window.start else ("sdann5",)
        expected = {key: value for key, value in expected.items() if key not in aligned}
        found = by_key(window)
        assert len(expected) >= 22
        assert {k: found[k].value for k in expected} == pytest.approx(expected, rel=1e-9)
        rates = running_rates(rr_ms[inside], 8)
        assert {k: found[k].value for k in rates} == pytest.approx(rates, rel=1e-9)


def test_rhythms_and_ectopic_beats_are_those_of_the_stretch() -> None:
    (day,) = closed_by(STREAM, stage_of(7200, 1), 7300)[1:]
    tally = tally_of(
        [e for e in STREAM if getattr(e, "start", getattr(e, "sample", 0)) < 7_200_000],
        FS_HZ,
        LONG.burden,
    )
    expected = {each.key: each for each in measure_burden(tally, LONG.burden, day.sqi)}
    found = by_key(day)
    assert {key: found[key] for key in expected} == expected
    beats = [e for e in STREAM if isinstance(e, BeatClassified) and e.sample < 7_200_000]
    letters = "".join(str(beat.label) for beat in beats)
    assert found["pvc_count"].value == letters.count("V")
    assert found["v_triplets"].value == len(re.findall("(?<!V)VVV(?!V)", letters)) == 15
    assert found["af_burden"].value == pytest.approx(100.0 * 600 / (7200 - 497))
    assert found["avb_grade"].text == "1"


def test_a_day_of_short_hours_is_the_day_of_a_long_one() -> None:
    *_, whole = closed_by(STREAM, stage_of(7200, 1), 7300)
    for hour_s in (60, 600, 3600):
        closed = closed_by(STREAM, stage_of(hour_s, 7200 // hour_s), 7300)
        (day,) = (window for window in closed if window.kind is WindowKind.H24)
        assert (day.start, day.end, day.n_beats) == (whole.start, whole.end, whole.n_beats)
        assert (day.sqi, day.coverage) == pytest.approx((whole.sqi, whole.coverage))
        for mine, yours in zip(day.measurements, whole.measurements, strict=True):
            # The quality alone is no whole number.
            assert replace(mine, sqi=0.0, value=None) == replace(yours, sqi=0.0, value=None)
            assert mine.value == (yours.value if mine.key != "sqi" else pytest.approx(yours.value))


def test_going_on_from_a_state_changes_nothing_and_the_state_stays_small() -> None:
    config = stage_of(600, 3)
    stage, found, sizes = LongStage(config), list[WindowClosed](), list[int]()
    for k, event in enumerate(STREAM):
        found += stage.push(event)
        if k % 40 == 0:
            data = dump_state(stage.state, "test")
            sizes.append(len(data))
            stage = LongStage(config, load_state(LongStageState, data, "test"))
    found += stage.finish(7_300_000)
    assert found == closed_by(STREAM, config, 7300)
    assert [w.kind for w in found] == [*3 * [WindowKind.H1], WindowKind.H24] * 4
    # Two minutes that are not settled, the hour under way, one that waits and the day so far.
    assert max(sizes) < 40_000


def test_a_long_stretch_is_kept_in_a_few_kilobytes() -> None:
    stage = LongStage(stage_of(3600, 24))
    for event in STREAM:
        list(stage.push(event))
    one = len(dump_state(stage.state.day, "test"))
    list(stage.finish(7_300_000))
    assert len(dump_state(stage.state.day, "test")) - one < 1000
    assert one < 4000


def test_lost_hours_are_no_windows_and_count_as_missing_in_the_day() -> None:
    events = told(RR_US, lost_s=(650, 2000), seconds=3100)
    found = closed_by(events, stage_of(600, 2), 3100)
    assert [(w.kind, w.start // 600_000, w.end // 600_000) for w in found] == [
        (WindowKind.H1, 0, 1),
        (WindowKind.H1, 1, 2),
        (WindowKind.H24, 0, 2),
        (WindowKind.H1, 3, 4),
        (WindowKind.H24, 2, 4),
        (WindowKind.H1, 4, 5),
    ]
    first, broken, day = found[:3]
    assert (first.coverage, broken.coverage, day.coverage) == pytest.approx(
        (1, 50 / 600, 650 / 1200)
    )
    assert (day.sqi, first.sqi) == pytest.approx((0.75 * 650 / 1200, 0.75))
    assert (day.start_ms, day.end_ms) == pytest.approx((5.0, 1_200_005.0))
    assert by_key(broken)["hr_mean"].null_reason is NullReason.GAP
    assert by_key(broken)["sdnn"].null_reason is NullReason.GAP
    assert by_key(broken)["pvc_count"].value == 0.0
    assert by_key(first)["sqi"].value == pytest.approx(0.75)


def test_what_a_window_cannot_tell_is_null_with_its_reason() -> None:
    fibrillating = told(RR_US, af_s=(0, 700), seconds=800)
    found = by_key(closed_by(fibrillating, stage_of(600, 24), 800)[0])
    assert found["sdnn"].null_reason is NullReason.AF
    assert found["pac_count"].null_reason is NullReason.AF
    assert found["hr_mean"].value is not None
    assert found["af_burden"].value == 100.0
    assert "sdann5" not in found
    paced = by_key(closed_by(told(RR_US, "P" * 900, seconds=800), stage_of(600, 24), 800)[0])
    assert paced["pvc_count"].null_reason is NullReason.PACED
    assert paced["sdnn"].null_reason is NullReason.TOO_FEW_BEATS
    assert paced["paced_frac"].value == 100.0


@pytest.mark.parametrize(("hour_s", "day_hours"), [(0, 24), (90, 24), (3600, 0)])
def test_hours_are_whole_minutes(hour_s: int, day_hours: int) -> None:
    with pytest.raises(ValueError, match="no whole minutes"):
        stage_of(hour_s, day_hours)
