"""What the beats before say of a beat's waves."""

import math

import numpy as np
import pytest

from ecgcore.types import FloatArray
from ecgcore.wave_measure import _join_onset  # type: ignore[attr-defined]


def joined(onsets_s: list[float]) -> list[float]:
    """Give the onsets of a lead's P waves as they come out."""
    past_s, found = np.full(1, math.nan), []
    for onset_s in onsets_s:
        points: FloatArray = np.full((1, 21), onset_s)
        _join_onset(points, past_s, 0)
        found.append(float(points[0, 0]))
        assert (points[0, 1:] == onset_s).all()
    return found


def test_an_onset_that_scatters_scatters_less() -> None:
    noise_s = np.random.default_rng(0).normal(0.0, 0.006, 400)
    found = joined((-0.16 + noise_s).tolist())
    assert np.std(found) < 0.85 * np.std(noise_s)
    assert np.mean(found) == pytest.approx(-0.16, abs=0.001)


def test_a_pr_interval_that_changes_is_followed_at_once() -> None:
    onsets_s = [*([-0.16] * 5), *([-0.20] * 5), *([-0.16] * 5)]
    assert joined(onsets_s) == onsets_s


def test_the_first_beat_is_its_own() -> None:
    assert joined([-0.18]) == [-0.18]
