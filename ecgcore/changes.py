"""Changes of single values that people watch for, each with the limit from which it matters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from ecgcore.events import NullReason
from ecgcore.measured import Value

CHANGES = ("d_qtc", "d_st", "d_hr", "d_axis", "d_qrsd", "mdc_reliable", "pre_post")
"""Keys given here."""


@dataclass(frozen=True, slots=True)
class ChangeLimits:
    """From where a change is worth a look or a flag."""

    qtc_watch_ms: float = 30.0
    qtc_flag_ms: float = 60.0
    """AHA comparison statement 404."""
    st_uv: float = 100.0
    """Either way."""
    st_held_s: float = 60.0
    """For so long at least."""
    hr_bpm: float = 20.0
    """AHA comparison statement 401, where the new rate is out of the two limits below."""
    hr_low_bpm: float = 50.0
    hr_high_bpm: float = 100.0
    axis_deg: float = 30.0
    qrs_ms: float = 20.0
    detectable: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"tpe_int": 21.0, "qt_int": 32.0, "qtp_int": 26.0})
    )
    """Least change, in ms, that can be told from one recording to the next (PMC4025961)."""


class Concern(StrEnum):
    """How much a change matters."""

    NONE = "none"
    WATCH = "watch"
    FLAG = "flag"


class Change(NamedTuple):
    """A change and how much it matters."""

    value: float
    concern: Concern


def d_qtc(qtc_ms: float, baseline_ms: float, limits: ChangeLimits) -> Change:
    """Give the change of QTc; only a longer one concerns."""
    off = qtc_ms - baseline_ms
    if off > limits.qtc_flag_ms:
        return Change(off, Concern.FLAG)
    return Change(off, Concern.WATCH if off > limits.qtc_watch_ms else Concern.NONE)


def d_st(st_uv: float, baseline_uv: float, held_s: float, limits: ChangeLimits) -> Change:
    """Give the change of the ST level of a lead.

    Parameters
    ----------
    held_s : float
        For how long it has been beyond the limit.
    """
    off = st_uv - baseline_uv
    is_held = abs(off) >= limits.st_uv and held_s >= limits.st_held_s
    return _flagged(off, is_held)


def d_hr(hr: float, previous: float, limits: ChangeLimits) -> Change:
    """Give the change of the heart rate, 1/min."""
    off = hr - previous
    is_out = not limits.hr_low_bpm <= hr <= limits.hr_high_bpm
    return _flagged(off, abs(off) > limits.hr_bpm and is_out)


def d_axis(axis_deg: float, baseline_deg: float, limits: ChangeLimits) -> Change:
    """Give the change of an axis the short way round, above -180 to 180."""
    off = -((baseline_deg - axis_deg + 180.0) % 360.0 - 180.0)
    return _flagged(off, abs(off) > limits.axis_deg)


def d_qrsd(qrs_ms: float, baseline_ms: float, limits: ChangeLimits) -> Change:
    """Give the change of the QRS duration; only a longer one concerns."""
    off = qrs_ms - baseline_ms
    return _flagged(off, off > limits.qrs_ms)


def mdc_reliable(key: str, change: float, limits: ChangeLimits) -> bool | NullReason:
    """Tell whether a change is greater than what two recordings of one person differ by anyhow."""
    least = limits.detectable.get(key)
    return NullReason.NOT_APPLICABLE if least is None else abs(change) > least


def pre_post(before: Sequence[float], after: Sequence[float]) -> Value:
    """Give the effect size of an event: mean of the paired differences over their deviation.

    Parameters
    ----------
    before, after : Sequence[float]
        The same number of values, at moments or of conditions that belong together; NaN where one
        is absent, and the pair then does not count.

    Raises
    ------
    ValueError
        If their numbers differ.
    """
    if len(before) != len(after):
        msg = f"{len(before)} values before and {len(after)} after are no pairs"
        raise ValueError(msg)
    off = np.array(after, float) - np.array(before, float)
    off = off[np.isfinite(off)]
    if off.size < 3:
        return NullReason.TOO_SHORT
    spread = float(np.std(off, ddof=1))
    return float(np.mean(off)) / spread if spread > 0.0 else NullReason.NOT_APPLICABLE


def _flagged(value: float, is_flagged: bool) -> Change:
    return Change(value, Concern.FLAG if is_flagged else Concern.NONE)
