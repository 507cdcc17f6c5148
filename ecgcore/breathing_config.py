"""How breathing is told from the ECG: the parameters one may set."""

from dataclasses import dataclass

from ecgcore.limits import Count, Factor, Hertz, PerSecond, Seconds, Share, Stretch


@dataclass(frozen=True, slots=True)
class BreathingConfig:
    """All parameters of breathing and of its coupling with the heart."""

    low_hz: Hertz = 0.1
    high_hz: Hertz = 0.5
    """Breathing is looked for between these, and below `most_of_rate` times the heart rate."""
    most_of_rate: Share = 0.45
    window_s: Stretch = 60.0
    """Length of the windows that are judged one by one; they overlap by half."""
    least_s: Stretch = 60.0
    """A shorter stretch of beats is no window. In 60 s one of 100 rows of noise alone, the same in
    amplitude and area, has a rate; in 30 to 50 s it is six to eleven."""
    resample_hz: PerSecond = 4.0
    apart_hz: Hertz = 0.04
    """A modulation agrees whose own peak lies so near to that of all three together."""
    least_agreeing: Count = 2
    """Of the three."""
    around_hz: Hertz = 0.04
    least_share: Share = 0.45
    """Of the power, at the least, within `around_hz` of the peak of all three."""
    least_windows: Share = 0.3
    """Share of the windows that must agree."""
    usual_share: Share = 0.8
    """Of the beats of a window; others are no measure of breathing."""
    hole_s: Seconds = 5.0
    """A longer time without a usual beat is not reached across."""
    breath_band: tuple[Factor, Factor] = (0.7, 1.4)
    """Of the breathing rate: what of the NN intervals counts as sinus arrhythmia."""
    coupling_resample_hz: PerSecond = 2.0
    coupling_window_s: Stretch = 512.0
    coupling_segment_s: Stretch = 256.0
    """Cross-spectra of a window are averaged over segments of this length (Thomas 2005)."""
    cyclic_least_s: Seconds = 1800.0
    cyclic_width_s: tuple[Seconds, Seconds] = (10.0, 120.0)
    """Of a dip of the NN intervals at half its depth."""
    cyclic_steepness_ms_s: Factor = 0.7
    """Depth over width of a dip, at the least."""
    cyclic_apart_s: tuple[Seconds, Seconds] = (25.0, 130.0)
    """From one dip to the next."""
    cyclic_in_row: Count = 4
    """Dips so many in a row are cyclic (all four limits: Hayano 2011)."""
    least_beats: Count = 10
    """For the modulation of R alone."""
