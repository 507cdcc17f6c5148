"""Where waves begin, peak and end: annotated ones and found ones, point by point."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from cloud.evaluation.archive import AAMI, Annotations
from cloud.evaluation.matching import match
from cloud.evaluation.tally import Tally
from ecgcore.events import BeatWaves, Wave

TOLERANCE_S = 0.15
POINTS = ("p_on", "p", "p_off", "qrs_on", "r", "qrs_off", "t_on", "t", "t_off")
WAVES = {"p": POINTS[:3], "qrs": POINTS[3:6], "t": POINTS[6:]}
U_POINTS = ("u_on", "u", "u_off")
"""Judged apart: few readers mark U waves."""
_MARKED = {**WAVES, "u": U_POINTS}

Places: TypeAlias = tuple[float | None, float | None, float | None]
"""Onset, peak, offset in samples; None where it is not marked."""


@dataclass(frozen=True, slots=True)
class MarkedWave:
    """One annotated wave."""

    kind: str
    """p, qrs, t or u."""
    places: Places


@dataclass(frozen=True, slots=True)
class PointScore:
    """What became of one kind of point in one record."""

    errors_ms: tuple[float, ...] = ()
    """Found less annotated."""
    tally: Tally = field(default_factory=Tally)

    def __add__(self, other: "PointScore") -> "PointScore":
        return PointScore(self.errors_ms + other.errors_ms, self.tally + other.tally)

    @property
    def mean_ms(self) -> float | None:
        """Mean error; None where nothing was found."""
        return sum(self.errors_ms) / len(self.errors_ms) if self.errors_ms else None

    @property
    def sd_ms(self) -> float | None:
        """Standard deviation of the errors, of two or more."""
        n, mean = len(self.errors_ms), self.mean_ms
        if n < 2 or mean is None:
            return None
        return math.sqrt(sum((error - mean) ** 2 for error in self.errors_ms) / (n - 1))


def marked_waves(annotations: Annotations) -> list[MarkedWave]:
    """Read waves written as ``(``, a code for the peak, ``)``; either bracket may be missing.

    A second peak before the bracket closes belongs to the same, biphasic wave.
    """
    waves: list[tuple[str, list[float | None]]] = []
    onset: float | None = None
    is_open = False
    for sample, symbol in zip(annotations.samples.tolist(), annotations.symbols, strict=True):
        kind = _kind(symbol)
        if symbol == "(":
            onset, is_open = float(sample), False
        elif symbol == ")":
            if is_open:
                waves[-1][1][2] = float(sample)
            is_open = False
        elif kind is not None:
            if not (is_open and onset is None and waves[-1][0] == kind):
                waves.append((kind, [onset, float(sample), None]))
            onset, is_open = None, True
    return [MarkedWave(kind, (on, peak, off)) for kind, (on, peak, off) in waves]


def span_of(annotations: Annotations) -> tuple[int, int]:
    """Give the first annotated sample and the last."""
    return int(annotations.samples[0]), int(annotations.samples[-1])


def places_of(wave: Wave | None) -> Places:
    """Give the points of a wave that was found, or none."""
    return (None, None, None) if wave is None else (wave.onset, wave.peak, wave.offset)


def found_waves(waves: Sequence[BeatWaves]) -> dict[str, list[Places]]:
    """Give the waves that were found, by kind."""
    return {
        kind: [places_of(getattr(each, kind)) for each in waves if getattr(each, kind) is not None]
        for kind in WAVES
    }


def score_within(
    marked: Sequence[MarkedWave],
    found: Mapping[str, Sequence[Places]],
    span: tuple[int, int],
    fs_hz: float,
) -> dict[str, PointScore]:
    """Pair the points of each kind on their own, all within the tolerance.

    Parameters
    ----------
    marked : sequence of MarkedWave
        What is there.
    found : mapping
        For each kind in `WAVES` the waves found, by `found_waves`.
    span : tuple
        First and last annotated sample: what was found outside is neither right nor wrong.
    fs_hz : float
        Sampling rate.
    """
    scores = {}
    for kind, points in WAVES.items():
        for n, point in enumerate(points):
            there = [wave.places[n] for wave in marked if wave.kind == kind]
            there_at = sorted(place for place in there if place is not None)
            places = sorted(
                (place, peak is not None and span[0] <= peak <= span[1])
                for place, peak in ((wave[n], wave[1]) for wave in found[kind])
                if place is not None
            )
            scores[point] = _score(there_at, places, fs_hz)
    return scores


def _score(
    there: Sequence[float], places: Sequence[tuple[float, bool]], fs_hz: float
) -> PointScore:
    pairs = match(there, [place for place, _ in places], TOLERANCE_S * fs_hz)
    errors_ms = tuple(1e3 * (places[j][0] - there[i]) / fs_hz for i, j in pairs)
    matched = {j for _, j in pairs}
    n_wrong = sum(inside for j, (_, inside) in enumerate(places) if j not in matched)
    return PointScore(errors_ms, Tally(len(pairs), len(there) - len(pairs), n_wrong))


@dataclass(frozen=True, slots=True)
class MarkedBeat:
    """The annotated waves around one annotated QRS."""

    waves: dict[str, Places]


def beats_of_waves(marked: Sequence[MarkedWave]) -> list[MarkedBeat]:
    """Put each P with the QRS after it and each T and U with the one before it."""
    beats: list[MarkedBeat] = []
    p: Places | None = None
    for wave in marked:
        if wave.kind == "p":
            p = wave.places
        elif wave.kind == "qrs":
            beats.append(MarkedBeat({"qrs": wave.places, **({} if p is None else {"p": p})}))
            p = None
        elif beats:
            beats[-1].waves.setdefault(wave.kind, wave.places)
    return beats


def score_best_of(
    beats: Sequence[MarkedBeat], channels: Sequence[Sequence[BeatWaves]], fs_hz: float
) -> dict[str, PointScore]:
    """Judge annotated beats; of several channels the one nearest to each point counts.

    A wave that is not there is a false one only if every channel has it; a point that is not marked
    of a wave that is there is not judged.
    """
    partners = [_partners(beats, channel, fs_hz) for channel in channels]
    scores = dict.fromkeys((*POINTS, *U_POINTS), PointScore())
    for at, beat in enumerate(beats):
        candidates = [partner.get(at) for partner in partners]
        for kind, points in _MARKED.items():
            there = beat.waves.get(kind)
            for n, point in enumerate(points):
                found = [places_of(getattr(c, kind))[n] for c in candidates if c is not None]
                scores[point] += _judged(there, n, found, len(channels), fs_hz)
    return scores


def _judged(
    there: Places | None, n: int, found: Sequence[float | None], n_channels: int, fs_hz: float
) -> PointScore:
    known = [place for place in found if place is not None]
    if there is None:
        return PointScore(tally=Tally(fp=int(len(known) == n_channels)))
    place = there[n]
    if place is None:
        return PointScore()
    errors_ms = sorted((1e3 * (each - place) / fs_hz for each in known), key=abs)
    if errors_ms and abs(errors_ms[0]) <= 1e3 * TOLERANCE_S:
        return PointScore((errors_ms[0],), Tally(tp=1))
    return PointScore(tally=Tally(fn=1, fp=int(bool(errors_ms))))


def _partners(
    beats: Sequence[MarkedBeat], found: Sequence[BeatWaves], fs_hz: float
) -> dict[int, BeatWaves]:
    peaks = [beat.waves["qrs"][1] or 0.0 for beat in beats]
    with_qrs = list(_with_qrs(found))
    pairs = match(peaks, [peak for peak, _ in with_qrs], TOLERANCE_S * fs_hz)
    return {i: with_qrs[j][1] for i, j in pairs}


def _with_qrs(found: Sequence[BeatWaves]) -> Iterator[tuple[float, BeatWaves]]:
    for waves in found:
        if waves.qrs is not None:
            yield waves.qrs.peak, waves


def _kind(symbol: str) -> str | None:
    if symbol in ("p", "t", "u"):
        return symbol
    return "qrs" if symbol in AAMI else None
