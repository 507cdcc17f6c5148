"""Rates of ventricles and atria, and QT by the person's own exponent, on beats put by hand."""

import numpy as np
import pytest
from scipy import stats

from ecgcore.atrial_rate import AtrialRateConfig, measure_atria
from ecgcore.beat_statistics import BeatStatisticsConfig
from ecgcore.events import Measurement, NullReason, RhythmLabel
from ecgcore.qt_individual import QtIndividualConfig, fitted, qtc_individual
from ecgcore.rates import RatesConfig, measure_rates
from ecgcore.recorded import Recorded
from ecgcore.rhythm import RhythmConfig
from ecgcore.types import FloatArray
from tests.ecgcore.recordings import USUAL, places, recorded, values

NO_P = {name: USUAL[name] for name in ("qrs", "t")}
Found = dict[tuple[str, str | None], Measurement]


def beats_of(rr_ms: list[float]) -> list[float]:
    return list(np.cumsum([1000.0, *rr_ms]))


def rates(of: Recorded, config: RatesConfig | None = None) -> Found:
    return values(list(measure_rates(places(of), config or RatesConfig(), BeatStatisticsConfig())))


def atria(of: Recorded) -> Found:
    return values(list(measure_atria(places(of), AtrialRateConfig(), RhythmConfig())))


def test_rates_of_intervals_by_hand() -> None:
    rr_ms = [1000.0] * 8 + [500.0] * 8 + [750.0, 1250.0]
    found = rates(recorded(beats_of(rr_ms)))
    drawn = {
        "vent_rate": 60000.0 / np.mean(rr_ms),
        "rr_range": 750.0,
        "hr_min": 60.0,
        "hr_max": 120.0,
        "hr_inst": np.median(60000.0 / np.array(rr_ms)),
        "hr_inst.max": 120.0,
        "hr_inst.min": 48.0,
    }
    for key, value in drawn.items():
        assert found[key, None].value == pytest.approx(value), key
    assert found["hr_inst.mean", None].value == pytest.approx(np.mean(60000.0 / np.array(rr_ms)))


def test_a_running_rate_spans_no_gap() -> None:
    beats = beats_of([400.0] * 4 + [800.0] * 9)
    broken = rates(recorded(beats, breaks=[5]))
    # Eight intervals in a row are there after the gap alone.
    assert broken["hr_max", None].value == pytest.approx(75.0)
    assert rates(recorded(beats, breaks=[5, 9]))["hr_max", None].null_reason is NullReason.GAP
    few = rates(recorded(beats[:8]))["hr_min", None]
    assert few.null_reason is NullReason.TOO_FEW_BEATS
    three = rates(recorded(beats[:8]), RatesConfig(running_rr=3))
    assert three["hr_max", None].value == pytest.approx(150.0)


def test_coupling_and_pause_of_premature_beats() -> None:
    # One alone, a pair, and one that comes late; in NN of 800.
    rr_ms = [800.0] * 3 + [480.0, 1120.0, 800.0] + [500.0, 400.0, 1000.0, 800.0] + [790.0, 800.0]
    labels = "NNNNSNNVVNNVN"
    found = rates(recorded(beats_of(rr_ms), labels))
    drawn = {
        "coupling_int": (480.0 + 500.0) / 2,
        "coupling_int.min": 480.0,
        "comp_pause": (1120.0 + 1000.0) / 2,
        "comp_pause.max": 1120.0,
    }
    for key, value in drawn.items():
        assert (found[key, None].value, found[key, None].n) == (pytest.approx(value), 2), key
    # What ectopic beats begin or end is no interval of the sinus node.
    assert found["hr_inst.max", None].value == pytest.approx(75.0)
    assert found["hr_inst", None].n == 5
    without = rates(recorded(beats_of(rr_ms)))
    assert without["coupling_int", None].null_reason is NullReason.NOT_APPLICABLE
    fibrillating = rates(recorded(beats_of(rr_ms), labels, rhythm=RhythmLabel.AFIB))
    assert fibrillating["comp_pause.sd", None].null_reason is NullReason.AF


def test_one_p_wave_a_beat() -> None:
    found = atria(recorded(beats_of([800.0, 820.0, 780.0, 900.0])))
    drawn = {"atrial_rate": 60000.0 / 810.0, "pp_mean": 825.0, "av_ratio": 1.0}
    for key, value in drawn.items():
        assert found[key, None].value == pytest.approx(value), key
    broken = atria(recorded(beats_of([800.0, 5000.0, 780.0, 780.0]), breaks=[2]))
    assert broken["pp_mean", None].value == pytest.approx((800.0 + 780.0 + 780.0) / 3)


def drawn_p(at_ms: FloatArray, n: int, beats_ms: list[float], t_mv: float = 0.3) -> FloatArray:
    """Give P waves, and the QRS and T of beats."""
    times = np.arange(n)
    ecg_mv = np.zeros(n)
    for at in at_ms:
        ecg_mv += 0.15 * np.exp(-0.5 * ((times - at) / 20.0) ** 2)
    for at in beats_ms:
        ecg_mv += np.exp(-0.5 * ((times - at) / 12.0) ** 2)
        ecg_mv += t_mv * np.exp(-0.5 * ((times - at - 280.0) / 40.0) ** 2)
    return ecg_mv + np.random.default_rng(1).normal(0.0, 0.004, n)


def test_every_second_p_wave_without_a_qrs() -> None:
    beats = beats_of([1400.0] * 14)
    at_ms = np.arange(beats[0] - 160.0, beats[-1], 700.0)
    ecg_mv = drawn_p(at_ms, round(beats[-1]) + 1000, beats)
    found = atria(recorded(beats, ecg_mv=ecg_mv[np.newaxis]))
    drawn = {"atrial_rate": 60000.0 / 700.0, "pp_mean": 700.0, "av_ratio": 29.0 / 15.0}
    for key, value in drawn.items():
        assert found[key, None].value == pytest.approx(value, rel=0.01), key


def test_the_waves_of_flutter_have_their_rate() -> None:
    beats = beats_of([1000.0] * 14)
    n = round(beats[-1]) + 1000
    phase = (np.arange(n) / 200.0) % 1.0
    ecg_mv = drawn_p(np.empty(0), n, beats, t_mv=0.0) + 0.6 * np.abs(phase - 0.5)
    of = recorded(beats, "", [NO_P] * 15, ecg_mv=ecg_mv[np.newaxis], rhythm=RhythmLabel.AFLUTTER)
    found = atria(of)
    drawn = {"atrial_rate": 300.0, "av_ratio": 5.0}
    for key, value in drawn.items():
        assert found[key, None].value == pytest.approx(value, rel=0.02), key
    assert found["pp_mean", None].null_reason is NullReason.NO_P_WAVE


@pytest.mark.parametrize(
    ("rhythm", "waves", "reason"),
    [
        (RhythmLabel.AFIB, USUAL, NullReason.AF),
        (RhythmLabel.JUNCTIONAL, NO_P, NullReason.NO_P_WAVE),
        (RhythmLabel.AFLUTTER, NO_P, NullReason.NO_P_WAVE),
    ],
)
def test_without_p_waves_atria_have_no_rate(
    rhythm: RhythmLabel, waves: dict[str, tuple[float, ...]], reason: NullReason
) -> None:
    found = atria(recorded(beats_of([800.0] * 6), "", [waves] * 7, rhythm=rhythm))
    assert {each.null_reason for each in found.values()} == {reason}
    assert len(found) == 3


def with_qt(rr_ms: FloatArray, noise_ms: float = 0.0, exponent: float = 0.4) -> Recorded:
    qt_ms = 400.0 * (rr_ms / 1e3) ** exponent
    qt_ms += noise_ms * np.random.default_rng(2).standard_normal(qt_ms.size)
    waves = [USUAL, *(NO_P | {"t": (150.0, 200.0, qt - 40.0)} for qt in qt_ms)]
    return recorded(beats_of(list(rr_ms)), "", waves)


SLOW_WAVE_MS = 900.0 + 200.0 * np.sin(np.arange(500) / 40.0)
QT_CONFIG = QtIndividualConfig()


def test_qt_that_follows_a_power_of_rr() -> None:
    value, n = qtc_individual(places(with_qt(SLOW_WAVE_MS)), QT_CONFIG)
    drawn = {"qtc_individual": 400.0}
    assert (value, n) == (pytest.approx(drawn["qtc_individual"], rel=1e-9), 500)


def test_the_fit_agrees_with_scipy() -> None:
    qt_ms = 380.0 + np.random.default_rng(5).normal(0.0, 12.0, SLOW_WAVE_MS.size)
    fit = fitted(qt_ms, SLOW_WAVE_MS)
    other = stats.linregress(np.log(SLOW_WAVE_MS / 1e3), np.log(qt_ms))
    assert fit.exponent == pytest.approx(other.slope)
    assert fit.at_1s_ms == pytest.approx(np.exp(other.intercept))
    assert fit.r2 == pytest.approx(other.rvalue**2)


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (with_qt(SLOW_WAVE_MS[:350]), NullReason.TOO_FEW_BEATS),
        (with_qt(900.0 + 0.4 * (SLOW_WAVE_MS - 900.0)), NullReason.NOT_APPLICABLE),
        (with_qt(SLOW_WAVE_MS, noise_ms=60.0), NullReason.NOT_APPLICABLE),
        (with_qt(SLOW_WAVE_MS, exponent=-0.4), NullReason.NOT_APPLICABLE),
    ],
    ids=["few", "narrow", "noisy", "falling"],
)
def test_a_fit_that_is_not_believed(of: Recorded, reason: NullReason) -> None:
    assert qtc_individual(places(of), QT_CONFIG) == (reason, 0)
