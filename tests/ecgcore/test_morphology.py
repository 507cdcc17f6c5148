"""Figures of shape against a beat whose shape is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore import morph_places as m
from ecgcore.morph_qrs import MOST, N_COLUMNS, deflections_of
from ecgcore.morphology import KEYS, measure_lead, p_of, terminal_of
from ecgcore.qrs_form import QrsFormConfig, deflections, pattern_of
from ecgcore.types import FloatArray

FS_HZ = 500.0
# Corners of a beat in ms and mV: P, level PR segment, Q, R, S, ST level, T.
CORNERS = (
    *((0, 0.0), (100, 0.0), (150, 0.15), (200, 0.0), (260, 0.0)),
    *((270, -0.1), (280, 0.0), (300, 1.2), (320, 0.0), (335, -0.3), (350, 0.05)),
    *((430, 0.05), (530, 0.4), (590, 0.0), (800, 0.0)),
)
POINTS_MS = (100.0, 200.0, 260.0, 300.0, 350.0, 430.0, 530.0, 590.0)
PERIOD_MS = 1e3 / FS_HZ


def beat(gain: float = 1.0) -> FloatArray:
    at_ms, height_mv = np.array(CORNERS).T
    return gain * np.interp(np.arange(0, 801, PERIOD_MS), at_ms, height_mv)


def figures(beat_mv: FloatArray, points_ms: tuple[float, ...] = POINTS_MS) -> dict[str, float]:
    found = np.empty(len(KEYS))
    measure_lead(beat_mv, FS_HZ, np.array(points_ms) / PERIOD_MS, 0.8, found)
    return dict(zip(KEYS, found.tolist(), strict=True))


def test_amplitudes_are_those_drawn() -> None:
    found = figures(beat())
    drawn = {
        "p_amp_pos": 0.15,
        "p_amp_neg": 0.0,
        "q_amp": 0.1,
        "r_amp": 1.2,
        "s_amp": 0.3,
        "qrs_pp": 1.5,
        "t_amp": 0.4,
        "t_amp_pos": 0.4,
        "t_amp_neg": 0.0,
    }
    for key, value in drawn.items():
        # A corner between two samples is cut by one sample's rise at most.
        assert found[key] == pytest.approx(value, abs=0.03), key


def test_durations_are_true_within_a_sample() -> None:
    found = figures(beat())
    drawn_ms = {
        "q_dur": 20.0,
        "r_dur": 40.0,
        "s_dur": 27.1,
        "r_peak_time": 40.0,
        "p_pos_dur": 100.0,
        "p_neg_dur": 0.0,
        "t_pos_dur": 160.0,
        "t_neg_dur": 0.0,
    }
    for key, value in drawn_ms.items():
        assert found[key] == pytest.approx(value, abs=2 * PERIOD_MS), key


@pytest.mark.parametrize(
    ("corners", "p_neg_ms", "depth_mv", "terminal_ms"),
    [
        # Under the level by less than 0.02 mV at its begin, and its end: no part of P.
        ([(15, -0.015), (30, 0), (60, 0.1), (90, 0), (95, -0.015), (100, 0)], 0.0, 0.0, 0.0),
        # The negative end, up to where it comes back to the level.
        (
            [(15, -0.015), (30, 0), (45, 0.1), (60, 0), (75, -0.1), (88, 0), (91, 0.01), (94, 0)],
            28.0,
            0.1,
            28.0,
        ),
        # A negative begin is no end.
        ([(20, -0.08), (40, 0), (70, 0.1), (100, 0)], 40.0, 0.0, 0.0),
        # Two negative parts, one of them at the end.
        ([(20, -0.08), (40, 0), (55, 0.1), (70, 0), (85, -0.05), (100, 0)], 70.0, 0.05, 30.0),
        # All of it is.
        ([(50, -0.12), (100, 0)], 100.0, 0.12, 100.0),
    ],
)
def test_the_negative_end_of_p(
    corners: list[tuple[float, float]], p_neg_ms: float, depth_mv: float, terminal_ms: float
) -> None:
    at_ms, height_mv = np.array([(-100, 0), (0, 0), *corners, (700, 0)]).T
    beat_mv = np.interp(np.arange(-100, 701, PERIOD_MS), at_ms, height_mv)
    assert figures(beat_mv)["p_neg_dur"] == pytest.approx(p_neg_ms, abs=2 * PERIOD_MS)
    end = terminal_of(p_of(beat_mv, FS_HZ, np.array(POINTS_MS) / PERIOD_MS), FS_HZ)
    assert end == pytest.approx((depth_mv, terminal_ms), abs=2 * PERIOD_MS)
    assert end[0] == pytest.approx(depth_mv, abs=0.01)


def test_areas_are_those_of_the_triangles() -> None:
    found = figures(beat())
    # uV.s: half of height (uV) times width (s).
    drawn = {
        "p_area": 7.5,
        "q_area": -1.0,
        "r_area": 24.0,
        "s_area": -4.1,
        "t_area": 34.0,
        "st_area": 4.0,
        "qrs_area": -1.0 + 24.0 - 4.1 + 0.05,
        "qrs_abs_area": 1.0 + 24.0 + 4.1 + 0.05,
        # Up to the peak: 100 ms from 50 to 400 uV; from there 60 ms to 0.
        "t_asym_area": 22.5 / 12.0,
    }
    for key, value in drawn.items():
        assert found[key] == pytest.approx(value, rel=0.05, abs=0.1), key
    # ST is level, so its area has no error of sampling.
    assert found["st_area"] == pytest.approx(4.0, abs=1e-9)
    between = 1e3 * beat()[round(350 / PERIOD_MS) : round(430 / PERIOD_MS)].sum() / FS_HZ
    drawn = {"qrst_area": found["qrs_area"] + between + found["t_area"]}
    assert found["qrst_area"] == pytest.approx(drawn["qrst_area"], abs=0.2)


def test_levels_and_slopes() -> None:
    found = figures(beat())
    drawn = {
        "st_j0": 50.0,
        "st_j20": 50.0,
        "st_j40": 50.0,
        "st_j60": 50.0,
        "st_j80": 50.0,
        "st_rr16": 50.0,
        "st_max": 50.0,
        "st_min": 50.0,
        "st_2_8": 50.0,
        "st_3_8": 50.0,
        # 10 ms up the T wave, which rises by 3.5 uV a millisecond.
        "st_mid": 85.0,
        "st_slope": 0.0,
        "pr_level": 0.0,
        "qrs_up_max": 60.0,
        "qrs_down_max": -60.0,
        # From -0.1 mV over 0 to the R wave: the regression of 0, -0.1, 0 and 1.2 mV.
        "qrs_init_slope": regression([(0, 0.0), (10, -0.1), (20, 0.0), (40, 1.2)]),
        "t_up_max": 3.5,
        "t_down_max": -0.4 / 0.06,
        "p_up_max": 3.0,
        "t_peak_symmetry": 100 / 60,
    }
    for key, value in drawn.items():
        assert found[key] == pytest.approx(value, abs=1e-6), key


def regression(corners: list[tuple[int, float]]) -> float:
    """Give the slope of the line through corners, sampled as the beat is, mV/s."""
    at_ms = np.arange(corners[0][0], corners[-1][0] + 1, PERIOD_MS)
    return 1e3 * float(np.polyfit(at_ms, np.interp(at_ms, *np.array(corners).T), 1)[0])


def test_energies_are_those_of_the_samples() -> None:
    beat_mv, found = beat(), figures(beat())

    def rms_uv(first_ms: float, last_ms: float) -> float:
        wave = beat_mv[round(first_ms / PERIOD_MS) : round(last_ms / PERIOD_MS) + 1]
        return 1e3 * float(np.sqrt(np.mean(wave**2)))

    drawn = {
        "p_rms": rms_uv(100, 200),
        "qrs_rms": rms_uv(260, 350),
        "t_rms": rms_uv(430, 590),
        "beat_energy": float(np.mean(beat_mv**2)),
    }
    for key, value in drawn.items():
        assert found[key] == pytest.approx(value), key


def test_a_second_positive_wave_is_r_prime_and_a_notch_is_none() -> None:
    corners = [(0, 0), (100, 0), (115, 0.4), (130, -0.6), (150, 0.8), (170, -0.2), (180, 0)]
    at_ms, height_mv = np.array([*corners, (400, 0)]).T
    beat_mv = np.interp(np.arange(0, 401, PERIOD_MS), at_ms, height_mv)
    points_ms = (*[math.nan] * 2, 100.0, 150.0, 182.0, *[math.nan] * 3)
    found = figures(beat_mv, points_ms)
    assert math.isnan(found["q_amp"])
    drawn_mv = {"r_amp": 0.4, "s_amp": 0.6, "rp_amp": 0.8, "sp_amp": 0.2}
    drawn_ms = {"rp_dur": 24.6, "sp_dur": 14.0}
    for key, value in drawn_mv.items():
        assert found[key] == pytest.approx(value, abs=0.03), key
    for key, value in drawn_ms.items():
        assert found[key] == pytest.approx(value, abs=2 * PERIOD_MS), key
    assert found["r_notches"] == 0
    assert found["r_peak_time"] == pytest.approx(50.0, abs=PERIOD_MS)
    at_ms, height_mv = np.array([(0, 0), (20, 0.6), (30, 0.5), (40, 0.9), (60, 0), (300, 0)]).T
    beat_mv = np.interp(np.arange(-50, 301, PERIOD_MS), at_ms, height_mv)
    points_ms = (*[math.nan] * 2, 50.0, 90.0, 110.0, *[math.nan] * 3)
    drawn = {"r_notches": 1.0}
    assert figures(beat_mv, points_ms)["r_notches"] == drawn["r_notches"]


@pytest.mark.parametrize(
    ("corners", "drawn"),
    [
        # ST stays up, or down, where QRS ends: no R', no S'.
        (
            [(0, 0), (15, 0.3), (30, 0), (50, -1.0), (70, 0), (80, 0.2), (90, 0.2)],
            {"r_amp": 0.3, "s_amp": 1.0, "rp_amp": math.nan, "r_peak_time": 15.0},
        ),
        (
            [(0, 0), (15, -0.2), (30, 0), (50, 1.0), (70, 0), (80, -0.2), (90, -0.2)],
            {"q_amp": 0.2, "r_amp": 1.0, "s_amp": math.nan, "sp_amp": math.nan},
        ),
        # It comes back: a wave.
        (
            [(0, 0), (15, 0.3), (30, 0), (50, -1.0), (66, 0), (78, 0.2), (90, 0.05)],
            {"r_amp": 0.3, "s_amp": 1.0, "rp_amp": 0.2, "r_peak_time": 78.0},
        ),
        # The dip of 0.04 mV is no wave, so R is one; its peak is the higher one.
        (
            [(0, 0), (20, 0.4), (38, 0), (43, -0.04), (48, 0), (66, 0.6), (84, 0), (90, 0)],
            {"r_amp": 0.6, "r_dur": 84.0, "r_area": 18.2, "rp_amp": math.nan, "r_notches": 1.0},
        ),
    ],
)
def test_deflections_are_those_that_the_pattern_names(
    corners: list[tuple[float, float]], drawn: dict[str, float]
) -> None:
    at_ms, height_mv = np.array([(-50, 0), *corners, (300, corners[-1][1])]).T
    beat_mv = np.interp(np.arange(-50, 301, PERIOD_MS), at_ms, height_mv)
    found = figures(beat_mv, (*[math.nan] * 2, 50.0, 90.0, 140.0, *[math.nan] * 3))
    for key, value in drawn.items():
        assert found[key] == pytest.approx(value, abs=2.0 if value > 2 else 0.03, nan_ok=True), key
    pattern = pattern_of(deflections(beat_mv[25:71], FS_HZ), QrsFormConfig())
    assert len(pattern.replace("'", "")) == sum(
        math.isfinite(found[key]) for key in ("q_amp", "r_amp", "s_amp", "rp_amp", "sp_amp")
    )


def test_what_is_absent_is_nan() -> None:
    no_p = figures(beat(), (math.nan, math.nan, *POINTS_MS[2:]))
    no_t = figures(beat(), (*POINTS_MS[:5], *[math.nan] * 3))
    p_keys = set(KEYS[: m.QRS_AT])
    for key in KEYS:
        assert math.isnan(no_p[key]) == (
            key in p_keys or key in ("rp_amp", "rp_dur", "sp_amp", "sp_dur")
        )
    assert math.isnan(no_t["t_amp"])
    assert math.isnan(no_t["qrst_area"])
    assert math.isnan(no_t["st_mid"])
    assert no_t["st_j60"] == pytest.approx(50.0)
    nothing = figures(beat(), (math.nan,) * 8)
    assert all(math.isnan(value) for value in nothing.values())


def test_a_qs_is_one_downward_wave() -> None:
    beat_mv = np.zeros(400)
    beat_mv[100:140] = -np.hanning(40)
    found = np.empty((MOST, N_COLUMNS))
    assert deflections_of(beat_mv[95:145], FS_HZ, found) == 1
    points = (*[math.nan] * 2, 95 * PERIOD_MS, 120 * PERIOD_MS, 145 * PERIOD_MS, *[math.nan] * 3)
    of = figures(beat_mv, points)
    assert of["q_amp"] == pytest.approx(1.0, abs=0.01)
    assert math.isnan(of["r_amp"])
    assert math.isnan(of["r_peak_time"])


_VOLTAGES = ("_dur", "_symmetry", "asym_area", "r_peak_time", "r_notches")


@given(gain=st.floats(1.0, 20.0))
def test_gain_scales_what_is_a_voltage_and_nothing_else(gain: float) -> None:
    one, other = figures(beat(2.0)), figures(beat(2.0 * gain))
    for key in KEYS:
        factor = 1.0 if key.endswith(_VOLTAGES) else gain
        factor = gain**2 if key == "beat_energy" else factor
        assert other[key] == pytest.approx(factor * one[key], nan_ok=True), key


@given(
    beat_mv=st.lists(st.floats(-5, 5), min_size=4, max_size=60),
    places=st.lists(st.one_of(st.just(math.nan), st.floats(-10, 80)), min_size=8, max_size=8),
)
def test_points_in_disorder_do_no_harm(beat_mv: list[float], places: list[float]) -> None:
    found = np.empty(len(KEYS))
    measure_lead(np.array(beat_mv), 100.0, np.array(places), 0.8, found)
    assert not np.isinf(found).any()
