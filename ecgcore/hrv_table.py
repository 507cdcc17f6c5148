"""All indices of heart-rate variability of a stretch of intervals, each with its value or reason.

Keys and definitions are those of the biomarker catalogue (4.1 to 4.4, and the irregularity of
4.7). The table is for a window of some minutes and for a recording alike: what a
stretch is too short for is null.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ecgcore.af_irregularity import AfIrregularity, af_irregularity
from ecgcore.events import Measurement, NullReason
from ecgcore.hrv_config import EctopicPolicy, HrvConfig
from ecgcore.hrv_entropy import (
    Multiscale,
    approximate_entropy,
    fuzzy_entropy,
    multiscale_entropy,
    sample_entropy,
    shannon_entropy,
    tolerance_ms,
)
from ecgcore.hrv_fractal import (
    correlation_dimension,
    dfa_alpha,
    higuchi_dimension,
    katz_dimension,
    lempel_ziv,
)
from ecgcore.hrv_fragmentation import Fragmentation, fragmentation
from ecgcore.hrv_poincare import Asymmetry, Poincare, asymmetry, poincare
from ecgcore.hrv_reflex import (
    Capacity,
    Turbulence,
    capacity,
    deceleration_runs_pct,
    stress_index,
    turbulence,
)
from ecgcore.hrv_spectrum import (
    FrequencyDomain,
    frequency_domain,
    longest_piece_s,
    spectrum_of,
)
from ecgcore.hrv_time import Geometry, Segments, TimeDomain, geometry, segments, time_domain
from ecgcore.measured import measurement_of
from ecgcore.nn import BoolArray, is_normal
from ecgcore.nn_series import NnSeries, nn_series
from ecgcore.types import FloatArray

SEGMENTS_MIN = (1, 2, 5)


@dataclass(frozen=True)
class HrvSignal:
    """What is known of a stretch of intervals, and what several indices share."""

    rr_ms: FloatArray
    """shape (n,); NaN where none could be formed"""
    normal: BoolArray
    """shape (n,)"""
    ventricular: BoolArray
    """shape (n,)"""
    beat_ms: FloatArray | None
    duration_s: float
    config: HrvConfig

    @cached_property
    def nn(self) -> NnSeries:
        """The normal intervals, with nothing in place of others."""
        return nn_series(self.rr_ms, self.normal, self.beat_ms)

    @cached_property
    def mended(self) -> NnSeries:
        """The normal intervals, with what the policy puts in place of others."""
        if self.config.ectopic is EctopicPolicy.DROP:
            return self.nn
        return nn_series(self.rr_ms, self.normal, self.beat_ms, self.config.ectopic)

    @cached_property
    def bounded(self) -> NnSeries:
        """The first of them, as many as slow indices may rest on."""
        return self.mended.first(self.config.most_nn)

    @cached_property
    def unbroken_ms(self) -> FloatArray:
        """Their longest run."""
        return self.bounded.longest_run_ms

    @cached_property
    def has_gap(self) -> bool:
        """Whether samples were lost between intervals, or beats not trusted."""
        return bool(np.isnan(self.rr_ms[1:]).any())

    @cached_property
    def is_mostly_normal(self) -> bool:
        """Whether enough of the known intervals are normal for others to be bridged."""
        n_known = int(np.isfinite(self.rr_ms).sum())
        return self.nn.n >= self.config.least.normal_share * n_known

    @cached_property
    def short_of(self) -> NullReason | None:
        """Why nothing can be said of intervals and differences, if so."""
        least = self.config.least
        if self.duration_s < least.short_s:
            return NullReason.TOO_SHORT
        few = min(self.nn.n, self.nn.differences_ms.size + 1) < least.short_nn
        return NullReason.TOO_FEW_BEATS if few else None

    @cached_property
    def tolerance_ms(self) -> float:
        """How far apart intervals of words that agree may be."""
        return tolerance_ms(self.bounded.nn_ms, self.config.entropy_r_sd)

    @cached_property
    def time(self) -> TimeDomain:
        """Indices of intervals and differences."""
        return time_domain(self.nn)

    @cached_property
    def geometry(self) -> Geometry:
        """Indices of the histogram."""
        return geometry(self.nn.nn_ms, self.config.histogram_bin_ms)

    @cached_property
    def poincare(self) -> Poincare:
        """Indices of the Poincaré plot."""
        return poincare(self.nn)

    @cached_property
    def asymmetry(self) -> Asymmetry:
        """What lengthenings and shortenings contribute."""
        return asymmetry(self.nn)

    @cached_property
    def fragmentation(self) -> Fragmentation:
        """How often intervals turn."""
        return fragmentation(self.nn)

    @cached_property
    def piece_s(self) -> float:
        """Length of the longest piece a spectrum can rest on."""
        return longest_piece_s(self.mended, self.config)

    @cached_property
    def frequency(self) -> FrequencyDomain | None:
        """Powers of the bands."""
        spectrum = spectrum_of(self.mended, self.config)
        return spectrum and frequency_domain(spectrum, self.config)

    @cached_property
    def multiscale(self) -> Multiscale:
        """Entropies over scales."""
        config = self.config
        return multiscale_entropy(self.bounded, config.entropy_m, self.tolerance_ms, config.scales)

    @cached_property
    def capacity(self) -> Capacity:
        """Phase-rectified averages."""
        return capacity(self.nn, self.config.prsa_most_change)

    @cached_property
    def deceleration_runs_pct(self) -> tuple[float, ...]:
        """How many lengthenings follow one another."""
        return deceleration_runs_pct(self.nn)

    @cached_property
    def turbulence(self) -> Turbulence:
        """The answer to premature beats."""
        return turbulence(self.rr_ms, self.normal, self.ventricular)

    @cached_property
    def irregularity(self) -> AfIrregularity:
        """How irregular all intervals are, or the first of them."""
        return af_irregularity(self.rr_ms[: self.config.most_nn])

    def segments(self, minutes: int) -> Segments:
        """Give the variability between and within segments."""
        share = self.config.least.segment_share
        return segments(self.nn, self.duration_s, 60.0 * minutes, share)


Outcome = tuple[float, int] | NullReason
"""A value with the intervals behind it, or why there is none."""


class HrvIndex(NamedTuple):
    """One row of the table."""

    key: str
    measure: Callable[[HrvSignal], Outcome]

    def of(self, signal: HrvSignal, sqi: float) -> Measurement:
        """Measure a stretch; what is not a finite number is not given."""
        outcome = self.measure(signal)
        if not isinstance(outcome, NullReason) and not np.isfinite(outcome[0]):
            outcome = NullReason.NOT_APPLICABLE
        value, n = (outcome, 0) if isinstance(outcome, NullReason) else outcome
        return measurement_of(self.key, value, n, sqi, None)


class HrvWindow(NamedTuple):
    """One window of a recording."""

    start_ms: float
    """From the beat the first interval begins with."""
    measurements: tuple[Measurement, ...]


def measure_hrv(
    rr_ms: FloatArray,
    normal: BoolArray | None = None,
    config: HrvConfig | None = None,
    *,
    ventricular: BoolArray | None = None,
    beat_ms: FloatArray | None = None,
    duration_s: float | None = None,
    sqi: float = 1.0,
) -> tuple[Measurement, ...]:
    """Give every row of the table for one stretch of intervals, in the table's order.

    Parameters
    ----------
    rr_ms : FloatArray, shape (n,)
        Interval that ends with each beat; NaN where samples were lost or a beat is not trusted.
    normal : BoolArray, shape (n,)
        Which of them lie between two normal beats in sinus rhythm; without it, those near their
        local median.
    ventricular : BoolArray, shape (n,)
        Which beats are ventricular, for turbulence; without it none is.
    beat_ms : FloatArray, shape (n,)
        When each interval ends; without it lost time counts as none.
    duration_s : float
        Length of the stretch; without it the time of its intervals and one more at either end.
    """
    config = config or HrvConfig()
    rr_ms = np.asarray(rr_ms, float)
    if normal is None:
        normal = is_normal(rr_ms, config.nn_reject)
    if ventricular is None:
        ventricular = np.zeros(rr_ms.size, bool)
    if duration_s is None:
        duration_s = _duration_s(rr_ms, beat_ms)
    normal = normal & np.isfinite(rr_ms)
    signal = HrvSignal(rr_ms, normal, ventricular, beat_ms, duration_s, config)
    return tuple(index.of(signal, sqi) for index in HRV_INDICES)


def measure_hrv_windows(
    rr_ms: FloatArray,
    normal: BoolArray,
    beat_ms: FloatArray,
    config: HrvConfig | None = None,
    *,
    ventricular: BoolArray | None = None,
) -> tuple[HrvWindow, ...]:
    """Give the table for each whole window of a recording.

    An interval belongs to the windows it lies in as a whole.
    """
    config = config or HrvConfig()
    if not rr_ms.size:
        return ()
    lengths_ms = np.where(np.isfinite(rr_ms), rr_ms, 0.0)
    end_ms = beat_ms - beat_ms[0] + lengths_ms[0]
    begin_ms = end_ms - lengths_ms
    found = []
    for k in range(int((end_ms[-1] / 1e3 - config.window_s) // config.step_s) + 1):
        start_ms = 1e3 * k * config.step_s
        first = int(np.searchsorted(begin_ms, start_ms))
        last = int(np.searchsorted(end_ms, start_ms + 1e3 * config.window_s, side="right"))
        measured = measure_hrv(
            rr_ms[first:last],
            normal[first:last],
            config,
            ventricular=None if ventricular is None else ventricular[first:last],
            beat_ms=beat_ms[first:last],
            duration_s=config.window_s,
        )
        found.append(HrvWindow(start_ms, measured))
    return tuple(found)


def _duration_s(rr_ms: FloatArray, beat_ms: FloatArray | None) -> float:
    known_ms = rr_ms[np.isfinite(rr_ms)]
    if not known_ms.size:
        return 0.0
    ends_ms = 2.0 * float(known_ms.mean())
    if beat_ms is None:
        return (float(known_ms.sum()) + ends_ms) / 1e3
    first_ms = float(rr_ms[0]) if np.isfinite(rr_ms[0]) else 0.0
    return (float(beat_ms[-1] - beat_ms[0]) + first_ms + ends_ms) / 1e3


Value = Callable[[HrvSignal], float]


def _of_nn(value: Value) -> Callable[[HrvSignal], Outcome]:
    """Rests on normal intervals and their differences."""

    def measure(signal: HrvSignal) -> Outcome:
        return signal.short_of or (value(signal), signal.nn.n)

    return measure


def _within_segments(minutes: int) -> Callable[[HrvSignal], Outcome]:
    def measure(signal: HrvSignal) -> Outcome:
        if signal.duration_s < 60.0 * minutes * signal.config.least.n_segments:
            return NullReason.TOO_SHORT
        found = signal.segments(minutes)
        if found.n < signal.config.least.n_segments:
            return NullReason.TOO_FEW_BEATS
        return found.sdnni, signal.nn.n

    return measure


def _between_segments(minutes: int) -> Callable[[HrvSignal], Outcome]:
    def measure(signal: HrvSignal) -> Outcome:
        if signal.duration_s < signal.config.least.long_s:
            return NullReason.TOO_SHORT
        found = signal.segments(minutes)
        if found.n < signal.config.least.n_segments:
            return NullReason.TOO_FEW_BEATS
        return found.sdann, signal.nn.n

    return measure


def _of_spectrum(
    value: Callable[[FrequencyDomain], float], least_s: Callable[[HrvConfig], float]
) -> Callable[[HrvSignal], Outcome]:
    """Rests on a piece of `least_s`."""

    def measure(signal: HrvSignal) -> Outcome:
        needed_s = least_s(signal.config)
        if signal.duration_s < needed_s:
            return NullReason.TOO_SHORT
        if not signal.is_mostly_normal:
            return NullReason.TOO_FEW_BEATS
        if signal.piece_s < needed_s or signal.frequency is None:
            return NullReason.GAP if signal.has_gap else NullReason.TOO_FEW_BEATS
        return value(signal.frequency), signal.nn.n

    return measure


def _of_row(
    value: Value, least_nn: Callable[[HrvConfig], int], count: Callable[[HrvSignal], int]
) -> Callable[[HrvSignal], Outcome]:
    """Rests on `least_nn` intervals of those that `count` counts."""

    def measure(signal: HrvSignal) -> Outcome:
        is_patched = signal.config.ectopic is not EctopicPolicy.DROP
        if is_patched and not signal.is_mostly_normal:
            return NullReason.TOO_FEW_BEATS
        n = count(signal)
        if n < least_nn(signal.config):
            return NullReason.TOO_FEW_BEATS
        return value(signal), n

    return measure


def _of_words(value: Value) -> Callable[[HrvSignal], Outcome]:
    return _of_row(value, lambda config: config.least.entropy_nn, lambda signal: signal.bounded.n)


def _of_run(value: Callable[[FloatArray, HrvConfig], float]) -> Callable[[HrvSignal], Outcome]:
    return _of_row(
        lambda signal: value(signal.unbroken_ms, signal.config),
        lambda config: config.least.entropy_nn,
        lambda signal: signal.unbroken_ms.size,
    )


def _of_scales(value: Value, n_rows: Callable[[int], float]) -> Callable[[HrvSignal], Outcome]:
    """Rests on enough intervals at the longest scale, whose rows together weigh like `n_rows`."""
    return _of_row(
        value,
        lambda config: round(config.least.scale_nn * config.scales / n_rows(config.scales)),
        lambda signal: signal.bounded.n,
    )


def _of_boxes(sizes: Callable[[HrvConfig], tuple[int, int]]) -> Callable[[HrvSignal], Outcome]:
    measure = _of_row(
        lambda signal: dfa_alpha(signal.mended, *sizes(signal.config)),
        lambda config: config.least.dfa_nn,
        lambda signal: signal.mended.n,
    )

    def measure_boxes(signal: HrvSignal) -> Outcome:
        outcome = measure(signal)
        is_level = not np.ptp(signal.mended.nn_ms) if signal.mended.n else True
        if isinstance(outcome, NullReason) or np.isfinite(outcome[0]) or is_level:
            return outcome
        return NullReason.TOO_FEW_BEATS

    return measure_boxes


def _of_prsa(value: Value, n: Callable[[HrvSignal], int]) -> Callable[[HrvSignal], Outcome]:
    def measure(signal: HrvSignal) -> Outcome:
        if signal.duration_s < signal.config.least.prsa_s:
            return NullReason.TOO_SHORT
        if signal.short_of or not n(signal):
            return NullReason.TOO_FEW_BEATS
        return value(signal), n(signal)

    return measure


def _of_turbulence(value: Callable[[Turbulence], float]) -> Callable[[HrvSignal], Outcome]:
    def measure(signal: HrvSignal) -> Outcome:
        found = signal.turbulence
        if found.n < signal.config.least.turbulence_pvcs:
            return NullReason.TOO_FEW_BEATS
        return value(found), found.n

    return measure


def _of_all(value: Callable[[AfIrregularity], float]) -> Callable[[HrvSignal], Outcome]:
    """Rests on all intervals, normal or not."""

    def measure(signal: HrvSignal) -> Outcome:
        n = int(np.isfinite(signal.rr_ms[: signal.config.most_nn]).sum())
        if n < signal.config.least.short_nn:
            return NullReason.TOO_FEW_BEATS
        return value(signal.irregularity), n

    return measure


def _field(part: str, key: str) -> Value:
    return lambda signal: float(getattr(getattr(signal, part), key))


def _rows(
    part: str, keys: str, rule: Callable[[Value], Callable[[HrvSignal], Outcome]]
) -> list[HrvIndex]:
    """Give the rows of a family, whose keys are the names of its fields."""
    return [HrvIndex(key, rule(_field(part, key))) for key in keys.split()]


def _spectral(key: str, least_s: Callable[[HrvConfig], float]) -> HrvIndex:
    return HrvIndex(key, _of_spectrum(lambda found: float(getattr(found, key)), least_s))


def _lf_s(config: HrvConfig) -> float:
    return config.least.lf_s


def _hf_s(config: HrvConfig) -> float:
    return config.least.hf_s


def _vlf_s(config: HrvConfig) -> float:
    return config.least.vlf_s


def _long_s(config: HrvConfig) -> float:
    return config.least.long_s


def _deceleration_run(place: int) -> Callable[[HrvSignal], Outcome]:
    return _of_prsa(lambda signal: signal.deceleration_runs_pct[place], lambda signal: signal.nn.n)


HRV_INDICES: tuple[HrvIndex, ...] = (
    *_rows(
        "time",
        "nn_mean nn_median sdnn rmssd ln_rmssd sdsd nn50 nn20 pnn50 pnn20 cvnn cvsd nn_mad nn_mcv "
        "nn_p5 nn_p25 nn_p75 nn_p95 nn_iqr nn_p95_5 nn_skew nn_kurt hr_sd hr_range",
        _of_nn,
    ),
    *(HrvIndex(f"sdann{minutes}", _between_segments(minutes)) for minutes in SEGMENTS_MIN),
    *(HrvIndex(f"sdnni{minutes}", _within_segments(minutes)) for minutes in SEGMENTS_MIN),
    *_rows("geometry", "hti tinn tinn_n tinn_m", _of_nn),
    _spectral("ulf", _long_s),
    _spectral("vlf", _vlf_s),
    _spectral("lf", _lf_s),
    _spectral("hf", _hf_s),
    _spectral("vhf", _hf_s),
    _spectral("tp", _lf_s),
    _spectral("lf_nu", _lf_s),
    _spectral("hf_nu", _lf_s),
    _spectral("lf_n", _lf_s),
    _spectral("hf_n", _lf_s),
    _spectral("lf_hf", _lf_s),
    _spectral("lf_peak", _lf_s),
    _spectral("hf_peak", _hf_s),
    _spectral("ln_hf", _hf_s),
    _spectral("ln_lf", _lf_s),
    _spectral("beta_slope", _long_s),
    *_rows(
        "poincare",
        "sd1 sd2 sd1_sd2 poincare_s csi cvi csi_mod",
        _of_nn,
    ),
    HrvIndex(
        "apen",
        _of_words(lambda s: approximate_entropy(s.bounded, s.config.entropy_m, s.tolerance_ms)),
    ),
    HrvIndex(
        "sampen",
        _of_words(lambda s: sample_entropy(s.bounded, s.config.entropy_m, s.tolerance_ms)),
    ),
    HrvIndex(
        "fuzzyen",
        _of_words(lambda s: fuzzy_entropy(s.bounded, s.config.entropy_m, s.tolerance_ms)),
    ),
    HrvIndex(
        "shannon_rr",
        _of_words(lambda s: shannon_entropy(s.bounded.nn_ms, s.config.histogram_bin_ms)),
    ),
    HrvIndex("mse", _of_scales(_field("multiscale", "mse"), lambda scales: 1.0)),
    HrvIndex("cmse", _of_scales(_field("multiscale", "cmse"), lambda scales: 1.0)),
    HrvIndex("rcmse", _of_scales(_field("multiscale", "rcmse"), lambda scales: scales**0.5)),
    HrvIndex("dfa_a1", _of_boxes(lambda config: config.dfa_short)),
    HrvIndex("dfa_a2", _of_boxes(lambda config: config.dfa_long)),
    HrvIndex("corr_dim", _of_run(lambda x, config: correlation_dimension(x, config.correlation_m))),
    HrvIndex("hfd", _of_run(lambda x, config: higuchi_dimension(x, config.higuchi_k))),
    HrvIndex("kfd", _of_run(lambda x, config: katz_dimension(x))),
    HrvIndex("lzc", _of_run(lambda x, config: lempel_ziv(x))),
    *_rows(
        "asymmetry",
        "hra_gi hra_si hra_ai hra_pi c1d c1a sd1d sd1a c2d c2a sd2d sd2a cd ca",
        _of_nn,
    ),
    *_rows(
        "fragmentation",
        "frag_pip frag_ials frag_pss frag_pas",
        _of_nn,
    ),
    HrvIndex("hrt_to", _of_turbulence(lambda found: found.hrt_to)),
    HrvIndex("hrt_ts", _of_turbulence(lambda found: found.hrt_ts)),
    HrvIndex("hrt_tt", _of_turbulence(lambda found: found.hrt_tt)),
    HrvIndex("hrt_class", _of_turbulence(lambda found: found.hrt_class)),
    HrvIndex("dc", _of_prsa(_field("capacity", "dc"), lambda s: s.capacity.n_dc)),
    HrvIndex("ac", _of_prsa(_field("capacity", "ac"), lambda s: s.capacity.n_ac)),
    HrvIndex("decel_runs_2", _deceleration_run(0)),
    HrvIndex("decel_runs_4", _deceleration_run(1)),
    HrvIndex("decel_runs_8", _deceleration_run(2)),
    HrvIndex(
        "stress_index",
        _of_nn(lambda s: stress_index(s.nn.nn_ms, s.config.stress_bin_ms)),
    ),
    HrvIndex("af_cosen", _of_all(lambda found: found.af_cosen)),
    HrvIndex("af_nrmssd", _of_all(lambda found: found.af_nrmssd)),
    HrvIndex("af_tpr", _of_all(lambda found: found.af_tpr)),
    HrvIndex("af_shannon", _of_all(lambda found: found.af_shannon)),
)
