"""`python -m cloud.training.beat_class --data DIR`: train the network of `ecgcore.beat_class`.

Beats are those of our own detector, matched to the annotations within 150 ms. Records are held out
in groups to judge it; the network that is kept has seen all of them.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import wfdb
from sklearn.model_selection import GroupKFold
from sklearn.neural_network import MLPClassifier

from ecgcore.beat_features import FEATURES, BeatFeatures
from ecgcore.delineate import DelineateConfig, Delineator
from ecgcore.rpeak import RPeakConfig, RPeakDetector
from ecgcore.second import DelineatedBeat, SignalSecond
from ecgcore.types import FloatArray

MODEL = Path(__file__).parents[2] / "ecgcore" / "models" / "beat_class.npz"
AAMI = {
    **dict.fromkeys("NLRej", 0),
    **dict.fromkeys("AaJSn", 1),
    **dict.fromkeys("VE", 2),
    "F": 3,
}
PACED = ("102", "104", "107", "217")
WEIGHTS = np.array([1.0, 3.0, 1.5, 1.0])
"""How much a beat of each class counts, so that the rare ones are learnt."""


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
    places = np.array([held.beat.peak.sample for held, _ in found])
    return places, np.array([features for _, features in found]).reshape(-1, len(FEATURES))


def labelled(record: Path) -> tuple[FloatArray, FloatArray]:
    """Give the features of a record's beats and their classes."""
    signal = wfdb.rdrecord(str(record), channels=[0])
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


def fit(features: FloatArray, classes: FloatArray, seed: int) -> tuple[MLPClassifier, FloatArray]:
    """Train one network; beats count by the weight of their class through repetition."""
    rng = np.random.default_rng(seed)
    n_times = rng.poisson(WEIGHTS[classes])
    index = np.repeat(np.arange(classes.size), n_times)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    network = MLPClassifier((24,), alpha=3e-3, early_stopping=True, max_iter=60, random_state=seed)
    network.fit((features[index] - mean) / scale, classes[index])
    return network, np.stack([mean, scale])


def main() -> None:
    """Prepare, judge with held-out records, train, keep."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    data = given.parse_args().data
    records = sorted([*data.glob("mitdb/*.hea"), *data.glob("qtdb/*.hea")])
    sets, groups = [], []
    for header in records:
        if header.stem in PACED or not header.with_suffix(".atr").exists():
            continue
        sets.append(labelled(header.with_suffix("")))
        # QTDB's sel1xx and sel2xx are patients of mitdb.
        name = header.stem.removeprefix("sel")[:3]
        groups.append(name)
        print(header.stem, np.bincount(sets[-1][1], minlength=4), flush=True)
    x, y = (np.concatenate(parts) for parts in zip(*sets, strict=True))
    group = np.repeat(groups, [len(each[1]) for each in sets])
    guess = np.zeros(y.size, int)
    for train, test in GroupKFold(8).split(x, y, group):
        network, norm = fit(x[train], y[train], 1)
        guess[test] = network.predict((x[test] - norm[0]) / norm[1])
    for k, name in enumerate("NSVF"):
        hit = ((guess == k) & (y == k)).sum()
        se, ppv = hit / max((y == k).sum(), 1), hit / max((guess == k).sum(), 1)
        print(f"{name}: Se {se:.3f} +P {ppv:.3f}")
    network, norm = fit(x, y, 1)
    (w1, w2), (b1, b2) = network.coefs_, network.intercepts_
    np.savez_compressed(MODEL, mean=norm[0], scale=norm[1], w1=w1, b1=b1, w2=w2, b2=b2)


if __name__ == "__main__":
    main()
