"""Recorded ECG as the signal of a simulated patch."""

import warnings
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np

from ecgcore.errors import ConfigError
from ecgcore.types import FloatArray, Int32Array, SampleIndex

# An H10 clips here.
_RANGE_UV = 20_000
_MV_PER_UNIT = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "v": 1e3}
# 360 Hz to 130 Hz is 13/36; odd rates such as 257.143 Hz still come out within a sample a day.
_LARGEST_FACTOR = 10_000
_ECG_NAMES = ("ecg", "mlii", "ii", "i", "v5", "v1")
# What wfdb's parsers run into when a file is not what its header says.
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, NotImplementedError)


class RecordReplay:
    """A WFDB record as a `Source`; after its end it starts again.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n_samples,)
        On the patch's sample grid.
    """

    def __init__(self, ecg_mv: FloatArray) -> None:
        self._ecg_uv = np.rint(1000 * ecg_mv).clip(-_RANGE_UV, _RANGE_UV).astype(np.int32)

    @property
    def n_samples(self) -> int:
        """Samples until it repeats."""
        return len(self._ecg_uv)

    def read_uv(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give samples in microvolts, shape (n_samples,)."""
        index = np.arange(start, start + n_samples) % self.n_samples
        return np.take(self._ecg_uv, index)

    def rpeaks(self, start: SampleIndex, end: SampleIndex) -> FloatArray | None:
        """Give None: a record's beats are for judging detectors, not for patches to know."""
        return None


@lru_cache(maxsize=8)
def load_record(path: Path, fs_hz: float) -> RecordReplay:
    """Read one ECG channel of a WFDB record onto a patch's sample grid.

    Missing samples are bridged with straight lines: a patch always gives a number.

    Parameters
    ----------
    path : Path
        Without extension, as WFDB names records.
    fs_hz : float
        Rate wanted; the record's may be any.

    Raises
    ------
    ConfigError
        If the record cannot be read or has no voltage channel.
    """
    ecg_mv, record_fs_hz = _read_channel(path)
    return RecordReplay(resample(_bridge_missing(ecg_mv, path), record_fs_hz, fs_hz))


def resample(ecg_mv: FloatArray, from_hz: float, to_hz: float) -> FloatArray:
    """Bring a signal to another rate with a linear-phase anti-alias filter.

    The ends are extended by their own value, so that no step rings there.
    """
    ratio = Fraction(to_hz / from_hz).limit_denominator(_LARGEST_FACTOR)
    if ratio == 1:
        return ecg_mv
    # Slow to import, too.
    from scipy.signal import resample_poly

    return np.asarray(
        resample_poly(ecg_mv, ratio.numerator, ratio.denominator, padtype="edge"), np.float64
    )


def _read_channel(path: Path) -> tuple[FloatArray, float]:
    if not path.with_name(f"{path.name}.hea").is_file():
        msg = f"record {path}: there is no {path.name}.hea"
        raise ConfigError(msg)
    with warnings.catch_warnings():
        # It makes pandas warn when it is imported; it is slow to import, too.
        warnings.simplefilter("ignore")
        import wfdb
    try:
        record = wfdb.rdrecord(str(path))
    except _UNREADABLE as error:
        msg = f"record {path}: {type(error).__name__}: {error}"
        raise ConfigError(msg.splitlines()[0]) from error
    units = [(unit or "").lower() for unit in record.units or ()]
    channel = _pick_channel(list(record.sig_name or ()), units, path)
    scale = _MV_PER_UNIT[units[channel]]
    return np.asarray(record.p_signal[:, channel], np.float64) * scale, float(record.fs)


def _pick_channel(names: list[str], units: list[str], path: Path) -> int:
    voltages = [n for n, unit in enumerate(units) if unit in _MV_PER_UNIT]
    if not voltages:
        msg = f"record {path}: none of its channels {names} is a voltage"
        raise ConfigError(msg)
    ecg = [n for n in voltages if (names[n] or "").lower() in _ECG_NAMES]
    return (ecg or voltages)[0]


def _bridge_missing(ecg_mv: FloatArray, path: Path) -> FloatArray:
    present = np.flatnonzero(np.isfinite(ecg_mv))
    if not present.size:
        msg = f"record {path}: its ECG channel has no samples"
        raise ConfigError(msg)
    return np.interp(np.arange(ecg_mv.size), present, ecg_mv[present])
