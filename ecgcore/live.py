"""The windows of a live stream, measured by the same families as a recording.

`Pipeline` closes windows of 10 and 60 s with what can be told of their beats and their quality.
Here the signal of the open window is kept as well, so that each window of 10 s gets its
representative beat, spectrum and quality of every lead; windows of 60 s and of five minutes get
variability. Those of an hour and of a day are sums of parts (`ecgcore.long_stage`) and get rates,
rhythm and what variability adds up. A key is measured in every length of window that is long enough
for it, and which keys at all, a preset says. Windows tumble: none is measured twice, and a stretch
measured live and the same stretch measured from an archive give the same values.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from ecgcore.average import average_beat
from ecgcore.average_signal import AverageSignal
from ecgcore.averaged import GLOBAL, LEAD_INTERVALS, LEAD_RATIOS, measure_average, unmeasured
from ecgcore.catalogue import catalogue
from ecgcore.events import (
    BeatClassified,
    BeatLabel,
    Event,
    Measurement,
    NullReason,
    RhythmBegan,
    RhythmEnded,
    RhythmLabel,
    WindowClosed,
    WindowKind,
)
from ecgcore.extraction import ExtractionConfig
from ecgcore.forms import LEAD_FORM_KEYS, Stretch, measure_lead_forms
from ecgcore.hrv_table import HRV_INDICES, measure_hrv
from ecgcore.intervals import BeatIntervals, intervals_of
from ecgcore.lead_window import LEAD_WINDOW, measure_lead_window
from ecgcore.long_stage import LongStage, LongStageConfig, LongStageState
from ecgcore.long_window import LONG_KEYS, LongConfig
from ecgcore.measured import measurement_of, unusable
from ecgcore.morphology import KEYS
from ecgcore.nn import nn_mask
from ecgcore.omics import BIOMARKERS, WindowSignal, measure_window
from ecgcore.pipeline import ALGORITHM_VERSION, Pipeline, PipelineConfig
from ecgcore.rates import WINDOW_RATES, measure_window_rates
from ecgcore.state import digest_of, dump_state, load_state
from ecgcore.stats import median
from ecgcore.types import EcgChunk, Float32Array, FloatArray, Gap, SampleClock, SampleIndex

LONG_S = 300
"""Length of the windows of five minutes, which are whole ones of 60 s."""


@cache
def measured_live() -> frozenset[str]:
    """Give the rows of the registry that windows can have.

    What rests on the rhythm, windows of an hour and of a day have: it is settled only when shorter
    ones have long closed.
    """
    tables = (*GLOBAL, *KEYS, *LEAD_INTERVALS, *LEAD_RATIOS, *LEAD_WINDOW, *LEAD_FORM_KEYS)
    indices = [each.key for each in HRV_INDICES]
    own = [*(each.key for each in BIOMARKERS), *WINDOW_RATES, "hr_inst"]
    return frozenset(catalogue()[key].key for key in (*tables, *indices, *own, *LONG_KEYS))


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """What is measured live, and how."""

    fs_hz: float
    leads: tuple[str, ...]
    """Names, as I, V1, CHEST."""
    keys: tuple[str, ...]
    """Of the registry; a key may be measured by windows of some lengths only."""
    parameters: ExtractionConfig = field(default_factory=ExtractionConfig)
    rail_mv: float | None = None
    hour_s: int = 3600
    """Length of the windows of an hour, in whole minutes."""
    day_hours: int = 24

    @property
    def digest(self) -> str:
        """16 hex digits that change with any parameter."""
        return digest_of(self)


class LiveBeat(NamedTuple):
    """What the longer windows keep of a beat."""

    sample: SampleIndex
    time_ms: float
    rr_ms: float | None
    label: BeatLabel
    amplitude_mv: float
    intervals: BeatIntervals


@dataclass(slots=True)
class LiveState:
    """What is remembered besides the pipeline's own state."""

    runs: list[tuple[SampleIndex, Float32Array]] = field(default_factory=list)
    """Samples from the open window of 10 s on, shape (n_leads, n_samples) each."""
    beats: list[BeatClassified] = field(default_factory=list)
    """Of the open window of 10 s."""
    rows: list[LiveBeat] = field(default_factory=list)
    """Of the open window of five minutes."""
    af: list[tuple[SampleIndex, SampleIndex | None]] = field(default_factory=list)
    """Stretches of atrial fibrillation that reach into an open window; None: it goes on."""
    minutes: list[WindowClosed] = field(default_factory=list)
    """Windows of 60 s of the open one of five minutes, with their noise alone."""
    long: LongStageState = field(default_factory=LongStageState)


class LivePipeline:
    """Analyses one boot of one patch, and measures its windows in full."""

    def __init__(
        self, config: LiveConfig, pipeline: Pipeline | None = None, state: LiveState | None = None
    ) -> None:
        self.config = config
        self.digest = config.digest
        """Of the config; computed once, as it takes longer than a second of signal."""
        self.state = state or LiveState()
        self._pipeline = pipeline or Pipeline(_pipeline_config(config))
        self._second = round(config.fs_hz)
        self._keys = frozenset(config.keys)
        self._hours = LongStage(_long_config(config), self.state.long)

    def push(self, item: EcgChunk | Gap) -> list[Event]:
        """Take the next chunk or gap; give what is certain now.

        Raises
        ------
        ValueError
            As `Pipeline.push`.
        """
        events = self._pipeline.push(item)
        if isinstance(item, EcgChunk):
            self.state.runs.append((item.start, item.ecg_mv.astype(np.float32)))
        return list(self._measured(events))

    def finish(self) -> list[Event]:
        """End the stream: what was held back comes out, and the windows that are whole."""
        events = list(self._measured(self._pipeline.finish()))
        end, cursor = self._long_end(), self._pipeline.cursor
        if cursor is None:
            return events
        five = [self._long()] if end is not None and end <= cursor else []
        return [*events, *five, *self._hours.finish(cursor)]

    def dump(self) -> bytes:
        """Give the state as bytes."""
        self._join_runs()
        return dump_state((self._pipeline.dump(), self.state), _tag(self.digest))

    @classmethod
    def restore(cls, config: LiveConfig, data: bytes) -> "LivePipeline":
        """Go on from what `dump` gave.

        Raises
        ------
        StateError
            If the bytes are damaged or belong to another algorithm version or parameter set.
        """
        pipeline, state = load_state(tuple[bytes, LiveState], data, _tag(config.digest))
        return cls(config, Pipeline.restore(_pipeline_config(config), pipeline), state)

    def _measured(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, WindowClosed):
                yield from self._close(event)
            else:
                if isinstance(event, BeatClassified) and event.label is not BeatLabel.NOISE:
                    self._take_beat(event)
                elif (
                    isinstance(event, RhythmBegan | RhythmEnded) and event.label is RhythmLabel.AFIB
                ):
                    self._take_af(event)
                yield event
            yield from self._hours.push(event)

    def _take_beat(self, beat: BeatClassified) -> None:
        self.state.beats.append(beat)
        detected, intervals = beat.beat, intervals_of(beat.waves, beat.beat.sample_ms)
        self.state.rows.append(
            LiveBeat(
                *(beat.sample, detected.time_ms, beat.rr_ms),
                *(beat.label, detected.amplitude_mv, intervals),
            )
        )

    def _take_af(self, event: RhythmBegan | RhythmEnded) -> None:
        others = [each for each in self.state.af if each[0] != event.start]
        end = event.end if isinstance(event, RhythmEnded) else None
        self.state.af = [*others, (event.start, end)]

    def _close(self, window: WindowClosed) -> Iterator[WindowClosed]:
        if window.kind is WindowKind.S10:
            yield self._with(window, chain(self._of_rates(window), self._of_signal(window)))
            self._forget_signal(window.end)
            return
        end = self._long_end()
        if end is not None and end <= window.start:
            # Its last minutes had no sample.
            yield self._long()
        yield self._with(window, chain(self._of_rates(window), self._of_variability(window)))
        noise = tuple(each for each in window.measurements if each.key == "noise_rms")
        self.state.minutes.append(replace(window, measurements=noise))
        if window.end == self._long_end():
            yield self._long()

    def _with(self, window: WindowClosed, found: Iterable[Measurement]) -> WindowClosed:
        """Put what was found before what the pipeline knew; where both give a key, it is the first.

        As in `ecgcore.extraction`: an interval is the representative beat's before it is the
        window's.
        """
        wanted = [each for each in found if each.key in self._keys]
        known = {each.key for each in wanted}
        rest = [each for each in window.measurements if each.key not in known]
        return replace(window, measurements=(*rest, *wanted))

    def _of_signal(self, window: WindowClosed) -> Iterator[Measurement]:
        """Measure a window of 10 s: the representative beat, and each lead's spectrum."""
        config, sqi = self.config, window.sqi
        ecg_mv = self._signal(window.start, window.end)
        beats = [b for b in self.state.beats if window.start <= b.sample < window.end]
        reason = unusable(window.sqi, window.coverage)
        average = reason or average_beat(
            ecg_mv, window.start, config.fs_hz, beats, config.parameters.average
        )
        signal: AverageSignal | NullReason
        if isinstance(average, NullReason):
            signal = average
            yield from unmeasured(signal, config.leads, sqi, self._keys)
        else:
            signal = AverageSignal(
                average, config.fs_hz, config.leads, config.parameters.average.transform
            )
            yield from measure_average(signal, sqi, self._keys)
        stretch = Stretch(
            *(ecg_mv, window.start, config.fs_hz, config.leads, beats), signal, sqi, reason
        )
        yield from measure_lead_forms(stretch, config.parameters.forms, self._keys)
        for lead, of_lead in zip(config.leads, ecg_mv, strict=True):
            given = measure_lead_window(of_lead, config.fs_hz, self._keys, config.rail_mv)
            for key, value in given.items():
                yield measurement_of(key, value, 0, sqi, lead)

    def _of_beats(
        self, window: WindowClosed, minutes: Sequence[WindowClosed]
    ) -> tuple[Measurement, ...]:
        """Measure what the pipeline itself measures of its windows."""
        rows = self._rows_of(window)
        noise_uv = [each.value for minute in minutes for each in minute.measurements]
        return measure_window(
            WindowSignal(
                duration_s=(window.end - window.start) / self.config.fs_hz,
                rr_ms=np.array([row.rr_ms for row in rows], float),
                amplitude_mv=np.array([row.amplitude_mv for row in rows], float),
                is_normal_beat=np.array([row.label is BeatLabel.NORMAL for row in rows], bool),
                intervals=tuple(row.intervals for row in rows),
                noise_mv=1e-3 * np.array(noise_uv, float),
                sqi=window.sqi,
                coverage=window.coverage,
            )
        )

    def _rows_of(self, window: WindowClosed) -> list[LiveBeat]:
        return [row for row in self.state.rows if window.start <= row.sample < window.end]

    def _of_rates(self, window: WindowClosed) -> Iterator[Measurement]:
        rows = self._rows_of(window)
        rr_ms = np.array([row.rr_ms for row in rows], float)
        reason = unusable(window.sqi, window.coverage)
        config = self.config.parameters.structure.rates
        yield from measure_window_rates(rr_ms, reason, window.sqi, config)
        is_sinus = np.array([row.label is BeatLabel.NORMAL for row in rows], bool)
        is_nn = is_sinus & np.r_[False, is_sinus[:-1]][: rr_ms.size] & np.isfinite(rr_ms)
        n = int(is_nn.sum())
        if reason is None and not n:
            is_paced = [row.label is BeatLabel.PACED for row in rows]
            reason = NullReason.PACED if 2 * sum(is_paced) > len(rows) else NullReason.TOO_FEW_BEATS
        value = median(60000.0 / rr_ms[is_nn]) if reason is None else reason
        yield measurement_of("hr_inst", value, n, window.sqi, None)

    def _of_variability(self, window: WindowClosed) -> Iterator[Measurement]:
        """Measure a longer window: all that rests on its intervals and is not asking for more."""
        rows = self._rows_of(window)
        duration_s = (window.end - window.start) / self.config.fs_hz
        is_sinus = np.array([row.label is BeatLabel.NORMAL for row in rows], bool)
        rr_ms, hrv = np.array([row.rr_ms for row in rows], float), self.config.parameters.hrv
        found = measure_hrv(
            rr_ms,
            nn_mask(rr_ms, is_sinus, hrv.nn_reject),
            hrv,
            ventricular=np.array([row.label is BeatLabel.VENTRICULAR for row in rows], bool),
            beat_ms=np.array([row.time_ms for row in rows], float),
            duration_s=duration_s,
            sqi=window.sqi,
        )
        reason = unusable(window.sqi, window.coverage) or self._fibrillating(window)
        for each in found:
            if (catalogue()[each.key].least_s or 0) > duration_s:
                continue
            if reason is None or (reason is NullReason.AF and each.key.startswith("af_")):
                yield each
            else:
                yield measurement_of(each.key, reason, 0, window.sqi, None)

    def _fibrillating(self, window: WindowClosed) -> NullReason | None:
        n_af = sum(
            max(0, min(window.end, window.end if end is None else end) - max(start, window.start))
            for start, end in self.state.af
        )
        limit = self.config.parameters.af_share * (window.end - window.start)
        return NullReason.AF if n_af > limit else None

    def _signal(self, start: SampleIndex, end: SampleIndex) -> FloatArray:
        found = np.full((len(self.config.leads), end - start), np.nan)
        for first, run in self.state.runs:
            at, last = max(first, start), min(first + run.shape[1], end)
            if at < last:
                found[:, at - start : last - start] = run[:, at - first : last - first]
        return found

    def _forget_signal(self, before: SampleIndex) -> None:
        state = self.state
        state.runs = [(first, run) for first, run in state.runs if first + run.shape[1] > before]
        state.beats = [beat for beat in state.beats if beat.sample >= before]

    def _join_runs(self) -> None:
        """Make one run of those that follow each other: a state is small, however it was cut."""
        joined: list[tuple[SampleIndex, list[Float32Array]]] = []
        end: SampleIndex | None = None
        for first, run in self.state.runs:
            if first == end:
                joined[-1][1].append(run)
            else:
                joined.append((first, [run]))
            end = first + run.shape[1]
        self.state.runs = [(first, np.concatenate(runs, axis=1)) for first, runs in joined]

    def _long_start(self, minute: WindowClosed) -> SampleIndex:
        length = LONG_S * self._second
        return minute.start // length * length

    def _long_end(self) -> SampleIndex | None:
        if not self.state.minutes:
            return None
        return self._long_start(self.state.minutes[0]) + LONG_S * self._second

    def _long(self) -> WindowClosed:
        """Close the window of five minutes that is under way."""
        minutes, self.state.minutes = self.state.minutes, []
        start = self._long_start(minutes[0])
        end = start + LONG_S * self._second
        window = _joined(minutes, start, end, 1e3 / self.config.fs_hz)
        window = replace(window, measurements=self._of_beats(window, minutes))
        window = self._with(window, chain(self._of_rates(window), self._of_variability(window)))
        self.state.rows = [row for row in self.state.rows if row.sample >= end]
        self.state.af = [each for each in self.state.af if each[1] is None or each[1] > end]
        return window


def _pipeline_config(config: LiveConfig) -> PipelineConfig:
    return config.parameters.pipeline(config.fs_hz, len(config.leads), config.rail_mv)


def _long_config(config: LiveConfig) -> LongStageConfig:
    given = config.parameters
    return LongStageConfig(
        LongConfig(
            config.fs_hz,
            given.hrv,
            given.structure.rates,
            given.rhythm_table.burden,
            given.af_share,
        ),
        frozenset(config.keys),
        config.hour_s,
        config.day_hours,
    )


def _joined(
    minutes: Sequence[WindowClosed], start: SampleIndex, end: SampleIndex, sample_ms: float
) -> WindowClosed:
    length, first, last = end - start, minutes[0], minutes[-1]
    return WindowClosed(
        kind=WindowKind.S300,
        start=start,
        end=end,
        start_ms=first.start_ms - (first.start - start) * sample_ms,
        end_ms=last.end_ms + (end - last.end) * sample_ms,
        sqi=sum(each.sqi * (each.end - each.start) for each in minutes) / length,
        coverage=sum(each.coverage * (each.end - each.start) for each in minutes) / length,
        n_beats=sum(each.n_beats for each in minutes),
        quality_reasons=tuple(dict.fromkeys(r for each in minutes for r in each.quality_reasons)),
    )


def warm_up(fs_hz: float, keys: tuple[str, ...]) -> None:
    """Compile, or load from the cache, all that a live stream of one lead runs.

    Parameters
    ----------
    fs_hz : float
    keys : tuple of str
        Of the registry: what the streams will be measured for.
    """
    live = LivePipeline(LiveConfig(fs_hz, ("CHEST",), keys))
    ecg_mv = _any_heart(fs_hz, LONG_S + 60)
    live.push(EcgChunk(0, ecg_mv[np.newaxis], SampleClock(0, 0, 1e9 / fs_hz)))
    live.finish()


def _any_heart(fs_hz: float, duration_s: float) -> FloatArray:
    """Give a heart that brings every stage to work: even, then irregular, with wide early beats."""
    chance = np.random.default_rng(0)
    n_beats = round(2 * duration_s)
    rr_s = np.where(np.arange(n_beats) < n_beats // 4, 0.8, chance.uniform(0.45, 1.1, n_beats))
    is_wide = np.arange(n_beats) % 9 == 8
    rr_s[is_wide] = 0.45
    time_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    ecg_mv = chance.normal(0, 0.01, time_s.size)
    for peak_s, wide in zip(np.cumsum(rr_s), is_wide, strict=True):
        width = 4.0 if wide else 1.0
        for height_mv, at_s, width_s in ((0.1, -0.17, 0.02), (1.0, 0.0, 0.01), (0.3, 0.25, 0.04)):
            wave = slice(*np.searchsorted(time_s, (peak_s - 0.4, peak_s + 0.5)))
            from_wave = (time_s[wave] - peak_s - at_s) / (width * width_s)
            ecg_mv[wave] += height_mv * np.exp(-0.5 * from_wave**2)
    return ecg_mv


def _tag(digest: str) -> str:
    return f"live/{ALGORITHM_VERSION}/{digest}"
