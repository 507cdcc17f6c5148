"""Beats of which only the rhythm is known, lent the shapes of others.

VitalDB's surgical patients are annotated beat by beat, without the signal. Their intervals teach
what an early beat is in many more hearts than have an ECG here, sick sinus nodes and atrial
fibrillation among them. What the shape of a beat tells is taken from a beat of the same class of
some other patient, or from a normal one: atrial beats may well look like it.
"""

import csv
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgcore.beat_features import FEATURES
from ecgcore.beat_intervals import SHAPE, compare, hold, no_intervals
from ecgcore.types import FloatArray

IntArray = NDArray[np.int64]

_AHEAD = 5
_FIBRILLATION = "AFIB/AFL"
_UNSURE = ("AVB", "Unclassifiable", "Noise")
_LEAST_S, _MOST_S = 0.15, 3.5
_SHARES = {"N": 0.07, "S": 1.0, _FIBRILLATION: 0.05}
"""Share of the beats learnt from, each then counting the more."""
_WEIGHTS = {"N": 0.5, "S": 1.0, _FIBRILLATION: 1.25}
_MANY = 150
"""Beats of one kind and patient above which they count less than one by one."""
_OWN_SHAPE = 0.5
"""Share of the S beats whose shape is that of an S beat."""
_SHAPE_FROM, _SHAPE_TO = FEATURES.index("qrs_alike"), FEATURES.index("t_level") + 1
_SAME = [FEATURES.index(name) for name in ("same_share", "same_before", "same_after")]


class RhythmBeats(NamedTuple):
    """Beats without shapes."""

    features: FloatArray
    """What their intervals tell; what their shapes would is still to come."""
    classes: FloatArray
    weights: FloatArray


def of_vitaldb(archive: Path) -> RhythmBeats:
    """Read the beats of all patients, in atrial fibrillation as N: none of them is early."""
    rng = np.random.default_rng(7)
    found: list[RhythmBeats] = []
    with tarfile.open(archive) as tar:
        for member in tar:
            if Path(member.name).name.startswith("Annotation_file"):
                text = tar.extractfile(member).read().decode("utf-8-sig")  # type: ignore[union-attr]
                found += _patient(list(csv.reader(io.StringIO(text)))[1:], rng)
    return RhythmBeats(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _patient(lines: list[list[str]], rng: np.random.Generator) -> Iterator[RhythmBeats]:
    places = np.array([float(line[0]) for line in lines])
    is_bad = np.array([line[3] == "True" for line in lines])
    rr_s = np.diff(places, prepend=np.nan)
    rr_s[is_bad | np.roll(is_bad, 1) | ~((rr_s > _LEAST_S) & (rr_s <= _MOST_S))] = np.nan
    kinds = np.array(["" if bad else _kind(line) for line, bad in zip(lines, is_bad, strict=True)])
    for kind, share in _SHARES.items():
        is_taken = (kinds == kind) & (rng.random(kinds.size) < share)
        features = _measured(rr_s, is_taken)
        if n := len(features):
            many = min(1.0, np.sqrt(_MANY * share / n))
            weights = np.full(n, _WEIGHTS[kind] / share * many)
            yield RhythmBeats(features, np.full(n, int(kind == "S")), weights)


def _kind(line: list[str]) -> str:
    _, kind, rhythm, *_ = line
    if rhythm == _FIBRILLATION:
        return rhythm
    return kind if kind in ("N", "S") and rhythm not in _UNSURE else ""


def _measured(rr_s: FloatArray, is_taken: FloatArray) -> FloatArray:
    table, found = no_intervals(), []
    for k, rr in enumerate(rr_s):
        hold(table, rr)
        table[SHAPE, -1] = 0.0
        if k >= _AHEAD and is_taken[k - _AHEAD]:
            features = np.ones(len(FEATURES))
            compare(table, _AHEAD + 1, features)
            found.append(np.clip(np.nan_to_num(features, nan=1.0), -6.0, 6.0))
    return np.array(found).reshape(-1, len(FEATURES))


def shaped(
    beats: RhythmBeats, features: FloatArray, classes: FloatArray, patients: FloatArray
) -> FloatArray:
    """Give their features, with shapes lent by beats that have one, each patient lending as many.

    Parameters
    ----------
    features : FloatArray, shape (n, n_features)
        Of the beats that lend, with `classes` and `patients`, shape (n,).
    """
    rng = np.random.default_rng(8)
    alike = features[:, FEATURES.index("qrs_alike")]
    is_normal = features[:, FEATURES.index("shape_is_normal")] == 1.0
    normal = np.flatnonzero((classes == 0) & is_normal & (alike > 0.9))
    early = np.flatnonzero((classes == 1) & (alike > 0.85))
    n = beats.classes.size
    is_own = (beats.classes == 1) & (rng.random(n) < _OWN_SHAPE)
    lender = np.where(is_own, _drawn(early, patients, n, rng), _drawn(normal, patients, n, rng))
    found = beats.features.copy()
    found[:, _SHAPE_FROM:_SHAPE_TO] = features[lender, _SHAPE_FROM:_SHAPE_TO]
    # Where all beats are of one shape, the intervals around those of the shape are known.
    rows = np.flatnonzero(is_normal[lender])[:, np.newaxis]
    found[rows, _SAME] = beats.features[rows, _SAME]
    return found


def _drawn(rows: IntArray, patients: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    _, patient, counts = np.unique(patients[rows], return_inverse=True, return_counts=True)
    in_order = rows[np.argsort(patient, kind="stable")]
    chosen = rng.integers(0, counts.size, n)
    first = np.cumsum(counts) - counts
    return in_order[first[chosen] + (rng.random(n) * counts[chosen]).astype(int)]
