"""`python -m cloud.training.recording --data DIR`: forests of `cloud.evaluation.recording`.

All recordings of CinC 2017 go through the pipeline. Of what it found the forests learn A against
all else, noise against all else, and O against N. Held-out fifths judge them, in several divisions.
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
from cloud.evaluation.cinc2017 import CLASSES
from cloud.evaluation.recording import (
    AF_LIMIT,
    FIBRILLATION,
    N_FIGURES,
    NOISY,
    OF_CLASSES,
    OTHER,
    figures_of,
)
from cloud.training import handheld
from cloud.training.af import PARAMETERS, flat
from ecgcore.types import FloatArray

MODEL = Path(__file__).parents[2] / "ecgcore" / "models" / "recording.npz"
CHANGES = {"num_leaves": 8, "learning_rate": 0.05, "min_data_in_leaf": 30, "feature_fraction": 0.3}
OWN = {FIBRILLATION: {"num_leaves": 16, "scale_pos_weight": 2.0}, NOISY: {}, OTHER: {}}
"""Only one recording in twelve is A; doubled, F1 depends less on the limit."""
N_TREES = 150
DIVISIONS = (1, 2, 3, 4)

Labels = NDArray[np.str_]


def measured(given: tuple[str, str, FloatArray]) -> tuple[str, FloatArray | None]:
    """Give the label of a recording and its figures."""
    name, label, ecg_mv = given
    found = analyse(Lead(name, ecg_mv, handheld.FS_HZ))
    return label, figures_of(found, ecg_mv, handheld.FS_HZ)


def grown(kind: str, x: FloatArray, y: NDArray[np.bool_], seed: int = 1) -> lgb.Booster:
    """Grow one of the forests."""
    chosen = {**PARAMETERS, **CHANGES, **OWN[kind], "seed": seed}
    return lgb.train(chosen, lgb.Dataset(x, y.astype(int)), N_TREES)


def all_grown(x: FloatArray, labels: Labels, seed: int = 1) -> dict[str, lgb.Booster]:
    """Grow A against all else, noise against all else, and O against N alone.

    Beat classes have learnt from the recordings of A that no beat of them is early, so they would
    tell more of A here than of others: its forest does without them.
    """
    without = x.copy()
    without[:, OF_CLASSES] = 0.0
    is_sinus = np.isin(labels, ["N", "O"])
    return {
        FIBRILLATION: grown(FIBRILLATION, without, labels == "A", seed),
        NOISY: grown(NOISY, x, labels == "~", seed),
        OTHER: grown(OTHER, x[is_sinus], labels[is_sinus] == "O", seed),
    }


def said(forests: dict[str, lgb.Booster], x: FloatArray) -> Labels:
    """Say N, A, O or ~ of each."""
    af, noisy, other = (np.asarray(forests[k].predict(x)) for k in (FIBRILLATION, NOISY, OTHER))
    sinus = np.where(other > 0.5, "O", "N")
    return np.where(af > AF_LIMIT, "A", np.where(noisy > 0.5, "~", sinus))


def held_out(x: FloatArray, labels: Labels, division: int) -> Labels:
    """Say of each recording what forests do that have not seen it; ~ with too few beats."""
    guess = np.full(labels.size, "~")
    is_judged = np.isfinite(x[:, 0])
    folds = StratifiedKFold(5, shuffle=True, random_state=division)
    for train, test in folds.split(x, labels):
        taught, asked = train[is_judged[train]], test[is_judged[test]]
        guess[asked] = said(all_grown(x[taught], labels[taught]), x[asked])
    return guess


def judge(guess: Labels, labels: Labels) -> None:
    """Print F1 of each class."""
    f1 = {
        c: 2 * ((guess == c) & (labels == c)).sum() / ((guess == c).sum() + (labels == c).sum())
        for c in CLASSES
    }
    mean = float(np.mean([f1[c] for c in "NAO"]))
    print({c: round(float(each), 4) for c, each in f1.items()}, f"mean of N, A, O {mean:.4f}")


def main() -> None:
    """Measure, judge, grow, keep."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    data = given.parse_args().data
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(measured, handheld.recordings(data / "cinc2017.tar.xz", CLASSES)))
    labels = np.array([label for label, _ in found])
    x = np.array([np.full(N_FIGURES, np.nan) if each is None else each for _, each in found])
    for division in DIVISIONS:
        judge(held_out(x, labels, division), labels)
    is_judged = np.isfinite(x[:, 0])
    forests = {k: flat(each) for k, each in all_grown(x[is_judged], labels[is_judged]).items()}
    arrays = {f"{k}_{name}": a for k, each in forests.items() for name, a in each._asdict().items()}
    np.savez_compressed(
        MODEL, **{n: a.astype(np.float32) if a.dtype == float else a for n, a in arrays.items()}
    )


if __name__ == "__main__":
    main()
