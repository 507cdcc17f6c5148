"""Beats beside each other, of shapes and times that are known."""

import math

import numpy as np
import pytest

from ecgcore.beat_comparison import (
    BEATS_BY_LEAD,
    BEATS_OVER_LEADS,
    ComparisonConfig,
    compensation_ratios,
    measure_beats,
    premature_ratios,
)
from ecgcore.beat_cuts import clusters, cut_beats
from ecgcore.beat_likeness import (
    DTW,
    QRS,
    QRST,
    RMSE,
    LikenessLimits,
    compare_beats,
    slow_power,
    warped_distance,
)
from ecgcore.events import Measurement, NullReason
from ecgcore.hrv_config import LF
from ecgcore.recorded import Recorded
from tests.ecgcore.lettered import FS_HZ, recorded_of

CONFIG = ComparisonConfig()


def of(recorded: Recorded) -> dict[str, Measurement]:
    return {each.key: each for each in measure_beats(recorded, CONFIG)}


def cuts_of(text: str) -> np.ndarray:
    recorded = recorded_of(text)
    return cut_beats(recorded.ecg_mv, recorded.beats, FS_HZ)


def test_a_beat_of_another_size_is_alike_but_differs() -> None:
    (usual,) = cuts_of("NNN")[1]
    cuts = np.stack([usual, usual, 1.5 * usual])
    found = compare_beats(cuts, np.ones(3, bool), np.ones(3, bool), LikenessLimits())
    assert np.isnan(found[0]).all()
    tmpl_corr, tmpl_corr_qrst = found[1:, QRS], found[1:, QRST]
    tmpl_rmse, dtw_prev = found[1:, RMSE], found[1:, DTW]
    assert tmpl_corr == pytest.approx([1.0, 1.0])
    assert tmpl_corr_qrst == pytest.approx([1.0, 1.0])
    assert tmpl_rmse == pytest.approx([0.0, 0.5], abs=1e-6)
    # The size of a beat does not matter where its form is compared.
    assert dtw_prev == pytest.approx([0.0, 0.0], abs=1e-12)


def test_only_normal_beats_make_the_usual_one() -> None:
    cuts = cuts_of("NNNVNVN")[:, 0]
    is_normal = np.array([letter == "N" for letter in "NNNVNVN"])
    found = compare_beats(cuts, is_normal, np.ones(7, bool), LikenessLimits())
    assert (found[is_normal, QRS][1:] > 0.99).all()
    assert (found[~is_normal, QRS] < 0.9).all()
    lost = compare_beats(cuts, is_normal, np.zeros(7, bool), LikenessLimits())
    assert np.isnan(lost[:, DTW]).all()


def test_warped_distance() -> None:
    one, other = np.array([0.0, 1.0, 0.0, -1.0]), np.array([0.0, 0.0, 1.0, -1.0])
    # Only the second 0 has no partner: 1 over the rms of sqrt(1/2), over four points.
    assert warped_distance(one, other, 4) == pytest.approx(math.sqrt(2.0) / 4)
    assert warped_distance(other, one, 4) == pytest.approx(math.sqrt(2.0) / 4)
    assert warped_distance(one, other, 0) == pytest.approx(2 * math.sqrt(2.0) / 4)
    assert math.isnan(warped_distance(one, np.zeros(4), 4))
    times = np.linspace(-3.0, 3.0, 80)
    wave, late = np.exp(-(times**2)), np.exp(-((times - 0.3) ** 2))
    assert warped_distance(wave, late, 8) < 0.1 * warped_distance(wave, late, 0)


@pytest.mark.parametrize(("at_hz", "share"), [(0.1, 1.0), (0.3, 0.0)])
def test_power_of_slow_changes(at_hz: float, share: float) -> None:
    time_s = np.cumsum(0.8 + 0.05 * np.sin(np.arange(900)))
    values = 2.0 + 0.4 * np.sin(2 * np.pi * at_hz * time_s)
    morph_var = slow_power(time_s, values, LF, 300.0)
    assert morph_var == pytest.approx(share * 0.4**2 / 2, abs=0.002)
    assert math.isnan(slow_power(time_s[:200], values[:200], LF, 300.0))


def test_intervals_beside_the_usual_one() -> None:
    recorded = recorded_of("NNNNNNVNNN", [1.0] * 6 + [0.6, 1.4, 1.0, 0.9])
    ratios = premature_ratios(recorded, CONFIG)
    assert np.isnan(ratios[:2]).all()
    assert ratios[5:] == pytest.approx([1.0, 0.6, 1.4, 1.0, 0.9])
    comp = compensation_ratios(recorded, CONFIG)
    assert comp[6] == pytest.approx(1.0)
    assert np.isnan(np.delete(comp, 6)).all()


def test_the_usual_interval_is_that_of_the_last_eight() -> None:
    steps = [1.0] * 10 + [0.8] * 9 + [0.4]
    assert premature_ratios(recorded_of("N" * 20, steps), CONFIG)[-1] == pytest.approx(0.5)


def test_values_over_a_recording() -> None:
    found = of(recorded_of("NNNNV" * 8))
    expected = {
        "tmpl_corr": 1.0,
        "tmpl_corr_qrst": 1.0,
        "premature_ratio": 1.0,
        "comp_ratio": 1.0,
        "qrs_width_ratio": 1.0,
    }
    for key, value in expected.items():
        assert (key, found[key].value) == (key, pytest.approx(value, abs=0.005))
    cluster_share, cluster_id = found["cluster_share"].vector, found["cluster_id"].vector
    assert cluster_share == pytest.approx((0.8, 0.2))
    assert cluster_id == (0.0, 0.0, 0.0, 0.0, 1.0) * 8
    # After the last premature beat nothing is known.
    assert (found["comp_ratio"].n, found["qrs_width_ratio"].n) == (7, 40)
    assert found["morph_var"].null_reason is NullReason.TOO_SHORT
    assert {each.key for each in found.values()} == {*BEATS_BY_LEAD, *BEATS_OVER_LEADS}


def test_slow_changes_of_shape_need_five_minutes() -> None:
    morph_var = of(recorded_of("N" * 380))["morph_var"].value
    assert morph_var == pytest.approx(0.0, abs=1e-6)


def test_wide_beats_stand_out() -> None:
    found = of(recorded_of("NNV" + "V" * 6))
    assert found["qrs_width_ratio"].value == pytest.approx(2.0)


def test_clusters_do_not_depend_on_who_leads() -> None:
    cuts = cuts_of("VWN" * 6 + "N" * 6)
    assert clusters(cuts, 0.9, 10).tolist() == [1, 2, 0] * 6 + [0] * 6
    # One more than there is room for joins what it is most alike.
    assert set(clusters(cuts, 0.9, 2)) == {0, 1}
    cuts[3] = np.nan
    assert clusters(cuts, 0.9, 10)[3] == -1


@pytest.mark.parametrize(
    ("recorded", "key", "reason"),
    [
        (recorded_of("P" * 20), "tmpl_corr", NullReason.PACED),
        (recorded_of("P" * 20), "premature_ratio", NullReason.PACED),
        (recorded_of("N" * 20), "comp_ratio", NullReason.NOT_APPLICABLE),
        (recorded_of("N"), "tmpl_rmse", NullReason.TOO_FEW_BEATS),
        (recorded_of("", seconds=9), "cluster_share", NullReason.TOO_FEW_BEATS),
        (recorded_of("N" * 20, sqi=0.2), "tmpl_corr", NullReason.LOW_SQI),
        (recorded_of("N" * 20, sqi=0.2), "cluster_id", NullReason.LOW_SQI),
    ],
)
def test_reasons(recorded: Recorded, key: str, reason: NullReason) -> None:
    assert of(recorded)[key].null_reason is reason
