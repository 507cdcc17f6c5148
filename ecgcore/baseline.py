"""What a person's own values were: a bounded memory of minutes, from which baselines are read.

Theory of operation. One row is one closed window: its minute and its values. What a new value is
set against must be the spread of *such* values, so rows are kept as they were and never averaged:
the standard deviation of daily means would make every lively minute look abnormal. To stay
bounded, rows are thinned by a fixed hash of their minute. Each minute has a level (half of all
have level 0, a quarter level 1, and so on); rows below the memory's level are not kept, and when
there are too many the level rises by one and about half of the rows go. What stays is an even
sample of all minutes, as exact as its number, and depends on which minutes there were alone: not on
how often one came, on their order within the days that are kept, or on where the process was
stopped in between. In the first hours every minute is there; after 30 days of wear every 64th is.

A memory belongs to one person, electrode site, set of leads and algorithm with its parameters
(`BaselineKey`). Another of these begins its own: values are never joined across them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ecgcore.state import digest_of, dump_state, load_state
from ecgcore.types import Float32Array, FloatArray, Int64Array

MINUTE_NS = 60 * 10**9
DAY_MIN = 1440
_MASK = (1 << 64) - 1


class BaselineKey(NamedTuple):
    """Whose values these are and how they came about."""

    patient_id: str
    site: str
    """Where on the body; empty where nobody told."""
    leads: str
    """Names with commas between them."""
    algorithm: str
    params_digest: str


@dataclass(frozen=True, slots=True)
class BaselineConfig:
    """How much is remembered."""

    keys: tuple[str, ...] = (
        *("hr_mean", "p_dur", "pr_int", "qrs_dur", "qt_int", "qtc_fridericia", "r_amp"),
        *("p_fraction", "sdnn", "rmssd", "pnn50"),
    )
    """Biomarkers of a window that are remembered."""
    kept_d: int = 30
    """Rows older than this, counted from the newest, go."""
    max_rows: int = 1024


@dataclass(slots=True)
class BaselineState:
    """The rows, in order of their minute."""

    level: int = 0
    """Only minutes of this level or above are kept."""
    minutes: Int64Array = field(default_factory=lambda: np.empty(0, np.int64))
    """Since 1970, shape (n,); the minute in which a window began."""
    values: Float32Array = field(default_factory=lambda: np.empty((0, 0), np.float32))
    """shape (n, n_keys); NaN where there was no value."""


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """The values of one biomarker before some moment."""

    at_min: Int64Array
    """Minutes since 1970, rising, shape (n,)."""
    values: FloatArray
    """Finite, shape (n,)."""

    def last(self, days: float, now_min: int) -> "Past":
        """Give what is not older than some days."""
        is_in = self.at_min >= now_min - days * DAY_MIN
        return Past(self.at_min[is_in], self.values[is_in])


class Baseline:
    """The memory of one person's values."""

    def __init__(self, config: BaselineConfig, state: BaselineState | None = None) -> None:
        self.config = config
        self.state = state or BaselineState(
            values=np.empty((0, len(config.keys)), np.float32),
        )

    def push(self, start_ns: int, values: Mapping[str, float]) -> bool:
        """Take the values of a window; tell whether anything changed.

        Parameters
        ----------
        start_ns : int
            UTC of the window's start.
        values : Mapping[str, float]
            By key; other keys than the configured are left out.
        """
        minute = start_ns // MINUTE_NS
        self._begin_anew_after_long(minute)
        row = np.array([values.get(key, np.nan) for key in self.config.keys], np.float32)
        state = self.state
        if not np.isfinite(row).any() or level_of(minute) < state.level:
            return False
        at = int(np.searchsorted(state.minutes, minute))
        if at < state.minutes.size and state.minutes[at] == minute:
            return False
        newest = max([minute, *state.minutes[-1:].tolist()])
        oldest = newest - self.config.kept_d * DAY_MIN
        if minute < oldest:
            return False
        state.minutes = np.insert(state.minutes, at, minute)
        state.values = np.insert(state.values, at, row, axis=0)
        self._keep(state.minutes >= oldest)
        while state.minutes.size > self.config.max_rows:
            state.level += 1
            self._keep(np.array([level_of(m) >= state.level for m in state.minutes.tolist()]))
        return True

    def past(self, key: str, before_ns: int) -> Past:
        """Give what is remembered of a biomarker from minutes before that of a moment.

        Raises
        ------
        ValueError
            If that biomarker is not remembered.
        """
        if key not in self.config.keys:
            msg = f"baseline: {key} is not one of {', '.join(self.config.keys)}"
            raise ValueError(msg)
        column = self.state.values[:, self.config.keys.index(key)].astype(float)
        is_known = np.isfinite(column) & (self.state.minutes < before_ns // MINUTE_NS)
        return Past(self.state.minutes[is_known], column[is_known])

    def dump(self) -> bytes:
        """Give the memory as bytes."""
        return dump_state(self.state, _tag(self.config))

    @classmethod
    def restore(cls, config: BaselineConfig, data: bytes) -> "Baseline":
        """Read a memory back.

        Raises
        ------
        StateError
            If the bytes are damaged or of another configuration.
        """
        return cls(config, load_state(BaselineState, data, _tag(config)))

    def _begin_anew_after_long(self, minute: int) -> None:
        """Forget all, the level too, once nothing is young enough to be kept."""
        minutes = self.state.minutes
        if minutes.size and minute - minutes[-1] > self.config.kept_d * DAY_MIN:
            self.state = Baseline(self.config).state

    def _keep(self, is_kept: np.ndarray) -> None:
        self.state.minutes = self.state.minutes[is_kept]
        self.state.values = self.state.values[is_kept]


def level_of(minute: int) -> int:
    """Give the level of a minute: n with probability 2^-(n + 1), always the same.

    Notes
    -----
    Trailing zeros of the finaliser of SplitMix64 (Steele et al. 2014), which leaves no pattern of
    hours or days.
    """
    mixed = (minute + 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    mixed ^= mixed >> 31
    return (mixed & -mixed).bit_length() - 1 if mixed else 64


def _tag(config: BaselineConfig) -> str:
    return f"baseline/1/{digest_of(config)}"
