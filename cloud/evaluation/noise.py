"""The noise stress test: calibrated noise added to a clean record (Moody, Muldrow, Mark 1984).

The ratio is that of WFDB's ``nst``, from its manual: the signal's power is that of a sine with the
peak-to-peak amplitude of a QRS complex, a^2 / 8; the noise's is its mean square over stretches of
one second without their mean. Both are means without the lowest and the highest 5 %.
"""

from enum import StrEnum

import numpy as np

from cloud.evaluation.matching import Beats, IntArray
from ecgcore.types import FloatArray

LEVELS_DB = (24, 18, 12, 6, 0, -6)
LEARNING_S = 300.0
_QRS_S = 0.05
"""To either side of an annotated beat."""
_N_QRS = 300
_PIECE_S = 120.0


class Mode(StrEnum):
    """When there is noise."""

    CONTINUOUS = "continuous"
    """From the first sample to the last."""
    ALTERNATING = "alternating"
    """After five clean minutes, two minutes with and two without, in turn."""


def mixed(
    ecg_mv: FloatArray, noise_mv: FloatArray, beats: Beats, fs_hz: float, snr_db: float, mode: Mode
) -> FloatArray:
    """Add noise of the same rate to one lead; the noise starts anew where it ends."""
    gain = qrs_amplitude_mv(ecg_mv, beats, fs_hz) / (
        np.sqrt(8.0 * 10 ** (snr_db / 10)) * noise_rms_mv(noise_mv, fs_hz)
    )
    long_mv = gain * np.resize(noise_mv, ecg_mv.size)
    if mode is Mode.CONTINUOUS:
        return np.asarray(ecg_mv + long_mv)
    # Steps of the noise count only while it is on, so it comes and goes without a jump.
    steps_mv = np.diff(long_mv, prepend=long_mv[0])
    return np.asarray(ecg_mv + np.cumsum(np.where(noisy(ecg_mv.size, fs_hz), steps_mv, 0.0)))


def noisy(n_samples: int, fs_hz: float) -> FloatArray:
    """Say for each sample whether alternating noise is on there, as 0 or 1."""
    piece = (np.arange(n_samples) / fs_hz - LEARNING_S) // _PIECE_S
    return np.asarray((piece >= 0) & (piece % 2 == 0), float)


def qrs_amplitude_mv(ecg_mv: FloatArray, beats: Beats, fs_hz: float) -> float:
    """Give the mean peak-to-peak height of the first normal beats, or of any if there are none."""
    normal = _of_class(beats, "N") if "N" in beats.classes else beats.samples
    reach = round(_QRS_S * fs_hz)
    heights = [
        float(np.ptp(ecg_mv[sample - reach : sample + reach + 1]))
        for sample in normal[:_N_QRS].tolist()
        if reach <= sample < ecg_mv.size - reach
    ]
    return _trimmed_mean(heights)


def noise_rms_mv(noise_mv: FloatArray, fs_hz: float) -> float:
    """Give the root mean square of the noise's first five minutes, second by second."""
    second = round(fs_hz)
    n_seconds = min(noise_mv.size // second, _N_QRS)
    pieces = noise_mv[: n_seconds * second].reshape(n_seconds, second)
    return _trimmed_mean(pieces.std(axis=1).tolist())


def _of_class(beats: Beats, letter: str) -> IntArray:
    return np.asarray(beats.samples[np.array(list(beats.classes)) == letter])


def _trimmed_mean(values: list[float]) -> float:
    n_cut = len(values) // 20
    kept = sorted(values)[n_cut : len(values) - n_cut]
    if not kept or not (mean := sum(kept) / len(kept)) > 0:
        msg = "nothing to measure an amplitude of"
        raise ValueError(msg)
    return mean
