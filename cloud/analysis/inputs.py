"""Where the commands take their signal from: raw samples on stdin, or a record on disk."""

import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np

from cloud.evaluation.archive import read_lead
from ecgcore.errors import ConfigError
from ecgcore.events import BeatLabel
from ecgcore.pipeline import MAX_FS_HZ, MAX_MV, MIN_FS_HZ
from ecgcore.types import EcgChunk, FloatArray, Gap, GapReason, SampleClock

STDIN = "-"
MV_PER_UNIT = {"mV": 1.0, "uV": 1e-3, "V": 1e3}
_SAMPLE = np.dtype("<f4")
_JUDGED_S = 5.0
_LARGEST_ECG_MV = 40.0
"""No ECG moves so much within each of some seconds; more is microvolts or counts."""

_LATEST_S = 1e10
_LABELS = "N, S, V, F, Q, paced or noise"

Item = EcgChunk | Gap


@dataclass(frozen=True, slots=True)
class Signal:
    """One lead that is read as it is needed."""

    fs_hz: float
    pieces: Iterator[FloatArray]
    """Each of shape (n_samples,), mV; NaN where there is no sample."""

    def items(self) -> Iterator[Item]:
        """Give chunks, and gaps for what is missing.

        Raises
        ------
        ConfigError
            If a sample is infinite or no voltage of a body, or if all look like another unit.
        """
        clock = SampleClock(0, 0, 1e9 / self.fs_hz)
        check = _UnitCheck(self.fs_hz)
        at = 0
        for piece_mv in self.pieces:
            _refuse_no_voltage(piece_mv, at)
            check.push(piece_mv)
            yield from cut_at_gaps(piece_mv, at, clock)
            at += piece_mv.size


def signal_of(
    source: str,
    *,
    fs_hz: float | None,
    lead: str | None,
    chunk: int,
    unit: str,
) -> Signal:
    """Open what the user named.

    Parameters
    ----------
    source : str
        ``-`` for float32 little-endian samples on stdin, else a WFDB record without extension.
    fs_hz : float or None
        Of stdin; a record knows its own.
    lead : str or None
        Name or number of a record's lead; the first if None.
    chunk : int
        Samples that are analysed at a time.
    unit : str
        Of the samples on stdin: mV, uV or V.

    Raises
    ------
    ConfigError
        If an option is missing, does not fit, or the record cannot be read.
    """
    if source == STDIN:
        if fs_hz is None:
            msg = "--fs: raw samples do not say their rate, so it must be given"
            raise ConfigError(msg)
        if lead is not None:
            msg = f"--lead {lead}: raw samples on stdin are one lead"
            raise ConfigError(msg)
        return Signal(_supported(fs_hz), _read_raw(opened(STDIN), chunk, MV_PER_UNIT[unit]))
    if fs_hz is not None:
        msg = f"--fs {fs_hz:g}: {source} has a rate of its own"
        raise ConfigError(msg)
    path = Path(source.removesuffix(".hea").removesuffix(".dat"))
    if not path.with_name(f"{path.name}.hea").is_file():
        msg = f"record {source}: there is no {path.name}.hea"
        raise ConfigError(msg)
    which = 0 if lead is None else int(lead) if lead.isdecimal() else lead
    found = read_lead(path.parent, path.name, which)
    pieces = (found.ecg_mv[at : at + chunk] for at in range(0, found.ecg_mv.size, chunk))
    return Signal(_supported(found.fs_hz), pieces)


def opened(source: str) -> BufferedReader:
    """Open a file, or stdin for ``-``.

    Raises
    ------
    ConfigError
        If the file cannot be opened.
    """
    if source == STDIN:
        return cast("BufferedReader", sys.stdin.buffer)
    try:
        return open(source, "rb")
    except OSError as error:
        msg = f"{source}: {error.strerror}"
        raise ConfigError(msg) from error


def read_beats(lines: Iterable[bytes]) -> Iterator[tuple[float, BeatLabel]]:
    """Read beats, a line ``SECONDS<TAB>LABEL`` each, in the order of their times.

    Raises
    ------
    ConfigError
        If a line is not that, or goes back in time; it names the line.
    """
    before_s = -math.inf
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        time_s, label = _beat(line, number)
        if time_s <= before_s:
            msg = f"line {number}: beat at {time_s:g} s after one at {before_s:g} s"
            raise ConfigError(msg)
        before_s = time_s
        yield time_s, label


def _beat(line: bytes, number: int) -> tuple[float, BeatLabel]:
    try:
        seconds, label = line.decode().split()
        time_s = float(seconds)
        if not 0.0 <= time_s < _LATEST_S:
            msg = f"time {seconds}"
            raise ValueError(msg)
        return time_s, BeatLabel(label)
    except ValueError as error:
        shown = line[:40].decode(errors="replace").rstrip()
        msg = f"line {number}: {shown!r} is not SECONDS, tab, label {_LABELS}"
        raise ConfigError(msg) from error


class _UnitCheck:
    """Refuses samples that move far more than an ECG in each of the first seconds.

    One artefact is no proof of a wrong unit, so the quietest of the seconds is looked at.
    """

    def __init__(self, fs_hz: float) -> None:
        self._second = round(fs_hz)
        self._needed = round(_JUDGED_S * fs_hz)
        self._first_mv: list[FloatArray] = []

    def push(self, ecg_mv: FloatArray) -> None:
        """Take the next samples."""
        if self._needed <= 0:
            return
        self._first_mv.append(ecg_mv)
        self._needed -= ecg_mv.size
        if self._needed <= 0:
            self._judge(np.concatenate(self._first_mv))
            self._first_mv.clear()

    def _judge(self, ecg_mv: FloatArray) -> None:
        whole = ecg_mv[: ecg_mv.size // self._second * self._second].reshape(-1, self._second)
        span_mv = float(np.min(whole.max(axis=1) - whole.min(axis=1)))
        if span_mv > _LARGEST_ECG_MV:
            msg = (
                f"samples span {span_mv:.0f} in every second, as mV no ECG does: "
                "are they uV (--unit uV) or counts of a converter?"
            )
            raise ConfigError(msg)


def _supported(fs_hz: float) -> float:
    if not MIN_FS_HZ <= fs_hz <= MAX_FS_HZ:
        msg = f"rate of {fs_hz:g} Hz, {MIN_FS_HZ:g} to {MAX_FS_HZ:g} are supported"
        raise ConfigError(msg)
    return fs_hz


def _read_raw(stream: BufferedReader, chunk: int, scale: float) -> Iterator[FloatArray]:
    """Give what has come, at most `chunk` samples at a time, so that a pipe is followed live."""
    at, rest = 0, b""
    while data := stream.read1(chunk * _SAMPLE.itemsize - len(rest)):
        data = rest + data
        whole = len(data) // _SAMPLE.itemsize * _SAMPLE.itemsize
        rest = data[whole:]
        if whole:
            samples = np.frombuffer(data[:whole], _SAMPLE)
            at += samples.size
            yield samples.astype(np.float64) * scale
    if rest:
        msg = f"stdin ends inside sample {at}: {len(rest)} of 4 bytes"
        raise ConfigError(msg)


def _refuse_no_voltage(ecg_mv: FloatArray, start: int) -> None:
    # NaN is a sample that is missing; it compares false.
    wrong = np.flatnonzero(np.abs(ecg_mv) > MAX_MV)
    if wrong.size:
        at = int(wrong[0])
        msg = f"sample {start + at} is {ecg_mv[at]:g} mV: beyond {MAX_MV:g} mV it is no ECG"
        raise ConfigError(msg)


def cut_at_gaps(ecg_mv: FloatArray, start: int, clock: SampleClock) -> Iterator[Item]:
    """Give chunks of what is there, shape (n_samples,), and gaps for what is not finite."""
    is_there = np.isfinite(ecg_mv)
    edges = [0, *(np.flatnonzero(np.diff(is_there)) + 1).tolist(), ecg_mv.size]
    for first, end in pairwise(edges):
        if first == end:
            continue
        if is_there[first]:
            yield EcgChunk(start + first, ecg_mv[np.newaxis, first:end], clock)
        else:
            yield Gap(start + first, end - first, GapReason.MISSING)
