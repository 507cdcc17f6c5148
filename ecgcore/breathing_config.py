"""How breathing is told from the ECG: the parameters one may set."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BreathingConfig:
    """All parameters of breathing and of its coupling with the heart."""

    low_hz: float = 0.1
    high_hz: float = 0.5
    """Breathing is looked for between these, and below `most_of_rate` times the heart rate."""
    most_of_rate: float = 0.45
    window_s: float = 60.0
    """Length of the windows that are judged one by one; they overlap by half."""
    least_s: float = 60.0
    """A shorter stretch of beats is no window. In 60 s one of 100 rows of noise alone, the same in
    amplitude and area, has a rate; in 30 to 50 s it is six to eleven."""
    resample_hz: float = 4.0
    apart_hz: float = 0.04
    """A modulation agrees whose own peak lies so near to that of all three together."""
    least_agreeing: int = 2
    """Of the three."""
    around_hz: float = 0.04
    least_share: float = 0.45
    """Of the power, at the least, within `around_hz` of the peak of all three."""
    least_windows: float = 0.3
    """Share of the windows that must agree."""
    usual_share: float = 0.8
    """Of the beats of a window; others are no measure of breathing."""
    hole_s: float = 5.0
    """A longer time without a usual beat is not reached across."""
    breath_band: tuple[float, float] = (0.7, 1.4)
    """Of the breathing rate: what of the NN intervals counts as sinus arrhythmia."""
    coupling_resample_hz: float = 2.0
    coupling_window_s: float = 512.0
    coupling_segment_s: float = 256.0
    """Cross-spectra of a window are averaged over segments of this length (Thomas 2005)."""
    cyclic_least_s: float = 1800.0
    cyclic_width_s: tuple[float, float] = (10.0, 120.0)
    """Of a dip of the NN intervals at half its depth."""
    cyclic_steepness_ms_s: float = 0.7
    """Depth over width of a dip, at the least."""
    cyclic_apart_s: tuple[float, float] = (25.0, 130.0)
    """From one dip to the next."""
    cyclic_in_row: int = 4
    """Dips so many in a row are cyclic (all four limits: Hayano 2011)."""
    least_beats: int = 10
    """For the modulation of R alone."""
