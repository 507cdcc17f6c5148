"""How the dynamics of repolarisation are measured: the parameters one may set."""

from dataclasses import dataclass

from ecgcore.limits import (
    Count,
    Divisor,
    Factor,
    Hertz,
    Many,
    Microvolts,
    Milliseconds,
    PerMinute,
    PerSecond,
    Seconds,
    Share,
    Step,
    Stretch,
)


@dataclass(frozen=True, slots=True)
class DynamicsConfig:
    """All parameters of QT variability, of QT against rate, and of alternans."""

    grid_s: Step = 0.006
    """T waves are compared at places so far apart."""
    margin_s: Seconds = 0.04
    """Of signal behind the end of T that is compared as well."""
    least_fit: Share = 0.9
    """Correlation of a beat's T wave with the stretched template; below, the beat has no QT."""
    most_stretch: Share = 0.25
    """A T wave that needs more is another wave."""
    rounds: Count = 3
    """Of the search for the stretch."""
    variability_fs_hz: Hertz = 300.0
    least_qt: Count = 30
    """Beats, for sdqt, qtvi and stv_qt."""
    least_clear: Factor = 10.0
    """T over the noise, for these; at 10 white noise alone makes an sdqt of 2.5 ms."""
    block: Count = 30
    """Differences of successive QT that one stv_qt is the mean of."""
    least_spread: Count = 10
    """Beats, for the spread of Tpe and ST."""
    hysteresis_s: Seconds = 120.0
    """QT has done 90 % of its way so long after a change of rate."""
    warm_up_s: Seconds = 60.0
    """Beats so soon after a start or a gap have no known past."""
    rate_least_s: Seconds = 300.0
    least_pairs: Count = 100
    """QT and RR of a beat, for slope, R2 and lag."""
    least_rr_span_ms: Milliseconds = 50.0
    """Of the filtered RR (95th less 5th percentile); less tells nothing of QT against rate."""
    lag_s: tuple[Seconds, Seconds] = (5.0, 300.0)
    """The lag is looked for between these; at either end there is none."""
    n_lags: Many = 60
    lag_least_r2: Share = 0.5
    alternans_after_j_s: Seconds = 0.06
    most_noise_uv: Microvolts = 20.0
    """More hides alternans, in a lead for the moving average, in ST and T of a beat for both."""
    smooth_s: Seconds = 0.04
    """Width of the window (Hann) that ST and T are smoothed with before alternans."""
    mma_block_s: Stretch = 15.0
    mma_most_rate: PerMinute = 125.0
    """Beats a minute."""
    mma_share: Divisor = 8.0
    mma_limits_uv: tuple[Microvolts, Microvolts] = (1.0, 32.0)
    """A template moves towards a beat by the difference over `mma_share`, but by this much."""
    mma_usual_share: Share = 0.8
    """Of the beats of a block."""
    spectral_beats: Many = 128
    spectral_step: Count = 32
    """Beats from one window to the next."""
    spectral_usual_share: Share = 0.9
    """Of the beats of a window; the mean of the like-numbered stands in for the others."""
    spectral_noise: tuple[Factor, Factor] = (0.44, 0.49)
    """Cycles a beat."""
    spectral_least_k: Factor = 3.0
    qrs_least_beats: Count = 10
    qrs_least_errors: Factor = 3.0
    """Standard errors that the difference must be to be one."""
    qrs_grid_s: Step = 0.001
    qrs_reach_s: Seconds = 0.06
    """The QRS is looked for so far on either side of R."""
    vector_least_s: Seconds = 300.0
    vector_window_s: Stretch = 120.0
    """Of Welch's spectrum."""
    vector_most_hz: Hertz = 0.1
    vector_resample_hz: PerSecond = 2.0
    vector_hole_s: Seconds = 3.0
