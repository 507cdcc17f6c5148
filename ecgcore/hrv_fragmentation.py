"""Fragmentation of the heart rate (Costa, Davis and Goldberger 2017): how often it turns."""

from typing import NamedTuple

import numpy as np

from ecgcore.nn_series import NnSeries, bounds_of

SHORT_STEPS = 3
"""Accelerations and decelerations of fewer intervals are short."""
LEAST_ALTERNATION = 4
"""Intervals of an alternation at least."""


class Fragmentation(NamedTuple):
    """By catalogue keys."""

    frag_pip: float
    """Inflection points per NN interval, %."""
    frag_ials: float
    """Inverse of the mean length of accelerations and decelerations."""
    frag_pss: float
    """Share of the intervals outside accelerations and decelerations of three or more, %."""
    frag_pas: float
    """Share of the intervals in alternations of four or more, %."""


def fragmentation(nn: NnSeries) -> Fragmentation:
    """Measure how often intervals turn; needs two neighbouring differences.

    Notes
    -----
    An acceleration or deceleration is a row of differences of one sign; its length is their
    number, each standing for the interval it ends with. The rate turns where the sign of the
    difference changes, to or from zero as well. An alternation is a row of differences other than
    zero of which each turns against the one before.
    """
    nan = float("nan")
    follows = nn.run[1:] == nn.run[:-1]
    sign = np.sign(np.diff(nn.nn_ms))[follows]
    run = nn.run[1:][follows]
    if not sign.size:
        return Fragmentation(nan, nan, nan, nan)
    same_run = run[1:] == run[:-1]
    turns = (sign[1:] != sign[:-1]) & same_run
    breaks = np.cumsum(np.concatenate(([False], turns | ~same_run)))
    lengths = np.diff(bounds_of(breaks))
    moving = lengths[sign[bounds_of(breaks)[:-1]] != 0.0]
    alternates = same_run & (sign[1:] * sign[:-1] < 0.0)
    rows = np.diff(bounds_of(np.cumsum(np.concatenate(([False], ~alternates)))))
    n = sign.size
    return Fragmentation(
        frag_pip=100.0 * int(turns.sum()) / nn.n,
        frag_ials=moving.size / float(moving.sum()) if moving.size else nan,
        frag_pss=100.0 * (1.0 - float(moving[moving >= SHORT_STEPS].sum()) / n),
        frag_pas=100.0 * float(rows[rows >= LEAST_ALTERNATION].sum()) / n,
    )
