"""Beats cut out around our own R peaks, with the waves that readers drew.

LUDB and QTDB tell where the waves are. MIT-BIH and CinC 2017 have more of the rhythms that have no
P wave; their beats tell only whether there is one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray
from scipy.signal import resample_poly

from cloud.training import handheld
from ecgcore.rpeak import RPeakConfig, RPeakDetector
from ecgcore.types import Float32Array, FloatArray
from ecgcore.wave_net import UNEVENNESS, uneven

FS_HZ = 500.0
"""Rate of the segments."""
N_BEFORE, N_AFTER = 550, 700
"""Samples of a segment before its middle and from it on."""
_FAR_S = 2.2
"""Waves further apart than that are not of neighbouring beats: something is not annotated."""
Labels = tuple[FloatArray, FloatArray]
"""Points (s against the R peak) and presence of P, QRS and T."""
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]
Row = tuple[object, ...]
"""As the columns of `WaveBeats`."""
_KINDS = {"p": 0, "t": 2, "u": 3}
_BEATS = "NVAaJSFLRejQ/fE"


@dataclass(frozen=True, slots=True)
class Mark:
    """One annotated wave; samples."""

    kind: int
    """0 P, 1 QRS, 2 T, 3 U"""
    onset: int | None
    peak: int
    offset: int | None


@dataclass(frozen=True, slots=True)
class WaveBeats:
    """Arrays with a row for each beat of each lead."""

    segment: Float32Array
    """shape (n, 1250), mV"""
    middle_s: FloatArray
    """Where the middle of the segment lies against the R peak."""
    points_s: FloatArray
    """shape (n, 9): onset, peak, end of P, QRS, T against the R peak; NaN: not annotated"""
    present: FloatArray
    """shape (n, 3): P, QRS, T; NaN: not known"""
    around: FloatArray
    """shape (n, 3): as `ecgcore.wave_net.Surroundings`, NaN where nothing is known"""
    place_s: FloatArray
    """The R peak in the record."""
    record: Index
    lead: Index
    source: Index
    """0 LUDB, 1 QTDB, 2 presence only"""

    def __len__(self) -> int:
        """Give the number of beats."""
        return len(self.segment)


def marks_of(annotation: wfdb.Annotation) -> list[Mark]:
    """Read ``( wave )`` triples, of which onset and offset may be missing."""
    found: list[Mark] = []
    onset: int | None = None
    is_open = False
    for sample, symbol in zip(annotation.sample.tolist(), annotation.symbol, strict=True):
        if symbol == "(":
            onset, is_open = sample, False
        elif symbol == ")":
            if is_open:
                found[-1] = Mark(found[-1].kind, found[-1].onset, found[-1].peak, sample)
            onset, is_open = None, False
        elif symbol in _KINDS or symbol in _BEATS:
            kind = _KINDS.get(symbol, 1)
            # The second peak of a biphasic T belongs to the T under way.
            if not (is_open and found[-1].kind == kind == 2 and onset is None):
                found.append(Mark(kind, onset, sample, None))
            onset, is_open = None, True
    return found


def rpeaks_of(ecg_mv: FloatArray, fs_hz: float) -> FloatArray:
    """Give the R peaks of our detector, in samples."""
    detector = RPeakDetector(RPeakConfig(), fs_hz)
    peaks = [*detector.push(0, ecg_mv), *detector.finish()]
    return np.array([peak.sample + peak.offset for peak in peaks])


def labels_of(marks: list[Mark], fs_hz: float, r: float) -> Labels | None:
    """Give points (s against `r`) and presence of the waves of one beat; None: not annotated."""
    beats = [i for i, mark in enumerate(marks) if mark.kind == 1]
    at = min(beats, key=lambda i: abs(marks[i].peak - r), default=None)
    if at is None or abs(marks[at].peak - r) > 0.1 * fs_hz:
        return None
    points, present = np.full(9, np.nan), np.array([np.nan, 1.0, np.nan])
    before = next((m for m in reversed(marks[:at]) if m.kind in (0, 1)), None)
    after = next((m for m in marks[at + 1 :] if m.kind in (1, 2)), None)
    waves = {1: marks[at]}
    for kind, near, reach_s in ((0, before, 0.6), (2, after, 0.7)):
        if near is None:
            continue
        far_s = abs(near.peak - r) / fs_hz
        if near.kind == kind and far_s <= reach_s:
            waves[kind] = near
            present[kind] = 1.0
        elif near.kind == 1 and far_s <= _FAR_S:
            present[kind] = 0.0
    for kind, mark in waves.items():
        for k, sample in enumerate((mark.onset, mark.peak, mark.offset)):
            if sample is not None:
                points[3 * kind + k] = (sample - r) / fs_hz
    return points, present


def around_of(peaks: FloatArray, fs_hz: float) -> FloatArray:
    """Give `WaveBeats.around` of consecutive R peaks."""
    found = np.full((peaks.size, 3), np.nan)
    intervals = np.diff(peaks) / fs_hz
    found[1:, 0], found[:-1, 1] = -intervals, intervals
    unevenness = UNEVENNESS
    found[:, 2] = unevenness
    for i in range(2, peaks.size):
        unevenness = uneven(unevenness, intervals[i - 1], intervals[i - 2])
        found[i, 2] = unevenness
    return found


def fine_of(ecg_mv: FloatArray, fs_hz: float) -> FloatArray:
    """Bring a lead to 500 Hz; where it has them, the grid's mean over 4 ms is taken here."""
    if fs_hz == FS_HZ:
        return np.convolve(np.pad(ecg_mv, 1, "edge"), (0.25, 0.5, 0.25), "valid")
    share = Fraction(FS_HZ / fs_hz).limit_denominator(100)
    return np.asarray(resample_poly(ecg_mv, share.numerator, share.denominator))


def beats_of(
    ecg_mv: FloatArray,
    fs_hz: float,
    labels_at: Callable[[float], Labels | None],
    where: tuple[int, int, int],
) -> list[Row]:
    """Give a row for each of our beats that has labels; `where` is record, lead and source."""
    fine, peaks, rows = fine_of(ecg_mv, fs_hz), rpeaks_of(ecg_mv, fs_hz), list[Row]()
    for r, around in zip(peaks, around_of(peaks, fs_hz), strict=True):
        labels = labels_at(r)
        if labels is None:
            continue
        middle = round(r * FS_HZ / fs_hz)
        index = np.clip(np.arange(middle - N_BEFORE, middle + N_AFTER), 0, fine.size - 1)
        middle_s = middle / FS_HZ - r / fs_hz
        segment = fine[index].astype(np.float32)
        rows.append((segment, middle_s, *labels, around, r / fs_hz, *where))
    return rows


def of_readers(header: Path, record_id: int) -> list[Row]:
    """Read a record of LUDB (each lead with its own annotation) or QTDB (``.q1c``)."""
    is_qtdb = header.parent.name == "qtdb"
    name = str(header.with_suffix(""))
    record, rows = wfdb.rdrecord(name), list[Row]()
    fs_hz = float(record.fs)
    for lead, lead_name in enumerate(record.sig_name):
        marks = marks_of(wfdb.rdann(name, "q1c" if is_qtdb else lead_name.lower()))
        ecg_mv = np.ascontiguousarray(np.nan_to_num(record.p_signal[:, lead]))
        where = (record_id, lead, int(is_qtdb))
        rows += beats_of(ecg_mv, fs_hz, partial(labels_of, marks, fs_hz), where)
    return rows


def of_mitdb(header: Path, record_id: int, n_most: int = 60) -> list[Row]:
    """Read a record of MIT-BIH: P in sinus rhythm, none in AF or before ventricular beats."""
    name = str(header.with_suffix(""))
    record, annotation = wfdb.rdrecord(name), wfdb.rdann(name, "atr")
    rhythm, known = "", dict[int, float]()
    for sample, symbol, note in zip(
        annotation.sample.tolist(), annotation.symbol, annotation.aux_note, strict=True
    ):
        rhythm = note.strip("\0") if symbol == "+" else rhythm
        if symbol in "VE" or (rhythm in ("(AFIB", "(AFL") and symbol in _BEATS):
            known[sample] = 0.0
        elif symbol in "NLR" and rhythm in ("(N", "(SBR"):
            known[sample] = 1.0
    rng = np.random.default_rng(record_id)
    for has_p in (0.0, 1.0):
        samples = [sample for sample, each in known.items() if each == has_p]
        for sample in rng.permutation(samples)[n_most:].tolist():
            del known[sample]
    ecg_mv = np.ascontiguousarray(record.p_signal[:, 0])
    labels_at = partial(presence_of, known, float(record.fs))
    return beats_of(ecg_mv, float(record.fs), labels_at, (record_id, 0, 2))


def presence_of(known: dict[int, float], fs_hz: float, r: float) -> Labels | None:
    """Give the presence of P where a beat is one of the known; the places stay unknown."""
    near = [sample for sample in known if abs(sample - r) <= 0.1 * fs_hz]
    if not near:
        return None
    return np.full(9, np.nan), np.array([known[near[0]], 1.0, np.nan])


def _given(labels: Labels, _: float) -> Labels:
    return labels


def of_cinc(archive: Path, first_id: int) -> list[Row]:
    """Read handheld recordings: all AF, and as many normal ones; some beats of each."""
    chosen: dict[str, list[FloatArray]] = {"A": [], "N": []}
    for _, label, ecg_mv in handheld.recordings(archive, "AN"):
        chosen[label].append(ecg_mv)
    del chosen["N"][2 * len(chosen["A"]) :]
    rows: list[Row] = []
    pairs = [(label, ecg_mv) for label, signals in chosen.items() for ecg_mv in signals]
    for k, (label, ecg_mv) in enumerate(pairs):
        labels = np.full(9, np.nan), np.array([float(label == "N"), 1.0, np.nan])
        found = beats_of(ecg_mv, handheld.FS_HZ, partial(_given, labels), (first_id + k, 0, 2))
        rows += found[3 :: max(len(found) // 6, 1)]
    return rows


def read(data: Path) -> WaveBeats:
    """Read all beats; records are numbered from 0."""
    rows: list[Row] = []
    n_records = 0
    for header in sorted([*data.glob("ludb/*.hea"), *data.glob("qtdb/*.hea")]):
        if header.parent.name == "ludb" or header.with_suffix(".q1c").exists():
            rows += of_readers(header, n_records)
            n_records += 1
    for header in sorted(data.glob("mitdb/*.hea")):
        if header.stem not in ("102", "104"):
            rows += of_mitdb(header, n_records)
            n_records += 1
    rows += of_cinc(data / "cinc2017.tar.xz", n_records)
    return WaveBeats(*(np.array(column) for column in zip(*rows, strict=True)))


def noise(data: Path, fs_hz: float) -> Float32Array:
    """Give the noise of nstdb (electrode motion, wander) at another rate, shape (4, n_samples)."""
    found = []
    for name in ("em", "bw"):
        record = wfdb.rdrecord(str(data / "nstdb" / name))
        found += [resample_poly(lead, round(fs_hz), round(record.fs)) for lead in record.p_signal.T]
    return np.array(found, np.float32)
