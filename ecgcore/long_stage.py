"""The stage that closes windows of an hour and of a day over the events of a live stream.

Beats and seconds count once their rhythm is settled, minutes once their windows closed. What is
remembered is the sums of the hour under way and of the day so far, never their beats. Hour k covers
the counters ``[k H, (k + 1) H)``; a day is so many whole hours of the counter, added up.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ecgcore.events import BeatLabel, Event, RhythmEnded, WindowClosed, WindowKind
from ecgcore.long_window import SEGMENT_S, LongConfig, LongState, LongWindow
from ecgcore.nn import is_normal
from ecgcore.nn_sums import NnRows
from ecgcore.settling import Settled, SettledBeat, SettledPiece, Settling, SettlingState
from ecgcore.types import SampleIndex

_REACH = 5
"""Intervals on either side that one is judged by."""
_WAIT_S = 30
"""An hour waits until so much after it is settled: the beats that its last ones are judged by, and
longer than a window of a minute takes to close."""


@dataclass(frozen=True, slots=True)
class LongStageConfig:
    """Which windows close, and how they are measured."""

    measures: LongConfig
    keys: frozenset[str]
    hour_s: int = 3600
    """Whole minutes."""
    day_hours: int = 24

    def __post_init__(self) -> None:
        """Refuse lengths that windows of a minute do not fill.

        Raises
        ------
        ValueError
            If there are such.
        """
        if self.hour_s < 60 or self.hour_s % 60 or self.day_hours < 1:
            msg = f"an hour of {self.hour_s} s and a day of {self.day_hours}: no whole minutes"
            raise ValueError(msg)


@dataclass(slots=True)
class LongStageState:
    """What is remembered."""

    settling: SettlingState = field(default_factory=SettlingState)
    rows: list[SettledBeat] = field(default_factory=list)
    """Beats whose intervals are not judged yet, and those before them that they are judged by."""
    n_judged: int = 0
    """Of `rows`."""
    hours: dict[int, LongState] = field(default_factory=dict)
    """By number: the one under way, and while something of it is not settled the one before."""
    first_open: int = 0
    """Hours before this one are closed."""
    day: LongState | None = None
    """Of the closed hours of the day under way."""
    day_number: int = 0


class LongStage:
    """Takes the events of a pipeline, gives windows; see the module's text."""

    def __init__(self, config: LongStageConfig, state: LongStageState | None = None) -> None:
        self.state = state or LongStageState()
        self._config = config
        measures = config.measures
        self._settling = Settling(measures.burden.settling, measures.fs_hz, self.state.settling)
        self._second = round(measures.fs_hz)
        self._hour = config.hour_s * self._second
        hours = self.state.hours
        self._open = {number: LongWindow(measures, hours[number]) for number in hours}

    def push(self, event: Event) -> Iterator[WindowClosed]:
        """Take the next event; give the windows that are whole now."""
        if isinstance(event, WindowClosed):
            if event.kind is WindowKind.S60:
                self._hour_at(event.start).push_minute(event)
            return
        items = self._settling.push(event)
        if not items:
            return
        self._take(items)
        through = max((e.end for e in items if isinstance(e, SettledPiece)), default=0)
        yield from self._close(through - _WAIT_S * self._second)

    def finish(self, cursor: SampleIndex) -> Iterator[WindowClosed]:
        """End the stream before the sample `cursor`; give the windows that are whole."""
        self._take(self._settling.finish())
        yield from self._close(cursor)
        day, number = self.state.day, self.state.day_number
        if day is not None and (number + 1) * self._config.day_hours * self._hour <= cursor:
            yield from self._closed_day(day)

    def _take(self, items: Iterable[Settled]) -> None:
        for item in items:
            # A pattern counts where it ends.
            place = item.end - 1 if isinstance(item, RhythmEnded) else item.start
            self._hour_at(place).push_settled(item)
            if isinstance(item, SettledBeat):
                self.state.rows.append(item)
        self._judge(len(self.state.rows) - _REACH)

    def _hour_at(self, place: SampleIndex) -> LongWindow:
        number = max(place // self._hour, self.state.first_open)
        if number not in self._open:
            self._open[number] = LongWindow(self._config.measures)
            self.state.hours[number] = self._open[number].state
        return self._open[number]

    def _judge(self, last: int) -> None:
        """Count the intervals that end with the rows before number `last`."""
        state, first = self.state, self.state.n_judged
        if last <= first:
            return
        rr_us = np.array([row.rr_us or 0 for row in state.rows], np.int64)
        is_sinus = np.array([row.label is BeatLabel.NORMAL for row in state.rows], bool)
        rr_ms = np.where(rr_us > 0, rr_us / 1e3, np.nan)
        reject = self._config.measures.hrv.nn_reject
        is_nn = is_normal(rr_ms, reject, _REACH) & is_sinus & np.r_[True, is_sinus[:-1]]
        places = np.array([row.start for row in state.rows], np.int64)
        hour, segment = places // self._hour, places // (SEGMENT_S * self._second)
        for number in np.unique(hour[first:last]):
            mine = first + np.flatnonzero(hour[first:last] == number)
            rows = NnRows(rr_us[mine], is_nn[mine], segment[mine])
            self._hour_at(int(number) * self._hour).push_intervals(rows)
        kept = max(last - _REACH, 0)
        state.rows, state.n_judged = state.rows[kept:], last - kept

    def _close(self, through: SampleIndex) -> Iterator[WindowClosed]:
        for number in sorted(self.state.hours):
            end = (number + 1) * self._hour
            if end > through:
                return
            self._judge(sum(row.start < end for row in self.state.rows))
            hour = self._open.pop(number)
            del self.state.hours[number]
            self.state.first_open = number + 1
            yield from self._given(hour, WindowKind.H1, number * self._hour, end)
            yield from self._add_to_day(number, hour)

    def _add_to_day(self, number: int, hour: LongWindow) -> Iterator[WindowClosed]:
        state, n = self.state, self._config.day_hours
        if state.day is not None and state.day_number < number // n:
            # Its last hours had no sample.
            yield from self._closed_day(state.day)
        day = hour if state.day is None else LongWindow(hour.config, state.day) + hour
        state.day, state.day_number = day.state, number // n
        if (number + 1) % n == 0:
            yield from self._closed_day(day.state)

    def _closed_day(self, day: LongState) -> Iterator[WindowClosed]:
        length = self._config.day_hours * self._hour
        start = self.state.day_number * length
        self.state.day = None
        window = LongWindow(self._config.measures, day)
        yield from self._given(window, WindowKind.H24, start, start + length)

    def _given(
        self, window: LongWindow, kind: WindowKind, start: SampleIndex, end: SampleIndex
    ) -> Iterator[WindowClosed]:
        closed = window.window(kind, start, end, self._config.keys)
        if closed is not None:
            yield closed
