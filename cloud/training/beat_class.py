"""`python -m cloud.training.beat_class --data DIR`: train the trees of `ecgcore.beat_class`.

Beats are those of our own detector, matched to the annotations within 150 ms. Patients are
held out in groups to judge them; the trees that are kept have seen all. The second lead of a record
is learnt from as another patient of the same group, and only the first is judged. Beats of which
the rhythm alone is known are learnt from as well (`cloud.training.rhythm_beats`).
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
from cloud.training.rhythm_beats import RhythmBeats, of_vitaldb, shaped
from ecgcore.beat_features import FEATURES, BeatFeatures
from ecgcore.beat_memory import no_memory, weigh
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
HANDHELD = "A0"
"""How the names of handheld recordings begin."""
PACED = ("102", "104", "107", "217")
WEIGHTS = np.array([1.0, 4.0, 3.0, 2.0])
"""How much a beat of each class counts, so that the rare ones are learnt."""
N_SHARE = 0.2
"""Share of the normal beats learnt from, each then counting the more."""
MANY = 400
"""Beats of one class and patient above which they count less than one by one."""
ROUNDS = 70
"""Even: `ecgcore.beat_class` walks the trees of two rounds side by side."""
FIBRILLATING_SHARE = 0.3
"""Share of the beats in AF learnt from: with all of them, early beats elsewhere are missed more."""
ALIKE = 0.8
N_DIVISIONS = 3
"""Ways to divide the patients into groups held out: a few patients decide the figures."""
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


def features_of(ecg_mv: FloatArray, fs_hz: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give the R peaks (samples) of one lead, the features of each beat and its shape."""
    measure = BeatFeatures(fs_hz)
    found = []
    for second, beats in seconds_of(ecg_mv, fs_hz):
        found += measure.finish(beats) if second is None else measure.push(second, beats)
    places = np.array([each.beat.peak.sample for each in found])
    features = np.array([each.features for each in found]).reshape(-1, len(FEATURES))
    return places, features, np.array([each.shape_id for each in found], int)


def labelled(record: Path, channel: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give the features of the beats of one of a record's leads, their shapes and classes."""
    signal = wfdb.rdrecord(str(record), channels=[channel])
    annotation = wfdb.rdann(str(record), "atr")
    ecg_mv = np.nan_to_num(np.ascontiguousarray(signal.p_signal[:, 0], np.float64))
    places, features, shapes = features_of(ecg_mv, float(signal.fs))
    known = [
        (s, AAMI[y]) for s, y in zip(annotation.sample, annotation.symbol, strict=True) if y in AAMI
    ]
    samples, classes = np.array([k[0] for k in known]), np.array([k[1] for k in known])
    nearest = np.abs(places[:, np.newaxis] - samples).argmin(axis=1)
    is_near = np.abs(places - samples[nearest]) <= 0.15 * signal.fs
    return features[is_near], shapes[is_near], classes[nearest[is_near]]


def fibrillating(archive: Path) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    """Give features and shapes of some beats of handheld recordings of AF: all are N.

    No beat of it is early, however irregular they come; the record or two of it in mitdb cannot
    teach that. Beats unlike the usual shape are left out: nobody labelled them.
    """
    rng = np.random.default_rng(5)
    for name, _, ecg_mv in handheld.recordings(archive, "A"):
        _, features, shapes = features_of(ecg_mv, handheld.FS_HZ)
        is_taken = rng.random(len(features)) < FIBRILLATING_SHARE
        is_taken &= features[:, FEATURES.index("qrs_alike")] > ALIKE
        yield name, features[is_taken], shapes[is_taken]


def patient_of(header: Path) -> str:
    """Give what groups records of one person: QTDB's sel1xx and sel2xx are patients of mitdb."""
    name = header.stem.removeprefix("sel")
    is_shared = len(name) == len("100") and name[0] in "12"
    return name if is_shared else header.stem


def fit(
    features: FloatArray, classes: FloatArray, patients: FloatArray, rhythms: RhythmBeats, seed: int
) -> lightgbm.Booster:
    """Grow the trees; patients with many beats of a class do not drown the others."""
    rng = np.random.default_rng(seed)
    kept = (classes > 0) | (rng.random(classes.size) < N_SHARE)
    x, y = features[kept], classes[kept]
    weights = WEIGHTS[y] / np.where(y == 0, N_SHARE, 1.0)
    kinds = np.char.add(patients[kept].astype(str), y.astype(str))
    _, kind, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    weights *= np.minimum(1.0, np.sqrt(MANY / counts[kind]))
    lends = ~np.char.startswith(patients.astype(str), HANDHELD)
    lent = shaped(rhythms, features[lends], classes[lends], patients[lends])
    learnt = lightgbm.Dataset(
        np.concatenate((x, lent)),
        np.concatenate((y, rhythms.classes)),
        weight=np.concatenate((weights, rhythms.weights)),
    )
    return lightgbm.train(PARAMETERS, learnt, ROUNDS)


def guessed(scores: FloatArray, shapes: FloatArray, leads: FloatArray) -> FloatArray:
    """Give the classes of beats in order, past beats of their shapes considered."""
    memory, guess = no_memory(), np.zeros(len(scores), int)
    for k, (four, shape) in enumerate(zip(scores, shapes, strict=True)):
        if k == 0 or leads[k] != leads[k - 1]:
            memory = no_memory()
        guess[k], _ = weigh(memory, int(shape), tuple(four))
    return guess


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
        # EC57: a fusion beat called ventricular is neither right nor wrong.
        said = ((guess == k) & ~((k == 2) & (classes == 3))).sum()
        se, ppv = hit / max((classes == k).sum(), 1), hit / max(said, 1)
        print(f"{what} {name}: Se {se:.3f} +P {ppv:.3f}")


def main() -> None:
    """Prepare, judge with held-out patients, train, keep."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    data = given.parse_args().data
    rhythms = of_vitaldb(data / "vitaldb_rhythm.tar.xz")
    print("beats without shapes", np.bincount(rhythms.classes), flush=True)
    sets, about = [], []
    for header in sorted([*data.glob("mitdb/*.hea"), *data.glob("qtdb/*.hea")]):
        if patient_of(header) in PACED or not header.with_suffix(".atr").exists():
            continue
        for channel in (0, 1):
            sets.append(labelled(header.with_suffix(""), channel))
            about.append((header.stem, patient_of(header), header.parent.name + str(channel)))
        print(header.stem, np.bincount(sets[-1][2], minlength=4), flush=True)
    for name, features, shapes in fibrillating(data / "cinc2017.tar.xz"):
        sets.append((features, shapes, np.zeros(len(features), int)))
        about.append((name, name, "cinc"))
    x, shape, y = (np.concatenate(parts) for parts in zip(*sets, strict=True))
    record, patient, source = np.repeat(np.array(about), [len(s[2]) for s in sets], axis=0).T
    arrays = arrays_of(fit(x, y, patient, rhythms, 1))
    np.savez_compressed(
        MODEL, roots=arrays["roots"].astype(np.float32), nodes=arrays["nodes"].astype(np.float32)
    )
    for division in range(N_DIVISIONS):
        scores = np.zeros((y.size, 4))
        groups = GroupKFold(8, shuffle=True, random_state=division)
        for train, test in groups.split(x, y, patient):
            trees = fit(x[train], y[train], patient[train], rhythms, 1)
            scores[test] = np.asarray(trees.predict(x[test], raw_score=True))
        guess = guessed(scores, shape, np.char.add(record, source))
        print("division", division)
        report(guess, y, record, source)


def report(guess: FloatArray, classes: FloatArray, record: FloatArray, source: FloatArray) -> None:
    """Print how the first leads did, all together and record by record."""
    for what in ("mitdb0", "qtdb0"):
        judge(guess[source == what], classes[source == what], what)
    in_af = guess[source == "cinc"]
    print("in AF, %: S", 100.0 * np.mean(in_af == 1), "V", 100.0 * np.mean(in_af == 2))
    for each in np.unique(record[source == "mitdb0"]):
        mine = (record == each) & (source == "mitdb0")
        rows = [np.bincount(guess[mine & (classes == k)], minlength=4).tolist() for k in range(4)]
        print(each, dict(zip("NSVF", rows, strict=True)), flush=True)


if __name__ == "__main__":
    main()
