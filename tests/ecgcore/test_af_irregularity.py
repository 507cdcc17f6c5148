"""Hand-worked values, and that of EntropyHub 2.0 (`SampEn(m=1, r=30)`) for `golden_ms(400)`."""

import math

import numpy as np
import pytest

from ecgcore.af_irregularity import af_irregularity, coefficient_of_sample_entropy
from tests.ecgcore.intervals import golden_ms

NAN = float("nan")
GOLDEN_SAMPEN = 0.6049074337596496


def test_hand_worked_values() -> None:
    rr_ms = np.array([800.0, 860.0, 810.0, NAN, 700.0, 720.0, 730.0])
    found = af_irregularity(rr_ms)
    mean_ms = (800 + 860 + 810 + 700 + 720 + 730) / 6
    rmssd = math.sqrt((60**2 + 50**2 + 20**2 + 10**2) / 4)
    assert found.af_nrmssd == pytest.approx(rmssd / mean_ms)
    # 860 turns, 720 does not; nothing turns beside the gap.
    assert found.af_tpr == pytest.approx(1 / 2)


def test_even_places_have_full_entropy() -> None:
    rr_ms = np.repeat(np.arange(16) * 30.0 + 600.0, 4)
    ends = [200.0] * 5 + [2000.0] * 5
    assert af_irregularity(np.concatenate((rr_ms, ends[:4], ends[5:9]))).af_shannon == (
        pytest.approx(1.0)
    )


def test_golden_coefficient_of_sample_entropy() -> None:
    rr_ms = golden_ms(400)
    expected = GOLDEN_SAMPEN + math.log(60.0 / rr_ms.mean())
    assert coefficient_of_sample_entropy(rr_ms) == pytest.approx(expected, rel=1e-9)


def test_the_tolerance_grows_until_pairs_agree() -> None:
    # Nothing agrees within 30 ms.
    rr_ms = np.array([400.0, 900.0, 500.0, 1000.0, 600.0, 1100.0, 700.0, 1200.0])
    assert np.isfinite(coefficient_of_sample_entropy(rr_ms))
    assert math.isnan(coefficient_of_sample_entropy(np.array([800.0, NAN, 810.0])))


def test_fibrillation_is_told_from_sinus_rhythm() -> None:
    rng = np.random.default_rng(9)
    fibrillation = af_irregularity(700.0 + 140.0 * rng.standard_normal(100))
    sinus = af_irregularity(800.0 + 15.0 * rng.standard_normal(100))
    assert fibrillation.af_cosen > -1.4 > sinus.af_cosen
    assert fibrillation.af_nrmssd > 0.1 > sinus.af_nrmssd
    assert fibrillation.af_tpr == pytest.approx(2 / 3, abs=0.1)


def test_a_constant_row_is_regular() -> None:
    found = af_irregularity(np.full(64, 800.0))
    assert (found.af_nrmssd, found.af_tpr, found.af_shannon) == (0.0, 0.0, 0.0)
    assert found.af_cosen == pytest.approx(math.log(60.0 / 800.0))
