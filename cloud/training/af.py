"""`python -m cloud.training.af --data DIR`: grow the forests of `ecgcore.irregularity`.

Windows of beats come from the CinC 2017 recordings (A against N and O), as our own stages name
them, and from the rhythm annotations of VitalDB and MIT-BIH, where intervals alone are known; the
forest of intervals learns from all three.
Held-out fifths of the recordings or patients judge them; the forests that are kept have seen all.
"""

import argparse
import csv
import io
import os
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import wfdb
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from cloud.training import handheld
from cloud.training.beat_class import seconds_of
from ecgcore.beat_class import BeatClassConfig, BeatClassifier
from ecgcore.beat_table import KIND, N_COLUMNS, PLACE, RR, VENTRICULAR, BeatTable
from ecgcore.events import BeatLabel
from ecgcore.irregularity import LEAST_INTERVALS, Forest, figures, rr_figures
from ecgcore.rhythm import AF_SHARE, RhythmConfig
from ecgcore.types import FloatArray

MODEL = Path(__file__).parents[2] / "ecgcore" / "models" / "af.npz"
CONFIG = RhythmConfig()
WINDOW = CONFIG.af_beats
STEP = 4
HANDHELD_WEIGHT = 0.5
"""Of a handheld window for the forest of intervals: its label is that of a whole recording."""
BEATS = frozenset("NLRejAaJSVEFQ/fnB")
AF = frozenset({"AFIB", "AFIB/AFL", "A"})
UNUSED = frozenset({"", "Noise", "Unclassifiable", "SND", "AFL", "VFL", "~"})
N_TREES = 90
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 12,
    "learning_rate": 0.08,
    "min_data_in_leaf": 150,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "seed": 1,
}

Annotated = tuple[str, FloatArray, Sequence[str]]
"""Name, rows, rhythm of each beat."""
Windows = tuple[FloatArray, NDArray[np.int64], NDArray[np.str_], NDArray[Any]]
"""Figures, whether it is AF, the recording, and its label or the mean interval."""
Recording = tuple[str, str, FloatArray]


def rows_of(given: Recording) -> tuple[str, str, FloatArray]:
    """Run one recording through the stages before rhythm; give its beats as rows."""
    name, label, ecg_mv = given
    classify, table = (
        BeatClassifier(BeatClassConfig(), handheld.FS_HZ, 1),
        BeatTable(handheld.FS_HZ),
    )
    rows: list[FloatArray] = []
    for second, beats in seconds_of(ecg_mv, handheld.FS_HZ):
        if second is not None:
            table.hear(second)
        found = classify.finish(beats) if second is None else classify.push(second, beats)
        for beat in found:
            table.push(beat)
            if beat.label is not BeatLabel.NOISE:
                rows.append(table.rows[-1].copy())
    return name, label, np.array(rows).reshape(-1, N_COLUMNS)


def of_cinc(archive: Path) -> list[tuple[str, str, FloatArray]]:
    """Read the handheld recordings: name, label, rows."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(rows_of, handheld.recordings(archive, "NAO~"), chunksize=50))


def of_vitaldb(archive: Path) -> Iterator[tuple[str, FloatArray, list[str]]]:
    """Read beat times and rhythm labels: name, rows, rhythm of each beat."""
    with tarfile.open(archive) as tar:
        for member in tar:
            if not Path(member.name).name.startswith("Annotation_file"):
                continue
            text = tar.extractfile(member).read().decode("utf-8-sig")  # type: ignore[union-attr]
            lines = list(csv.reader(io.StringIO(text)))[1:]
            beats = sorted((float(t), kind, rhythm) for t, kind, rhythm, *_ in lines if t)
            yield Path(member.name).stem, _table(beats, "V"), [rhythm for _, _, rhythm in beats]


def of_mitdb(folder: Path) -> Iterator[tuple[str, FloatArray, list[str]]]:
    """Read the beat and rhythm annotations of the tuning half."""
    for header in sorted(folder.glob("*.hea")):
        annotation = wfdb.rdann(str(header.with_suffix("")), "atr")
        rhythm, beats = "N", []
        for sample, symbol, note in zip(
            annotation.sample, annotation.symbol, annotation.aux_note, strict=True
        ):
            if symbol == "+":
                rhythm = note.strip("\x00").lstrip("(")
            elif symbol in BEATS:
                beats.append((sample / 360.0, symbol, rhythm))
        yield header.stem, _table(beats, "VE"), [rhythm for _, _, rhythm in beats]


def _table(beats: list[tuple[float, str, str]], ventricular: str) -> FloatArray:
    rows = np.full((len(beats), N_COLUMNS), np.nan)
    rows[:, PLACE] = [t for t, _, _ in beats]
    rr_s = np.diff(rows[:, PLACE])
    rows[1:, RR] = np.where((rr_s > 0.15) & (rr_s < 3.0), rr_s, np.nan)
    rows[:, KIND] = [VENTRICULAR * (kind in ventricular) for _, kind, _ in beats]
    return rows


def handheld_windows(recordings: Iterable[tuple[str, str, FloatArray]]) -> Windows:
    """Cut recordings into the windows that a stream would judge; noisy ones teach nothing."""
    found = [
        (figures(rows[max(end - WINDOW, 0) : end].copy()), label, name)
        for name, label, rows in recordings
        if len(rows) > LEAST_INTERVALS
        for end in sorted({*range(LEAST_INTERVALS + 1, len(rows), STEP), len(rows)})
    ]
    labels = np.array([label for _, label, _ in found])
    names = np.array([name for _, _, name in found])
    return np.array([f for f, _, _ in found]), (labels == "A").astype(int), names, labels


def intervals(recordings: Iterable[Annotated]) -> Windows:
    """Cut beats into the windows that a stream would judge, labelled as the middle beat is."""
    found: list[tuple[FloatArray, str, str, float]] = []
    for name, rows, rhythms in recordings:
        for end in range(LEAST_INTERVALS + 1, len(rows) + 1, STEP):
            rr_s = _window_of(rows, end)
            rhythm = rhythms[end - (rr_s.size + 1) // 2]
            if rhythm not in UNUSED and np.isfinite(rr_s).sum() >= LEAST_INTERVALS:
                found.append((rr_figures(rr_s), rhythm, name, float(np.nanmean(rr_s))))
    columns = [np.array(column) for column in zip(*found, strict=True)]
    return columns[0], np.isin(columns[1], list(AF)).astype(int), columns[2], columns[3]


def _window_of(rows: FloatArray, end: int) -> FloatArray:
    window = rows[max(end - CONFIG.af_beats_rr, 0) : end]
    places_s = np.nancumsum(window[:, RR])
    return np.array(window[places_s >= places_s[-1] - CONFIG.af_span_rr_s, RR])


def held_out(
    x: FloatArray, y: NDArray[np.int64], names: NDArray[np.str_], weight: FloatArray
) -> FloatArray:
    """Give each window the probability by a forest that has not seen its recording."""
    guess = np.zeros(y.size)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=1)
    for train, test in folds.split(x, y, names):
        guess[test] = grown(x[train], y[train], weight[train]).predict(x[test])
    return guess


def grown(x: FloatArray, y: NDArray[np.int64], weight: FloatArray | None = None) -> Any:
    """Grow a forest."""
    return lgb.train(PARAMETERS, lgb.Dataset(x, y, weight=weight), N_TREES)


def flat(model: Any) -> Forest:
    """Lay a forest out as arrays; the children of a node lie side by side."""
    nodes: list[tuple[int, float, int, float]] = []

    def place(tree: dict[str, Any], at: int) -> None:
        if "leaf_value" in tree:
            nodes[at] = (-1, 0.0, 0, tree["leaf_value"])
            return
        left = len(nodes)
        nodes.extend([(-1, 0.0, 0, 0.0)] * 2)
        nodes[at] = (tree["split_feature"], tree["threshold"], left, 0.0)
        place(tree["left_child"], left)
        place(tree["right_child"], left + 1)

    roots = []
    for tree in model.dump_model()["tree_info"]:
        roots.append(len(nodes))
        nodes.append((-1, 0.0, 0, 0.0))
        place(tree["tree_structure"], roots[-1])
    figure, limit, left, value = zip(*nodes, strict=True)
    return Forest(
        np.array(roots, np.int32),
        np.array(figure, np.int32),
        np.array(limit),
        np.array(left, np.int32),
        np.array(value),
    )


def judge_handheld(guess: FloatArray, labels: NDArray[np.str_], names: NDArray[np.str_]) -> None:
    """Print the F1 of A by recording."""
    _, first, index = np.unique(names, return_index=True, return_inverse=True)
    share = np.bincount(index, guess >= 0.5) / np.bincount(index)
    said, is_af = share >= AF_SHARE, labels[first] == "A"
    f1 = 2 * (said & is_af).sum() / (said.sum() + is_af.sum())
    print(f"{is_af.size} handheld recordings, {is_af.sum()} AF: F1 of A {f1:.3f}", flush=True)


def judge_intervals(guess: FloatArray, y: NDArray[np.int64], weight: FloatArray) -> None:
    """Print sensitivity and specificity by time."""
    for limit in (CONFIG.af_leave_rr, CONFIG.af_enter_rr):
        right = weight * ((guess >= limit) == (y == 1))
        se, sp = (right[y == k].sum() / weight[y == k].sum() for k in (1, 0))
        print(f"{y.size} windows, {y.mean():.3f} AF, at {limit}: Se {se:.4f} Sp {sp:.4f}")


def main() -> None:
    """Gather, judge, grow, keep."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    given.add_argument("--rows", type=Path, help="Keep the handheld rows there, or take them.")
    options = given.parse_args()
    data = options.data
    recordings = _handheld_rows(data / "cinc2017.tar.xz", options.rows)
    rr = grow_rr(data, recordings)
    x, y, names, labels = handheld_windows(recordings)
    clear = labels != "~"
    guess = np.zeros(y.size)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=1)
    for train, test in folds.split(x, y, names):
        kept = train[clear[train]]
        guess[test] = grown(x[kept], y[kept]).predict(x[test])
    judge_handheld(guess, labels, names)
    waves = flat(grown(x[clear], y[clear]))
    arrays = {f"rr_{name}": each for name, each in rr._asdict().items()}
    arrays |= {f"waves_{name}": each for name, each in waves._asdict().items()}
    kept_arrays = {
        name: each.astype(np.float32) if each.dtype == float else each
        for name, each in arrays.items()
    }
    np.savez_compressed(MODEL, **kept_arrays)


def grow_rr(data: Path, recordings: list[tuple[str, str, FloatArray]]) -> Forest:
    """Grow the forest of intervals, after judging held-out patients by time."""
    annotated = [*of_vitaldb(data / "vitaldb_rhythm.tar.xz"), *of_mitdb(data / "mitdb")]
    whole = [(name, rows, [label] * len(rows)) for name, label, rows in recordings]
    x, y, names, mean_s = intervals([*annotated, *whole])
    is_annotated = np.isin(names, [name for name, _, _ in annotated])
    weight = np.where(is_annotated, 1.0, HANDHELD_WEIGHT)

    guess = held_out(x, y, names, weight)
    judge_intervals(guess[is_annotated], y[is_annotated], mean_s[is_annotated])
    return flat(grown(x, y, weight))


def _handheld_rows(archive: Path, kept: Path | None) -> list[tuple[str, str, FloatArray]]:
    if kept is not None and kept.exists():
        with np.load(kept) as file:
            ends = np.cumsum(file["n"])[:-1]
            return list(
                zip(file["names"], file["labels"], np.split(file["rows"], ends), strict=True)
            )
    found = of_cinc(archive)
    if kept is not None:
        names, labels, rows = zip(*found, strict=True)
        n = [len(each) for each in rows]
        np.savez(kept, names=names, labels=labels, rows=np.concatenate(rows), n=n)
    return found


if __name__ == "__main__":
    main()
