"""`python -m cloud.training.af --data DIR`: fit the logistic models of `ecgcore.irregularity`.

Windows of consecutive intervals come from the CinC 2017 recordings (A against N and O), with P
waves, and from the rhythm annotations of VitalDB and MIT-BIH, without. Held-out fifths of the
recordings judge the model that is kept, which has then seen all of them.
"""

import argparse
import csv
import io
import tarfile
from pathlib import Path

import numpy as np
import wfdb
from scipy.io import loadmat
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from cloud.training.beat_class import waves_of
from ecgcore.irregularity import FIGURES, figures
from ecgcore.types import FloatArray

MODEL = Path(__file__).parents[2] / "ecgcore" / "models" / "af.npz"
WINDOW = 24
LEAST = 10
CINC_FS_HZ = 300.0
BEATS = frozenset("NLRejAaJSVEFQ/fn")

Row = tuple[FloatArray, int, str]
"""Figures, whether it is AF, the recording."""


def of_cinc(archive: Path) -> list[Row]:
    """Read the handheld recordings; noisy ones teach nothing."""
    # Read once from front to back: going back in an xz archive means unpacking it anew.
    with tarfile.open(archive) as tar:
        files = {
            Path(member.name).name: tar.extractfile(member).read()  # type: ignore[union-attr]
            for member in tar
            if member.name.endswith((".mat", "REFERENCE.csv"))
        }
    rows: list[Row] = []
    for name, label in csv.reader(io.StringIO(files["REFERENCE.csv"].decode())):
        if label == "~":
            continue
        counts = loadmat(io.BytesIO(files[f"{name}.mat"]))["val"][0]  # type: ignore[arg-type]
        places, has_p = waves_of(np.asarray(counts, float) / 1000.0, CINC_FS_HZ)
        for start in range(0, max(places.size - LEAST, 1), WINDOW // 2):
            rr_s = np.diff(places[start : start + WINDOW]) / CINC_FS_HZ
            if rr_s.size >= LEAST:
                p_share = float(np.mean(has_p[start : start + WINDOW]))
                rows.append((figures(rr_s, 0.0, p_share), int(label == "A"), name))
    return rows


def of_vitaldb(archive: Path) -> list[Row]:
    """Read beat times and rhythm labels."""
    rows: list[Row] = []
    with tarfile.open(archive) as tar:
        for member in tar:
            if not Path(member.name).name.startswith("Annotation_file"):
                continue
            text = tar.extractfile(member).read().decode("utf-8-sig")  # type: ignore[union-attr]
            lines = list(csv.reader(io.StringIO(text)))[1:]
            beats = [(float(t), kind, rhythm) for t, kind, rhythm, *_ in lines if t]
            rows += _windows(beats, Path(member.name).stem, {"AFIB/AFL"}, {"Noise", ""})
    return rows


def of_mitdb(folder: Path) -> list[Row]:
    """Read the rhythm annotations of the tuning half; flutter teaches nothing."""
    rows: list[Row] = []
    for header in sorted(folder.glob("*.hea")):
        annotation = wfdb.rdann(str(header.with_suffix("")), "atr")
        rhythm, beats = "(N", []
        for sample, symbol, note in zip(
            annotation.sample, annotation.symbol, annotation.aux_note, strict=True
        ):
            if symbol == "+":
                rhythm = note.strip("\x00")
            elif symbol in BEATS:
                beats.append((sample / 360.0, "V" if symbol in "VE" else "N", rhythm))
        rows += _windows(beats, header.stem, {"(AFIB"}, {"(AFL", "(VFL"})
    return rows


def _windows(
    beats: list[tuple[float, str, str]], name: str, af: set[str], ignored: set[str]
) -> list[Row]:
    rows: list[Row] = []
    for start in range(0, len(beats) - WINDOW, WINDOW // 2):
        window = beats[start : start + WINDOW]
        rhythms = {rhythm for _, _, rhythm in window}
        rr_s = np.diff([t for t, _, _ in window])
        if len(rhythms) > 1 or rhythms & ignored or rr_s.min() <= 0.15 or rr_s.max() > 3.0:
            continue
        share = sum(kind == "V" for _, kind, _ in window) / WINDOW
        rows.append((figures(rr_s, share, np.nan), int(rhythms <= af), name))
    return rows


def fit(rows: list[Row], n_figures: int, weigh: str | None) -> tuple[FloatArray, FloatArray]:
    """Judge with held-out recordings, print, fit to all."""
    values = np.array([row[0][:n_figures] for row in rows])
    x = np.hstack((values, values**2))
    y = np.array([row[1] for row in rows])
    names = np.array([row[2] for row in rows])
    guess = np.zeros(y.size)
    scale = x.std(axis=0) + 1e-6
    for train, test in GroupKFold(5).split(x, y, names):
        model = LogisticRegression(max_iter=2000, class_weight=weigh)
        guess[test] = model.fit(x[train] / scale, y[train]).predict_proba(x[test] / scale)[:, 1]
    said = guess >= 0.5
    se, sp = (said & (y == 1)).sum() / (y == 1).sum(), (~said & (y == 0)).sum() / (y == 0).sum()
    ppv = (said & (y == 1)).sum() / said.sum()
    print(f"{y.size} windows, {y.sum()} AF: Se {se:.3f} Sp {sp:.3f} +P {ppv:.3f}", flush=True)
    model = LogisticRegression(max_iter=2000, class_weight=weigh).fit(x / scale, y)
    return model.coef_[0] / scale, model.intercept_


def main() -> None:
    """Gather, fit, keep."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    data = given.parse_args().data
    handheld = of_cinc(data / "cinc2017.tar.xz")
    waves, waves_bias = fit(handheld, len(FIGURES), None)
    intervals = [*of_vitaldb(data / "vitaldb_rhythm.tar.xz"), *of_mitdb(data / "mitdb")]
    rr, rr_bias = fit(intervals, len(FIGURES) - 1, None)
    np.savez_compressed(
        MODEL, waves_weights=waves, waves_bias=waves_bias, rr_weights=rr, rr_bias=rr_bias
    )


if __name__ == "__main__":
    main()
