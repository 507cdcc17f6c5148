from dataclasses import replace

import numpy as np
import pytest

from ecgcore.catalogue import catalogue
from ecgcore.events import Dimension, Measurement, NullReason
from ecgcore.intervals import BeatIntervals
from ecgcore.omics import BIOMARKERS, WindowSignal, measure_window

RR_MS = np.array([np.nan, *([800.0, 840.0] * 35)])
INTERVALS = BeatIntervals(p_dur_ms=100.0, pr_ms=160.0, qrs_ms=90.0, qt_ms=380.0)
WINDOW = WindowSignal(
    duration_s=60.0,
    rr_ms=RR_MS,
    amplitude_mv=np.linspace(1.0, 1.2, RR_MS.size),
    is_normal_beat=np.ones(RR_MS.size, bool),
    intervals=(INTERVALS,) * RR_MS.size,
    noise_mv=np.array([np.nan, *[0.02] * 59]),
    sqi=0.9,
    coverage=1.0,
)


def shortened(n_beats: int) -> WindowSignal:
    """Give the window with its first beats only."""
    return replace(
        WINDOW,
        rr_ms=RR_MS[:n_beats],
        amplitude_mv=WINDOW.amplitude_mv[:n_beats],
        is_normal_beat=WINDOW.is_normal_beat[:n_beats],
        intervals=WINDOW.intervals[:n_beats],
    )


def measured(window: WindowSignal) -> dict[str, Measurement]:
    return {measurement.key: measurement for measurement in measure_window(window)}


def test_every_row_has_its_value() -> None:
    values = {key: m.value for key, m in measured(WINDOW).items() if m.value is not None}
    assert values == pytest.approx(
        {
            "hr_mean": 60000 / 820,
            "rr_mean": 820.0,
            "rr_median": 820.0,
            "rr_min": 800.0,
            "rr_max": 840.0,
            "rr_longest": 840.0,
            "qrs_count": 71.0,
            "p_fraction": 1.0,
            "p_dur": 100.0,
            "pr_int": 160.0,
            "qrs_dur": 90.0,
            "qt_int": 380.0,
            "qtc_fridericia": 380.0 / 0.82 ** (1 / 3),
            "r_amp": 1.1,
            "noise_rms": 20.0,
            "sqi": 0.9,
            "sdnn": 20.0 * (70 / 69) ** 0.5,
            "rmssd": 40.0,
            "pnn50": 0.0,
        }
    )


def test_the_rate_is_that_of_the_mean_interval() -> None:
    # Not the mean of the rates, which would be 90.
    window = replace(shortened(2), rr_ms=np.array([500.0, 1000.0]))
    assert measured(window)["hr_mean"].value == pytest.approx(80.0)


def test_intervals_rest_on_the_beats_of_class_n() -> None:
    wide = INTERVALS._replace(p_dur_ms=None, pr_ms=None, qrs_ms=160.0)
    is_normal = np.ones(RR_MS.size, bool)
    is_normal[::3] = False
    intervals = tuple(INTERVALS if normal else wide for normal in is_normal)
    found = measured(replace(WINDOW, is_normal_beat=is_normal, intervals=intervals))
    assert found["qrs_dur"].value == 90.0
    assert found["qrs_dur"].n == is_normal.sum()
    assert found["p_fraction"].value == pytest.approx(is_normal.mean())


def test_no_interval_beside_an_ectopic_beat_is_one_between_normal_beats() -> None:
    is_normal = np.ones(RR_MS.size, bool)
    is_normal[35] = False
    assert measured(replace(WINDOW, is_normal_beat=is_normal))["sdnn"].n == 68


def test_waves_that_most_beats_lack_are_absent() -> None:
    without = INTERVALS._replace(p_dur_ms=None, pr_ms=None)
    few = (INTERVALS,) * 30 + (without,) * (RR_MS.size - 30)
    found = measured(replace(WINDOW, intervals=few))
    assert (found["pr_int"].value, found["pr_int"].null_reason) == (None, NullReason.NO_P_WAVE)
    assert found["p_fraction"].value == pytest.approx(30 / 71)


def test_each_value_counts_what_it_rests_on() -> None:
    found = measured(WINDOW)
    assert (found["hr_mean"].n, found["sdnn"].n, found["qrs_count"].n, found["r_amp"].n) == (
        (70, 70, 71, 71)
    )
    assert {m.sqi for m in found.values()} == {0.9}


@pytest.mark.parametrize(
    ("window", "key", "reason"),
    [
        (replace(WINDOW, duration_s=10.0), "sdnn", NullReason.TOO_SHORT),
        (replace(WINDOW, sqi=0.4), "hr_mean", NullReason.LOW_SQI),
        (replace(WINDOW, sqi=0.4), "rmssd", NullReason.LOW_SQI),
        (replace(WINDOW, sqi=0.4), "qrs_count", NullReason.LOW_SQI),
        (replace(WINDOW, sqi=0.4, coverage=0.45), "hr_mean", NullReason.GAP),
        (replace(WINDOW, sqi=0.4, coverage=0.45), "r_amp", NullReason.GAP),
        (shortened(2), "hr_mean", NullReason.TOO_FEW_BEATS),
        (shortened(20), "rmssd", NullReason.TOO_FEW_BEATS),
        (
            replace(WINDOW, rr_ms=np.where(np.arange(71) % 2, np.nan, 800)),
            "rmssd",
            NullReason.TOO_FEW_BEATS,
        ),
        (replace(WINDOW, amplitude_mv=np.empty(0)), "r_amp", NullReason.TOO_FEW_BEATS),
        (replace(WINDOW, noise_mv=np.full(3, np.nan)), "noise_rms", NullReason.GAP),
    ],
)
def test_what_cannot_be_given_is_null_with_its_reason(
    window: WindowSignal, key: str, reason: NullReason
) -> None:
    assert (measured(window)[key].value, measured(window)[key].null_reason) == (None, reason)


def test_a_standstill_counts_no_beats() -> None:
    window = shortened(0)
    assert measured(window)["qrs_count"].value == 0.0
    assert measured(window)["hr_mean"].null_reason is NullReason.TOO_FEW_BEATS


def test_scaling_the_signal_scales_intensity_only() -> None:
    louder = replace(WINDOW, amplitude_mv=3 * WINDOW.amplitude_mv, noise_mv=3 * WINDOW.noise_mv)
    for key, before in measured(WINDOW).items():
        factor = 3.0 if key in {"r_amp", "noise_rms"} else 1.0
        if before.value is not None:
            assert measured(louder)[key].value == pytest.approx(factor * before.value)


def test_keys_are_unique_and_units_and_dimensions_as_in_the_catalogue() -> None:
    found, entries = measured(WINDOW), catalogue()
    assert len(found) == len(BIOMARKERS)
    for key, each in found.items():
        assert (each.unit, each.dim) == (entries[key].unit, entries[key].dimension)
    dims = {key: each.dim for key, each in found.items()}
    assert dims["hr_mean"] is Dimension.STRUCTURAL
    assert dims["r_amp"] is Dimension.INTENSITY
    assert dims["sdnn"] is Dimension.FUNCTIONAL
