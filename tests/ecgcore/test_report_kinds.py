"""Live, event, Holter and trend: what each says follows from what is given."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ecgcore.compose import compose
from ecgcore.compose_event import Happened, compose_event
from ecgcore.compose_holter import HolterConfig, compose_holter
from ecgcore.compose_live import Link, compose_live
from ecgcore.compose_trend import compose_trend
from ecgcore.events import BeatLabel, NullReason, RhythmLabel
from ecgcore.holter_sections import SECTIONS
from ecgcore.holter_values import running_rates
from ecgcore.report import Report
from ecgcore.report_input import ReportInput
from ecgcore.report_kinds import ANY_REPORT, Trigger, Urgency
from ecgcore.sample_runs import SampleRun
from ecgcore.stored import StoredBeat, StoredRhythm, Window
from ecgcore.types import Gap, GapReason
from tests.ecgcore.reporting import (
    DEVICE,
    END,
    END_NS,
    START,
    START_NS,
    given,
    measured,
    parts,
    time_ns,
    window,
)

HOUR_NS = 3600 * 10**9
_FS_HZ = 130


def heart(n_beats: int = 72, start: int = START, rr: int = 104) -> tuple[StoredBeat, ...]:
    """Beats every 0.8 s; every tenth is ventricular."""
    label = {True: BeatLabel.VENTRICULAR, False: BeatLabel.NORMAL}
    return tuple(
        StoredBeat(start + k * rr, time_ns(start + k * rr), 1.0, 800.0, label[k % 10 == 9])
        for k in range(n_beats)
    )


def rhythm(label: RhythmLabel, first_s: float, last_s: float) -> StoredRhythm:
    return StoredRhythm(label, START + round(first_s * _FS_HZ), START + round(last_s * _FS_HZ), 0.9)


def test_the_live_summary_tells_the_last_ten_seconds_and_counts_since_the_start() -> None:
    slower = replace(heart()[-1], sample=END - 10, utc_ns=END_NS - 10**8, rr_ms=1000.0)
    one = given(
        beats=(*heart()[:60], slower, replace(slower, rr_ms=1000.0)),
        rhythms=(
            rhythm(RhythmLabel.AFIB, 0, 20),
            rhythm(RhythmLabel.SINUS_RHYTHM, 20, 60),
            rhythm(RhythmLabel.COUPLET, 30, 32),
            rhythm(RhythmLabel.PAUSE, 40, 44),
        ),
        gaps=(Gap(START + 1300, 130, GapReason.LINK_LOST),),
    )
    live = compose_live(one, Link(state="live", battery_pct=70, latency_ms=120.0))
    assert live.hr_mean == pytest.approx(60.0)
    assert (live.rhythm, live.newest_event) == ("sinus_rhythm", f"pause-{START + 5200}")
    assert (live.since_start.pvc, live.since_start.pauses) == (6, 1)
    assert live.since_start.af_s == pytest.approx(20.0)
    assert live.last_gap is not None
    assert live.last_gap.reason == "link_lost"
    later = live.model_copy(update={"at_ns": live.at_ns + 10**10, "battery_pct": 69})
    changed = {"kind": "live", "patient_ref": "p1", "at_ns": later.at_ns, "battery_pct": 69}
    assert later.changes_since(live) == changed
    assert set(live.changes_since(None)) == set(type(live).model_fields)


def test_lead_off_is_null_and_never_zero() -> None:
    off = (*parts([0.9] * 5), Window(END - 1300, END, 0.1, 1.0, 0, (), ("lead_off",)))
    live = compose_live(given(beats=heart(), parts=off))
    assert (live.hr_mean, live.hr_null_reason) == (None, NullReason.LOW_SQI)
    assert live.lead_off


def event(label: RhythmLabel, symptom: str | None = None) -> Any:
    one = given(beats=heart(), rhythms=(rhythm(label, 30, 36.5),))
    trigger = Trigger(source="patient" if symptom else "automatic", symptom=symptom, rule_id=label)
    return compose_event(one, Happened(trigger, START + 3900, START + 4745))


def test_an_event_has_its_time_its_rate_its_beats_and_all_its_signal() -> None:
    found = event(RhythmLabel.NSVT, "flutter")
    assert found.onset_ns == START_NS + 30 * 10**9
    assert found.duration_s == pytest.approx(6.5)
    assert found.rate.mean == found.rate.low == pytest.approx(75.0)
    # Beats 38 (30.4 s) to 45 (36 s).
    assert found.first_beat.at_ns == time_ns(START + 38 * 104)
    assert found.last_beat.label == "N"
    assert found.strips[0].id == "event"
    assert found.strips[0].samples == tuple(range(START, END))
    assert found.symptom_rhythm.en == (
        "“flutter”: Nonsustained ventricular tachycardia, 6.5 s in all"
    )
    assert found.context.hour_of_day == START_NS // HOUR_NS % 24
    assert all(s.strip_ids for s in found.statements)


@pytest.mark.parametrize(
    ("label", "urgency"),
    [
        (RhythmLabel.VT, Urgency.HIGH),
        (RhythmLabel.PAUSE, Urgency.HIGH),
        (RhythmLabel.NSVT, Urgency.MEDIUM),
        (RhythmLabel.BIGEMINY, Urgency.LOW),
        (RhythmLabel.SINUS_RHYTHM, Urgency.INFO),
    ],
)
def test_urgency_follows_the_rhythm(label: RhythmLabel, urgency: Urgency) -> None:
    assert event(label).urgency is urgency


def day(**changes: Any) -> ReportInput:
    """Three hours from half past: a sample a second, so that it stays small."""
    hours, fs_hz = 3, 1
    n = hours * 3600 * fs_hz
    start_ns = 10 * HOUR_NS + HOUR_NS // 2
    beats = tuple(
        StoredBeat(k, start_ns + k * 10**9, 1.0, 1000.0 if k % 3600 < 1800 else 500.0,
                   BeatLabel.VENTRICULAR if k % 100 == 50 else BeatLabel.NORMAL)
        for k in range(n)
    )  # fmt: skip
    plain = given(
        device=DEVICE.model_copy(update={"fs_nominal_hz": float(fs_hz)}),
        window=Window(0, n, 0.9, 1.0, n, (measured("sdnn", 50.0),)),
        start_ns=start_ns,
        end_ns=start_ns + hours * HOUR_NS,
        parts=tuple(Window(at, at + 10, 0.2 if at < 600 else 0.9, 1.0, 10)
                    for at in range(0, n, 10)),
        beats=beats,
        rhythms=(
            StoredRhythm(RhythmLabel.SINUS_RHYTHM, 0, 7000, 0.9),
            StoredRhythm(RhythmLabel.AFIB, 7000, 9000, 0.9),
            StoredRhythm(RhythmLabel.PAUSE, 9000, 9004, 0.9),
            StoredRhythm(RhythmLabel.PAUSE, 9100, 9108, 0.9),
            StoredRhythm(RhythmLabel.SINUS_RHYTHM, 9000, n, 0.9),
        ),
        runs=(SampleRun(0, np.arange(n, dtype=np.int32)[np.newaxis]),),
    )  # fmt: skip
    return replace(plain, **changes)


def test_hours_are_those_of_the_clock_and_add_up_to_the_whole() -> None:
    found = compose_holter(day(), HolterConfig(prescribed_h=24.0))
    assert [h.start_ns / HOUR_NS for h in found.hours] == [10.5, 11, 12, 13]
    assert [h.n_beats for h in found.hours] == [1800, 3600, 3600, 1800]
    assert sum(h.pvc for h in found.hours) == found.value_of("pvc_count") == 108
    assert sum(h.pauses for h in found.hours) == found.value_of("pause_count") == 2
    assert sum(h.af_s for h in found.hours) == pytest.approx(2000.0)
    # Ten minutes could not be read.
    assert found.wear.worn_h == 3.0
    assert found.wear.analysable_h == pytest.approx(3.0 - 1 / 6)
    assert found.value_of("af_burden") == pytest.approx(100 * 2000 / 10_200)
    assert found.value_of("pvc_per_h") == pytest.approx(108 / (3 - 1 / 6))
    assert found.value_of("pvc_burden") == pytest.approx(1.0)
    assert found.dominant_rhythm == "sinus_rhythm"


def test_lowest_and_highest_rate_have_their_time_and_strip() -> None:
    found = compose_holter(day())
    assert found.rate.low is not None
    assert found.rate.high is not None
    assert (found.rate.low.value, found.rate.high.value) == (60.0, 120.0)
    assert found.rate.day_mean == pytest.approx(80.0)
    assert found.rate.night_mean is None
    ids = [strip.id for strip in found.strips]
    assert {"hr-low", "hr-high", "first-ventricular", "first-pause", "longest-pause"} <= set(ids)
    assert len(set(ids)) == len(ids)
    assert all(
        found.strips_of(section.strip_ids) or not section.strip_ids for section in found.sections
    )


def test_a_count_that_is_given_stands_and_one_nobody_made_is_absent() -> None:
    more = replace(day().window, measurements=(measured("pvc_count", 7.0, "1"),))
    found = compose_holter(day(window=more))
    by_key = {m.key: m for section in found.sections for m in section.values}
    assert by_key["pvc_count"].value == 7.0
    assert by_key["pvc_morphs"].null_reason is NullReason.NOT_MEASURED
    assert set(by_key) == {key for section in SECTIONS for key in section.keys}


def test_what_the_patient_felt_stands_beside_the_rhythm() -> None:
    found = compose_holter(day(), patient_events=[(8000, "racing"), (9102, "dizzy")])
    assert [(e.symptom, e.rhythm) for e in found.patient_events] == [
        ("racing", "afib"), ("dizzy", "pause"),
    ]  # fmt: skip


def test_the_words_of_a_day() -> None:
    words = compose_holter(day()).narrative
    assert "worn for 3.0 h; 2.8 h could be read" in words.patient.en
    assert "from 60 to 120 a minute" in words.patient.en
    assert "Ventricular ectopy (occasional): Ventricular beats 108" in words.clinician.en
    assert "室性异位心律（间发）" in words.clinician.zh


def test_running_rates_never_cross_a_missing_interval() -> None:
    rates = running_rates([1000.0, 500.0, None, 500.0, 500.0], n=2)
    assert rates == pytest.approx([80.0, np.nan, np.nan, 120.0], nan_ok=True)
    assert running_rates([1000.0], n=2).size == 0


def reports(rates: list[float], **changes: Any) -> list[Report]:
    found = []
    for k, bpm in enumerate(rates):
        at = k * 24 * HOUR_NS
        one = given(window=window(hr=bpm), start_ns=START_NS + at, end_ns=END_NS + at)
        found.append(compose(one).model_copy(update=changes))
    return found


def test_a_trend_has_the_band_of_its_first_points_and_where_it_was_left() -> None:
    found = compose_trend(reports([70, 72, 68, 71, 69, 90, 70, 88, 89]), 5)
    [rate] = found.series
    assert rate.band is not None
    # Median 70, scatter 1.4826 times 1; a twentieth of 70 is less than three of these.
    assert rate.band.middle == 70.0
    assert rate.band.high == pytest.approx(70 + 3 * 1.4826)
    assert [p.is_outside for p in rate.points] == [False] * 5 + [True, False, True, True]
    assert rate.changed_at_ns == START_NS + 7 * 24 * HOUR_NS
    assert "Heart rate 70 → 89 /min, changed." in found.narrative.clinician.en
    assert "Heart rate" in found.narrative.patient.en


def test_a_still_value_is_not_changed_by_a_hair_nor_few_points_judged() -> None:
    still = compose_trend(reports([70.0] * 5 + [71.0, 71.0, 71.0]), 5)
    assert still.series[0].changed_at_ns is None
    assert compose_trend(reports([70, 90, 90]), 5).series[0].band is None


def test_values_are_not_joined_across_another_algorithm() -> None:
    old = reports([70, 71, 72])
    algorithm = old[0].algorithm.model_copy(update={"version": "2"})
    new = [
        each.model_copy(update={"algorithm": algorithm}) for each in reports([0, 0, 0, 80, 81])[3:]
    ]
    found = compose_trend([*new, *old], 5)
    assert [(b.what, b.before, b.after) for b in found.breaks] == [("algorithm", "1", "2")]
    assert [p.value for p in found.series[0].points] == [80.0, 81.0]
    assert len(found.report_ids) == 5


def test_a_trend_is_of_one_patient() -> None:
    others = [r.model_copy(update={"patient_ref": "p2"}) for r in reports([70])]
    for wrong in ([*reports([70]), *others], reports([70])):
        with pytest.raises(ValueError, match="two reports or more of one patient"):
            compose_trend(wrong, 5)


def test_each_kind_is_told_by_its_name() -> None:
    for each in (
        compose(given()),
        compose_live(given()),
        event(RhythmLabel.NSVT),
        compose_holter(day()),
        compose_trend(reports([70, 71]), 5),
    ):
        read = ANY_REPORT.validate_json(each.model_dump_json())
        assert type(read) is type(each)
        assert read == each
