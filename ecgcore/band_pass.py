"""Band-passes over a whole signal, without a shift in time."""

from functools import lru_cache

from ecgcore.types import FloatArray


@lru_cache(maxsize=64)
def band_sections(low_hz: float, high_hz: float, fs_hz: float, order: int = 2) -> FloatArray:
    """Give a Butterworth band-pass as second-order sections, shape (order, 6)."""
    # Slow to import, and not everybody who measures needs it.
    from scipy.signal import butter

    sections: FloatArray = butter(order, (low_hz, high_hz), "bandpass", fs=fs_hz, output="sos")
    return sections


def band_passed(
    values: FloatArray, band_hz: tuple[float, float], fs_hz: float, order: int = 2
) -> FloatArray:
    """Filter the last axis forward and backward."""
    from scipy.signal import sosfiltfilt

    passed: FloatArray = sosfiltfilt(band_sections(*band_hz, fs_hz, order), values)
    return passed
