"""Chances of the four classes of a short recording, from its embedding and its biomarkers.

Forests of three kinds look at the figures of `cloud.evaluation.recording` and at the embedding
along a few axes; what they say on average is mixed into chances that were calibrated on recordings
no part had seen. The arrays lie beside the model (`cloud.training.encoder_classes` makes them):

- `fibrillation_1_*`, `noisy_1_*`, `other_1_*`, and so on for each of `seeds`: forests, as
  `ecgcore.irregularity.Forest`;
- `centre`, shape (size,), `axes`, shape (n_axes, size): what of the embedding they look at;
- `weights`, shape (4, 3), `bias`, shape (4,): logits of N, A, O and ~ from their log odds.
"""

from dataclasses import dataclass

import numpy as np

from ecgcore.irregularity import Forest, log_odds
from ecgcore.types import FloatArray

CLASSES = ("N", "A", "O", "~")
FORESTS = ("fibrillation", "noisy", "other")


@dataclass(frozen=True)
class Classifier:
    """The arrays named above."""

    forests: tuple[tuple[Forest, ...], ...]
    """Of each kind."""
    centre: FloatArray
    axes: FloatArray
    weights: FloatArray
    bias: FloatArray

    @classmethod
    def of(cls, arrays: dict[str, FloatArray]) -> "Classifier":
        """Take the arrays of a file."""
        return cls(
            tuple(
                tuple(Forest.of(arrays, f"{kind}_{seed:.0f}") for seed in arrays["seeds"])
                for kind in FORESTS
            ),
            *(np.asarray(arrays[name], float) for name in ("centre", "axes", "weights", "bias")),
        )

    def chances(self, figures: FloatArray, embedding: FloatArray) -> dict[str, float]:
        """Give the chance of each class, sum 1.

        Parameters
        ----------
        figures : FloatArray, shape (N_FIGURES,)
            Of `cloud.evaluation.recording.figures_of`.
        embedding : FloatArray, shape (size,)
            Mean of the recording's windows.
        """
        values = np.concatenate((figures, self.axes @ (embedding - self.centre)))
        odds = np.array([np.mean([log_odds(values, f) for f in kind]) for kind in self.forests])
        chances = softmax(self.weights @ odds + self.bias)
        return dict(zip(CLASSES, chances.tolist(), strict=True))


def softmax(logits: FloatArray) -> FloatArray:
    """Make chances of logits, along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def uncertainty(chances: dict[str, float]) -> float:
    """Give the entropy of chances over that of four equal ones, 0 to 1."""
    p = np.array(list(chances.values()))
    p = p[p > 0.0]
    return float(-(p * np.log(p)).sum() / np.log(len(chances)))
