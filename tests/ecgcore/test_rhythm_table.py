"""Rhythm, conduction and burdens of recordings that were made up."""

import json

import numpy as np
import pytest

from ecgcore.events import Measurement, NullReason, RhythmLabel
from ecgcore.occasion import Mark, MarkKind, Occasion
from ecgcore.recorded import Recorded
from ecgcore.rhythm import RhythmConfig
from ecgcore.rhythm_burden import BURDEN, BurdenConfig, measure_burden, tally_of
from ecgcore.rhythm_table import CONDUCTION, RhythmTableConfig, measure_rhythm
from ecgcore.rhythm_tally import tallies
from ecgcore.settling import settled
from tests.ecgcore.lettered import FS_HZ, recorded_of, steps_of

CONFIG = RhythmTableConfig()
AF, SINUS = RhythmLabel.AFIB, RhythmLabel.SINUS_RHYTHM


def of(recorded: Recorded) -> dict[str, Measurement]:
    return {each.key: each for each in measure_rhythm(recorded, CONFIG, RhythmConfig())}


def said(recorded: Recorded) -> dict[str, float | str | None]:
    return {key: each.null_reason or each.text or each.value for key, each in of(recorded).items()}


ECTOPIC = "N" * 20 + "V" + "N" * 20 + "VV" + "N" * 20 + "VVV" + "N" * 20 + "SSSS" + "N" * 10
CYCLES = "N" * 20 + "VN" * 5 + "NN" + "VNN" * 4 + "N" * 40


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            ECTOPIC,
            {
                "pvc_count": 6.0,
                "pvc_per_h": 3600.0 * 6 / 80,
                "pvc_burden": 6.0,
                "pac_count": 4.0,
                "pac_per_h": 3600.0 * 4 / 80,
                "pac_burden": 4.0,
                "v_couplets": 1.0,
                "v_triplets": 1.0,
                "vt_runs": 1.0,
                "vt_longest": 3.0,
                "vt_fastest": 120.0,
                "vt_total_s": 1.0,
                "svt_runs": 1.0,
                "svt_longest": 4.0,
                "svt_fastest": 120.0,
                "bigeminy_s": 0.0,
                "pvc_coupling_sd": 0.0,
                "rhythm_class": "sinus_rhythm",
                "rhythm_share": 1.0,
                "af_burden": 0.0,
                "af_hr_mean": NullReason.NOT_APPLICABLE,
                "paced_frac": 0.0,
                "avb_grade": "0",
                "pvc_morphs": 1.0,
                "escape_count": 0.0,
            },
        ),
        (CYCLES, {"bigeminy_s": 5 * 1.6, "trigeminy_s": 0.8 + 4 * 0.5 + 4 * 1.1 + 4 * 0.8}),
        ("N" * 30, {"brady_s": 0.0, "tachy_s": 0.0, "pvc_count": 0.0, "vt_longest": 0.0}),
        ("N" * 20 + "V" * 20 + "W" * 3 + "N" * 9, {"pvc_morphs": 2.0}),
        ("N" * 20 + "V" * 40 + "W" + "N" * 9, {"pvc_morphs": 1.0}),
    ],
)
def test_counts_and_burdens(text: str, expected: dict[str, float | str]) -> None:
    found = said(recorded_of(text))
    for key, value in expected.items():
        assert (key, found[key]) == (key, pytest.approx(value) if value != str(value) else value)


def test_slow_and_fast() -> None:
    slow = said(recorded_of("N" * 30, [1.5] * 30))
    fast = said(recorded_of("N" * 30, [0.5] * 30))
    assert slow["brady_s"] == pytest.approx(29 * 1.5)
    assert fast["tachy_s"] == pytest.approx(29 * 0.5)


def test_fibrillation() -> None:
    rhythms = [(0.0, 50.0, SINUS), (50.0, 90.0, AF), (90.0, 100.0, SINUS)]
    found = said(recorded_of("N" * 123, [0.8] * 123, rhythms, seconds=100))
    assert found["af_burden"] == pytest.approx(40.0)
    assert found["af_longest"] == pytest.approx(40.0)
    assert found["af_episodes"] == 1.0
    assert found["af_hr_mean"] == pytest.approx(75.0)
    assert found["af_hr_max"] == pytest.approx(75.0)
    # So much of it is the rhythm, and premature beats of the atria are not told.
    assert found["rhythm_class"] == "afib"
    assert found["rhythm_share"] == pytest.approx(0.4)
    for key in ("pac_count", "svt_runs", "avb_grade", "dropped_p", "escape_count"):
        assert found[key] is NullReason.AF, key


def test_pauses_in_and_outside_of_fibrillation() -> None:
    steps = [0.8] * 20 + [3.5] + [0.8] * 20 + [4.0] + [0.8] * 20 + [5.5] + [0.8] * 20
    rhythms = [(0.0, 30.0, SINUS), (30.0, 90.0, AF)]
    found = said(recorded_of("N" * 83, steps, rhythms))
    assert found["pause_count"] == 1.0
    assert found["pause_count_af"] == 1.0
    assert found["pause_longest"] == pytest.approx(5.5)


def test_escape_beats_and_paced_ones() -> None:
    steps = [1.0] * 20 + [1.6] + [1.0] * 19
    assert said(recorded_of("N" * 20 + "n" + "N" * 19, steps))["escape_count"] == 1.0
    found = said(recorded_of("NNNPPP" * 5))
    assert found["paced_frac"] == pytest.approx(50.0)
    paced = said(recorded_of("NPPP" * 10))
    for key in ("pvc_count", "pac_count", "pvc_morphs", "avb_grade", "sinus_arrhythmia"):
        assert paced[key] is NullReason.PACED, key
    assert paced["paced_frac"] == pytest.approx(75.0)


def test_the_average_ventricular_beat() -> None:
    found = of(recorded_of("NNNV" * 8, leads=("I", "aVF")))
    assert (found["pvc_qrs_dur"].value, found["pvc_qrs_dur"].n) == (pytest.approx(160.0), 8)
    # aVF is half of I: atan2(2 / sqrt 3 * 1/2, 1).
    assert found["pvc_axis"].value == pytest.approx(30.0, abs=0.5)
    assert said(recorded_of("NNNV" * 8))["pvc_axis"] is NullReason.LEAD_MISSING
    assert said(recorded_of("N" * 20))["pvc_qrs_dur"] is NullReason.NOT_APPLICABLE


def test_coupling_of_a_second_focus_scatters() -> None:
    text = "NNNNV" * 8
    steps = np.array(steps_of(text))
    steps[4::5] = [0.4, 0.6] * 4
    deviation = said(recorded_of(text, list(steps)))["pvc_coupling_sd"]
    assert deviation == pytest.approx(1e3 * np.std([0.4, 0.6] * 4, ddof=1), abs=0.01)


@pytest.mark.parametrize(
    ("label", "grade"),
    [
        (RhythmLabel.AVB1, "1"),
        (RhythmLabel.MOBITZ1, "mobitz1"),
        (RhythmLabel.MOBITZ2, "mobitz2"),
        (RhythmLabel.AVB_2TO1, "2to1"),
        (RhythmLabel.COMPLETE_AVB, "complete"),
    ],
)
def test_grade_of_a_block(label: RhythmLabel, grade: str) -> None:
    rhythms = [(0.0, 30.0, SINUS), (3.0, 9.0, RhythmLabel.AVB1), (10.0, 20.0, label)]
    avb_grade = said(recorded_of("N" * 36, [0.8] * 36, rhythms))["avb_grade"]
    assert avb_grade == grade


def test_no_block_is_told_without_p_waves() -> None:
    found = said(recorded_of("n" * 36))
    assert found["avb_grade"] is NullReason.NO_P_WAVE
    assert [found[key] for key in CONDUCTION] == [NullReason.NO_P_WAVE] * 2


def test_growth_of_pr_before_a_dropped_beat() -> None:
    pr_ms = [150.0, 180.0, 215.0, 240.0] * 6
    steps = [0.8, 0.8, 0.8, 1.5] * 6
    # The fourth beat of a cycle is the last before the dropped one.
    block = (1.0 + sum(steps[1:4]), 1.0 + sum(steps[1:5]), RhythmLabel.MOBITZ1)
    rhythms = [(0.0, 20.0, SINUS), block]
    found = said(recorded_of("N" * 24, steps, rhythms, pr_ms=pr_ms))
    assert found["pr_trend"] == pytest.approx(30.0)
    assert said(recorded_of("N" * 24))["pr_trend"] is NullReason.NOT_APPLICABLE


def test_uneven_sinus_rhythm() -> None:
    uneven = list(0.9 + 0.1 * np.sin(np.arange(40) * 2 * np.pi / 5))
    sinus_arrhythmia = said(recorded_of("N" * 40, uneven))["sinus_arrhythmia"]
    assert sinus_arrhythmia == 1.0
    assert said(recorded_of("N" * 40, [0.9] * 40))["sinus_arrhythmia"] == 0.0
    assert said(recorded_of("n" * 40, uneven))["sinus_arrhythmia"] is NullReason.NO_P_WAVE
    assert said(recorded_of("NV" * 20))["sinus_arrhythmia"] is NullReason.TOO_FEW_BEATS


def test_what_was_before_an_event() -> None:
    occasion = Occasion(
        start_utc_ns=0, utc_offset_s=7200, activity_mg=tuple(float(k) for k in range(60))
    )
    steps = [0.75] * 20 + [1.0] * 40
    rhythms = [(0.0, 40.0, SINUS), (40.0, 55.0, AF), (41.0, 44.0, RhythmLabel.NSVT)]
    recorded = recorded_of("N" * 60, steps, rhythms, occasion=occasion)
    text = of(recorded)["trigger_hr_context"].text
    assert text is not None
    trigger_hr_context = json.loads(text)
    n_slow = sum(1 for beat in recorded.beats[20:] if beat.sample <= 40 * FS_HZ)
    mean_s = (19 * 0.75 + n_slow) / (19 + n_slow)
    assert trigger_hr_context[0] == {
        "at_s": 40.0,
        "event": "afib",
        "hr_before_bpm": pytest.approx(60.0 / mean_s, abs=0.001),
        "hr_onset_bpm": pytest.approx(60.0),
        "activity_mg": 40.0,
        "local_h": pytest.approx(2.0 + 40 / 3600, abs=0.001),
    }
    assert [row["event"] for row in trigger_hr_context] == ["afib", "nsvt"]
    assert said(recorded_of("N" * 20))["trigger_hr_context"] is NullReason.NOT_APPLICABLE


def test_the_rhythm_around_symptoms() -> None:
    marks = (
        Mark(round(20 * FS_HZ), MarkKind.SYMPTOM, "dizzy"),
        Mark(round(150 * FS_HZ), MarkKind.SYMPTOM),
        Mark(round(20 * FS_HZ), MarkKind.EXERCISE_END),
    )
    rhythms = [(0.0, 70.0, SINUS), (70.0, 170.0, AF)]
    text = "N" * 10 + "V" + "N" * 149
    steps = [0.8] * 11 + [1.0] * 149
    recorded = recorded_of(text, steps, rhythms, occasion=Occasion(marks=marks))
    table = of(recorded)["symptom_rhythm_table"].text
    assert table is not None
    symptom_rhythm_table = json.loads(table)
    assert symptom_rhythm_table[1] == {
        "at_s": 150.0,
        "text": "",
        "rhythms": ["afib"],
        "hr_bpm": pytest.approx(60.0),
        "n_ventricular": 0,
        "n_supraventricular": 0,
    }
    first = symptom_rhythm_table[0]
    assert (first["text"], first["rhythms"], first["n_ventricular"]) == (
        "dizzy",
        ["sinus_rhythm"],
        1,
    )
    assert said(recorded_of("N" * 9))["symptom_rhythm_table"] is NullReason.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("recorded", "reason"),
    [
        (recorded_of("NVNNV", sqi=0.2), NullReason.LOW_SQI),
        (recorded_of("", seconds=20), NullReason.TOO_FEW_BEATS),
        (recorded_of("N", seconds=20), NullReason.TOO_FEW_BEATS),
    ],
)
def test_nothing_is_counted_where_nothing_can_be(recorded: Recorded, reason: NullReason) -> None:
    found = of(recorded)
    assert {found[key].null_reason for key in (*BURDEN, *CONDUCTION)} == {reason}


def test_a_short_recording_has_no_hourly_count() -> None:
    found = said(recorded_of("NNNVNNNNNN"))
    assert found["pvc_per_h"] is NullReason.TOO_SHORT
    assert found["af_episodes"] is NullReason.TOO_SHORT
    assert found["pvc_count"] == 1.0


def test_minutes_add_up_to_the_recording() -> None:
    recorded = recorded_of(ECTOPIC * 3)
    config = BurdenConfig()
    whole = tally_of(recorded.events, FS_HZ, config)
    items = settled(recorded.events, FS_HZ, config.settling)
    parts = tallies(items, round(60 * FS_HZ), config.tally, FS_HZ)
    assert list(parts) == [0, 1, 2, 3]
    added = parts[0] + parts[1] + parts[2] + parts[3]
    assert added == whole
    rows = measure_burden(added, config, 1.0)
    assert rows == measure_burden(whole, config, 1.0)
    assert {each.key for each in rows} == set(BURDEN)
    assert sum(part.usable_s for part in parts.values()) == whole.usable_s == recorded.duration_s
