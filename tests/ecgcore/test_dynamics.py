"""QT, alternans and T vectors that were put into beats are found in them."""

import math

import numpy as np
import pytest

from ecgcore import morph_places as m
from ecgcore.alternans import (
    Repolarisations,
    moving_average_uv,
    qrs_alternans_pct,
    smoothed,
    spectral_uv,
)
from ecgcore.dynamics_table import DYNAMICS, measure_dynamics
from ecgcore.events import BeatLabel, Measurement, NullReason
from ecgcore.qt_config import DynamicsConfig
from ecgcore.qt_dynamics import (
    filtered_rr_ms,
    qt_lag_s,
    qt_on_rr,
    qtvi,
    regression,
    short_term_variability_ms,
)
from ecgcore.qt_series import qt_series_ms
from ecgcore.recorded import Recorded
from ecgcore.smooth_lead import SmoothLead
from ecgcore.t_vector import slow_power_deg2, turns_deg
from ecgcore.types import FloatArray
from ecgcore.usual_beats import UsualBeats
from ecgcore.vector import EIGHT
from tests.ecgcore.trains import QRS_S, T_S, recorded_of, train_mv

CONFIG = DynamicsConfig()
N = 150
TURN = 2.0 * np.pi


def beats_s(n: int = N, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    found: FloatArray = 0.6 + np.cumsum(np.r_[0.0, rng.normal(0.8, 0.02, n - 1)])
    return found


def recording(
    fs_hz: float = 500.0,
    *,
    qt_gain: FloatArray | None = None,
    t_gain: FloatArray | None = None,
    r_gain: FloatArray | None = None,
    noise_mv: float = 0.01,
    labels: list[BeatLabel] | None = None,
) -> Recorded:
    at_s = beats_s()
    ecg_mv = train_mv(at_s, fs_hz, at_s[-1] + 1.0, qt_gain=qt_gain, t_gain=t_gain, r_gain=r_gain,
                      noise_mv=noise_mv)  # fmt: skip
    # Wander that breathing makes.
    ecg_mv += 0.1 * np.sin(TURN * 0.25 * np.arange(ecg_mv.size) / fs_hz)
    return recorded_of(ecg_mv[np.newaxis], at_s, fs_hz, labels=labels)


def measured(recorded: Recorded, is_af: bool = False) -> dict[str, Measurement]:
    return {each.key: each for each in measure_dynamics(recorded, is_af, CONFIG)}


def test_a_lead_is_known_between_its_samples() -> None:
    fs_hz = 250.0
    ecg_mv = np.sin(TURN * 10.0 * np.arange(1000) / fs_hz)
    places = np.linspace(20.0, 900.0, 1234)
    lead = SmoothLead(ecg_mv)
    np.testing.assert_allclose(lead.at(places), np.sin(TURN * 10.0 * places / fs_hz), atol=2e-3)
    assert np.isnan(lead.at(np.array([-0.1, 999.1]))).all()
    holed = ecg_mv.copy()
    holed[500] = np.nan
    known = np.isfinite(SmoothLead(holed).at(np.array([490.2, 497.5, 500.0, 502.5, 510.2])))
    np.testing.assert_array_equal(known, [True, False, False, False, True])


@pytest.mark.parametrize("sd", [0.0, 0.01, 0.03])
def test_qt_of_single_beats_is_what_was_drawn(sd: float) -> None:
    gain = 1.0 + sd * np.random.default_rng(4).standard_normal(N)
    recorded = recording(qt_gain=gain, noise_mv=0.005)
    assert not isinstance(recorded.average, NullReason)
    found = qt_series_ms(UsualBeats(recorded, recorded.average), CONFIG)
    # T is drawn away from R, and QT begins before it.
    drawn_ms = 1e3 * (T_S[1] * gain - QRS_S[0])
    apart_ms = found - drawn_ms
    assert np.isfinite(found).all()
    assert np.std(apart_ms) < 0.5 + 0.06 * np.std(drawn_ms)
    values = measured(recorded)
    steps_ms = np.abs(np.diff(drawn_ms)[:120]).reshape(4, 30)
    drawn = {
        "sdqt": np.std(drawn_ms, ddof=1),
        "stv_qt": np.median(steps_ms.mean(axis=1)) / math.sqrt(2.0),
    }
    for key, value in drawn.items():
        assert values[key].value == pytest.approx(value, rel=0.08, abs=0.6), key
    assert values["sdqt"].n == N


def test_a_beat_that_is_none_has_no_qt() -> None:
    recorded = recording(noise_mv=0.005)
    at = round(beats_s()[70] * 500.0)
    recorded.ecg_mv[0, at + 60 : at + 200] = np.random.default_rng(0).normal(0.0, 0.3, 140)
    recorded.ecg_mv[0, at + 1000] = np.nan
    assert not isinstance(recorded.average, NullReason)
    found = qt_series_ms(UsualBeats(recorded, recorded.average), CONFIG)
    assert np.isnan(found[70])
    assert 1 <= np.isnan(found).sum() <= 3


def test_indices_of_qt_by_hand() -> None:
    qt_ms, rr_ms = np.array([400.0, 410.0, 390.0]), np.array([1000.0, 1200.0, 800.0])
    hr = np.array([60.0, 50.0, 75.0])
    of_qt = 100.0 / 400.0**2
    value = math.log10(of_qt / (np.var(hr, ddof=1) / hr.mean() ** 2))
    assert qtvi(qt_ms, rr_ms) == pytest.approx(value)
    assert qtvi(qt_ms, np.full(3, 1000.0)) is NullReason.NOT_APPLICABLE
    assert qtvi(qt_ms, np.full(3, np.nan)) is NullReason.TOO_FEW_BEATS
    follows = np.array([False, True, True])
    stv_qt = short_term_variability_ms(qt_ms, follows, 2)
    assert stv_qt == pytest.approx((10.0 + 20.0) / (2 * math.sqrt(2.0)))
    # No difference is formed across a beat that is missing.
    broken = short_term_variability_ms(qt_ms, np.array([False, False, True]), 1)
    assert broken == pytest.approx(20.0 / math.sqrt(2.0))
    assert short_term_variability_ms(qt_ms, follows, 3) is NullReason.TOO_FEW_BEATS


def steps(lag_s: float, slope: float = 0.15) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give QT that follows steps of RR every 5 min, RR, and times."""
    times_s, rr_ms = [0.0], [1000.0]
    while times_s[-1] < 1200.0:
        breath = 20.0 * math.sin(TURN * 0.25 * times_s[-1])
        rr_ms.append((1000.0, 700.0)[int(times_s[-1] // 300.0) % 2] + breath)
        times_s.append(times_s[-1] + rr_ms[-1] / 1e3)
    seen = rr_ms[0]
    qt_ms = []
    for rr in rr_ms:
        seen += (1.0 - 10.0 ** (-rr / 1e3 / lag_s)) * (rr - seen)
        qt_ms.append(250.0 + slope * seen)
    noise_ms = np.random.default_rng(0).normal(0.0, 1.0, len(qt_ms))
    return np.array(qt_ms) + noise_ms, np.array(rr_ms), np.array(times_s)


@pytest.mark.parametrize("lag_s", [30.0, 120.0, 200.0])
def test_the_lag_of_qt_is_found(lag_s: float) -> None:
    qt_lag = qt_lag_s(*steps(lag_s), CONFIG)
    assert qt_lag == pytest.approx(lag_s, rel=0.1)


def test_slope_and_r2_are_those_of_the_line() -> None:
    found = qt_on_rr(*steps(120.0), CONFIG)
    assert not isinstance(found, NullReason)
    qt_rr_slope, qt_rr_r2, n = found
    assert qt_rr_slope == pytest.approx(0.15, rel=0.02)
    assert qt_rr_r2 == pytest.approx(1.0, abs=0.02)
    assert n > 1200
    x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 3.0, 3.0, 5.0])
    assert regression(x, y) == pytest.approx((np.polyfit(x, y, 1)[0], np.corrcoef(x, y)[0, 1] ** 2))


def test_a_steady_rate_says_nothing_of_qt() -> None:
    qt_ms, rr_ms, times_s = steps(120.0)
    steady = np.full(rr_ms.size, 800.0)
    given = (qt_ms, steady, times_s)
    assert qt_on_rr(*given, CONFIG) is NullReason.NOT_APPLICABLE
    assert qt_lag_s(*given, CONFIG) is NullReason.NOT_APPLICABLE
    unrelated = np.random.default_rng(0).normal(400.0, 5.0, rr_ms.size)
    given = (unrelated, rr_ms, times_s)
    assert qt_lag_s(*given, CONFIG) is NullReason.NOT_APPLICABLE


def test_filtered_rr_has_done_nine_tenths_after_its_lag_and_starts_anew_after_a_gap() -> None:
    rr_ms = np.r_[np.full(100, 1000.0), np.full(100, 500.0)]
    times_s = np.cumsum(rr_ms) / 1e3
    seen = filtered_rr_ms(rr_ms, times_s, 30.0, 10.0)
    after = np.searchsorted(times_s, 130.0)
    assert seen[after] == pytest.approx(550.0, abs=2.0)
    rr_ms[150] = np.nan
    broken = filtered_rr_ms(rr_ms, times_s, 30.0, 10.0)
    assert np.isnan(broken[150:169]).all()
    assert broken[175] == 500.0


def alternating(uv: float, noise_mv: float = 0.01, fs_hz: float = 500.0) -> dict[str, Measurement]:
    height_mv = 0.28
    t_gain = 1.0 + 0.5e-3 * uv / height_mv * (-1.0) ** np.arange(N)
    return measured(recording(fs_hz, t_gain=t_gain, noise_mv=noise_mv))


@pytest.mark.parametrize("fs_hz", [130.0, 500.0])
@pytest.mark.parametrize("uv", [20.0, 50.0, 100.0])
def test_alternans_of_t_is_measured(uv: float, fs_hz: float) -> None:
    found = alternating(uv, fs_hz=fs_hz)
    # Noise of 10 uV adds some; the limited steps take some.
    assert found["twa_mma"].value == pytest.approx(uv, abs=6.0)
    # Half of it, as root mean square over a wave that is not its height everywhere.
    assert found["twa_spectral"].value == pytest.approx(0.275 * uv, rel=0.1, abs=0.3)


def test_without_alternans_noise_makes_none() -> None:
    for noise_mv in (0.005, 0.01, 0.015):
        found = alternating(0.0, noise_mv)
        twa_mma, twa_spectral = found["twa_mma"].value, found["twa_spectral"].value
        assert twa_mma is not None
        assert twa_spectral is not None
        assert twa_mma < 20.0
        assert twa_spectral < 1.9
    assert alternating(0.0, 0.04)["twa_mma"].null_reason is NullReason.LOW_SQI


def rows(values_uv: FloatArray) -> Repolarisations:
    n = len(values_uv)
    return Repolarisations(values_uv, np.arange(n), 0.8 * np.arange(n))


def test_the_moving_average_by_hand() -> None:
    n = 40
    steady = np.full((n, 3), 100.0)
    assert moving_average_uv(rows(steady), CONFIG) == (0.0, 38)
    alternans = steady + 10.0 * (-1.0) ** np.arange(n)[:, np.newaxis]
    assert moving_average_uv(rows(alternans), CONFIG) == (20.0, 38)
    # From the 20th beat on even beats are higher by 80 uV: the template goes 10, 8.75, ... on.
    later = steady.copy()
    later[20::2] += 80.0
    # Blocks end behind the beats 18 and 37; by then 9 even beats have moved it.
    value = 80.0 * (1.0 - (7.0 / 8.0) ** 9)
    found = moving_average_uv(rows(later), CONFIG)
    assert not isinstance(found, NullReason)
    assert found[0] == pytest.approx(value)


def test_a_spoilt_beat_is_left_out_of_alternans() -> None:
    values_uv = np.full((130, 3), 100.0) + 5.0 * (-1.0) ** np.arange(130)[:, np.newaxis]
    values_uv[50] += 3000.0
    values_uv[81] = np.nan
    clean = rows(values_uv).clean(20.0)
    assert set(range(130)) - set(clean.numbers.tolist()) == {50, 81}
    for of, value in ((moving_average_uv, 10.0), (spectral_uv, 5.0)):
        found = of(rows(values_uv), CONFIG)
        assert not isinstance(found, NullReason)
        assert found[0] == pytest.approx(value)
    noise = np.random.default_rng(0).normal(0.0, 40.0, (130, 3))
    assert moving_average_uv(rows(noise), CONFIG) is NullReason.LOW_SQI
    assert spectral_uv(rows(noise), CONFIG) is NullReason.LOW_SQI
    assert spectral_uv(rows(values_uv[:100]), CONFIG) is NullReason.TOO_FEW_BEATS


def test_smoothing_keeps_a_line_and_takes_noise() -> None:
    line = np.arange(40.0)[np.newaxis]
    np.testing.assert_allclose(smoothed(line, 7), line[:, 3:-3])
    noise = np.random.default_rng(0).normal(0.0, 1.0, (200, 60))
    window = np.hanning(9)[1:-1]
    assert smoothed(noise, 7).std() == pytest.approx(
        np.linalg.norm(window / window.sum()), rel=0.05
    )


@pytest.mark.parametrize("fs_hz", [130.0, 360.0])
def test_alternans_of_qrs_is_measured_between_samples(fs_hz: float) -> None:
    gain = 1.0 + 0.05 * (-1.0) ** np.arange(N)
    elec_alternans_qrs = measured(recording(fs_hz, r_gain=gain))["elec_alternans_qrs"]
    assert elec_alternans_qrs.value == pytest.approx(10.0, abs=0.5)
    # An interval of 100.5 samples puts every other R peak between two samples.
    at_s = 0.6 + 100.5 / fs_hz * np.arange(60)
    ecg_mv = train_mv(at_s, fs_hz, at_s[-1] + 1.0)
    still = measured(recorded_of(ecg_mv[np.newaxis], at_s, fs_hz))["elec_alternans_qrs"].value
    assert still is not None
    assert still < 0.5


def test_alternans_of_qrs_by_hand() -> None:
    height = np.array([1.1, 0.9] * 5)
    elec_alternans_qrs = qrs_alternans_pct(height, np.arange(10), CONFIG)
    assert elec_alternans_qrs == pytest.approx(20.0)
    assert qrs_alternans_pct(height[:9], np.arange(9), CONFIG) is NullReason.TOO_FEW_BEATS
    assert qrs_alternans_pct(height, 2 * np.arange(10), CONFIG) is NullReason.TOO_FEW_BEATS
    # Means of 1.1 and 0.9 lie 0.2 apart; scatter of 0.2 makes an error of 0.2 sqrt(2 / 5).
    scatter = 0.2 * np.repeat([1.0, -1.0, 1.0, -1.0, 0.0], 2) / np.sqrt(0.8 * 5 / 4)
    assert qrs_alternans_pct(height + scatter, np.arange(10), CONFIG) == 0.0
    scatter *= 0.1 / 0.2
    assert qrs_alternans_pct(height + scatter, np.arange(10), CONFIG) == pytest.approx(20.0)


def test_spread_of_tpe_and_of_st() -> None:
    recorded = recording(noise_mv=0.0)
    assert not isinstance(recorded.average, NullReason)
    lift_mv = 0.05 * (np.arange(N) % 2)
    at = np.round((beats_s() + QRS_S[1] + 0.06) * 500.0).astype(int)
    for place, mv in zip(at, lift_mv, strict=True):
        recorded.ecg_mv[0, place - 5 : place + 6] += mv
    found = measured(recorded)
    assert found["stt_lability"].value == pytest.approx(1e3 * np.std(lift_mv, ddof=1), abs=1.0)
    assert found["tpe_sd"].value == pytest.approx(0.0, abs=1e-6)


def test_t_vectors_that_sway() -> None:
    times_s = np.arange(0.0, 600.0, 0.8)
    follows = np.ones(times_s.size, bool)
    slow = 10.0 + 3.0 * np.sin(TURN * 0.05 * times_s)
    # A wave of amplitude A has the power A^2 / 2.
    drawn = {"prd": (slow + 2.0 * np.sin(TURN * 0.3 * times_s), 4.5)}
    for key, (turns, value) in drawn.items():
        found = slow_power_deg2(turns, times_s, follows, CONFIG)
        assert not isinstance(found, NullReason)
        assert found[0] == pytest.approx(value, rel=0.05), key
    assert slow_power_deg2(slow[:100], times_s[:100], follows[:100], CONFIG) is (
        NullReason.TOO_FEW_BEATS
    )


def test_angles_between_t_vectors() -> None:
    angle = np.radians([0.0, 30.0, 30.001, -60.0])
    vectors = np.stack([np.cos(angle), np.sin(angle), np.zeros(4)], axis=1) * [[1.0], [5], [2], [1]]
    np.testing.assert_allclose(turns_deg(vectors), [np.nan, 30.0, 0.001, 90.001], rtol=1e-6)
    vectors[1] = 0.0
    assert np.isnan(turns_deg(vectors)[:3]).all()


def test_prd_needs_eight_leads_and_sees_the_t_wave_turn() -> None:
    at_s = beats_s(400)
    fs_hz, end_s = 130.0, beats_s(400)[-1] + 1.0
    sway = 0.5 * np.sin(TURN * 0.02 * at_s)
    still = train_mv(at_s, fs_hz, end_s)
    moved = train_mv(at_s, fs_hz, end_s, t_gain=1.0 + sway)
    leads = [moved if lead in ("V2", "V3", "II") else still for lead in EIGHT]
    found = measured(recorded_of(np.stack(leads), at_s, fs_hz, EIGHT))["prd"]
    calm = measured(recorded_of(np.stack([still] * 8), at_s, fs_hz, EIGHT))["prd"]
    assert found.value is not None
    assert calm.value == pytest.approx(0.0, abs=1e-3)
    assert found.value > 100.0 * max(calm.value, 1e-6)
    assert measured(recording())["prd"].null_reason is NullReason.LEAD_MISSING


def test_refusals() -> None:
    slow = measured(recording(250.0))
    assert set(slow) == set(DYNAMICS)
    for key in ("sdqt", "qtvi", "stv_qt"):
        assert slow[key].null_reason is NullReason.FS_TOO_LOW, key
    assert slow["qt_rr_slope"].null_reason is NullReason.TOO_SHORT
    noisy = measured(recording(noise_mv=0.04))
    for key in ("sdqt", "qtvi", "stv_qt"):
        assert noisy[key].null_reason is NullReason.LOW_SQI, key
    af = measured(recording(), is_af=True)
    paced = measured(recording(labels=[BeatLabel.PACED] * N))
    for key in ("sdqt", "qt_lag", "twa_mma", "twa_spectral"):
        assert af[key].null_reason is NullReason.AF, key
        assert paced[key].null_reason is NullReason.PACED, key
    none = measured(recorded_of(np.zeros((1, 5000)), np.empty(0), 500.0))
    assert {each.null_reason for each in none.values()} == {NullReason.TOO_FEW_BEATS}
    at_s = beats_s(30)
    bad = recorded_of(train_mv(at_s, 500.0, 30.0)[np.newaxis], at_s, 500.0, sqi=0.3)
    assert {each.null_reason for each in measured(bad).values()} == {NullReason.LOW_SQI}


def test_a_fast_rate_has_no_moving_average() -> None:
    at_s = 0.6 + 0.45 * np.arange(60)
    ecg_mv = train_mv(at_s, 500.0, at_s[-1] + 1.0)
    found = measured(recorded_of(ecg_mv[np.newaxis], at_s, 500.0))
    assert found["twa_mma"].null_reason is NullReason.NOT_APPLICABLE


def test_usual_beats_keep_their_numbers() -> None:
    labels = [BeatLabel.VENTRICULAR if k % 10 == 9 else BeatLabel.NORMAL for k in range(N)]
    recorded = recording(labels=labels)
    assert not isinstance(recorded.average, NullReason)
    beats = UsualBeats(recorded, recorded.average)
    assert beats.n == 135
    assert 9 not in beats.numbers
    assert beats.follows[:12].tolist() == [False, *[True] * 8, False, True, True]
    assert beats.has(m.QRS_ON, m.QRS_OFF, m.T_OFF)
    assert beats.point(m.QRS_ON) == pytest.approx(QRS_S[0] * 500.0, abs=0.6)
