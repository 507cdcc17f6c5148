"""`python -m cloud.training.beat_class --data DIR`: train the trees of `ecgcore.beat_class`.

Beats are those of our own detector, matched to the annotations within 150 ms. Patients are
held out in groups to judge them; the trees that are kept have seen all. The second lead of a record
is learnt from as another patient of the same group, and only the first is judged.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import wfdb
from sklearn.model_selection import GroupKFold

from cloud.training import handheld
from ecgcore.beat_features import FEATURES, BeatFeatures
from ecgcore.delineate import DelineateConfig, Delineator
from ecgcore.rpeak import RPeakConfig, RPeakDetector
from ecgcore.second import DelineatedBeat, SignalSecond
from ecgcore.types import FloatArray

MODEL = Path(__file__).parents[2] / "ecgcore" / "models" / "beat_class.npz"
AAMI = {
    **dict.fromkeys("NLRej", 0),
    **dict.fromkeys("AaJS", 1),
    **dict.fromkeys("VE", 2),
    "F": 3,
}
PACED = ("102", "104", "107", "217")
WEIGHTS = np.array([1.0, 4.0, 2.0, 2.0])
"""How much a beat of each class counts, so that the rare ones are learnt."""
N_SHARE = 0.2
"""Share of the normal beats learnt from, each then counting the more."""
MANY = 400
"""Beats of one class and patient above which they count less than one by one."""
ROUNDS = 70
"""Even: `likeliest` walks the trees of two rounds side by side."""
FIBRILLATING_SHARE = 0.3
"""Share of the beats in AF learnt from: with all of them, early beats elsewhere are missed more."""
ALIKE = 0.8
PARAMETERS = {
    "objective": "multiclass",
    "num_class": 4,
    "learning_rate": 0.08,
    "num_leaves": 12,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "lambda_l2": 20,
    "max_bin": 63,
    "num_threads": 1,
    "verbose": -1,
    "seed": 1,
}


def seconds_of(
    ecg_mv: FloatArray, fs_hz: float
) -> Iterator[tuple[SignalSecond | None, list[DelineatedBeat]]]:
    """Run detector and delineator over one lead; the last item has no second."""
    detector = RPeakDetector(RPeakConfig(), fs_hz)
    delineator = Delineator(DelineateConfig(), fs_hz, 1)
    second = round(fs_hz)
    for start in range(0, ecg_mv.size - second + 1, second):
        piece = np.ascontiguousarray(ecg_mv[start : start + second])
        peaks = tuple(detector.push(start, piece))
        each = SignalSecond(start, piece[np.newaxis], peaks, 1.0)
        yield each, delineator.push(each)
    yield None, delineator.finish()


def waves_of(ecg_mv: FloatArray, fs_hz: float) -> tuple[FloatArray, FloatArray]:
    """Give the R peaks (samples) of one lead, and which of them have a P wave."""
    beats = [beat for _, found in seconds_of(ecg_mv, fs_hz) for beat in found]
    places = np.array([beat.peak.sample + beat.peak.offset for beat in beats])
    return places, np.array([beat.waves.p is not None for beat in beats])


def features_of(ecg_mv: FloatArray, fs_hz: float) -> tuple[FloatArray, FloatArray]:
    """Give the R peaks (samples) of one lead and the features of each beat."""
    measure = BeatFeatures(fs_hz)
    found = []
    for second, beats in seconds_of(ecg_mv, fs_hz):
        found += measure.finish(beats) if second is None else measure.push(second, beats)
    places = np.array([each.beat.peak.sample for each in found])
    return places, np.array([each.features for each in found]).reshape(-1, len(FEATURES))


def labelled(record: Path, channel: int) -> tuple[FloatArray, FloatArray]:
    """Give the features of the beats of one of a record's leads, and their classes."""
    signal = wfdb.rdrecord(str(record), channels=[channel])
    annotation = wfdb.rdann(str(record), "atr")
    ecg_mv = np.nan_to_num(np.ascontiguousarray(signal.p_signal[:, 0], np.float64))
    places, features = features_of(ecg_mv, float(signal.fs))
    known = [
        (s, AAMI[y]) for s, y in zip(annotation.sample, annotation.symbol, strict=True) if y in AAMI
    ]
    samples, classes = np.array([k[0] for k in known]), np.array([k[1] for k in known])
    nearest = np.abs(places[:, np.newaxis] - samples).argmin(axis=1)
    is_near = np.abs(places - samples[nearest]) <= 0.15 * signal.fs
    return features[is_near], classes[nearest[is_near]]


def fibrillating(archive: Path) -> Iterator[tuple[str, FloatArray]]:
    """Give the features of some beats of handheld recordings of atrial fibrillation: all are N.

    No beat of it is early, however irregular they come; the record or two of it in mitdb cannot
    teach that. Beats unlike the usual shape are left out: nobody labelled them.
    """
    rng = np.random.default_rng(5)
    for name, _, ecg_mv in handheld.recordings(archive, "A"):
        _, features = features_of(ecg_mv, handheld.FS_HZ)
        is_taken = rng.random(len(features)) < FIBRILLATING_SHARE
        yield name, features[is_taken & (features[:, FEATURES.index("qrs_alike")] > ALIKE)]


def patient_of(header: Path) -> str:
    """Give what groups records of one person: QTDB's sel1xx and sel2xx are patients of mitdb."""
    name = header.stem.removeprefix("sel")
    is_shared = len(name) == len("100") and name[0] in "12"
    return name if is_shared else header.stem


def fit(
    features: FloatArray, classes: FloatArray, patients: FloatArray, seed: int
) -> lightgbm.Booster:
    """Grow the trees; patients with many beats of a class do not drown the others."""
    rng = np.random.default_rng(seed)
    kept = (classes > 0) | (rng.random(classes.size) < N_SHARE)
    x, y = features[kept], classes[kept]
    weights = WEIGHTS[y] / np.where(y == 0, N_SHARE, 1.0)
    kinds = np.char.add(patients[kept].astype(str), y.astype(str))
    _, kind, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    weights *= np.minimum(1.0, np.sqrt(MANY / counts[kind]))
    return lightgbm.train(PARAMETERS, lightgbm.Dataset(x, y, weight=weights), ROUNDS)


def arrays_of(trees: lightgbm.Booster) -> dict[str, FloatArray]:
    """Give the trees as `ecgcore.beat_class` keeps them."""
    nodes: list[list[float]] = []

    def fill(row: int, node: dict[str, Any]) -> None:
        if "leaf_value" in node:
            nodes[row] = [-1.0, node["leaf_value"], 0.0]
            return
        low = len(nodes)
        nodes[row] = [node["split_feature"], node["threshold"], low]
        nodes.extend([[], []])
        fill(low, node["left_child"])
        fill(low + 1, node["right_child"])

    roots = []
    for tree in trees.dump_model()["tree_info"]:
        roots.append(len(nodes))
        nodes.append([])
        fill(roots[-1], tree["tree_structure"])
    return {"roots": np.array(roots, np.float64), "nodes": np.array(nodes, np.float64).T}


def judge(guess: FloatArray, classes: FloatArray, what: str) -> None:
    """Print sensitivity and positive predictivity of each class."""
    for k, name in enumerate("NSVF"):
        hit = ((guess == k) & (classes == k)).sum()
        se, ppv = hit / max((classes == k).sum(), 1), hit / max((guess == k).sum(), 1)
        print(f"{what} {name}: Se {se:.3f} +P {ppv:.3f}")


def main() -> None:
    """Prepare, judge with held-out patients, train, keep."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    data = given.parse_args().data
    sets, about = [], []
    for header in sorted([*data.glob("mitdb/*.hea"), *data.glob("qtdb/*.hea")]):
        if patient_of(header) in PACED or not header.with_suffix(".atr").exists():
            continue
        for channel in (0, 1):
            sets.append(labelled(header.with_suffix(""), channel))
            about.append((header.stem, patient_of(header), header.parent.name + str(channel)))
        print(header.stem, np.bincount(sets[-1][1], minlength=4), flush=True)
    for name, features in fibrillating(data / "cinc2017.tar.xz"):
        sets.append((features, np.zeros(len(features), int)))
        about.append((name, name, "cinc"))
    x, y = (np.concatenate(parts) for parts in zip(*sets, strict=True))
    record, patient, source = np.repeat(np.array(about), [len(s[1]) for s in sets], axis=0).T
    trees = fit(x, y, patient, 1)
    arrays = arrays_of(trees)
    np.savez_compressed(
        MODEL, roots=arrays["roots"].astype(np.float32), nodes=arrays["nodes"].astype(np.float32)
    )
    guess = np.zeros(y.size, int)
    for train, test in GroupKFold(8).split(x, y, patient):
        trees = fit(x[train], y[train], patient[train], 1)
        guess[test] = np.asarray(trees.predict(x[test])).argmax(axis=1)
    for what in ("mitdb0", "qtdb0"):
        judge(guess[source == what], y[source == what], what)
    for each in np.unique(record[source == "mitdb0"]):
        mine = (record == each) & (source == "mitdb0")
        rows = [np.bincount(guess[mine & (y == k)], minlength=4).tolist() for k in range(4)]
        print(each, dict(zip("NSVF", rows, strict=True)))


if __name__ == "__main__":
    main()
