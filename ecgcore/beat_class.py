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
        del n_leads  # the lead that beats are found in tells
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
        best, probability = likeliest(measured.features, *self._trees)
        beat, label = measured.beat, CLASSES[best]
        is_ventricular = label is BeatLabel.VENTRICULAR
        return LabelledBeat(
            peak=beat.peak,
            waves=beat.waves,
            lead_waves=beat.lead_waves,
            label=label,
            confidence=probability,
            cluster=measured.shape_id if is_ventricular else None,
        )


@compiled
def probabilities_of(
    features: FloatArray,
    roots: IntArray,
    nodes: IntArray,
    threshold: NDArray[np.float32],
) -> FloatArray:
    """Give the probabilities of the classes.

    Parameters
    ----------
    features : FloatArray, shape (n_features,)
    roots : IntArray, shape (n_trees,)
        Each tree's first node; the trees take the classes in turn.
    nodes : IntArray, shape (n_nodes, 2)
        What a node asks for, -1 in a leaf; where to go on when not above the threshold, else to
        the node after.
    threshold : NDArray, shape (n_nodes,)
        The value of a leaf.

    Returns
    -------
    FloatArray, shape (4,)
    """
    scores = np.zeros(4)
    for k in range(0, roots.size, 4):
        # Four trees abreast: alone, each step would wait for the one before.
        n, s, v, f = roots[k], roots[k + 1], roots[k + 2], roots[k + 3]
        is_moving = True
        while is_moving:
            n_asks, s_asks, v_asks, f_asks = nodes[n, 0], nodes[s, 0], nodes[v, 0], nodes[f, 0]
            if n_asks >= 0:
                n = nodes[n, 1] + (1 if features[n_asks] > threshold[n] else 0)
            if s_asks >= 0:
                s = nodes[s, 1] + (1 if features[s_asks] > threshold[s] else 0)
            if v_asks >= 0:
                v = nodes[v, 1] + (1 if features[v_asks] > threshold[v] else 0)
            if f_asks >= 0:
                f = nodes[f, 1] + (1 if features[f_asks] > threshold[f] else 0)
            is_moving = n_asks >= 0 or s_asks >= 0 or v_asks >= 0 or f_asks >= 0
        scores[0] += threshold[n]
        scores[1] += threshold[s]
        scores[2] += threshold[v]
        scores[3] += threshold[f]
    odds = np.exp(scores - scores.max())
    return np.asarray(odds / odds.sum())


@compiled
def likeliest(
    features: FloatArray, roots: IntArray, nodes: IntArray, threshold: NDArray[np.float32]
) -> tuple[int, float]:
    """Give the class that is most probable, and its probability."""
    probabilities = probabilities_of(features, roots, nodes, threshold)
    best = int(np.argmax(probabilities))
    return best, float(probabilities[best])


@cache
def _trees(name: str) -> tuple[IntArray, IntArray, NDArray[np.float32]]:
    arrays = load(name)
    feature, threshold, low = arrays["nodes"]
    nodes = np.stack((feature, low), axis=1).astype(np.int32)
    return arrays["roots"].astype(np.int32), nodes, threshold.astype(np.float32)
