"""Golden values are those of NeuroKit2 0.3.0 (`hrv_time`) and SciPy 1.17.1 for `golden_ms(400)`."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore import hrv
from ecgcore.hrv_time import geometry, segments, time_domain
from ecgcore.nn_series import nn_series
from ecgcore.types import FloatArray
from tests.ecgcore.intervals import golden_ms, rows, series, split

BIN_MS = 1000.0 / 128.0


def test_golden_values() -> None:
    found = time_domain(series(golden_ms(400)))
    expected = {
        "nn_mean": 846.275,
        "nn_median": 849.0,
        "sdnn": 32.75502410333451,
        "rmssd": 30.018624127135066,
        "sdsd": 30.055959907070704,
        "pnn50": 9.75,
        "pnn20": 50.74999999999999,
        "cvnn": 0.03870494118736169,
        "cvsd": 0.03547147691605573,
        "nn_mad": 34.8411,
        "nn_mcv": 0.04103780918727915,
        "nn_iqr": 46.25,
        "nn_skew": -0.12768080965854142,
        "nn_kurt": 2.533992884871559,
        "nn_p5": 792.0,
        "nn_p25": 824.0,
        "nn_p75": 870.25,
        "nn_p95": 897.0,
        "hr_sd": 2.771441653765086,
        "hr_range": 14.25805091878145,
    }
    assert {key: getattr(found, key) for key in expected} == pytest.approx(expected, rel=1e-9)


def test_hand_worked_values() -> None:
    found = time_domain(split([800.0, 860.0, 810.0, 759.0], [800.0, 820.0]))
    assert found.rmssd == pytest.approx(((60**2 + 50**2 + 51**2 + 20**2) / 4) ** 0.5)
    assert found.sdsd == pytest.approx(statistics.stdev([60, -50, -51, 20]))
    assert (found.nn50, found.nn20) == (2, 3)
    assert (found.pnn50, found.pnn20) == pytest.approx((100 * 2 / 6, 100 * 3 / 6))
    assert found.ln_rmssd == pytest.approx(np.log(found.rmssd))
    assert found.nn_p95_5 == pytest.approx(found.nn_p95 - found.nn_p5)


def test_is_what_a_window_is_measured_by() -> None:
    rr_ms = np.array([800.0, 860.0, 810.0, 759.0, 1200.0, 800.0, 820.0])
    normal = rr_ms < 1000.0
    found = time_domain(nn_series(rr_ms, normal))
    assert found.sdnn == pytest.approx(hrv.sdnn_ms(rr_ms, normal))
    assert found.rmssd == pytest.approx(hrv.rmssd_ms(rr_ms, normal))
    assert found.pnn50 == pytest.approx(hrv.pnn50_pct(rr_ms, normal))


def test_a_constant_row_has_no_spread_and_no_shape() -> None:
    found = time_domain(series([812.3] * 30))
    zero = (found.sdnn, found.rmssd, found.sdsd, found.nn_mad, found.nn_iqr, found.hr_range)
    assert zero == pytest.approx((0.0,) * 6, abs=1e-9)
    assert np.isnan([found.ln_rmssd, found.nn_skew, found.nn_kurt]).all()


@given(row=rows(), factor=st.floats(0.5, 2.0))
def test_scaling(row: FloatArray, factor: float) -> None:
    one, scaled = time_domain(series(row)), time_domain(series(factor * row))
    for key in ("nn_mean", "sdnn", "rmssd", "sdsd", "nn_mad", "nn_p5", "nn_iqr", "nn_p95_5"):
        assert getattr(scaled, key) == pytest.approx(factor * getattr(one, key), rel=1e-6, abs=1e-6)
    for key in ("cvnn", "cvsd", "nn_mcv", "nn_skew", "nn_kurt"):
        assert getattr(scaled, key) == pytest.approx(getattr(one, key), rel=1e-6, abs=1e-6)
    for key in ("hr_sd", "hr_range"):
        assert getattr(scaled, key) == pytest.approx(getattr(one, key) / factor, rel=1e-6, abs=1e-6)


def test_the_histograms_golden_value() -> None:
    assert geometry(golden_ms(400), BIN_MS).hti == pytest.approx(9.090909090909092)


def test_a_triangle_is_found_again() -> None:
    # Counts 2, 4, 6, 4, 2 around bin 100: feet at bins 97 and 103.
    counts = {98: 2, 99: 4, 100: 6, 101: 4, 102: 2}
    nn_ms = np.repeat([(at + 0.5) * BIN_MS for at in counts], list(counts.values()))
    found = geometry(nn_ms, BIN_MS)
    assert found.hti == pytest.approx(18 / 6)
    assert (found.tinn_n, found.tinn_m) == pytest.approx((97.5 * BIN_MS, 103.5 * BIN_MS))
    assert found.tinn == pytest.approx(6 * BIN_MS)


@given(row=rows(most=200))
def test_no_other_feet_fit_better(row: FloatArray) -> None:
    found = geometry(row, 50.0)
    edges = np.arange(0.0, 6000.0, 50.0)
    counts = np.histogram(row, edges)[0].astype(float)
    at, apex = edges[:-1] + 25.0, int(np.argmax(counts))

    def misfit(low_ms: float, high_ms: float) -> float:
        points = [low_ms, at[apex], high_ms]
        return float(((counts - np.interp(at, points, [0.0, counts[apex], 0.0])) ** 2).sum())

    best = min(
        misfit(at[apex] - 50.0 * left, at[apex] + 50.0 * right)
        for left in range(1, 45)
        for right in range(1, 45)
    )
    assert misfit(found.tinn_n, found.tinn_m) == pytest.approx(best)


def test_segments_golden_values() -> None:
    # NeuroKit2 counts eleven segments of 5 min here, as we do (56.9 min).
    found = segments(series(golden_ms(4000)), 3600.0 * 0.94, 300.0, 0.5)
    assert found.n == 11
    assert found.sdann == pytest.approx(11.453019393019153, rel=2e-3)
    assert found.sdnni == pytest.approx(32.15057031214194, rel=2e-3)


def test_segments_are_whole_and_mostly_covered() -> None:
    # Four minutes: 1 s intervals that alternate about 1000, 1010, then little, then 1030.
    first = [995.0, 1005.0] * 30
    second = [1005.0, 1015.0] * 30
    beat_ms = np.concatenate((np.cumsum(first), 60_000 + np.cumsum(second)))
    lost = [130_000.0, 131_000.0]
    fourth = 180_000 + np.cumsum([1025.0, 1035.0] * 29)
    rr_ms = np.array([*first, *second, np.nan, 1000.0, np.nan, *([1025.0, 1035.0] * 29)])
    at_ms = np.concatenate((beat_ms, lost, [180_000.0], fourth))
    found = segments(nn_series(rr_ms, np.isfinite(rr_ms), at_ms), 245.0, 60.0, 0.5)
    assert found.n == 3
    assert found.sdann == pytest.approx(statistics.stdev([1000.0, 1010.0, 1030.0]), rel=0.02)
    assert found.sdnni == pytest.approx(5.0, rel=0.02)


def test_no_segment_no_value() -> None:
    found = segments(series([800.0] * 20), 16.0, 60.0, 0.5)
    assert found.n == 0
    assert np.isnan([found.sdann, found.sdnni]).all()
