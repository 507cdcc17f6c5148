"""Golden values, for `golden_ms(345)`, one window of 293 s at 4 Hz along a cubic spline.

SciPy 1.17.1: `signal.welch(nfft=2**18, detrend="linear")` and `signal.lombscargle` on a fine grid,
bands by the trapezoid rule. spectrum 0.10.0: `arburg(order=16)`.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.hrv_config import Detrend, EctopicPolicy, HrvConfig, LeastData, PsdMethod
from ecgcore.hrv_spectrum import (
    FrequencyDomain,
    burg,
    frequency_domain,
    longest_piece_s,
    spectrum_of,
)
from ecgcore.nn_series import NnSeries, nn_series
from ecgcore.types import FloatArray
from tests.ecgcore.intervals import golden_ms, series

GOLDEN = series(golden_ms(345))
CONFIG = HrvConfig()


def measured(nn: NnSeries, config: HrvConfig = CONFIG) -> FrequencyDomain:
    spectrum = spectrum_of(nn, config)
    assert spectrum is not None
    return frequency_domain(spectrum, config)


def waves(lf_ms: float, hf_ms: float, duration_s: float = 300.0) -> FloatArray:
    """Give intervals that swing at 0.1 and 0.25 Hz."""
    found, time_s = [], 0.0
    while time_s < duration_s:
        swing = lf_ms * np.sin(0.2 * np.pi * time_s) + hf_ms * np.sin(0.5 * np.pi * time_s)
        found.append(800.0 + swing)
        time_s += found[-1] / 1e3
    return np.array(found)


@pytest.mark.parametrize(
    ("method", "lf", "hf", "vhf", "tp"),
    [
        (
            PsdMethod.WELCH,
            52.81795331546925,
            268.1015828053626,
            33.18451945415565,
            799.6516489643001,
        ),
        (PsdMethod.AR, 111.82789531310361, 311.5667144961236, 38.75756648672833, 824.2460993977033),
        (
            PsdMethod.LOMB,
            77.16870362372279,
            318.3967493179362,
            49.68237232821747,
            839.6210056215305,
        ),
    ],
)
def test_golden_values(method: PsdMethod, lf: float, hf: float, vhf: float, tp: float) -> None:
    found = measured(GOLDEN, replace(CONFIG, psd=method))
    assert (found.lf, found.hf, found.vhf, found.tp) == pytest.approx((lf, hf, vhf, tp), rel=5e-3)


def test_golden_peaks() -> None:
    found = measured(GOLDEN)
    assert found.lf_peak == pytest.approx(0.093994140625, abs=1e-3)
    assert found.hf_peak == pytest.approx(0.2426910400390625, abs=1e-3)


def test_burg_finds_a_model_again() -> None:
    rng = np.random.default_rng(2)
    x = np.zeros(20_000)
    for i in range(2, x.size):
        x[i] = 1.2 * x[i - 1] - 0.5 * x[i - 2] + rng.standard_normal()
    coefficients, variance = burg(x[500:], 2)
    assert coefficients == pytest.approx([1.0, -1.2, 0.5], abs=0.02)
    assert variance == pytest.approx(1.0, abs=0.03)


# A model of waves without noise has lines narrower than any grid.
@pytest.mark.parametrize("method", [PsdMethod.WELCH, PsdMethod.LOMB])
def test_powers_are_half_the_squares_of_waves(method: PsdMethod) -> None:
    found = measured(series(waves(40.0, 20.0)), replace(CONFIG, psd=method))
    assert found.lf == pytest.approx(800.0, rel=0.1)
    assert found.hf == pytest.approx(200.0, rel=0.15)
    assert found.lf_peak == pytest.approx(0.1, abs=0.003)
    assert found.hf_peak == pytest.approx(0.25, abs=0.006)


@pytest.mark.parametrize("method", PsdMethod)
@pytest.mark.parametrize("detrend", Detrend)
def test_bands_add_up(method: PsdMethod, detrend: Detrend) -> None:
    found = measured(GOLDEN, replace(CONFIG, psd=method, detrend=detrend))
    assert found.ulf + found.vlf + found.lf + found.hf == pytest.approx(found.tp)
    assert found.lf_nu + found.hf_nu == pytest.approx(100.0)
    assert found.lf_n + found.hf_n < 100.0
    assert found.lf_hf == pytest.approx(found.lf_nu / found.hf_nu)
    assert (found.ln_lf, found.ln_hf) == pytest.approx((np.log(found.lf), np.log(found.hf)))


@pytest.mark.parametrize("method", [PsdMethod.WELCH, PsdMethod.LOMB])
def test_the_total_is_the_variance(method: PsdMethod) -> None:
    row = waves(30.0, 30.0)
    found = measured(series(row), replace(CONFIG, psd=method))
    assert found.tp + found.vhf == pytest.approx(row.var(), rel=0.1)


@given(factor=st.floats(0.5, 2.0))
def test_swings_scale_by_their_square(factor: float) -> None:
    # The same times, the swing about the mean enlarged.
    nn = GOLDEN
    swung = NnSeries(
        nn.nn_ms.mean() + factor * (nn.nn_ms - nn.nn_ms.mean()), nn.end_ms, nn.run, nn.stretch
    )
    one, scaled = measured(nn), measured(swung)
    assert scaled.lf == pytest.approx(factor**2 * one.lf)
    assert scaled.lf_hf == pytest.approx(one.lf_hf)


def test_a_constant_row_has_no_power() -> None:
    found = measured(series([800.0] * 375))
    assert (found.lf, found.hf, found.tp) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)


def test_a_premature_beat_is_bridged_and_lost_samples_are_not() -> None:
    row = waves(40.0, 20.0)
    plain = measured(series(row))
    at = 180
    ectopic = row.copy()
    ectopic[at] -= 300.0
    ectopic[at + 1] += 300.0
    normal = np.ones(row.size, bool)
    normal[at : at + 2] = False
    for policy in EctopicPolicy:
        found = measured(nn_series(ectopic, normal, ectopic=policy))
        assert found.lf == pytest.approx(plain.lf, rel=0.02)
        assert found.hf == pytest.approx(plain.hf, rel=0.05)
    ectopic[at] = np.nan
    nn = nn_series(ectopic, np.isfinite(ectopic) & normal)
    assert longest_piece_s(nn, CONFIG) < 160.0
    # Both parts go into one spectrum.
    found = measured(nn)
    assert found.hf == pytest.approx(plain.hf, rel=0.15)


def test_a_long_hole_of_other_beats_parts_pieces() -> None:
    row = waves(40.0, 20.0)
    normal = np.ones(row.size, bool)
    normal[100:105] = False
    nn = nn_series(row, normal)
    assert longest_piece_s(nn, CONFIG) == pytest.approx(row[105:].sum() / 1e3, abs=2.0)


def test_nothing_comes_of_pieces_too_short() -> None:
    assert spectrum_of(series([800.0, 810.0] * 30), CONFIG) is None
    assert spectrum_of(series([]), CONFIG) is None
    assert longest_piece_s(series([]), CONFIG) == 0.0


def test_a_window_of_a_minute_is_long_enough_for_hf() -> None:
    assert longest_piece_s(series([800.0, 810.0] * 36), CONFIG) == pytest.approx(59.57, abs=0.01)
    assert spectrum_of(series([800.0, 810.0] * 37), CONFIG) is not None


def test_hf_goes_with_the_breathing_rate() -> None:
    config = replace(CONFIG, breathing_hz=0.45)
    assert config.hf_band == pytest.approx((0.385, 0.515))
    assert measured(series(waves(0.0, 20.0)), config).hf < 5.0


def test_long_recordings_are_cut_into_windows_that_leave_no_end_over() -> None:
    # A swing in the last minutes alone must be seen.
    row = np.concatenate((waves(0.0, 0.0, 800.0), waves(0.0, 40.0, 200.0)))
    assert measured(series(row)).hf > 50.0


def test_the_slope_of_long_noise() -> None:
    # Power that falls as 1 / f.
    rng = np.random.default_rng(4)
    n = 1 << 15
    coefficients = rng.standard_normal(n // 2 + 1) + 1j * rng.standard_normal(n // 2 + 1)
    at = np.arange(coefficients.size)
    at[0] = 1
    row = np.fft.irfft(coefficients / np.sqrt(at), n)
    day = LeastData(long_s=20_000.0)
    found = measured(series(800.0 + 40.0 * row / row.std()), replace(CONFIG, least=day))
    assert found.beta_slope == pytest.approx(-1.0, abs=0.2)
    assert found.ulf > 0.0
