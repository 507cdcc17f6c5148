"""Drift of a beat's shape and of embeddings."""

import numpy as np
import pytest
from scipy.spatial import distance

from ecgcore.drift import DriftConfig, EmbeddingDrift, emb_drift_self, tmpl_drift
from ecgcore.events import NullReason

CONFIG = DriftConfig()
BEAT = np.exp(-0.5 * ((np.arange(200.0) - 100.0) / 8.0) ** 2)


def test_a_shape_is_what_counts_of_a_template() -> None:
    assert tmpl_drift(3.0 * BEAT + 0.2, BEAT) == pytest.approx(0.0, abs=1e-12)
    assert tmpl_drift(-BEAT, BEAT) == pytest.approx(2.0)
    moved = np.roll(BEAT, 12)
    assert tmpl_drift(moved, BEAT) == pytest.approx(distance.correlation(moved, BEAT))


def test_templates_that_cannot_be_compared() -> None:
    assert tmpl_drift(np.ones(200), BEAT) is NullReason.NOT_APPLICABLE
    with pytest.raises(ValueError, match="100 and 200 samples"):
        tmpl_drift(BEAT[:100], BEAT)


def test_an_embedding_is_measured_from_the_centroid() -> None:
    rng = np.random.default_rng(7)
    past = np.array([3.0, 1.0, 0.0]) + 0.1 * rng.standard_normal((200, 3))
    past[:, 2] = 0.0
    near, far = past.mean(axis=0), np.array([0.0, 3.0, 0.0])
    emb_drift_self_near = emb_drift_self(near, past, CONFIG)
    assert isinstance(emb_drift_self_near, EmbeddingDrift)
    assert (emb_drift_self_near.cosine, emb_drift_self_near.mahalanobis) == pytest.approx(
        (0.0, 0.0)
    )
    assert not emb_drift_self_near.is_unusual
    found = emb_drift_self(far, past, CONFIG)
    assert isinstance(found, EmbeddingDrift)
    assert found.cosine == pytest.approx(distance.cosine(far, past.mean(axis=0)))
    of_past = [distance.cosine(each, past.mean(axis=0)) for each in past]
    assert found.limit == pytest.approx(np.percentile(of_past, 99.0))
    spread = past[:, :2].var(axis=0, ddof=1)
    off = far - past.mean(axis=0)
    assert found.mahalanobis == pytest.approx(np.sqrt(np.sum(off[:2] ** 2 / spread)))
    assert found.is_unusual
    assert found.n == 200


def test_too_few_embeddings_are_no_past() -> None:
    same = np.tile([2.0, 1.0, 1.0], (20, 1))
    orthogonal = emb_drift_self(np.array([0.0, 1.0, -1.0]), same, CONFIG)
    assert isinstance(orthogonal, EmbeddingDrift)
    expected = {"emb_drift_self": 1.0}
    assert {"emb_drift_self": orthogonal.cosine} == pytest.approx(expected)
    assert emb_drift_self(np.ones(3), np.ones((19, 3)), CONFIG) is NullReason.TOO_SHORT
    assert emb_drift_self(np.zeros(3), np.ones((20, 3)), CONFIG) is NullReason.NOT_APPLICABLE
    with pytest.raises(ValueError, match="shape"):
        emb_drift_self(np.ones(4), np.ones((30, 3)), CONFIG)
