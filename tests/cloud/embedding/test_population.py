"""Novelty, drift, neighbours and loadings, against numbers worked by hand."""

import numpy as np
import pytest

from cloud.embedding.classify import softmax, uncertainty
from cloud.embedding.population import (
    Population,
    beat_loadings,
    drift_of,
    latent_correlations,
    neighbours_of,
    novelty_of,
    novelty_percentile,
)
from ecgcore.errors import ConfigError

POPULATION = Population(
    centroid=np.array([1.0, 0.0, 0.0]),
    axes=np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
    spread=np.array([2.0, 1.0]),
    rest=np.array(0.5),
    novelty=np.linspace(0.0, 4.0, 101),
    beat_mean=np.array([1.0, 1.0]),
    beat_axes=np.array([[0.6, 0.8], [0.8, -0.6], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]),
    experts=np.array(["rr_median_s"]),
    latent_r=np.array([[0.5, 0.0, -0.5]]),
    shown=np.array([[5.0, 0.0, 0.0], [1.0, 3.0, 0.0], [-7.0, 0.0, 0.0]]),
    names=np.array(["one", "two", "three"]),
    labels=np.array(["A", "N", "N"]),
)


def test_novelty_is_the_distance_in_spreads_over_the_root_of_the_dimensions() -> None:
    given = np.array([[1.0, 0.0, 0.0], [5.0, 2.0, 0.5], [1.0, 0.0, 1.5]])
    # (4/2)^2 + (2/1)^2 + (0.5/0.5)^2 = 9, of three dimensions; 1.5/0.5 alone the last.
    novelty = novelty_of(given, POPULATION)
    assert novelty == pytest.approx([0.0, np.sqrt(3.0), np.sqrt(3.0)])
    assert novelty_percentile(np.array([2.0]), POPULATION) == pytest.approx([50.0])


def test_emb_drift_is_the_cosine_distance_to_the_window_before() -> None:
    emb_drift = drift_of(np.array([[1.0, 0.0], [0.0, 2.0], [0.0, -1.0], [1.0, -1.0]]))
    assert emb_drift == pytest.approx([1.0, 2.0, 1.0 - np.sqrt(0.5)])
    assert drift_of(np.ones((1, 2))).size == 0


def test_pca_beat_loadings_are_products_with_the_axes() -> None:
    values = beat_loadings(np.array([[2.0, 3.0]], np.float32), POPULATION)[0]
    pca_beat_1, pca_beat_2, pca_beat_3, pca_beat_4, pca_beat_5 = values
    assert pca_beat_1 == pytest.approx(0.6 + 1.6)
    assert pca_beat_2 == pytest.approx(0.8 - 1.2)
    assert pca_beat_3 == pytest.approx(1.0)
    assert pca_beat_4 == pytest.approx(2.0)
    assert pca_beat_5 == pytest.approx(0.0)


def test_neighbours_are_weighted_by_their_cosine() -> None:
    found = neighbours_of(np.array([3.0, 1.0, 9.0]), POPULATION)
    # Along the axes (1, 1); those shown (2, 0), (0, 3) and (-4, 0).
    assert [name for name, _, _ in found.nearest] == ["one", "two", "three"]
    assert [cosine for _, _, cosine in found.nearest] == pytest.approx(
        [np.sqrt(0.5), np.sqrt(0.5), -np.sqrt(0.5)]
    )
    dx_similarity_afib = found.shares["A"]
    assert dx_similarity_afib == pytest.approx(0.5, abs=1e-6)
    assert sum(found.shares.values()) == pytest.approx(1.0)


def test_a_file_that_lacks_an_array_is_refused() -> None:
    with pytest.raises(ConfigError, match="no array axes, spread"):
        Population.of({"centroid": np.zeros(3)})


def test_chances_of_logits_and_their_entropy() -> None:
    chances = softmax(np.log(np.array([1.0, 2.0, 4.0, 1.0])))
    assert chances == pytest.approx([0.125, 0.25, 0.5, 0.125])
    assert softmax(np.array([1000.0, 0.0])) == pytest.approx([1.0, 0.0])
    of = dict(zip("NAO~", chances.tolist(), strict=True))
    # 1.75 bits of 2.
    assert uncertainty(of) == pytest.approx(0.875)
    assert uncertainty({"N": 1.0, "A": 0.0}) == 0.0


def test_latent_to_expert_r_is_pearsons_over_what_is_known() -> None:
    latents = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [9.0, 5.0]])
    expert = np.array([[2.0, 1.0], [1.0, 2.0], [3.0, 3.0], [np.nan, 9.0]])
    latent_to_expert_r = latent_correlations(latents, expert)
    assert latent_to_expert_r == pytest.approx(np.array([[0.5, 0.0], [1.0, 0.0]]))
