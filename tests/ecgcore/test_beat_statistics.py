"""Values of single beats and their statistics, against the standard library and by hand."""

import statistics

import numpy as np
import pytest

from ecgcore.beat_statistics import BY_BEAT, BeatStatisticsConfig, measure_beats
from ecgcore.catalogue import catalogue
from ecgcore.events import NullReason, RhythmLabel
from ecgcore.measured import measurement_of
from ecgcore.statistic import Statistic
from tests.ecgcore.recordings import USUAL, places, recorded, triangle, values

CONFIG = BeatStatisticsConfig()
EIGHT_MS = [500.0 + 800.0 * k for k in range(8)]


def longer_pr(by_ms: float) -> dict[str, tuple[float, ...]]:
    return USUAL | {"p": (-200.0 - by_ms, -160.0 - by_ms, -120.0 - by_ms)}


def test_intervals_of_beats_that_are_all_alike() -> None:
    found = values(list(measure_beats(places(recorded(EIGHT_MS)), CONFIG)))
    drawn = {
        "p_dur": 80.0,
        "pr_int": 160.0,
        "pr_seg": 80.0,
        "pr_peak": 160.0,
        "qrs_dur": 90.0,
        "qt_int": 400.0,
        "st_dur": 130.0,
        "t_dur": 180.0,
        "tp_seg": 800.0 - 200.0 - 360.0,
        "tq_int": 800.0 - 40.0 - 360.0,
    }
    for lead in (None, "II"):
        for key, value in drawn.items():
            assert found[key, lead].value == pytest.approx(value), key
            assert found[f"{key}.sd", lead].value == pytest.approx(0.0), key
            # What lies between two beats is one less.
            assert found[f"{key}.mean", lead].n == (7 if key in ("tp_seg", "tq_int") else 8)


def test_statistics_agree_with_the_standard_library() -> None:
    by_ms = [0.0, 7.0, 3.0, 21.0, 4.0, 12.0, 40.0, 1.0]
    found = values(
        list(measure_beats(places(recorded(EIGHT_MS, "", [*map(longer_pr, by_ms)])), CONFIG))
    )
    pr_ms = [160.0 + each for each in by_ms]
    quartiles = statistics.quantiles(pr_ms, n=4, method="inclusive")
    drawn = {
        "mean": statistics.fmean(pr_ms),
        "median": statistics.median(pr_ms),
        "sd": statistics.stdev(pr_ms),
        "min": 160.0,
        "max": 200.0,
        "iqr": quartiles[2] - quartiles[0],
    }
    assert set(drawn) == set(Statistic)
    for statistic, value in drawn.items():
        each = found[f"pr_int.{statistic}", None]
        assert (each.value, each.n, each.unit) == (pytest.approx(value), 8, "ms"), statistic
    assert found["pr_int", None].value == pytest.approx(drawn["median"])


def test_beats_of_other_classes_and_in_bad_signal_do_not_count() -> None:
    wide = USUAL | {"qrs": (-80.0, 0.0, 120.0)}
    waves = [USUAL, wide, USUAL, wide, USUAL, wide, USUAL, USUAL]
    of = recorded(EIGHT_MS, "NVNPNN", waves, bad_s=[4])
    assert [beat.sample // 1000 for beat in of.beats][5] == 4
    found = values(list(measure_beats(places(of), CONFIG)))
    each = found["qrs_dur.max", None]
    assert (each.value, each.n) == (pytest.approx(90.0), 5)


def test_nothing_is_formed_across_lost_samples() -> None:
    found = values(list(measure_beats(places(recorded(EIGHT_MS, breaks=[3, 4])), CONFIG)))
    assert found["tq_int", None].n == 5
    assert found["qt_int", None].n == 8


def test_what_most_beats_lack_is_absent() -> None:
    no_p = {name: USUAL[name] for name in ("qrs", "t")}
    few = values(list(measure_beats(places(recorded(EIGHT_MS, "", [no_p] * 5)), CONFIG)))
    assert few["pr_int.mean", None].null_reason is NullReason.NO_P_WAVE
    assert few["qt_int.mean", None].value == pytest.approx(400.0)
    half = values(list(measure_beats(places(recorded(EIGHT_MS, "", [no_p] * 4)), CONFIG)))
    assert half["pr_int.mean", None].n == 4


@pytest.mark.parametrize(
    ("labels", "rhythm", "bad_s", "pr", "qrs"),
    [
        ("", RhythmLabel.AFIB, (), NullReason.AF, None),
        ("PPPPPPPP", None, (), NullReason.PACED, NullReason.PACED),
        ("VVVVVVVV", None, (), NullReason.TOO_FEW_BEATS, NullReason.TOO_FEW_BEATS),
        ("", None, range(6), NullReason.LOW_SQI, NullReason.LOW_SQI),
    ],
)
def test_why_there_is_none(
    labels: str,
    rhythm: RhythmLabel | None,
    bad_s: tuple[int, ...],
    pr: NullReason,
    qrs: NullReason | None,
) -> None:
    of = places(recorded(EIGHT_MS, labels, rhythm=rhythm, bad_s=bad_s))
    found = values(list(measure_beats(of, CONFIG)))
    assert {found[key, None].null_reason for key in ("pr_int", "pr_int.sd", "tp_seg.iqr")} == {pr}
    assert {found[key, None].null_reason for key in ("qrs_dur", "qrs_dur.sd")} == {qrs}


def test_one_beat_has_no_spread() -> None:
    found = values(list(measure_beats(places(recorded([1000.0, 1800.0], "NV")), CONFIG)))
    assert found["qt_int.mean", None].value == pytest.approx(400.0)
    assert found["qt_int.sd", None].null_reason is NullReason.TOO_FEW_BEATS


def test_heights_of_beats_that_grow() -> None:
    heights_mv = [1.0 + 0.1 * k for k in range(8)]
    ecg_mv = sum(
        height_mv
        * (
            triangle(r - 40, r, r + 50, 1.0, 8000)
            + triangle(r + 180, r + 280, r + 360, -0.3, 8000)
            + triangle(r - 200, r - 160, r - 120, 0.1, 8000)
        )
        for r, height_mv in zip(EIGHT_MS, heights_mv, strict=True)
    )
    two = np.stack([ecg_mv, -0.5 * ecg_mv])
    of = recorded(EIGHT_MS, "NNVNNNNN", leads=("II", "aVR"), ecg_mv=two)
    found = values(list(measure_beats(places(of), CONFIG)))
    usual_mv = np.delete(heights_mv, 2)
    drawn = {
        "r_amp.mean": (float(usual_mv.mean()), "II"),
        "r_amp.max": (1.7, "II"),
        "q_amp.sd": (0.5 * float(np.std(usual_mv, ddof=1)), "aVR"),
        "t_amp.min": (-0.3 * 1.7, "II"),
        "p_amp_pos.median": (0.1 * float(np.median(usual_mv)), "II"),
        "qrs_up_max.max": (1e3 / 40.0 * 1.7, "II"),
        "st_j60.mean": (0.0, "aVR"),
    }
    for key, (value, lead) in drawn.items():
        assert found[key, lead].value == pytest.approx(value, rel=1e-3, abs=1e-6), key
        assert found[key, lead].n == 7
    assert found["s_amp.mean", "II"].null_reason is NullReason.NOT_APPLICABLE
    # The key by itself is the averaged beat's.
    assert ("r_amp", "II") not in found


def test_fewer_statistics_are_fewer_rows() -> None:
    config = BeatStatisticsConfig((Statistic.SD,))
    found = values(list(measure_beats(places(recorded(EIGHT_MS)), config)))
    assert {key.partition(".")[2] for key, _ in found} == {"", "sd"}


@pytest.mark.parametrize("key", BY_BEAT)
def test_the_registry_knows_every_statistic(key: str) -> None:
    row = catalogue()[key]
    for statistic in Statistic:
        found = catalogue()[f"{key}.{statistic}"]
        assert (found.id, found.unit, found.dimension) == (row.id, row.unit, row.dimension)
        assert found.least_beats == statistic.least_beats
        assert not found.has_range
        assert (found.loinc, found.mdc, found.normal) == (None, None, None)
    assert catalogue()["pr_int.sd"].definition == (
        "Standard deviation over the beats of the window of: PR interval: P onset to QRS onset."
    )
    assert measurement_of("pr_int.sd", 3.0, 9, 1.0, None).unit == "ms"


@pytest.mark.parametrize("key", ["hr_mean.sd", "pr_int.mode", "pr_int.", "nothing.sd", "p_form.sd"])
def test_what_has_no_statistics_is_not_found(key: str) -> None:
    assert catalogue().find(key) is None
    assert catalogue().select(key=key) == ()


def test_filters_find_the_row_of_a_statistic() -> None:
    assert [row.key for row in catalogue().select(key="r_amp.iqr")] == ["r_amp"]
