"""The recent past of a stream by absolute sample index: samples, and the clocks that time them."""

import math
from dataclasses import dataclass, field

import numpy as np

from ecgcore.types import FloatArray, SampleClock, SampleIndex

_SPARE = 0.5
"""Share of the samples wanted that there is more room for."""


@dataclass(slots=True)
class HistoryState:
    """The samples held and where they lie."""

    room: FloatArray = field(default_factory=lambda: np.empty(0))
    """More than the samples wanted, so that old ones make way only now and then."""
    n_held: int = 0
    """How much of it is filled; some may be older than wanted."""
    end: SampleIndex = 0
    """Index after the last sample."""


class History:
    """The last `n_samples` samples of an unbroken run.

    What is pushed and given has the shape (n_leads, n), or (n,) where `n_leads` is None.
    """

    def __init__(
        self, n_samples: int, state: HistoryState | None = None, n_leads: int | None = None
    ) -> None:
        self._n_samples = n_samples
        self.state = state or HistoryState()
        if not self.state.room.size:
            n_room = n_samples + math.ceil(_SPARE * n_samples)
            self.state.room = np.zeros(n_room if n_leads is None else (n_leads, n_room))

    @property
    def start(self) -> SampleIndex:
        """Index of the oldest sample held."""
        return self.state.end - min(self.state.n_held, self._n_samples)

    @property
    def end(self) -> SampleIndex:
        """Index after the newest sample held."""
        return self.state.end

    def push(self, start: SampleIndex, samples: FloatArray) -> None:
        """Take the samples that follow; `start` counts only for the first of a run."""
        state, n = self.state, samples.shape[-1]
        room, n_held = state.room, state.n_held
        state.end = (state.end if n_held else start) + n
        if n > self._n_samples:
            samples, n = samples[..., -self._n_samples :], self._n_samples
        filled = n_held + n
        if filled > room.shape[-1]:
            filled = self._n_samples
            room[..., : filled - n] = room[..., n_held - filled + n : n_held]
        room[..., filled - n : filled] = samples
        state.n_held = filled

    def between(self, start: SampleIndex, end: SampleIndex) -> FloatArray:
        """Give what is held of [start, end); read it at once, it is not a copy."""
        state = self.state
        first = state.end - state.n_held
        low = max(start - first, state.n_held - self._n_samples, 0)
        return state.room[..., low : max(min(end, state.end) - first, low)]

    def reset(self) -> None:
        """Forget everything, as after a gap."""
        self.state.n_held = 0


@dataclass(slots=True)
class ClockHistoryState:
    """Which clock times which samples: `clocks[i]` from `starts[i]` on."""

    starts: list[SampleIndex] = field(default_factory=list)
    clocks: list[SampleClock] = field(default_factory=list)


class ClockHistory:
    """The clocks of the last samples, at most one for each sample kept."""

    def __init__(self, n_samples: int, state: ClockHistoryState | None = None) -> None:
        self._n_samples = n_samples
        self.state = state or ClockHistoryState()

    def push(self, start: SampleIndex, end: SampleIndex, clock: SampleClock) -> None:
        """Note that `clock` times the samples [start, end)."""
        state = self.state
        if not state.clocks or state.clocks[-1] != clock:
            state.starts.append(start)
            state.clocks.append(clock)
        while len(state.starts) > 1 and state.starts[1] <= end - self._n_samples:
            del state.starts[0], state.clocks[0]

    def time_ms(self, sample: SampleIndex, offset: float = 0.0) -> float:
        """Give the device time of `sample` + `offset` by the clock of `sample`'s own frame."""
        return self._clock(sample).time_ms(sample + offset)

    def time_and_period_ms(self, sample: SampleIndex, offset: float) -> tuple[float, float]:
        """Give the device time of `sample` + `offset`, and the time from `sample` to the next."""
        clock = self._clock(sample)
        return clock.time_ms(sample + offset), clock.period_ns / 1e6

    def _clock(self, sample: SampleIndex) -> SampleClock:
        for start, clock in zip(
            reversed(self.state.starts), reversed(self.state.clocks), strict=True
        ):
            if start <= sample:
                return clock
        return self.state.clocks[0]
