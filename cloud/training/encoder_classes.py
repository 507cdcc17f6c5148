"""`python -m cloud.training.encoder_classes --data DIR --folds DIR`: the classifier beside it.

Forests learn A, noise and O from the figures of `cloud.evaluation.recording` and from the embedding
along its principal axes; a multinomial regression on what forests say of recordings they have not
seen makes chances of it. Each part of the recordings is judged by an encoder, forests and a
regression none of which has seen it; those that ship have seen all.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from cloud.embedding.classify import CLASSES, FORESTS, softmax
from cloud.training.af import flat
from cloud.training.encoder_data import gathered, windows_of
from cloud.training.encoder_judge import Part, means_of, parts_of
from cloud.training.encoder_ship import FOLDER, digested, embeddings_of
from cloud.training.recording import all_grown, judge
from ecgcore.types import FloatArray

N_AXES = 24
SEEDS = (1, 2, 3, 4)
"""Of the forests of one kind, whose log odds are averaged."""
N_BINS = 10
SEED = 1
Labels = NDArray[np.str_]


def basis_of(means: FloatArray) -> PCA:
    """Find the axes along which the forests look at embeddings."""
    return PCA(N_AXES, random_state=SEED).fit(means)


def odds_of(part: Part, figures: FloatArray, labels: Labels) -> FloatArray:
    """Give the log odds of the three forests for the unseen, shape (n, 3); NaN: not judged."""
    usable = np.isfinite(part.means[:, 0]) & np.isfinite(figures[:, 0])
    seen, unseen = usable & ~part.is_unseen, usable & part.is_unseen
    basis = basis_of(part.means[seen])
    x = np.full((labels.size, figures.shape[1] + N_AXES), np.nan)
    x[usable] = np.c_[figures[usable], basis.transform(part.means[usable])]
    odds = np.full((labels.size, len(FORESTS)), np.nan)
    odds[unseen] = 0.0
    for seed in SEEDS:
        forests = all_grown(x[seen], labels[seen], seed)
        for k, kind in enumerate(FORESTS):
            odds[unseen, k] += forests[kind].predict(x[unseen], raw_score=True) / len(SEEDS)
    return odds


def mixed(odds: FloatArray, labels: Labels) -> tuple[FloatArray, FloatArray]:
    """Fit logits of the classes to log odds: weights, shape (4, 3), and bias, shape (4,)."""
    fit = LogisticRegression(C=1.0, max_iter=3000).fit(odds, labels)
    order = [list(fit.classes_).index(label) for label in CLASSES]
    return fit.coef_[order], fit.intercept_[order]


def calibration_error(chances: FloatArray, labels: Labels) -> float:
    """Give how far chances are from how often they are right: mean over bins and classes."""
    errors = []
    for k, label in enumerate(CLASSES):
        at = np.minimum((chances[:, k] * N_BINS).astype(int), N_BINS - 1)
        for each in np.unique(at):
            inside = at == each
            away = abs(chances[inside, k].mean() - (labels[inside] == label).mean())
            errors.append(away * inside.mean() / len(CLASSES))
    return float(sum(errors))


def judged(odds: FloatArray, part_of: NDArray[np.int64], labels: Labels) -> None:
    """Judge each part by a regression that has not seen it; ~ is said where nothing is known."""
    usable = np.isfinite(odds[:, 0])
    chances = np.full((labels.size, len(CLASSES)), np.nan)
    for k in np.unique(part_of):
        taught, asked = usable & (part_of != k), usable & (part_of == k)
        weights, bias = mixed(odds[taught], labels[taught])
        chances[asked] = softmax(odds[asked] @ weights.T + bias)
    guess = np.full(labels.size, "~")
    guess[usable] = np.array(CLASSES)[chances[usable].argmax(axis=1)]
    judge(guess, labels)
    error = calibration_error(chances[usable], labels[usable])
    print(f"{labels.size} recordings, {usable.sum()} judged; calibration error {error:.4f}")


def main() -> None:
    """Judge by parts, then fit on all and keep."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    given.add_argument("--folds", type=Path, required=True, help="Folder of the folds' encoders.")
    given.add_argument("--strips", type=Path)
    options = given.parse_args()
    found, figures = gathered(options.data, options.strips)
    found = [each for each in found if each.source == "cinc2017"]
    labels = np.array([each.label for each in found])
    parts = parts_of(options.folds)
    each = [odds_of(part, figures, labels) for part in parts]
    odds = np.full_like(each[0], np.nan)
    part_of = np.zeros(labels.size, np.int64)
    for k, (part, one) in enumerate(zip(parts, each, strict=True)):
        odds[part.is_unseen], part_of[part.is_unseen] = one[part.is_unseen], k
    judged(odds, part_of, labels)
    known = np.isfinite(odds[:, 0])
    weights, bias = mixed(odds[known], labels[known])

    windows, of = windows_of(found)
    means = means_of(embeddings_of(FOLDER / "model.onnx", windows), of, labels.size)
    usable = np.isfinite(means[:, 0]) & np.isfinite(figures[:, 0])
    basis = basis_of(means[usable])
    x = np.c_[figures[usable], basis.transform(means[usable])]
    arrays = {"centre": basis.mean_, "axes": basis.components_, "weights": weights, "bias": bias}
    arrays["seeds"] = np.array(SEEDS)
    for seed in SEEDS:
        for kind, forest in all_grown(x, labels[usable], seed).items():
            flat_forest = flat(forest)._asdict().items()
            arrays |= {f"{kind}_{seed}_{name}": a for name, a in flat_forest}
    kept = {n: a.astype(np.float32) if a.dtype.kind == "f" else a for n, a in arrays.items()}
    np.savez_compressed(FOLDER / "classifier.npz", **kept)
    digested(FOLDER / "card.toml")


if __name__ == "__main__":
    main()
