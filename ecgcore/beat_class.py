"""Beat classes by boosted trees over what `ecgcore.beat_features` measures.

The trees (``models/beat_class.npz``) give the probabilities of N, S, V and F; the card beside them
says what they were trained on and how they were judged. A paced beat is not told from a
ventricular one by its shape alone and stays V unless the trees know better.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ecgcore.beat_features import BeatFeatures, BeatFeaturesState, MeasuredBeat
from ecgcore.events import BeatLabel
from ecgcore.jit import compiled
from ecgcore.models import load
from ecgcore.second import DelineatedBeat, LabelledBeat, SignalSecond
from ecgcore.types import FloatArray

IntArray = NDArray[np.int32]

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
def probabilities_of(
    features: FloatArray,
    roots: IntArray,
    nodes: NDArray[np.float32],
) -> FloatArray:
    """Give the probabilities of the classes.

    Parameters
    ----------
    features : FloatArray, shape (n_features,)
    roots : IntArray, shape (n_trees,)
        Each tree's first node; the trees take the classes in turn.
    nodes : NDArray, shape (n_nodes, 3)
        What a node asks for, -1 in a leaf; the threshold, or a leaf's value; where to go on when
        not above the threshold, else to the node after. One beside the other in memory, because
        a tree's way through it is mostly waiting for memory.

    Returns
    -------
    FloatArray, shape (4,)
    """
    scores = np.zeros(4)
    for k in range(roots.size):
        at = roots[k]
        asked = nodes[at, 0]
        while asked >= 0:
            at = int(nodes[at, 2]) + (1 if features[int(asked)] > nodes[at, 1] else 0)
            asked = nodes[at, 0]
        scores[k % 4] += nodes[at, 1]
    odds = np.exp(scores - scores.max())
    return np.asarray(odds / odds.sum())


@cache
def _trees(name: str) -> tuple[IntArray, NDArray[np.float32]]:
    arrays = load(name)
    nodes = np.ascontiguousarray(arrays["nodes"].T, np.float32)
    return arrays["roots"].astype(np.int32), nodes
