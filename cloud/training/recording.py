"""`python -m cloud.training.recording --data DIR`: forests of `cloud.evaluation.recording`.

All recordings of CinC 2017 go through the pipeline. Those that AF takes enough of are A by that; of
the others the forests learn noise against all else, and O against N. Held-out fifths judge them.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from cloud.evaluation.analysis import analyse
from cloud.evaluation.archive import Lead
from cloud.evaluation.cinc2017 import CLASSES, is_fibrillation
from cloud.evaluation.recording import N_FIGURES, NOISY, OTHER, figures_of
from cloud.training import handheld
from cloud.training.af import PARAMETERS, flat
from ecgcore.types import FloatArray

MODEL = Path(__file__).parents[2] / "ecgcore" / "models" / "recording.npz"
CHANGES = {"num_leaves": 8, "learning_rate": 0.05, "min_data_in_leaf": 30, "feature_fraction": 0.3}
N_TREES = 150

Labels = NDArray[np.str_]


def measured(given: tuple[str, str, FloatArray]) -> tuple[str, bool, FloatArray | None]:
    """Give the label of a recording, whether it is taken for A, and its figures."""
    name, label, ecg_mv = given
    found = analyse(Lead(name, ecg_mv, handheld.FS_HZ))
    return label, is_fibrillation(found), figures_of(found, ecg_mv.size, handheld.FS_HZ)


def grown(x: FloatArray, y: NDArray[np.bool_]) -> lgb.Booster:
    """Grow one of the forests."""
    return lgb.train({**PARAMETERS, **CHANGES}, lgb.Dataset(x, y.astype(int)), N_TREES)


def both(x: FloatArray, labels: Labels) -> dict[str, lgb.Booster]:
    """Grow noise against all else, and O against N; what is A teaches neither's other side."""
    is_sinus = np.isin(labels, ["N", "O"])
    return {
        NOISY: grown(x, labels == "~"),
        OTHER: grown(x[is_sinus], labels[is_sinus] == "O"),
    }


def said(forests: dict[str, lgb.Booster], x: FloatArray) -> Labels:
    """Say N, O or ~ of each."""
    noisy, other = (np.asarray(forests[kind].predict(x)) > 0.5 for kind in (NOISY, OTHER))
    return np.where(noisy, "~", np.where(other, "O", "N"))


def judge(guess: Labels, labels: Labels) -> None:
    """Print F1 of each class."""
    f1 = {
        c: 2 * ((guess == c) & (labels == c)).sum() / ((guess == c).sum() + (labels == c).sum())
        for c in CLASSES
    }
    print({c: round(float(each), 3) for c, each in f1.items()})
    print("mean of N, A, O:", round(float(np.mean([f1[c] for c in "NAO"])), 3))


def main() -> None:
    """Measure, judge, grow, keep."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    data = given.parse_args().data
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(measured, handheld.recordings(data / "cinc2017.tar.xz", CLASSES)))
    labels = np.array([label for label, _, _ in found])
    is_af = np.array([taken for _, taken, _ in found])
    x = np.array([np.full(N_FIGURES, np.nan) if each is None else each for _, _, each in found])
    guess = np.where(is_af, "A", "~")
    is_judged = np.isfinite(x).all(axis=1)
    for train, test in StratifiedKFold(5, shuffle=True, random_state=1).split(x, labels):
        taught, asked = train[is_judged[train]], test[is_judged[test] & ~is_af[test]]
        guess[asked] = said(both(x[taught], labels[taught]), x[asked])
    judge(guess, labels)
    forests = {k: flat(each) for k, each in both(x[is_judged], labels[is_judged]).items()}
    arrays = {f"{k}_{name}": a for k, each in forests.items() for name, a in each._asdict().items()}
    np.savez_compressed(
        MODEL, **{n: a.astype(np.float32) if a.dtype == float else a for n, a in arrays.items()}
    )


if __name__ == "__main__":
    main()
