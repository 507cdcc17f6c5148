"""What embeddings and beats of many people are like: novelty, principal components, neighbours.

The arrays lie beside the model (`cloud.training.encoder_ship` makes them):

- `centroid`, shape (size,); `axes`, shape (n_axes, size), rows of unit length; `spread`, shape
  (n_axes,), the standard deviation along each; `rest`, that of what is left, in each direction;
- `novelty`, shape (101,): the hundredths of the training windows' own novelty;
- `beat_mean`, shape (n_beat,), and `beat_axes`, shape (5, n_beat), of beats at the input's scale;
- `experts`, the names of biomarkers, and `latent_r`, shape (n_experts, size), how each goes with
  each latent value over the training recordings;
- `shown`, shape (n, size), embeddings of labelled recordings, with `names` and `labels`.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ecgcore.embedding_input import SegmentArray
from ecgcore.errors import ConfigError
from ecgcore.types import FloatArray

N_BEAT_AXES = 5
N_NEIGHBOURS = 15


@dataclass(frozen=True)
class Population:
    """The arrays named above."""

    centroid: FloatArray
    axes: FloatArray
    spread: FloatArray
    rest: FloatArray
    novelty: FloatArray
    beat_mean: FloatArray
    beat_axes: FloatArray
    experts: NDArray[np.str_]
    latent_r: FloatArray
    shown: FloatArray
    names: NDArray[np.str_]
    labels: NDArray[np.str_]

    @classmethod
    def of(cls, arrays: dict[str, NDArray[np.generic]]) -> "Population":
        """Take the arrays of a file.

        Raises
        ------
        ConfigError
            If one is missing.
        """
        missing = [each.name for each in fields(cls) if each.name not in arrays]
        if missing:
            msg = f"population: no array {', '.join(missing)}"
            raise ConfigError(msg)
        return cls(**{each.name: arrays[each.name] for each in fields(cls)})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The labelled recordings that are most alike."""

    shares: dict[str, float]
    """Of each label, weighted by likeness, 0 to 1, sum 1."""
    nearest: tuple[tuple[str, str, float], ...]
    """Name, label and cosine of those, the likest first."""


def novelty_of(embeddings: FloatArray, population: Population) -> FloatArray:
    """Give the Mahalanobis distance to the training windows, shape (n,).

    Divided by the root of the number of dimensions, so that about 1 is usual.
    """
    away = embeddings - population.centroid
    along = away @ population.axes.T
    rest = np.sqrt(np.maximum((away**2).sum(axis=1) - (along**2).sum(axis=1), 0.0))
    squares = ((along / population.spread) ** 2).sum(axis=1) + (rest / population.rest) ** 2
    return np.asarray(np.sqrt(squares / embeddings.shape[1]))


def novelty_percentile(novelty: FloatArray, population: Population) -> FloatArray:
    """Give the share of the training windows that are less novel, %."""
    return np.asarray(np.interp(novelty, population.novelty, np.arange(101.0)))


def beat_loadings(beats: SegmentArray, population: Population) -> FloatArray:
    """Give the loadings of beats, shape (n, n_beat), on the population's axes, shape (n, 5)."""
    return np.asarray((beats - population.beat_mean) @ population.beat_axes.T)


def latent_correlations(embeddings: FloatArray, expert: FloatArray) -> FloatArray:
    """Correlate each expert biomarker with each latent value: what a latent stands for.

    Parameters
    ----------
    embeddings : FloatArray, shape (n, size)
    expert : FloatArray, shape (n, n_expert)
        NaN where not known.

    Returns
    -------
    FloatArray, shape (n_expert, size), -1 to 1
        0 where one of them does not vary.
    """
    found = np.zeros((expert.shape[1], embeddings.shape[1]))
    for k, values in enumerate(expert.T):
        known = np.isfinite(values)
        x = embeddings[known] - embeddings[known].mean(axis=0)
        y = values[known] - values[known].mean()
        size = np.sqrt((x**2).sum(axis=0) * (y**2).sum())
        found[k] = np.divide(y @ x, size, out=np.zeros_like(size), where=size > 0.0)
    return found


def drift_of(embeddings: FloatArray) -> FloatArray:
    """Give the cosine distance of each embedding to the one before, shape (n - 1,), 0 to 2."""
    unit = _unit(embeddings)
    return np.asarray(1.0 - (unit[1:] * unit[:-1]).sum(axis=1))


def neighbours_of(embedding: FloatArray, population: Population) -> Neighbours:
    """Find the labelled recordings that are most alike, axis by axis of the population."""
    scaled = _scaled(np.vstack([embedding, population.shown]), population)
    unit = _unit(scaled)
    cosine = unit[1:] @ unit[0]
    order = np.argsort(-cosine, kind="stable")[:N_NEIGHBOURS]
    weight = np.maximum(cosine[order], 0.0) + 1e-9
    labels = population.labels[order]
    return Neighbours(
        {
            str(label): float(weight[labels == label].sum() / weight.sum())
            for label in np.unique(population.labels)
        },
        tuple(
            (str(population.names[k]), str(population.labels[k]), float(cosine[k])) for k in order
        ),
    )


def _scaled(embeddings: FloatArray, population: Population) -> FloatArray:
    along = (embeddings - population.centroid) @ population.axes.T
    return np.asarray(along / population.spread)


def _unit(rows: FloatArray) -> FloatArray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
