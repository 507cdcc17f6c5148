import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulators.ecg import EcgConfig, SyntheticEcg
from simulators.source import SAMPLE_NUMBER_MODULUS, SampleNumbers, Shifted


@given(start=st.integers(0, 2**40), n_samples=st.integers(0, 200))
def test_sample_numbers_are_the_index(start: int, n_samples: int) -> None:
    values = SampleNumbers().read_uv(start, n_samples)
    assert values.dtype == np.int32
    expected = [index % SAMPLE_NUMBER_MODULUS for index in range(start, start + n_samples)]
    assert values.tolist() == expected


def test_sample_numbers_fit_a_straps_sample() -> None:
    assert SampleNumbers().read_uv(SAMPLE_NUMBER_MODULUS - 1, 2).tolist() == [2**23 - 1, 0]
    assert SampleNumbers().rpeaks(0, 1000) is None


def test_shifted_source_begins_later() -> None:
    shifted = Shifted(SyntheticEcg(EcgConfig()), 500)
    plain = SyntheticEcg(EcgConfig())
    assert np.array_equal(shifted.read_uv(10, 700), plain.read_uv(510, 700))
    peaks = shifted.rpeaks(10, 710)
    assert peaks is not None
    assert np.array_equal(peaks, plain.rpeaks(510, 1210) - 500)
    assert Shifted(SampleNumbers(), 3).rpeaks(0, 9) is None
