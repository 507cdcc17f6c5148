"""The stages wired together: chunks and gaps in, events out.

``raw -> quality (per second)``, ``raw -> rpeak -> rr -> windows``. Work is done in pieces that end
at whole seconds of the counter, so an event comes out with the sample that decides it and all
events come in the order of those samples, however the stream was cut.
"""

from dataclasses import dataclass, field

import numpy as np

from ecgcore.events import Event, QualityScored
from ecgcore.history import ClockHistory, ClockHistoryState
from ecgcore.quality import QualityConfig, QualityMeter, QualityState, SecondScored
from ecgcore.rpeak import RPeak, RPeakConfig, RPeakDetector, RPeakState
from ecgcore.rr import RrConfig, RrSeries, RrState
from ecgcore.state import digest_of, dump_state, load_state
from ecgcore.types import EcgChunk, FloatArray, Gap, SampleClock, SampleIndex
from ecgcore.windows import TimedSecond, WindowConfig, WindowMeter, WindowState

ALGORITHM_VERSION = "1"
"""Changes with every change that changes an output or the state."""
MIN_FS_HZ = 100.0
MAX_FS_HZ = 1000.0


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """All parameters of the analysis of one stream."""

    fs_hz: float
    """Nominal; 100 to 1000."""
    n_leads: int = 1
    """The first is analysed."""
    rail_mv: float | None = None
    """Where the converter saturates; None if not known."""
    quality: QualityConfig = field(default_factory=QualityConfig)
    rpeak: RPeakConfig = field(default_factory=RPeakConfig)
    rr: RrConfig = field(default_factory=RrConfig)

    @property
    def digest(self) -> str:
        """16 hex digits that change with any parameter."""
        return digest_of(self)


@dataclass(slots=True)
class PipelineState:
    """What the pipeline remembers: the state of each stage."""

    cursor: SampleIndex | None = None
    """Next sample expected; None before the first."""
    clocks: ClockHistoryState = field(default_factory=ClockHistoryState)
    quality: QualityState = field(default_factory=QualityState)
    rpeak: RPeakState = field(default_factory=RPeakState)
    rr: RrState = field(default_factory=RrState)
    windows: WindowState = field(default_factory=WindowState)


class Pipeline:
    """Analyses one boot of one patch.

    Raises
    ------
    ValueError
        If the rate is outside 100 to 1000 Hz.
    """

    def __init__(self, config: PipelineConfig, state: PipelineState | None = None) -> None:
        if not MIN_FS_HZ <= config.fs_hz <= MAX_FS_HZ:
            msg = f"rate of {config.fs_hz} Hz, {MIN_FS_HZ:g} to {MAX_FS_HZ:g} are supported"
            raise ValueError(msg)
        self.config = config
        self.state = state or PipelineState()
        fs_hz = config.fs_hz
        self._second = round(fs_hz)
        self._rpeak = RPeakDetector(config.rpeak, fs_hz, self.state.rpeak)
        self._rr = RrSeries(config.rr, fs_hz, self.state.rr)
        late_s = -(-self._rpeak.max_delay_samples // self._second)
        self._quality = QualityMeter(
            config.quality, fs_hz, late_s, config.rail_mv, self.state.quality
        )
        self._windows = WindowMeter(WindowConfig(late_s), fs_hz, self.state.windows)
        self._clocks = ClockHistory((late_s + 1) * self._second, self.state.clocks)

    @property
    def cursor(self) -> SampleIndex | None:
        """Next sample expected; None before the first."""
        return self.state.cursor

    @property
    def delay_samples(self) -> int:
        """A beat is named at most so many samples after its peak, search-back apart."""
        return self._rpeak.delay_samples

    def push(self, item: EcgChunk | Gap) -> list[Event]:
        """Take the next chunk or gap; give what is certain now.

        Raises
        ------
        ValueError
            If the item does not start at the cursor or has another number of leads.
        """
        if self.state.cursor not in (None, item.start):
            msg = f"item starts at {item.start}, {self.state.cursor} is next"
            raise ValueError(msg)
        events = self._push_gap(item) if isinstance(item, Gap) else self._push_chunk(item)
        self.state.cursor = item.end
        return events

    def dump(self) -> bytes:
        """Give the state as bytes."""
        return dump_state(self.state, _tag(self.config))

    @classmethod
    def restore(cls, config: PipelineConfig, data: bytes) -> "Pipeline":
        """Go on from what `dump` gave.

        Raises
        ------
        StateError
            If the bytes are damaged or belong to another algorithm version or parameter set.
        """
        return cls(config, load_state(PipelineState, data, _tag(config)))

    def _push_chunk(self, chunk: EcgChunk) -> list[Event]:
        if chunk.ecg_mv.shape[0] != self.config.n_leads:
            msg = f"{chunk.ecg_mv.shape[0]} leads, {self.config.n_leads} are expected"
            raise ValueError(msg)
        # A writable copy: nothing of the caller's is kept, and the compiled loops see one type.
        raw_mv = np.array(chunk.ecg_mv[0], np.float64)
        events: list[Event] = []
        start = chunk.start
        while raw_mv.size:
            n_fitting = self._second - start % self._second
            events += self._push_piece(start, raw_mv[:n_fitting], chunk.clock)
            start += min(n_fitting, raw_mv.size)
            raw_mv = raw_mv[n_fitting:]
        return events

    def _push_piece(
        self, start: SampleIndex, raw_mv: FloatArray, clock: SampleClock
    ) -> list[Event]:
        """Take samples of one second of the counter."""
        self._clocks.push(start, start + raw_mv.size, clock)
        seconds = self._quality.push(start, raw_mv)
        return [*self._beats(self._rpeak.push(start, raw_mv)), *self._seconds(seconds)]

    def _push_gap(self, gap: Gap) -> list[Event]:
        beats = self._beats(self._rpeak.finish())
        seconds = self._seconds(self._quality.finish())
        self._rr.reset()
        return [*beats, *seconds, *self._windows.push_gap(gap.end), gap]

    def _beats(self, peaks: list[RPeak]) -> list[Event]:
        events: list[Event] = []
        for peak in peaks:
            time_ms = self._clocks.time_ms(peak.sample, peak.offset)
            beat = self._rr.push(peak, time_ms, self._quality.around(peak.sample, peak.decided_at))
            events += [*self._windows.push_beat(beat), beat]
        return events

    def _seconds(self, seconds: list[SecondScored]) -> list[Event]:
        events: list[Event] = []
        for second in seconds:
            timed = TimedSecond(
                second,
                self._clocks.time_ms(second.start),
                self._clocks.time_ms(second.end - 1, 1.0),
            )
            events.append(QualityScored(second.start, second.end, second.sqi, second.reasons))
            events += self._windows.push_second(timed)
        return events


def warm_up(config: PipelineConfig) -> None:
    """Compile, or load from the cache, all that a pipeline of `config` runs."""
    n_samples = round(4 * config.fs_hz)
    ecg_mv = np.zeros((config.n_leads, n_samples))
    ecg_mv[:, :: round(config.fs_hz)] = 1.0
    pipeline = Pipeline(config)
    pipeline.push(EcgChunk(0, ecg_mv, SampleClock(0, 0, 1e9 / config.fs_hz)))


def _tag(config: PipelineConfig) -> str:
    return f"pipeline/{ALGORITHM_VERSION}/{config.digest}"
