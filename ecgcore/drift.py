"""How far the shape of a beat, or an embedding, has moved from the same person's baseline."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ecgcore.events import NullReason
from ecgcore.measured import Value
from ecgcore.types import FloatArray

DRIFT = ("tmpl_drift", "emb_drift_self")
"""Keys given here."""


@dataclass(frozen=True, slots=True)
class DriftConfig:
    """What a baseline of embeddings is."""

    least_n: int = 20
    """Embeddings that a centroid rests on at least."""
    percentile: float = 99.0
    """Of the own past's distances, from which a distance is unusual."""


class EmbeddingDrift(NamedTuple):
    """How far an embedding is from the own centroid."""

    cosine: float
    """Cosine distance, 0 to 2."""
    mahalanobis: float
    limit: float
    """The own past's percentile of the cosine distance."""
    n: int
    """Embeddings in the past."""

    @property
    def is_unusual(self) -> bool:
        """Whether nearly all of the past was nearer."""
        return self.cosine > self.limit


def tmpl_drift(template_mv: FloatArray, baseline_mv: FloatArray) -> Value:
    """Give 1 less the correlation of two templates of one lead, 0 to 2.

    Parameters
    ----------
    template_mv, baseline_mv : FloatArray, shape (n,)
        Aligned at the R peak and sampled alike.

    Raises
    ------
    ValueError
        If their lengths differ.
    """
    if template_mv.shape != baseline_mv.shape:
        msg = f"templates of {template_mv.size} and {baseline_mv.size} samples"
        raise ValueError(msg)
    one, other = template_mv - template_mv.mean(), baseline_mv - baseline_mv.mean()
    size = float(np.sqrt((one @ one) * (other @ other)))
    if size <= 0.0:
        return NullReason.NOT_APPLICABLE
    return float(np.clip(1.0 - (one @ other) / size, 0.0, 2.0))


def emb_drift_self(
    embedding: FloatArray, past: FloatArray, config: DriftConfig
) -> EmbeddingDrift | NullReason:
    """Give the distance of an embedding to the centroid of the own past.

    Parameters
    ----------
    embedding : FloatArray, shape (k,)
    past : FloatArray, shape (n, k)
        Of the same model and layer.

    Raises
    ------
    ValueError
        If the lengths of the vectors differ.

    Notes
    -----
    The Mahalanobis distance takes the dimensions as uncorrelated: their covariance cannot be told
    from fewer embeddings than dimensions. A dimension that never varied is left out.
    """
    if past.ndim != 2 or embedding.shape != past.shape[1:]:
        msg = f"an embedding of shape {embedding.shape} against a past of shape {past.shape}"
        raise ValueError(msg)
    if past.shape[0] < config.least_n:
        return NullReason.TOO_SHORT
    centroid = past.mean(axis=0)
    if not centroid.any() or not embedding.any():
        return NullReason.NOT_APPLICABLE
    spread = past.std(axis=0, ddof=1)
    varies = spread > 0.0
    off = (embedding - centroid)[varies] / spread[varies]
    of_past = _cosine(past, centroid)
    return EmbeddingDrift(
        cosine=float(_cosine(embedding[np.newaxis], centroid)[0]),
        mahalanobis=float(np.sqrt(off @ off)),
        limit=float(np.percentile(of_past, config.percentile)),
        n=int(past.shape[0]),
    )


def _cosine(vectors: FloatArray, centroid: FloatArray) -> FloatArray:
    size = np.linalg.norm(vectors, axis=1) * np.linalg.norm(centroid)
    safe = np.where(size > 0.0, size, 1.0)
    return np.clip(1.0 - vectors @ centroid / safe, 0.0, 2.0)
