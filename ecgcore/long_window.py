"""Windows of an hour and of a day: sums of a stretch that add up, and the biomarkers in them.

Beats, intervals, times and counts are whole numbers, so the sums of two neighbouring stretches are
exactly those of both together; only the mean quality is a number with rounding.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ecgcore.catalogue import catalogue
from ecgcore.events import Measurement, NullReason, QualityReason, RhythmLabel, WindowClosed
from ecgcore.events import WindowKind as Kind
from ecgcore.hrv_config import HrvConfig
from ecgcore.limits import Share
from ecgcore.long_values import LONG_RATES, LONG_VARIABILITY, long_rates, long_variability
from ecgcore.measured import measurement_of, unusable
from ecgcore.nn_sums import NnRows, NnSums, nn_sums
from ecgcore.rate_sums import RateSums, rate_sums
from ecgcore.rates import RatesConfig
from ecgcore.rhythm import AF_SHARE
from ecgcore.rhythm_burden import BURDEN, BurdenConfig, measure_burden
from ecgcore.rhythm_tally import RhythmTally, TallyState
from ecgcore.settling import Settled
from ecgcore.types import SampleIndex

SEGMENT_S = 300
"""Of SDANN and of the SDNN index that a long window gives."""
LONG_KEYS = (*LONG_RATES, "qrs_count", "sqi", *LONG_VARIABILITY, *BURDEN)
"""Keys that a long window gives, unless it is too short for one by the registry."""


@dataclass(frozen=True, slots=True)
class LongConfig:
    """How a long window is measured: the same limits as those of a recording."""

    fs_hz: float
    hrv: HrvConfig = field(default_factory=HrvConfig)
    rates: RatesConfig = field(default_factory=RatesConfig)
    burden: BurdenConfig = field(default_factory=BurdenConfig)
    af_share: Share = AF_SHARE
    """Of the window; with more AF it has no variability of the sinus node."""


@dataclass(slots=True)
class SignalSums:
    """Of the windows of a minute in a stretch."""

    start: SampleIndex | None = None
    """Of the first; None before it."""
    start_ms: float = 0.0
    end: SampleIndex = 0
    """Of the last."""
    end_ms: float = 0.0
    n_covered: int = 0
    """Samples that exist."""
    quality: float = 0.0
    """Quality of every sample, summed up."""
    n_beats: int = 0
    reasons: tuple[QualityReason, ...] = ()
    """Each once, in the order they first came in."""

    def __add__(self, after: "SignalSums") -> "SignalSums":
        """Give those of this stretch and the one that follows."""
        if self.start is None or after.start is None:
            return after if self.start is None else self
        return SignalSums(
            self.start,
            self.start_ms,
            after.end,
            after.end_ms,
            self.n_covered + after.n_covered,
            self.quality + after.quality,
            self.n_beats + after.n_beats,
            tuple(dict.fromkeys((*self.reasons, *after.reasons))),
        )


@dataclass(slots=True)
class LongState:
    """What is remembered of a stretch: a few kilobytes for an hour, and hardly more for a day."""

    rates: RateSums
    signal: SignalSums = field(default_factory=SignalSums)
    nn: NnSums = field(default_factory=NnSums)
    tally: TallyState = field(default_factory=TallyState)


class LongWindow:
    """Sums of one stretch; those of neighbours add up."""

    def __init__(self, config: LongConfig, state: LongState | None = None) -> None:
        self.config = config
        self.state = state or LongState(RateSums(config.rates.running_rr))
        self._tally = RhythmTally(config.burden.tally, config.fs_hz, self.state.tally)

    def push_minute(self, window: WindowClosed) -> None:
        """Take the next window of a minute."""
        n = window.end - window.start
        self.state.signal += SignalSums(
            window.start,
            window.start_ms,
            window.end,
            window.end_ms,
            round(window.coverage * n),
            window.sqi * n,
            window.n_beats,
            window.quality_reasons,
        )

    def push_settled(self, item: Settled) -> None:
        """Take what is settled next."""
        self._tally.push(item)

    def push_intervals(self, rows: NnRows) -> None:
        """Take the intervals that end with the next beats, 0 where none could be formed."""
        state, config = self.state, self.config
        state.nn += nn_sums(rows, config.hrv.histogram_bin_ms)
        state.rates += rate_sums(rows.rr_us, config.rates.running_rr)

    def __add__(self, after: "LongWindow") -> "LongWindow":
        """Give the sums of this stretch and the one that follows.

        Raises
        ------
        ValueError
            If they were summed up by other limits, or the second does not follow.
        """
        if self.config != after.config:
            msg = "windows by other limits cannot be added"
            raise ValueError(msg)
        mine, yours = self.state, after.state
        state = LongState(
            mine.rates + yours.rates,
            mine.signal + yours.signal,
            mine.nn + yours.nn,
            (self._tally + after._tally).state,
        )
        return LongWindow(self.config, state)

    def window(
        self, kind: Kind, start: SampleIndex, end: SampleIndex, keys: frozenset[str]
    ) -> WindowClosed | None:
        """Close it as a window of some kind; None where no minute of it had a sample."""
        signal, fs_hz = self.state.signal, self.config.fs_hz
        if signal.start is None:
            return None
        sqi, coverage = signal.quality / (end - start), signal.n_covered / (end - start)
        found = self.found((end - start) / fs_hz, sqi, coverage)
        return WindowClosed(
            kind=kind,
            start=start,
            end=end,
            start_ms=signal.start_ms - (signal.start - start) * 1e3 / fs_hz,
            end_ms=signal.end_ms + (end - signal.end) * 1e3 / fs_hz,
            sqi=sqi,
            coverage=coverage,
            n_beats=signal.n_beats,
            measurements=tuple(each for each in found if each.key in keys),
            quality_reasons=signal.reasons,
        )

    def found(self, duration_s: float, sqi: float, coverage: float) -> Iterator[Measurement]:
        """Give every key that a stretch of so long can have by the registry.

        Parameters
        ----------
        sqi : float
            Mean quality; missing samples count as 0.
        coverage : float
            Share of samples that exist.
        """
        state, config = self.state, self.config
        reason = unusable(sqi, coverage)
        n_rr, n_nn, n_beats = state.rates.rr.n, state.nn.nn.n, state.signal.n_beats
        for key, value in long_rates(state.rates).items():
            yield measurement_of(key, reason or value, n_rr, sqi, None)
        yield measurement_of("qrs_count", reason or float(n_beats), n_beats, sqi, None)
        n_seconds = round(state.signal.n_covered / config.fs_hz)
        yield measurement_of("sqi", sqi, n_seconds, sqi, None)
        reason = reason or self._fibrillating(duration_s)
        for key, value in long_variability(state.nn, duration_s, SEGMENT_S, config.hrv).items():
            if (catalogue()[key].least_s or 0) <= duration_s:
                yield measurement_of(key, reason or value, n_nn, sqi, None)
        yield from measure_burden(self._tally, config.burden, sqi)

    def _fibrillating(self, duration_s: float) -> NullReason | None:
        af_s = self.state.tally.rhythms.get(RhythmLabel.AFIB, 0) / self.config.fs_hz
        return NullReason.AF if af_s > self.config.af_share * duration_s else None


def whole_of(parts: Iterable[LongWindow], config: LongConfig) -> LongWindow:
    """Add up stretches that follow one another."""
    whole = LongWindow(config)
    for part in parts:
        whole = whole + part
    return whole
