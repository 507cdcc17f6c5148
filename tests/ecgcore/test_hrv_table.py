"""One table of all indices: values, units, what they rest on, and why they are absent."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore import hrv
from ecgcore.events import Dimension, Measurement, NullReason
from ecgcore.hrv_config import EctopicPolicy, HrvConfig, LeastData, PsdMethod
from ecgcore.hrv_table import HRV_INDICES, measure_hrv, measure_hrv_windows
from ecgcore.nn import BoolArray
from ecgcore.types import FloatArray
from tests.ecgcore.intervals import golden_ms

RR_MS = golden_ms(350)
NORMAL = np.ones(RR_MS.size, bool)
LONG_ONLY = {"sdann1", "sdann2", "sdann5", "ulf", "beta_slope"}
HALF_HOUR = {"vlf", "dc", "ac", "decel_runs_2", "decel_runs_4", "decel_runs_8"}
SCALES = {"mse", "cmse", "rcmse"}
TURBULENCE = {"hrt_to", "hrt_ts", "hrt_tt", "hrt_class"}
NOT_IN_5_MIN = LONG_ONLY | HALF_HOUR | SCALES | TURBULENCE | {"sdnni5"}


def measured(
    rr_ms: FloatArray = RR_MS, normal: BoolArray | None = None, **others: object
) -> dict[str, Measurement]:
    mask = np.isfinite(rr_ms) if normal is None else normal
    found = measure_hrv(rr_ms, mask, **others)  # type: ignore[arg-type]
    return {each.key: each for each in found}


def reasons(found: dict[str, Measurement]) -> dict[str, NullReason | None]:
    return {key: each.null_reason for key, each in found.items()}


def test_a_window_of_five_minutes_has_all_but_what_asks_for_more() -> None:
    found = measured(duration_s=300.0)
    assert {key for key, each in found.items() if each.value is None} == NOT_IN_5_MIN
    why = reasons(found)
    too_short = LONG_ONLY | HALF_HOUR | {"sdnni5"}
    assert {why[key] for key in too_short} == {NullReason.TOO_SHORT}
    assert {why[key] for key in SCALES | TURBULENCE} == {NullReason.TOO_FEW_BEATS}


def test_keys_are_unique_and_values_agree_with_those_of_a_live_window() -> None:
    found = measured()
    assert len(found) == len(HRV_INDICES)
    assert found["sdnn"].value == pytest.approx(hrv.sdnn_ms(RR_MS, NORMAL))
    assert found["rmssd"].value == pytest.approx(hrv.rmssd_ms(RR_MS, NORMAL))
    assert found["pnn50"].value == pytest.approx(hrv.pnn50_pct(RR_MS, NORMAL))
    assert {each.dim for each in found.values()} == {Dimension.FUNCTIONAL}
    assert {each.sqi for each in measured(sqi=0.8).values()} == {0.8}


def test_values_count_what_they_rest_on() -> None:
    normal = NORMAL.copy()
    normal[250:252] = False
    found = measured(normal=normal)
    assert found["sdnn"].n == 348
    assert found["hfd"].n == 250
    assert found["af_tpr"].n == 350


@pytest.mark.parametrize(
    ("n", "duration_s", "absent", "present"),
    [
        (50, 45.0, ["rmssd", "sdnn", "hf", "stress_index"], ["af_cosen"]),
        (75, 60.0, ["lf", "tp", "lf_hf", "hf_nu", "dfa_a1", "sampen"], ["rmssd", "hf", "ln_hf"]),
        (199, 170.0, ["sampen", "apen", "hfd", "lf"], ["hf_peak", "sd1"]),
        (299, 255.0, ["dfa_a1", "dfa_a2"], ["sampen", "lf", "lf_hf", "tp"]),
        (300, 255.0, ["vlf"], ["dfa_a1", "dfa_a2"]),
    ],
)
def test_least_data(n: int, duration_s: float, absent: list[str], present: list[str]) -> None:
    found = measured(RR_MS[:n], duration_s=duration_s)
    assert all(found[key].value is None for key in absent)
    assert all(found[key].value is not None for key in present)


def test_half_an_hour_gives_capacities_and_vlf() -> None:
    found = measured(golden_ms(2200))
    assert all(found[key].value is not None for key in HALF_HOUR | {"sdnni5", "rcmse"})
    assert (found["mse"].null_reason, found["cmse"].value) == (NullReason.TOO_FEW_BEATS, None)
    assert measured(golden_ms(4000))["mse"].value == pytest.approx(27.709021378203644)


def test_a_day_gives_all() -> None:
    day = replace(HrvConfig(), least=LeastData(long_s=3000.0))
    rr_ms = golden_ms(4000)
    found = measured(rr_ms, config=day)
    assert all(found[key].value is not None for key in LONG_ONLY)
    parts = sum(found[key].value or 0.0 for key in ("ulf", "vlf", "lf", "hf"))
    assert found["tp"].value == pytest.approx(parts)


def test_lost_samples_leave_no_piece_for_lf() -> None:
    rr_ms = RR_MS.copy()
    rr_ms[170:180] = np.nan
    found = measured(rr_ms, duration_s=300.0)
    why = reasons(found)
    assert (why["lf"], why["lf_hf"], why["hf"]) == (NullReason.GAP, NullReason.GAP, None)
    assert why["hfd"] is NullReason.TOO_FEW_BEATS
    assert why["sampen"] is None


def test_a_row_of_ectopic_beats_leaves_no_piece_for_lf_either() -> None:
    normal = NORMAL.copy()
    normal[170:180] = False
    why = reasons(measured(normal=normal, duration_s=300.0))
    assert (why["lf"], why["hf"]) == (NullReason.TOO_FEW_BEATS, None)


def test_slow_indices_rest_on_the_first_intervals_of_many() -> None:
    bounded = replace(HrvConfig(), most_nn=250)
    found, first = measured(config=bounded), measured(RR_MS[:250])
    for key in ("apen", "sampen", "fuzzyen", "shannon_rr", "lzc", "hfd", "af_cosen", "af_tpr"):
        assert found[key].value == first[key].value
        assert found[key].n == 250
    assert found["dfa_a1"].n == found["sdnn"].n == 350


def test_among_many_ectopic_beats_there_is_no_spectrum() -> None:
    normal = np.arange(RR_MS.size) % 4 > 0
    assert measured(normal=normal)["lf"].null_reason is NullReason.TOO_FEW_BEATS
    mended = replace(HrvConfig(), ectopic=EctopicPolicy.CORRECT)
    assert measured(normal=normal, config=mended)["sampen"].null_reason is NullReason.TOO_FEW_BEATS


def test_mended_rows_give_what_runs_are_too_short_for() -> None:
    normal = np.arange(RR_MS.size) % 50 > 1
    why = reasons(measured(normal=normal))
    assert why["dfa_a2"] is NullReason.TOO_FEW_BEATS
    assert why["dfa_a1"] is None
    for policy in (EctopicPolicy.INTERPOLATE, EctopicPolicy.CORRECT):
        found = measured(normal=normal, config=replace(HrvConfig(), ectopic=policy))
        assert found["dfa_a2"].value is not None
        # Differences never rest on what was put in place.
        assert found["rmssd"].value == measured(normal=normal)["rmssd"].value


def test_a_constant_row_has_spread_zero_and_no_ratios() -> None:
    found = measured(np.full(400, 800.0))
    assert found["sdnn"].value == 0.0
    assert found["rmssd"].value == 0.0
    why = reasons(found)
    ratios = ("ln_rmssd", "nn_skew", "csi", "hra_pi", "dfa_a1", "kfd", "corr_dim", "stress_index")
    assert {why[key] for key in ratios} == {NullReason.NOT_APPLICABLE}


def test_premature_beats_give_turbulence() -> None:
    row = np.array([800.0] * 20 + [550.0, 1050.0, 780.0, 780.0, *np.arange(780.0, 830.0, 5.0)] * 1)
    rr_ms = np.concatenate([np.concatenate((row, [800.0] * 10))] * 6)
    ventricular = rr_ms == 550.0
    normal = ~ventricular & (rr_ms != 1050.0)
    found = measured(rr_ms, normal, ventricular=ventricular)
    assert found["hrt_to"].value == pytest.approx(-2.5)
    assert found["hrt_to"].n == 6


def test_without_a_mask_intervals_near_their_median_are_normal() -> None:
    rr_ms = RR_MS.copy()
    rr_ms[100] = 500.0
    found = {each.key: each for each in measure_hrv(rr_ms)}
    assert found["sdnn"].n == 349


@pytest.mark.parametrize("rr_ms", [np.array([]), np.full(5, np.nan), np.array([800.0])])
def test_nothing_gives_nothing_but_reasons(rr_ms: FloatArray) -> None:
    assert all(each.null_reason is not None for each in measure_hrv(rr_ms))


@given(
    rr_ms=st.lists(st.floats(200.0, 3000.0) | st.just(float("nan")), max_size=150),
    policy=st.sampled_from(EctopicPolicy),
    psd=st.sampled_from(PsdMethod),
    seed=st.integers(0, 2**16),
)
def test_any_row_is_measured(
    rr_ms: list[float], policy: EctopicPolicy, psd: PsdMethod, seed: int
) -> None:
    values = np.array(rr_ms, float)
    normal = np.random.default_rng(seed).random(values.size) < 0.9
    low = LeastData(
        short_s=1.0,
        short_nn=4,
        hf_s=5.0,
        lf_s=10.0,
        vlf_s=20.0,
        prsa_s=10.0,
        long_s=60.0,
        dfa_nn=4,
        entropy_nn=3,
        scale_nn=1,
    )
    config = replace(HrvConfig(), ectopic=policy, psd=psd, least=low, window_s=10.0)
    found = measure_hrv(values, normal, config, ventricular=~normal)
    assert [each.key for each in found] == [index.key for index in HRV_INDICES]
    assert all((each.value is None) != (each.null_reason is None) for each in found)
    assert all(np.isfinite(each.value) for each in found if each.value is not None)


def test_windows_of_a_recording() -> None:
    rr_ms = golden_ms(1500)
    beat_ms = 5000.0 + np.cumsum(rr_ms)
    normal = np.ones(rr_ms.size, bool)
    config = replace(HrvConfig(), step_s=150.0)
    windows = measure_hrv_windows(rr_ms, normal, beat_ms, config)
    assert [window.start_ms for window in windows] == [150e3 * k for k in range(7)]
    end_ms = np.cumsum(rr_ms)
    inside = (end_ms - rr_ms >= 300e3) & (end_ms <= 600e3)
    expected = measure_hrv(rr_ms[inside], normal[inside], config, duration_s=300.0)
    assert windows[2].measurements == expected
    assert all(b.start_ms - a.start_ms == 150e3 for a, b in pairwise(windows))
    assert measure_hrv_windows(rr_ms[:0], normal[:0], beat_ms[:0]) == ()


def test_values_of_the_table_are_those_of_other_implementations() -> None:
    """NeuroKit2 0.3.0 and others; `docs/biomarkers/cross-checks-hrv.md` says which gives what."""
    found = measured(golden_ms(400))
    golden = {
        "apen": 1.2284673545394007,
        "sampen": 2.0092532880001457,
        "fuzzyen": 1.4008049552901416,
        "shannon_rr": 4.070497145238027,
        "dfa_a1": 0.6960751224230763,
        "dfa_a2": 1.2407741291335586,
        "hfd": 1.9340114864609557,
        "kfd": 4.574882838379836,
        "lzc": 0.8859952594519094,
        "corr_dim": 6.616696048659779,
    }
    for key, value in golden.items():
        assert found[key].value == pytest.approx(value, rel=1e-9), key


def test_shares_of_the_spectrum() -> None:
    found = {key: each.value or 0.0 for key, each in measured(duration_s=300.0).items()}
    expected = {
        "lf_n": 100.0 * found["lf"] / found["tp"],
        "hf_n": 100.0 * found["hf"] / found["tp"],
    }
    for key, value in expected.items():
        assert found[key] == pytest.approx(value), key


def test_a_day_whose_hours_differ() -> None:
    """Every hour has its own interval; within each, two neighbours take turns 10 ms apart."""
    hour_ms = [800.0 + 10.0 * (hour % 2) for hour in range(24)]
    rr_ms = np.concatenate([np.tile([ms, ms + 10.0], round(1800e3 / (ms + 5.0))) for ms in hour_ms])
    found = measured(rr_ms, duration_s=86_400.0)
    means_s, within = 10.0 / 2.0, 10.0 / 2.0
    expected = {
        "sdann1": means_s,
        "sdann2": means_s,
        "sdann5": means_s,
        "sdnni1": within,
        "sdnni2": within,
        "sdnni5": within,
        "decel_runs_2": 0.0,
        "decel_runs_4": 0.0,
        "decel_runs_8": 0.0,
    }
    for key, value in expected.items():
        assert found[key].value == pytest.approx(value, rel=0.05, abs=1e-9), key
