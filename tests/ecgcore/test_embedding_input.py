"""What an encoder sees of a lead."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.embedding_input import (
    EmbeddingInputConfig,
    beats_of,
    resampled,
    segments_of,
    starts_of,
)
from ecgcore.types import FloatArray
from tests.strategies import ecg_of

CONFIG = EmbeddingInputConfig()


def lead(fs_hz: float = 250.0, duration_s: float = 30.0) -> FloatArray:
    return ecg_of(list(np.arange(0.5, duration_s - 0.5, 0.83)), fs_hz, duration_s)


@pytest.mark.parametrize("fs_hz", [100.0, 128.0, 130.0, 250.0, 360.0, 500.0])
def test_a_sine_inside_the_band_keeps_its_values_at_any_rate(fs_hz: float) -> None:
    t_s = np.arange(round(20.0 * fs_hz)) / fs_hz
    out = resampled(np.sin(2 * np.pi * 7.0 * t_s), fs_hz, CONFIG)
    expected = np.sin(2 * np.pi * 7.0 * np.arange(out.size) / CONFIG.fs_hz)
    assert out.size == 2000
    assert out[300:1700] == pytest.approx(expected[300:1700], abs=0.02)


def test_wander_and_noise_outside_the_band_are_gone() -> None:
    t_s = np.arange(10_000) / 500.0
    for outside_hz in (0.05, 150.0):
        out = resampled(np.sin(2 * np.pi * outside_hz * t_s), 500.0, CONFIG)
        assert float(np.abs(out[300:1700]).max()) < 0.02


@given(gain=st.floats(0.05, 20.0), offset_mv=st.floats(-5.0, 5.0))
def test_gain_and_offset_change_nothing(gain: float, offset_mv: float) -> None:
    plain, changed = (segments_of(x, 250.0, CONFIG) for x in (lead(), gain * lead() + offset_mv))
    assert plain.values.shape == (3, 1000)
    assert changed.values == pytest.approx(plain.values, abs=1e-4)


def test_the_scale_is_the_root_mean_square() -> None:
    rms = np.sqrt((segments_of(lead(), 250.0, CONFIG).values ** 2).mean(axis=1))
    assert rms == pytest.approx([1.0] * 3, abs=0.1)


def test_ranks_run_evenly_from_the_lowest_sample_to_the_highest() -> None:
    config = EmbeddingInputConfig(scale="ranks")
    of_rms = segments_of(lead(), 250.0, CONFIG).values[0]
    ranks = segments_of(lead(), 250.0, config).values[0]
    assert np.sort(ranks) == pytest.approx(np.linspace(-1.0, 1.0, 1000), abs=1e-6)
    assert np.all(np.diff(of_rms[np.argsort(ranks)]) >= 0.0)


@pytest.mark.parametrize(
    ("n", "starts"),
    [(999, []), (1000, [0]), (1499, [0]), (1500, [0, 500]), (2100, [0, 1000])],
)
def test_windows_follow_each_other_and_the_last_ends_with_the_signal(
    n: int, starts: list[int]
) -> None:
    assert starts_of(n, CONFIG).tolist() == starts


def test_a_gap_costs_the_windows_it_lies_in_and_no_other() -> None:
    ecg_mv = lead()
    whole = segments_of(ecg_mv, 250.0, CONFIG)
    ecg_mv[3000:3100] = np.nan
    cut = segments_of(ecg_mv, 250.0, CONFIG)
    assert cut.starts_s.tolist() == [0.0, 20.0]
    # The filter sees an edge where the gap is, far from both.
    assert cut.values[1][300:] == pytest.approx(whole.values[2][300:], abs=0.02)


def test_a_flat_line_is_no_ecg() -> None:
    assert segments_of(np.full(5000, 0.3), 250.0, CONFIG).starts_s.size == 0


def test_beats_are_cut_with_their_r_in_one_place() -> None:
    places_s = np.arange(0.5, 29.5, 0.83)
    beats, is_whole = beats_of(lead(), 250.0, np.r_[0.3, places_s, 29.6], CONFIG)
    assert is_whole.tolist() == [False, *[True] * places_s.size, False]
    assert beats.shape == (places_s.size, CONFIG.n_beat_samples)
    assert np.abs(np.abs(beats).argmax(axis=1) - 44).max() <= 1
    louder, _ = beats_of(3.0 * lead(), 250.0, places_s, CONFIG)
    assert louder == pytest.approx(beats, abs=1e-4)


def test_beats_at_a_gap_have_no_window_and_the_others_keep_their_scale() -> None:
    ecg_mv, places_s = lead(), np.arange(0.5, 29.5, 0.83)
    whole, _ = beats_of(ecg_mv, 250.0, places_s, CONFIG)
    ecg_mv[3000:3100] = np.nan
    cut, is_whole = beats_of(ecg_mv, 250.0, places_s, CONFIG)
    # 12.0 to 12.4 s; the window reaches from 0.44 s before R to 0.68 s after.
    at_gap = (places_s > 11.32) & (places_s < 12.84)
    assert is_whole.tolist() == (~at_gap).tolist()
    assert cut[-5:] == pytest.approx(whole[-5:], abs=0.05)
