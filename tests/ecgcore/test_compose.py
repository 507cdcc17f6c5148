"""Composing: what is said follows from what is given, and nothing more."""

import operator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from ecgcore.compose import compose
from ecgcore.events import NullReason, RhythmLabel
from ecgcore.report import Flag, ReportStatus
from ecgcore.stored import StoredRhythm
from ecgcore.types import Gap, GapReason
from tests.ecgcore.reporting import (
    ALGORITHM,
    END,
    END_NS,
    START,
    START_NS,
    beat,
    given,
    measured,
    parts,
    run,
    time_ns,
    window,
)


def test_composing_twice_gives_the_same_report() -> None:
    assert compose(given()) == compose(given())


def test_a_good_minute_says_nothing_and_shows_ten_seconds() -> None:
    report = compose(given())
    assert report.statements == ()
    assert report.events == ()
    assert report.status is ReportStatus.UNCONFIRMED
    assert report.confirmation is None
    [strip] = report.strips
    # The best part is the third ten seconds.
    assert strip.samples == tuple(range(START + 2600, START + 3900))
    assert strip.first_counter == START + 2600
    assert strip.start_ns == START_NS + 20 * 10**9


def test_values_carry_range_flag_and_codes() -> None:
    rate, longest, pr = compose(given()).measurements
    assert (rate.ref_low, rate.ref_high, rate.flag) == (60, 100, Flag.NORMAL)
    assert rate.codes is not None
    assert rate.codes.loinc == "8867-4"
    assert (longest.ref_low, longest.ref_high) == (None, 2000)
    assert (pr.value, pr.flag, pr.null_reason) == (None, None, NullReason.NOT_MEASURED)
    assert rate.lead == "CHEST"


@pytest.mark.parametrize(
    ("hr", "flag"),
    [(59.9, Flag.LOW), (60.0, Flag.NORMAL), (100.0, Flag.NORMAL), (100.1, Flag.HIGH)],
)
def test_flags_at_the_limits(hr: float, flag: Flag) -> None:
    assert compose(given(window=window(hr=hr))).measurements[0].flag is flag


def test_a_biomarker_without_a_range_has_no_flag() -> None:
    only = replace(window(), measurements=(measured("rmssd", 40.0),))
    [rmssd] = compose(given(window=only)).measurements
    assert (rmssd.flag, rmssd.ref_id, rmssd.codes) == (None, None, None)


def test_recording_counts_only_good_parts_as_analysable() -> None:
    # 0.4 is not measured in; 0.45 covers nothing that counts either.
    report = compose(given(parts=parts([1.0, 1.0, 0.4, 0.45, 1.0, 1.0])))
    assert report.recording.wall_s == 60
    assert report.recording.analysable_s == pytest.approx(40)


def test_gaps_are_timed_by_their_counters() -> None:
    gap = Gap(START + 1300, 130, GapReason.LINK_LOST)
    [named] = compose(given(gaps=(gap,))).recording.gaps
    assert named.start_ns == START_NS + 10 * 10**9
    assert named.duration_s == pytest.approx(1)
    assert named.reason == "link_lost"


def test_a_strip_never_bridges_a_gap() -> None:
    runs = (run(START, START + 500), run(START + 600, END))
    report = compose(given(runs=runs, parts=parts([1.0, 0.5, 0.5, 0.5, 0.5, 0.5])))
    # The longer side of the gap inside the best part.
    assert report.strips[0].samples == tuple(range(START + 600, START + 1300))


def test_without_samples_there_is_no_strip_and_the_report_says_so() -> None:
    report = compose(given(runs=(), window=window(sqi=0.0, hr=None, coverage=0.0), parts=()))
    assert report.strips == ()
    assert [s.id for s in report.statements] == ["uninterpretable", "incomplete"]
    assert report.recording.analysable_s == 0


def test_a_long_interval_is_an_event_with_its_own_strip() -> None:
    before, after = START + 2000, START + 2000 + 416
    rr_ms = 416 / 130 * 1000
    report = compose(given(beats=(beat(before, 800.0), beat(after, rr_ms))))
    [event] = report.events
    assert (event.start_counter, event.end_counter) == (before, after)
    assert event.start_ns == pytest.approx(time_ns(before), abs=1000)
    assert event.end_ns == time_ns(after)
    strip = next(s for s in report.strips if s.id in event.strip_ids)
    assert strip.first_counter <= before
    assert after <= strip.first_counter + len(strip.samples)
    assert report.statements[0].text.en == "No beat found for 3.2 s"


def test_a_bad_signal_gives_no_events() -> None:
    bad = given(beats=(beat(START + 2000, 3200.0),), window=window(sqi=0.6))
    assert compose(bad).events == ()


def test_comparison_is_with_the_same_algorithm_only() -> None:
    before = compose(given(window=window(hr=65.0)))
    [change] = compose(given(previous=before)).comparison
    assert (change.value, change.previous) == (72.0, 65.0)
    assert change.change == pytest.approx(7.0)
    assert change.previous_report_id == before.report_id
    other = replace(given(), algorithm=ALGORITHM.model_copy(update={"version": "2"}))
    assert compose(replace(other, previous=before)).comparison == ()


_BEYOND = {
    "uninterpretable": operator.lt,
    "poor_quality": operator.lt,
    "incomplete": operator.lt,
    "rate_low": operator.lt,
    "rate_high": operator.gt,
    "long_interval": operator.ge,
}


@forall(
    sqi=st.floats(0, 1),
    coverage=st.floats(0, 1),
    hr=st.none() | st.floats(20, 300),
    rr_ms=st.none() | st.floats(200, 8000),
)
def test_every_statement_rests_on_a_number_beyond_its_limit_and_on_a_strip(
    sqi: float, coverage: float, hr: float | None, rr_ms: float | None
) -> None:
    judged = window(sqi=sqi, hr=hr, coverage=coverage)
    report = compose(given(window=judged, beats=(beat(START + 3000, rr_ms),)))
    shown = {strip.id for strip in report.strips}
    for statement in report.statements:
        assert statement.strip_ids
        assert set(statement.strip_ids) <= shown
        for evidence in statement.evidence:
            assert _BEYOND[statement.id](evidence.value, evidence.threshold)
    if sqi < 0.7:
        assert {s.id for s in report.statements} <= {
            "uninterpretable",
            "poor_quality",
            "incomplete",
        }


@forall(
    cuts=st.lists(st.integers(START, END), max_size=8),
)
def test_a_strip_shows_what_was_recorded_however_it_was_cut(cuts: list[int]) -> None:
    edges = [START, *sorted(cuts), END]
    runs = tuple(run(a, b) for a, b in pairwise(edges) if a < b)
    strip = compose(given(runs=runs)).strips[0]
    assert strip == compose(given()).strips[0]


def test_the_end_of_the_stretch_is_the_end_of_the_recording() -> None:
    recording = compose(given()).recording
    assert (recording.start_ns, recording.end_ns) == (START_NS, END_NS)
    assert (recording.start_counter, recording.end_counter) == (START, END)


def test_a_rhythm_that_was_named_in_noise_is_not_stated() -> None:
    clear = StoredRhythm(RhythmLabel.COUPLET, START + 1400, START + 1500, 0.8)
    noisy = StoredRhythm(RhythmLabel.NSVT, START + 2700, START + 3000, 0.8)
    over = StoredRhythm(RhythmLabel.SINUS_RHYTHM, START, END, 0.95)
    found = compose(
        given(parts=parts([0.95, 0.95, 0.3, 0.95, 0.95, 0.95]), rhythms=(over, clear, noisy))
    )
    ids = {statement.id for statement in found.statements}
    assert {"couplet", "sinus_rhythm"} <= ids
    assert "nsvt" not in ids
