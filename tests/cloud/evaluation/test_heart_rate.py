"""Errors of the shown heart rate."""

import numpy as np
import pytest

from cloud.evaluation.heart_rate import RateWindow, rate_error
from cloud.evaluation.matching import Beats

FS_HZ = 100.0
BEATS = Beats(np.arange(0, 3000, 80), "N" * 38)
"""75 a minute."""


def test_errors_by_hand() -> None:
    windows = [
        RateWindow(0, 1000, 999.0),
        RateWindow(1000, 2000, 78.0),
        RateWindow(2000, 3000, 71.0),
        RateWindow(2000, 3000, None),
        RateWindow(8000, 9000, 75.0),
    ]
    error = rate_error(BEATS, windows, FS_HZ, start=1000)
    assert error.errors_bpm == pytest.approx((3.0, -4.0))
    assert error.mean_bpm == pytest.approx(-0.5)
    assert error.rms_bpm == pytest.approx(np.sqrt(12.5))
    assert error.rms_pct == pytest.approx(np.sqrt(12.5) / 0.75)
    # No beat near the last window: nothing to compare with.
    assert error.n_withheld == 1
