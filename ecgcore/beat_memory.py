"""What beats of a shape were so far taken for, and what that tells of the next one.

A ventricular beat that resembles the normal one is told by its like: some of them come early and
wide, and are sure. For each shape the probabilities of its past beats, as the trees alone gave
them, are summed up; they fade with every beat, and shapes that are forgotten make room. What is
weighed by memory is never remembered, so that a wrong guess does not confirm itself.
"""

import math

import numpy as np

from ecgcore.jit import compiled
from ecgcore.types import FloatArray

N_CLASSES = 4
_N_SHAPES = 16
# Of the steps tried, those in between on held-out patients: more weight went on helping there, but
# then the beats of one shape could hardly differ.
_FADING = 0.998
_WEIGHT = 1.5
_MOST = 2.0
_DOUBT = 0.3
_FEW = 5.0


def no_memory() -> FloatArray:
    """Give what is remembered before the first beat: of each shape its name and four sums."""
    memory = np.zeros((_N_SHAPES, 1 + N_CLASSES))
    memory[:, 0] = -1.0
    return memory


@compiled
def row_of(memory: FloatArray, shape_id: int) -> int:
    """Give the row of a shape, where need be in place of the one that weighs least."""
    weakest, least = 0, math.inf
    for row in range(memory.shape[0]):
        if memory[row, 0] == shape_id:
            return row
        weight = memory[row, 1] + memory[row, 2] + memory[row, 3] + memory[row, 4]
        if weight < least:
            weakest, least = row, weight
    memory[weakest] = 0.0
    memory[weakest, 0] = shape_id
    return weakest


@compiled
def weigh(
    memory: FloatArray, shape_id: int, scores: tuple[float, float, float, float]
) -> tuple[int, float]:
    """Give the likeliest class and its probability, past beats of the shape considered.

    Parameters
    ----------
    scores : tuple of float
        Log-odds of N, S, V and F, up to a constant; the memory then takes them in.
    """
    kept = memory[row_of(memory, shape_id), 1:]
    narrow, wide = kept[0] + kept[1], kept[2] + kept[3]
    odds = math.log((wide + _DOUBT) / (narrow + _DOUBT))
    share = (narrow + wide) / (narrow + wide + _FEW)
    ventricular = scores[2] + _WEIGHT * min(max(odds, -_MOST), _MOST) * share
    top = max(scores)
    alone = 0.0
    for score in scores:
        alone += math.exp(score - top)
    memory[:, 1:] *= _FADING
    for k in range(N_CLASSES):
        kept[k] += math.exp(scores[k] - top) / alone
    return likeliest((scores[0], scores[1], ventricular, scores[3]))


@compiled
def likeliest(scores: tuple[float, float, float, float]) -> tuple[int, float]:
    """Give the class of the highest score, and its probability."""
    best, top, total = 0, scores[0], 0.0
    for k in range(1, N_CLASSES):
        if scores[k] > top:
            best, top = k, scores[k]
    for score in scores:
        total += math.exp(score - top)
    return best, 1.0 / total
