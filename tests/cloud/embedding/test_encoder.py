"""The shipped encoder: the same bits in any batch, and what it was trained not to mind."""

import numpy as np
import pytest

from cloud.embedding.model import Model, load_model
from ecgcore.embedding_input import segments_of
from ecgcore.types import FloatArray
from tests.strategies import ecg_of

FS_HZ = 250.0


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def rhythm(seed: int, irregular: float = 0.0, n_s: float = 40.0) -> FloatArray:
    """Give a heart whose intervals vary by a share of themselves."""
    rng = np.random.default_rng(seed)
    rr_s = 0.8 * np.clip(1.0 + irregular * rng.standard_normal(60), 0.5, 1.6)
    places = 0.5 + np.cumsum(rr_s)
    return ecg_of([at for at in places if at < n_s - 0.5], FS_HZ, n_s, noise_mv=0.01, seed=seed)


def embedded(model: Model, ecg_mv: FloatArray) -> FloatArray:
    return model.encoder.embed(segments_of(ecg_mv, FS_HZ, model.encoder.config).values)


def cosine(one: FloatArray, other: FloatArray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_a_batch_gives_what_single_windows_give_and_again_the_same(model: Model) -> None:
    windows = [
        segments_of(rhythm(k, 0.1 * k), FS_HZ, model.encoder.config).values for k in range(20)
    ]
    together = model.encoder.embed_together(windows)
    again = load_model().encoder.embed_together(windows)
    for of_one, batched, repeated in zip(windows, together, again, strict=True):
        single = np.concatenate([model.encoder.embed(each[None]) for each in of_one])
        assert np.array_equal(batched, single)
        assert np.array_equal(batched, repeated)
    assert [each.shape for each in model.encoder.embed_together([windows[0][:0]])] == [(0, 288)]


def test_gain_and_polarity_change_less_than_another_rhythm(model: Model) -> None:
    plain, restless = rhythm(1), rhythm(2, 0.2)
    of_plain, of_restless = (embedded(model, each).mean(axis=0) for each in (plain, restless))
    louder, over = embedded(model, 7.0 * plain).mean(axis=0), embedded(model, -plain).mean(axis=0)
    assert louder == pytest.approx(of_plain, abs=0.02 * float(np.abs(of_plain).max()))
    apart = 1.0 - cosine(of_plain, of_restless)
    assert 1.0 - cosine(of_plain, over) < 0.5 * apart
