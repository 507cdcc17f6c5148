"""The stages wired together: chunks and gaps in, events out.

``raw -> quality (per second, each lead)``, ``raw -> rpeak -> rr``: beats are named within
`delay_samples`. Once a second of the counter ``waves -> beat class -> rhythm`` follow, and the
windows that measure all of it. Work is done in pieces that end at whole seconds of the counter, so
an event comes out with the sample that decides it and all events come in the order of those
samples, however the stream was cut.
"""

from dataclasses import dataclass, field

import numpy as np

from ecgcore.annotator import Annotations, Annotator, AnnotatorConfig, AnnotatorState
from ecgcore.events import BeatClassified, BeatDetected, BeatLabel, Event, QualityScored
from ecgcore.history import ClockHistory, ClockHistoryState
from ecgcore.intervals import intervals_of
from ecgcore.leads import LeadPeaks, LeadsConfig, LeadsState
from ecgcore.quality import QualityConfig, QualityMeter, QualityState, SecondScored
from ecgcore.rpeak import RPeak, RPeakConfig
from ecgcore.rr import RrConfig, RrSeries, RrState
from ecgcore.second import LabelledBeat, SignalSecond
from ecgcore.state import digest_of, dump_state, load_state
from ecgcore.types import EcgChunk, FloatArray, Gap, SampleClock, SampleIndex
from ecgcore.windows import TimedSecond, WindowConfig, WindowMeter, WindowState

ALGORITHM_VERSION = "6"
"""Changes with every change that changes an output or the state."""
MIN_FS_HZ = 100.0
MAX_FS_HZ = 1000.0
MAX_MV = 10_000.0
"""Beyond 10 V a number is no voltage of a body, but a wrong unit or a damaged frame."""


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """All parameters of the analysis of one stream."""

    fs_hz: float
    """Nominal; 100 to 1000."""
    n_leads: int = 1
    """R peaks and classes are found in the first, or another if that fails; waves in all.

    The quality is the best lead's.
    """
    rail_mv: float | None = None
    """Where the converter saturates; None if not known."""
    quality: QualityConfig = field(default_factory=QualityConfig)
    rpeak: RPeakConfig = field(default_factory=RPeakConfig)
    leads: LeadsConfig = field(default_factory=LeadsConfig)
    rr: RrConfig = field(default_factory=RrConfig)
    annotator: AnnotatorConfig = field(default_factory=AnnotatorConfig)

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
    quality: list[QualityState] = field(default_factory=list)
    """One for each lead."""
    leads: LeadsState = field(default_factory=LeadsState)
    rr: RrState = field(default_factory=RrState)
    second_start: SampleIndex = 0
    second_mv: FloatArray | None = None
    """Samples of the second under way, shape (n_leads, n_samples); None between seconds."""
    second_peaks: list[RPeak] = field(default_factory=list)
    annotator: AnnotatorState = field(default_factory=AnnotatorState)
    unlabelled: list[BeatDetected] = field(default_factory=list)
    """Named, and not classified yet."""
    noise_rr_ms: float | None = 0.0
    """Intervals of the noise since the last real beat; None if one of them is not known."""
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
        self._leads = LeadPeaks(config.leads, config.rpeak, fs_hz, config.n_leads, self.state.leads)
        self._rr = RrSeries(config.rr, fs_hz, self.state.rr)
        named_s = -(-self._leads.max_delay_samples // self._second)
        self.state.quality = self.state.quality or [QualityState() for _ in range(config.n_leads)]
        self._quality = [
            QualityMeter(config.quality, fs_hz, named_s, config.rail_mv, state)
            for state in self.state.quality
        ]
        self._annotator = Annotator(config.annotator, fs_hz, config.n_leads, self.state.annotator)
        # The second under way comes on top.
        late_s = named_s + self._annotator.max_delay_s + 1
        self._windows = WindowMeter(WindowConfig(late_s), fs_hz, self.state.windows)
        self._clocks = ClockHistory((late_s + 1) * self._second, self.state.clocks)

    @property
    def cursor(self) -> SampleIndex | None:
        """Next sample expected; None before the first."""
        return self.state.cursor

    @property
    def delay_samples(self) -> int:
        """A beat is named at most so many samples after its peak, search-back apart."""
        return self._leads.delay_samples

    def push(self, item: EcgChunk | Gap) -> list[Event]:
        """Take the next chunk or gap; give what is certain now.

        Raises
        ------
        ValueError
            If the item does not start at the cursor, has another number of leads, or samples that
            are no voltages.
        """
        if self.state.cursor not in (None, item.start):
            msg = f"item starts at {item.start}, {self.state.cursor} is next"
            raise ValueError(msg)
        events = self._push_gap(item) if isinstance(item, Gap) else self._push_chunk(item)
        self.state.cursor = item.end
        return events

    def finish(self) -> list[Event]:
        """End the stream: what was held back comes out, and the windows that are whole."""
        events = self._end_run()
        if self.state.cursor is not None:
            events += self._windows.close_before(self.state.cursor)
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
        ecg_mv = np.array(chunk.ecg_mv, np.float64, order="C")
        # Also false for NaN.
        if not (np.abs(ecg_mv) <= MAX_MV).all():
            msg = f"chunk at {chunk.start}: samples that are no number or beyond {MAX_MV:g} mV"
            raise ValueError(msg)
        events: list[Event] = []
        start = chunk.start
        while start < chunk.end:
            n_fitting = self._second - start % self._second
            piece_mv = np.ascontiguousarray(ecg_mv[:, start - chunk.start :][:, :n_fitting])
            events += self._push_piece(start, piece_mv, chunk.clock)
            start += piece_mv.shape[1]
        return events

    def _push_piece(
        self, start: SampleIndex, ecg_mv: FloatArray, clock: SampleClock
    ) -> list[Event]:
        """Take samples of one second of the counter."""
        state = self.state
        end = start + ecg_mv.shape[1]
        self._clocks.push(start, end, clock)
        scored = [
            meter.push(start, lead) for meter, lead in zip(self._quality, ecg_mv, strict=True)
        ]
        peaks = self._leads.push(start, ecg_mv)
        if state.second_mv is None:
            state.second_start, state.second_mv = start, ecg_mv
        else:
            state.second_mv = np.concatenate((state.second_mv, ecg_mv), axis=1)
        state.second_peaks += peaks
        events = self._beats(peaks)
        if end % self._second == 0:
            seconds = [lead[0] for lead in scored]
            peaks = self._leads.judge([each.sqi for each in seconds], end)
            state.second_peaks += peaks
            events += [*self._beats(peaks), *self._end_second(_best(seconds))]
        return events

    def _push_gap(self, gap: Gap) -> list[Event]:
        return [*self._end_run(), *self._windows.push_gap(gap.end), gap]

    def _end_run(self) -> list[Event]:
        """End an unbroken run of samples: no interval and no wave reaches across what follows."""
        state = self.state
        peaks = self._leads.finish()
        events = self._beats(peaks)
        state.second_peaks += peaks
        scored = [meter.finish() for meter in self._quality]
        if state.second_mv is not None:
            events += self._end_second(_best([lead[0] for lead in scored]))
        elif state.second_peaks:
            # The run ended with a whole second: its last peaks go with an empty one.
            state.second_mv = np.empty((self.config.n_leads, 0))
            state.second_start = state.cursor or 0
            events += self._annotated(self._annotator.push(self._take_second(None)))
        events += self._annotated(self._annotator.finish())
        self._rr.reset()
        state.noise_rr_ms = 0.0
        return events

    def _beats(self, peaks: list[RPeak]) -> list[Event]:
        beats = []
        for peak in peaks:
            time_ms, sample_ms = self._clocks.time_and_period_ms(peak.sample, peak.offset)
            sqi = max(meter.around(peak.sample, peak.decided_at) for meter in self._quality)
            beats.append(self._rr.push(peak, time_ms, sample_ms, sqi))
        self.state.unlabelled += beats
        return list(beats)

    def _end_second(self, scored: SecondScored) -> list[Event]:
        """Let the slower stages see the second that is complete, then close what it closes."""
        events = self._annotated(self._annotator.push(self._take_second(scored)))
        timed = TimedSecond(
            scored,
            self._clocks.time_ms(scored.start),
            self._clocks.time_ms(scored.end - 1, 1.0),
        )
        events.append(QualityScored(scored.start, scored.end, scored.sqi, scored.reasons))
        events += self._windows.push_second(timed)
        return events

    def _take_second(self, scored: SecondScored | None) -> SignalSecond:
        state = self.state
        ecg_mv = np.empty((self.config.n_leads, 0)) if state.second_mv is None else state.second_mv
        peaks, state.second_peaks, state.second_mv = state.second_peaks, [], None
        sqi, reasons = (0.0, ()) if scored is None else (scored.sqi, scored.reasons)
        return SignalSecond(
            state.second_start, ecg_mv, tuple(peaks), sqi, reasons, self._leads.in_charge
        )

    def _annotated(self, annotations: Annotations) -> list[Event]:
        events: list[Event] = []
        for labelled in annotations.beats:
            beat = self._classified(labelled)
            intervals = intervals_of(beat.waves, beat.beat.sample_ms)
            events += self._windows.push_beat(beat, intervals)
            events.append(beat)
        return [*events, *annotations.rhythms]

    def _classified(self, labelled: LabelledBeat) -> BeatClassified:
        """Join a class with the beat it belongs to; an interval reaches over noise, not to it."""
        state = self.state
        beat = state.unlabelled.pop(0)
        rr_ms = None
        if beat.rr_ms is not None and state.noise_rr_ms is not None:
            rr_ms = state.noise_rr_ms + beat.rr_ms
        is_noise = labelled.label is BeatLabel.NOISE
        state.noise_rr_ms = rr_ms if is_noise else 0.0
        return BeatClassified(
            beat=beat,
            label=labelled.label,
            confidence=labelled.confidence,
            rr_ms=None if is_noise else rr_ms,
            waves=labelled.waves,
            lead_waves=labelled.lead_waves,
            cluster=labelled.cluster,
        )


def _best(leads: list[SecondScored]) -> SecondScored:
    """Give the judgement of the best lead, the first of equals."""
    return max(leads, key=lambda scored: scored.sqi)


def warm_up(config: PipelineConfig) -> None:
    """Compile, or load from the cache, all that a pipeline of `config` runs."""
    n_samples = round(12 * config.fs_hz)
    ecg_mv = np.zeros((config.n_leads, n_samples))
    ecg_mv[:, :: round(config.fs_hz)] = 1.0
    pipeline = Pipeline(config)
    pipeline.push(EcgChunk(0, ecg_mv, SampleClock(0, 0, 1e9 / config.fs_hz)))
    pipeline.finish()


def _tag(config: PipelineConfig) -> str:
    return f"pipeline/{ALGORITHM_VERSION}/{config.digest}"
