"""`python -m cloud.training.pacing --data DIR`: fit the score of `ecgcore.pacing`.

Paced beats are those annotated as such in mitdb and qtdb, and all beats of LUDB recordings of
pacemakers in the leads in which something sharp stands at the same place; all beats of everybody
else are not paced. Each patient counts the same, however many beats or leads it has. Paced patients
are left out in turn to judge it.
"""

import argparse
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import wfdb
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from cloud.training.beat_class import patient_of, seconds_of
from ecgcore.pacing import MIN_FS_HZ, N_FIGURES, N_WEIGHED, PLACE_MS, STANDS_OUT, figures_of
from ecgcore.types import FloatArray

MODEL = Path(__file__).parents[2] / "ecgcore" / "models" / "pacing.npz"
PACED_WEIGHT = 30.0
"""All paced patients together against all others: few are paced, and each has one way of it."""
ANY_WEIGHTS = np.ones(N_WEIGHED + 1)
"""The figures do not depend on them where every score is of interest."""
STEADY_MS = 5.0
"""Median deviation of a spike's place; what wanders more is noise, and the spike is not visible."""
CHANNEL_II = 1

BoolArray = NDArray[np.bool_]


class Patient(NamedTuple):
    """What is learnt from one lead of one recording."""

    name: str
    figures: FloatArray
    is_paced: BoolArray


def measured(ecg_mv: FloatArray, places: FloatArray, fs_hz: float) -> FloatArray:
    """Give the figures of each beat in one lead, NaN where there is no spike."""
    found = np.full((places.size, N_FIGURES), np.nan)
    for row, r in zip(found, places, strict=True):
        figures_of(ecg_mv, 0, r, fs_hz, ANY_WEIGHTS, -np.inf, row)
    return found


def places_of(ecg_mv: FloatArray, fs_hz: float) -> FloatArray:
    """Give the R peaks of one lead (samples)."""
    beats = [beat for _, found in seconds_of(ecg_mv, fs_hz) for beat in found]
    return np.array([beat.peak.sample + beat.peak.offset for beat in beats])


def long_ones(data: Path) -> Iterator[Patient]:
    """Go through mitdb and qtdb, each lead by itself."""
    for header in sorted([*data.glob("mitdb/*.hea"), *data.glob("qtdb/*.hea")]):
        if not header.with_suffix(".atr").exists():
            continue
        record = wfdb.rdrecord(str(header.with_suffix("")))
        known = wfdb.rdann(str(header.with_suffix("")), "atr")
        symbols = np.array(known.symbol)
        paced = known.sample[symbols == "/"]
        own = known.sample[np.isin(symbols, list("NLRAaJSVEejB"))]
        for ecg_mv in np.nan_to_num(np.ascontiguousarray(record.p_signal.T, np.float64)):
            places = places_of(ecg_mv, float(record.fs))
            near = 0.05 * record.fs
            is_paced = _is_near(places, paced, near)
            is_known = is_paced | _is_near(places, own, near)
            figures = measured(ecg_mv, places, float(record.fs))
            yield Patient(patient_of(header), figures[is_known], is_paced[is_known])


def short_ones(data: Path) -> Iterator[Patient]:
    """Go through the recordings of 12 leads; of a paced one only the leads with clear spikes."""
    about = (data / "ludb" / "ludb.csv").read_text()
    headers = [*data.glob("ludb/*.hea"), *data.glob("ptbxl/**/*.hea"), *data.glob("cinc2021/*.hea")]
    for header in sorted(headers):
        record = wfdb.rdrecord(str(header.with_suffix("")))
        if record.fs < MIN_FS_HZ:
            continue
        signal = np.nan_to_num(np.ascontiguousarray(record.p_signal.T, np.float64))
        places = places_of(signal[CHANNEL_II], float(record.fs))
        name = header.parent.name + header.stem
        is_pacemaker = header.parent.name == "ludb" and _has_pacemaker(about, header.stem)
        for ecg_mv in signal:
            figures = measured(ecg_mv, places, float(record.fs))
            stands_out = figures[:, STANDS_OUT] > 0.0
            if not is_pacemaker:
                yield Patient(name, figures, np.zeros(places.size, bool))
            elif _is_steady(figures, stands_out):
                yield Patient(name, figures[stands_out], np.ones(int(stands_out.sum()), bool))


def _is_near(places: FloatArray, samples: FloatArray, most: float) -> BoolArray:
    if not samples.size or not places.size:
        return np.zeros(places.size, bool)
    return np.abs(places[:, np.newaxis] - samples).min(axis=1) <= most


def _is_steady(figures: FloatArray, stands_out: BoolArray) -> bool:
    places_ms = figures[stands_out, PLACE_MS]
    if places_ms.size <= 0.8 * len(figures):
        return False
    return bool(np.median(np.abs(places_ms - np.median(places_ms))) <= STEADY_MS)


def _has_pacemaker(about: str, name: str) -> bool:
    rows = csv.DictReader(io.StringIO(about))
    mine = next(row for row in rows if row["ID"].strip() == name)
    return "acemaker presence" in mine["Cardiac pacing"]


def together(patients: list[Patient]) -> tuple[FloatArray, BoolArray, NDArray[np.str_], FloatArray]:
    """Give figures, classes, patients and weights of all beats that have something sharp."""
    x = np.concatenate([each.figures for each in patients])
    y = np.concatenate([each.is_paced for each in patients])
    names = np.repeat([each.name for each in patients], [len(each.figures) for each in patients])
    is_found = np.isfinite(x).all(axis=1)
    x, y, names = x[is_found], y[is_found], names[is_found]
    kinds = np.char.add(names, y.astype(int).astype(str))
    _, kind, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    weights = np.where(y, PACED_WEIGHT, 1.0) / counts[kind]
    return x[:, :N_WEIGHED], y, names, weights


def fit(x: FloatArray, y: BoolArray, weights: FloatArray) -> FloatArray:
    """Give the weights of the figures, and the constant."""
    found = LogisticRegression(C=3.0, max_iter=2000).fit(x, y, sample_weight=weights)
    return np.append(found.coef_[0], found.intercept_)


def main() -> None:
    """Measure, judge with each paced patient left out, fit, keep."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    data = given.parse_args().data
    x, y, names, weights = together([*long_ones(data), *short_ones(data)])
    for paced in np.unique(names[y]):
        is_other = names != paced
        left = fit(x[is_other], y[is_other], weights[is_other])
        hit = (x[y & ~is_other] @ left[:-1] + left[-1] > 0.0).mean()
        false = (x[~y] @ left[:-1] + left[-1] > 0.0).mean()
        print(f"{paced} left out: {hit:.3f} of its beats by lead, {false:.4f} of those not paced")
    found = fit(x, y, weights)
    print("weights", found.round(3).tolist())
    np.savez_compressed(MODEL, weights=found)


if __name__ == "__main__":
    main()
