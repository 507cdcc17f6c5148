"""Beat classes by boosted trees over what `ecgcore.beat_features` measures.

The trees (``models/beat_class.npz``) give the probabilities of N, S, V and F; the card beside them
says what they were trained on and how they were judged. A paced beat is not told from a
ventricular one by its shape; the pacemaker's spike tells (`ecgcore.pacing`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ecgcore.beat_features import BeatFeatures, BeatFeaturesState, MeasuredBeat
from ecgcore.beat_memory import no_memory, weigh
from ecgcore.events import BeatLabel
from ecgcore.jit import compiled
from ecgcore.models import load
from ecgcore.pacing import Pacing, PacingState
from ecgcore.second import DelineatedBeat, LabelledBeat, SignalSecond
from ecgcore.types import FloatArray

IndexArray = NDArray[np.uint32]
_BITS, _FEATURE = np.uint64(8), np.uint64(255)

CLASSES = (
    BeatLabel.NORMAL,
    BeatLabel.SUPRAVENTRICULAR,
    BeatLabel.VENTRICULAR,
    BeatLabel.FUSION,
)
_VENTRICULAR = CLASSES.index(BeatLabel.VENTRICULAR)


@dataclass(frozen=True, slots=True)
class BeatClassConfig:
    """Which trees."""

    model: str = "beat_class"


@dataclass(slots=True)
class BeatClassState:
    """What is remembered of the patient."""

    features: BeatFeaturesState = field(default_factory=BeatFeaturesState)
    pacing: PacingState = field(default_factory=PacingState)
    memory: FloatArray = field(default_factory=no_memory)
    """What beats of each shape were taken for (`ecgcore.beat_memory`)."""


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
        self.state = state or BeatClassState()
        self._features = BeatFeatures(fs_hz, self.state.features)
        self._pacing = Pacing(fs_hz, n_leads, self.state.pacing)
        self._trees = _trees(config.model)

    def push(
        self, second: SignalSecond, delineated: Sequence[DelineatedBeat]
    ) -> list[LabelledBeat]:
        """Take the next second and its beats; give those that are certain now."""
        self._pacing.push(second, delineated)
        return [self._labelled(each) for each in self._features.push(second, delineated)]

    def finish(self, delineated: Sequence[DelineatedBeat]) -> list[LabelledBeat]:
        """End the run, as before a gap."""
        self._pacing.finish(delineated)
        return [self._labelled(each) for each in self._features.finish(delineated)]

    def _labelled(self, measured: MeasuredBeat) -> LabelledBeat:
        beat, shape_id, features = measured
        paced = self._pacing.judge()
        if paced > 0.0:
            return LabelledBeat(*beat, BeatLabel.PACED, paced, None)
        best, probability = likeliest(features, *self._trees, self.state.memory, shape_id)
        cluster = shape_id if best == _VENTRICULAR else None
        return LabelledBeat(*beat, CLASSES[best], probability, cluster)


@compiled
def _onward(
    at: int, features: FloatArray, nodes: IndexArray, threshold: NDArray[np.float32]
) -> int:
    """Go on from a node; without signs, which an index from the end would have."""
    node = nodes[at]
    is_above = features[np.uint64(node & _FEATURE)] > threshold[at]
    return np.uint64(node >> _BITS) + np.uint64(is_above)  # type: ignore[return-value]  # compiled


@compiled
def scores_of(
    features: FloatArray, groups: IndexArray, nodes: IndexArray, values: NDArray[np.float32]
) -> tuple[float, float, float, float]:
    """Give the scores of N, S, V and F: log-odds, up to a constant.

    Parameters
    ----------
    features : FloatArray, shape (n_features,)
    groups : IndexArray, shape (n_trees / 8, 9)
        The roots of eight trees, and the steps after which all of them have reached a leaf; trees
        take the classes in turn.
    nodes : IndexArray, shape (n_nodes,)
        The feature that a node asks for, and above these 8 bits where to go on when that is not
        above the threshold, else to the node after. A leaf leads to itself.
    values : NDArray, shape (2, n_nodes)
        Thresholds, infinite in leaves; what a leaf adds to the score of its class.
    """
    threshold, leaf = values[0], values[1]
    n_score = s_score = v_score = f_score = 0.0
    for row in range(groups.shape[0]):
        group = groups[row]
        # Eight trees abreast: alone, each step would wait for the one before.
        a, b, c, d = group[0], group[1], group[2], group[3]
        e, f, g, h = group[4], group[5], group[6], group[7]
        for _ in range(group[8]):
            a = _onward(a, features, nodes, threshold)
            b = _onward(b, features, nodes, threshold)
            c = _onward(c, features, nodes, threshold)
            d = _onward(d, features, nodes, threshold)
            e = _onward(e, features, nodes, threshold)
            f = _onward(f, features, nodes, threshold)
            g = _onward(g, features, nodes, threshold)
            h = _onward(h, features, nodes, threshold)
        n_score = n_score + leaf[a] + leaf[e]
        s_score = s_score + leaf[b] + leaf[f]
        v_score = v_score + leaf[c] + leaf[g]
        f_score = f_score + leaf[d] + leaf[h]
    return n_score, s_score, v_score, f_score


@compiled
def likeliest(
    features: FloatArray,
    groups: IndexArray,
    nodes: IndexArray,
    values: NDArray[np.float32],
    memory: FloatArray,
    shape_id: int,
) -> tuple[int, float]:
    """Give the class that is most probable by trees and memory, and its probability."""
    return weigh(memory, shape_id, scores_of(features, groups, nodes, values))


@cache
def _trees(name: str) -> tuple[IndexArray, IndexArray, NDArray[np.float32]]:
    """Give what `scores_of` walks."""
    arrays = load(name)
    asks, value, low = arrays["nodes"]
    roots, onward, is_leaf = arrays["roots"].astype(int), low.astype(int), asks < 0
    depth = np.zeros(asks.size, int)
    for k in reversed(np.flatnonzero(~is_leaf)):  # nodes follow the one that leads to them
        depth[k] = 1 + max(depth[onward[k]], depth[onward[k] + 1])
    steps = depth[roots].reshape(-1, 8).max(axis=1)
    nodes = np.where(is_leaf, np.arange(asks.size) << 8, (onward << 8) + asks.astype(int))
    values = np.stack((np.where(is_leaf, np.inf, value), value))
    return (
        np.column_stack((roots.reshape(-1, 8), steps)).astype(np.uint32),
        nodes.astype(np.uint32),
        values.astype(np.float32),
    )
