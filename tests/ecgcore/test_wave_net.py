"""The network in compiled loops against the same sums in plain numpy, and what must not matter."""

import math

import numpy as np
import pytest

from ecgcore.models import load
from ecgcore.types import Float32Array, FloatArray
from ecgcore.wave_net import (
    DILATIONS,
    FROM_S,
    GRID_HZ,
    N_GRID,
    UNEVENNESS,
    Surroundings,
    context_of,
    points_of,
    uneven,
    weights_of,
)
from tests.strategies import ecg_of

AROUND = Surroundings(-0.85, math.inf, 0.02)
WEIGHTS = weights_of("delineate")


def beat_of(fs_hz: float, gain: float = 1.0, shift_s: float = 0.0) -> tuple[FloatArray, float]:
    """Give one lead with three beats, and the place of the middle one's R peak."""
    r_s = 1.5 + shift_s
    ecg_mv = ecg_of([r_s - 0.85, r_s, r_s + 0.85], fs_hz, 3.0, gain=gain)
    return ecg_mv[np.newaxis], r_s * fs_hz


def by_hand(grid: FloatArray, weights: dict[str, FloatArray], context: Float32Array) -> FloatArray:
    """Run the network over a beat on the grid, the plain way."""
    swing = np.ptp(grid[107:157])
    scaled = (grid - grid.mean()) / swing
    wide = np.pad(scaled, 2, "edge")
    rise, tall = 30 * (wide[4:] - wide[:-4]), 8 * scaled
    channels = np.stack((scaled, rise / (1 + np.abs(rise)), tall / (1 + np.abs(tall))))
    padded = np.pad(channels, ((0, 0), (4, 4)))
    # (C, 3 places, 3 channels x 4 phases) to (C, 3, 12 taps)
    taps = weights["first"].reshape(-1, 3, 3, 4).transpose(0, 2, 1, 3).reshape(-1, 3, 12)
    cut = np.stack([padded[:, 4 * m : 4 * m + 12] for m in range(N_GRID // 4)])
    hidden = np.einsum("ckt,mkt->cm", taps, cut) + weights["place"]
    hidden = np.maximum(hidden + (weights["context"] @ context)[:, np.newaxis], 0)
    n = hidden.shape[1]
    for k, reach in enumerate(DILATIONS):
        beside = np.pad(hidden, ((0, 0), (2 * reach, 2 * reach)))
        inner = weights["depthwise_bias"][k][:, np.newaxis] + sum(
            weights["depthwise"][k][:, [j]] * beside[:, j * reach : j * reach + n] for j in range(5)
        )
        mixed = weights["pointwise"][k] @ np.maximum(inner, 0)
        hidden = np.maximum(hidden + mixed + weights["pointwise_bias"][k][:, np.newaxis], 0)
    out = weights["head"] @ hidden + weights["head_bias"][:, np.newaxis]
    shares = np.exp(out[:9] - out[:9].max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    at = FROM_S + (np.arange(n) * 4 + 1.5) / GRID_HZ + 4 / GRID_HZ * out[9:18]
    mean = (shares * at).sum(axis=1)
    spread = np.sqrt((shares * (at - mean[:, np.newaxis]) ** 2).sum(axis=1))
    return np.concatenate((mean, spread, np.log(np.exp(out[18:]).sum(axis=1)) - 3))


def test_the_loops_do_the_sums_of_the_network() -> None:
    lead_mv, r = beat_of(GRID_HZ)
    start = round(r + FROM_S * GRID_HZ)
    grid = lead_mv[0, start : start + N_GRID]
    expected = by_hand(grid, load("delineate"), context_of(*AROUND))
    found = points_of(lead_mv, GRID_HZ, start - FROM_S * GRID_HZ, AROUND, WEIGHTS)[0]
    assert found[:9] == pytest.approx(expected[:9], abs=2e-5)
    assert found[9:18] == pytest.approx(expected[9:18], abs=5e-4)
    assert found[18:] == pytest.approx(expected[18:], abs=1e-3)


@pytest.mark.parametrize("fs_hz", [128.0, 250.0, 360.0, 500.0, 1000.0])
def test_rate_and_place_between_samples_do_not_matter(fs_hz: float) -> None:
    known = points_of(*_of(500.0), AROUND, WEIGHTS)[0, :9]
    for shift_s in (0.0, 0.0013, 0.0031):
        found = points_of(*_of(fs_hz, shift_s=shift_s), AROUND, WEIGHTS)[0, :9]
        assert found == pytest.approx(known, abs=0.008)


@pytest.mark.parametrize("gain", [0.2, 5.0, 1000.0])
def test_gain_does_not_matter(gain: float) -> None:
    known = points_of(*_of(250.0), AROUND, WEIGHTS)
    assert points_of(*_of(250.0, gain), AROUND, WEIGHTS) == pytest.approx(known, abs=1e-3)


def test_leads_do_not_touch_each_other_and_a_flat_one_has_no_points() -> None:
    lead_mv, r = beat_of(250.0)
    leads_mv = np.concatenate((np.zeros_like(lead_mv), lead_mv, -lead_mv))
    found = points_of(leads_mv, 250.0, r, AROUND, WEIGHTS)
    assert np.isnan(found[0]).all()
    assert np.array_equal(found[1], points_of(lead_mv, 250.0, r, AROUND, WEIGHTS)[0])


@pytest.mark.parametrize("r", [-300.0, 0.0, 0.5, 3.0, 749.0, 2000.0])
def test_a_beat_at_the_border_of_the_signal_is_no_error(r: float) -> None:
    lead_mv, _ = beat_of(250.0)
    assert points_of(lead_mv, 250.0, r, Surroundings(), WEIGHTS).shape == (1, 21)
    assert points_of(lead_mv[:, :2], 250.0, r, Surroundings(), WEIGHTS).shape == (1, 21)


def test_unevenness_is_small_in_an_even_rhythm_and_bounded_in_none() -> None:
    even = uneven(UNEVENNESS, 0.8, 0.8)
    assert even == pytest.approx(0.75 * UNEVENNESS)
    assert uneven(0.5, 1e9, 1e-9) <= 0.5


def _of(fs_hz: float, gain: float = 1.0, shift_s: float = 0.0) -> tuple[FloatArray, float, float]:
    lead_mv, r = beat_of(fs_hz, gain, shift_s)
    return lead_mv, fs_hz, r
