"""Beat classes by boosted trees over what `ecgcore.beat_features` measures.

The trees (``models/beat_class.npz``) give the probabilities of N, S, V and F; the card beside them
says what they were trained on and how they were judged. A paced beat is not told from a
ventricular one by its shape alone and stays V unless the trees know better.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from ecgcore.beat_features import BeatFeatures, BeatFeaturesState, MeasuredBeat
from ecgcore.events import BeatLabel
from ecgcore.jit import compiled
from ecgcore.models import load
from ecgcore.second import DelineatedBeat, LabelledBeat, SignalSecond
from ecgcore.types import FloatArray

CLASSES = (
    BeatLabel.NORMAL,
    BeatLabel.SUPRAVENTRICULAR,
    BeatLabel.VENTRICULAR,
    BeatLabel.FUSION,
)


@dataclass(frozen=True, slots=True)
class BeatClassConfig:
    """Which trees."""

    model: str = "beat_class"


@dataclass(slots=True)
class BeatClassState:
    """What is remembered of the patient."""

    features: BeatFeaturesState = field(default_factory=BeatFeaturesState)


class BeatClassifier:
    """Labels each beat once the next few are there, or some seconds later where none come."""

    max_delay_s = BeatFeatures.max_delay_s

    def __init__(
        self,
        config: BeatClassConfig,
        fs_hz: float,
        n_leads: int,
        state: BeatClassState | None = None,
    ) -> None:
        del n_leads  # the first lead tells
        self.state = state or BeatClassState()
        self._features = BeatFeatures(fs_hz, self.state.features)
        self._trees = _trees(config.model)

    def push(
        self, second: SignalSecond, delineated: Sequence[DelineatedBeat]
    ) -> list[LabelledBeat]:
        """Take the next second and its beats; give those that are certain now."""
        return [self._labelled(each) for each in self._features.push(second, list(delineated))]

    def finish(self, delineated: Sequence[DelineatedBeat]) -> list[LabelledBeat]:
        """End the run, as before a gap."""
        return [self._labelled(each) for each in self._features.finish(list(delineated))]

    def _labelled(self, measured: MeasuredBeat) -> LabelledBeat:
        probabilities = probabilities_of(measured.features, *self._trees)
        best = int(np.argmax(probabilities))
        beat, label = measured.beat, CLASSES[best]
        is_ventricular = label is BeatLabel.VENTRICULAR
        return LabelledBeat(
            peak=beat.peak,
            waves=beat.waves,
            lead_waves=beat.lead_waves,
            label=label,
            confidence=float(probabilities[best]),
            cluster=measured.shape_id if is_ventricular else None,
        )


@compiled
def probabilities_of(features: FloatArray, roots: FloatArray, nodes: FloatArray) -> FloatArray:
    """Give the probabilities of the classes.

    Parameters
    ----------
    features : FloatArray, shape (n_features,)
    roots : FloatArray, shape (n_trees,)
        Row of each tree's first node; the trees take the classes in turn.
    nodes : FloatArray, shape (n_nodes, 4)
        Feature (-1 in a leaf), threshold (the value of a leaf), row where it is not above, and
        where it is.

    Returns
    -------
    FloatArray, shape (4,)
    """
    scores = np.zeros(4)
    for k in range(roots.size):
        at = int(roots[k])
        while nodes[at, 0] >= 0.0:
            is_low = features[int(nodes[at, 0])] <= nodes[at, 1]
            at = int(nodes[at, 2] if is_low else nodes[at, 3])
        scores[k % 4] += nodes[at, 1]
    odds = np.exp(scores - scores.max())
    return odds / odds.sum()


@cache
def _trees(name: str) -> tuple[FloatArray, FloatArray]:
    arrays = load(name)
    return arrays["roots"], arrays["nodes"]
