"""AHA/ACC/HRS 2007 comparison statements 400 to 406, out of two tracings of one person.

Statements are told by their AHA numbers, whose tens are groups: rhythm 20 to 76, conduction
between atria and ventricles 80 to 89 and inside the ventricles 100 to 111, axis and voltage 120 to
131, chambers 140 to 144, ST, T, U and QT 145 to 155, infarction 160 to 174, pacing 180 to 190,
"suggests" 200 to 215, "consider" 220 to 231.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

COMPARE = ("compare_stmt",)
"""Keys given here."""

NO_CHANGE, RHYTHM, ISCHAEMIA, CONDUCTION, REPOLARISATION, CLINICAL, INTERPRETATION = range(400, 407)
_CONSIDER_ISCHAEMIA = 220
_INTERVALS = ("pr_int", "qrs_dur", "qtc_fridericia")


@dataclass(frozen=True, slots=True)
class ComparisonLimits:
    """What counts as a change."""

    share: float = 0.10
    """An abnormal interval within this share of the earlier one is unchanged."""
    hr_bpm: float = 20.0
    hr_low_bpm: float = 50.0
    hr_high_bpm: float = 100.0
    qtc_ms: float = 60.0
    st_worse_uv: float = 100.0
    """An ischaemic ST level that is further off by so much is worse."""
    pr_normal_ms: tuple[float, float] = (120.0, 200.0)
    qrs_normal_ms: tuple[float, float] = (0.0, 110.0)
    qtc_normal_ms: tuple[float, float] = (390.0, 460.0)
    sinus: frozenset[int] = frozenset({20, 21, 22, 23})
    """One rhythm for this purpose: how much its rate must change has a rule of its own."""
    variants: frozenset[int] = frozenset({155})
    """Normal variants, which come and go without a change: early repolarisation."""


@dataclass(frozen=True, slots=True)
class Tracing:
    """What was said and measured of one recording; None is absent."""

    codes: frozenset[int]
    """AHA numbers of the statements."""
    hr: float | None = None
    """1/min"""
    pr_int: float | None = None
    """ms, as all intervals"""
    qrs_dur: float | None = None
    qtc_fridericia: float | None = None
    st_max_uv: float | None = None
    """Greatest deviation of ST in any lead, without its sign."""


class GroundKind(StrEnum):
    """What a comparison rests on."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"
    SAME = "same"


class Ground(NamedTuple):
    """One thing that a comparison rests on: a statement, or a value before and now."""

    kind: GroundKind
    subject: str
    """AHA number or key."""
    now: float | None = None
    before: float | None = None
    limit: float | None = None


class Comparison(NamedTuple):
    """A comparison statement with its evidence."""

    code: int
    grounds: tuple[Ground, ...]


def compare_stmt(
    now: Tracing, before: Tracing, limits: ComparisonLimits, *, is_same_tracing: bool = False
) -> tuple[Comparison, ...]:
    """Compare a tracing with an earlier one.

    Parameters
    ----------
    is_same_tracing : bool
        Whether both are readings of one recording; then only readers can differ (406).

    Returns
    -------
    tuple[Comparison, ...]
        By code. Nothing changed is said (400) only where every interval that was measured, was so
        both times and is normal or near the earlier one; else there may be no statement at all.
    """
    new, gone = now.codes - before.codes, before.codes - now.codes
    if is_same_tracing:
        told = tuple(_told(new, gone, _any))
        return (Comparison(INTERPRETATION, told),) if told else ()
    found = [
        Comparison(code, grounds)
        for code, grounds in (
            (RHYTHM, tuple(_rhythm(now, before, limits))),
            (ISCHAEMIA, tuple(_ischaemia(new, now, before, limits))),
            (CONDUCTION, tuple(_told(new, (), _is_conduction))),
            (REPOLARISATION, tuple(_repolarisation(new, gone, now, before, limits))),
            (CLINICAL, tuple(_told(new, gone, _is_clinical))),
        )
        if grounds
    ]
    if found:
        return tuple(found)
    same = tuple(_unchanged(now, before, limits))
    # What is absent both times, as PR without P waves, has not changed.
    measured = [key for key in _INTERVALS if _of(now, key) or _of(before, key)]
    is_told_same = not any(_is_diagnosis(code, limits) for code in new | gone)
    if not is_told_same or not same or len(same) < len(measured):
        return ()
    return (Comparison(NO_CHANGE, same),)


def _told(
    new: Iterable[int], gone: Iterable[int], is_meant: Callable[[int], bool]
) -> Iterator[Ground]:
    for kind, codes in ((GroundKind.NEW, new), (GroundKind.GONE, gone)):
        yield from (Ground(kind, str(code)) for code in sorted(codes) if is_meant(code))


def _any(code: int) -> bool:
    return True


def _is_rhythm(code: int) -> bool:
    return 20 <= code <= 76


def _is_pacing(code: int) -> bool:
    return 180 <= code <= 190


def _is_conduction(code: int) -> bool:
    return 80 <= code <= 89 or 100 <= code <= 111


def _is_infarction(code: int) -> bool:
    return 160 <= code <= 174 or code == _CONSIDER_ISCHAEMIA


def _is_clinical(code: int) -> bool:
    return 120 <= code <= 144 or 200 <= code <= 215


def _is_repolarisation(code: int) -> bool:
    return 145 <= code <= 155


def _is_diagnosis(code: int, limits: ComparisonLimits) -> bool:
    return 20 <= code <= 231 and code not in limits.variants | limits.sinus


def _rhythm(now: Tracing, before: Tracing, limits: ComparisonLimits) -> Iterator[Ground]:
    one, other = (_as_one_sinus(each.codes, limits) for each in (now, before))
    for is_meant in (_is_rhythm, _is_pacing):
        yield from _told(one - other, other - one, is_meant)
    if now.hr is None or before.hr is None:
        return
    is_out = not limits.hr_low_bpm <= now.hr <= limits.hr_high_bpm
    if abs(now.hr - before.hr) > limits.hr_bpm and is_out:
        yield Ground(GroundKind.CHANGED, "hr_mean", now.hr, before.hr, limits.hr_bpm)


def _as_one_sinus(codes: frozenset[int], limits: ComparisonLimits) -> frozenset[int]:
    return codes - limits.sinus | ({min(limits.sinus)} if codes & limits.sinus else set())


def _ischaemia(
    new: Collection[int], now: Tracing, before: Tracing, limits: ComparisonLimits
) -> Iterator[Ground]:
    yield from _told(new, (), _is_infarction)
    is_in_both = any(map(_is_infarction, now.codes)) and any(map(_is_infarction, before.codes))
    if not is_in_both or now.st_max_uv is None or before.st_max_uv is None:
        return
    if now.st_max_uv - before.st_max_uv >= limits.st_worse_uv:
        yield Ground(
            GroundKind.CHANGED, "st_max", now.st_max_uv, before.st_max_uv, limits.st_worse_uv
        )


def _repolarisation(
    new: Collection[int],
    gone: Collection[int],
    now: Tracing,
    before: Tracing,
    limits: ComparisonLimits,
) -> Iterator[Ground]:
    # What goes with ischaemia now belongs there.
    is_ischaemic = any(map(_is_infarction, now.codes))
    st_t = {145, 146, 147} if is_ischaemic else set()
    left_out = st_t | limits.variants
    yield from _told(set(new) - left_out, set(gone) - left_out, _is_repolarisation)
    one, other = now.qtc_fridericia, before.qtc_fridericia
    if one is not None and other is not None and abs(one - other) > limits.qtc_ms:
        yield Ground(GroundKind.CHANGED, "qtc_fridericia", one, other, limits.qtc_ms)


def _unchanged(now: Tracing, before: Tracing, limits: ComparisonLimits) -> Iterator[Ground]:
    normal = dict(
        zip(
            _INTERVALS,
            (limits.pr_normal_ms, limits.qrs_normal_ms, limits.qtc_normal_ms),
            strict=True,
        )
    )
    for key in _INTERVALS:
        one, other = _of(now, key), _of(before, key)
        if one is None or other is None:
            continue
        low, high = normal[key]
        if low <= one <= high or abs(one - other) <= limits.share * other:
            yield Ground(GroundKind.SAME, key, one, other, limits.share * other)


def _of(tracing: Tracing, key: str) -> float | None:
    value: float | None = getattr(tracing, key)
    return value
