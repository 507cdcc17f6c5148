from dataclasses import replace

import numpy as np
import pytest

from ecgcore.events import Dimension, Measurement, NullReason
from ecgcore.omics import BIOMARKERS, WindowSignal, measure_window

RR_MS = np.array([np.nan, *([800.0, 840.0] * 35)])
WINDOW = WindowSignal(
    duration_s=60.0,
    rr_ms=RR_MS,
    amplitude_mv=np.linspace(1.0, 1.2, RR_MS.size),
    noise_mv=np.array([np.nan, *[0.02] * 59]),
    sqi=0.9,
    coverage=1.0,
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
    window = replace(WINDOW, rr_ms=np.array([500.0, 1000.0]))
    assert measured(window)["hr_mean"].value == pytest.approx(80.0)


def test_what_is_not_measured_yet_says_so() -> None:
    found = {key for key, m in measured(WINDOW).items() if m.null_reason is NullReason.NOT_MEASURED}
    assert found == {"p_fraction", "p_dur", "pr_int", "qrs_dur", "qt_int", "qtc_fridericia"}


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
        (replace(WINDOW, rr_ms=RR_MS[:2]), "hr_mean", NullReason.TOO_FEW_BEATS),
        (replace(WINDOW, rr_ms=RR_MS[:20]), "rmssd", NullReason.TOO_FEW_BEATS),
        (replace(WINDOW, rr_ms=np.tile([800, np.nan], 40)), "rmssd", NullReason.TOO_FEW_BEATS),
        (replace(WINDOW, amplitude_mv=np.empty(0)), "r_amp", NullReason.TOO_FEW_BEATS),
        (replace(WINDOW, noise_mv=np.full(3, np.nan)), "noise_rms", NullReason.GAP),
    ],
)
def test_what_cannot_be_given_is_null_with_its_reason(
    window: WindowSignal, key: str, reason: NullReason
) -> None:
    assert (measured(window)[key].value, measured(window)[key].null_reason) == (None, reason)


def test_a_standstill_counts_no_beats() -> None:
    window = replace(WINDOW, rr_ms=np.empty(0), amplitude_mv=np.empty(0))
    assert measured(window)["qrs_count"].value == 0.0
    assert measured(window)["hr_mean"].null_reason is NullReason.TOO_FEW_BEATS


def test_scaling_the_signal_scales_intensity_only() -> None:
    louder = replace(WINDOW, amplitude_mv=3 * WINDOW.amplitude_mv, noise_mv=3 * WINDOW.noise_mv)
    for key, before in measured(WINDOW).items():
        factor = 3.0 if key in {"r_amp", "noise_rms"} else 1.0
        if before.value is not None:
            assert measured(louder)[key].value == pytest.approx(factor * before.value)


def test_keys_are_unique_and_dimensions_as_in_the_catalogue() -> None:
    dims = {biomarker.key: biomarker.dim for biomarker in BIOMARKERS}
    assert len(dims) == len(BIOMARKERS)
    assert dims["hr_mean"] is Dimension.STRUCTURAL
    assert dims["r_amp"] is Dimension.INTENSITY
    assert dims["sdnn"] is Dimension.FUNCTIONAL
