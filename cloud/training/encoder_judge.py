"""`python -m cloud.training.encoder_judge --data DIR --trained DIR`: how much embeddings tell.

Takes the encoders of `cloud.training.encoder --folds K`, each of which has not seen its part of the
recordings of CinC 2017. A linear probe (logistic regression on the mean of a recording's windows)
learns fibrillation against all else from the recordings that the encoder has seen, its strength
chosen among them, and is judged on the others.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cloud.training.encoder_data import gathered
from ecgcore.types import FloatArray

STRENGTHS = (0.003, 0.01, 0.03, 0.1)


@dataclass(frozen=True)
class Part:
    """What one encoder says of all recordings, and which it has not seen."""

    means: FloatArray
    """Of each recording's windows, shape (n, size); NaN if it is shorter than one."""
    is_unseen: NDArray[np.bool_]


def means_of(rows: FloatArray, of: NDArray[np.int64], n: int) -> FloatArray:
    """Average the windows of each of n recordings; NaN of none."""
    total = np.zeros((n, rows.shape[1]))
    np.add.at(total, of, rows)
    counts = np.bincount(of, minlength=n)[:, None]
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def parts_of(folder: Path) -> list[Part]:
    """Read what each encoder says."""
    parts = []
    for path in sorted(folder.glob("fold*.npz")):
        with np.load(path) as file:
            fold = int(path.stem.removeprefix("fold"))
            means = means_of(file["rows"], file["of"], file["fold"].size)
            parts.append(Part(means, file["fold"] == fold))
    return parts


def probed(part: Part, is_positive: NDArray[np.bool_]) -> FloatArray:
    """Give the log odds that a probe gives to the unseen; NaN where there is no embedding."""
    has = np.isfinite(part.means[:, 0])
    seen, unseen = has & ~part.is_unseen, has & part.is_unseen
    probe = make_pipeline(
        StandardScaler(),
        GridSearchCV(LogisticRegression(max_iter=3000), {"C": STRENGTHS}, scoring="roc_auc", cv=4),
    ).fit(part.means[seen], is_positive[seen])
    found = np.full(has.size, np.nan)
    found[unseen] = probe.decision_function(part.means[unseen])
    return found


def main() -> None:
    """Judge, and print."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    given.add_argument("--trained", type=Path, required=True)
    given.add_argument("--strips", type=Path)
    options = given.parse_args()
    found, _ = gathered(options.data, options.strips)
    labels = np.array([each.label for each in found if each.source == "cinc2017"])
    areas = []
    for k, part in enumerate(parts_of(options.trained)):
        odds = probed(part, labels == "A")
        judged = np.isfinite(odds)
        areas.append(roc_auc_score(labels[judged] == "A", odds[judged]))
        each = {
            label: round(float(roc_auc_score(labels[two] == "A", odds[two])), 4)
            for label in "NO~"
            if (two := judged & np.isin(labels, ["A", label])).any()
        }
        n = f"{judged.sum()} recordings, {(labels[judged] == 'A').sum()} of A"
        print(f"part {k}: {n}: AUROC {areas[-1]:.4f}; against each alone {each}", flush=True)
    print(f"mean AUROC {np.mean(areas):.4f}")


if __name__ == "__main__":
    main()
