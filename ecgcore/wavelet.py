"""Energy by octaves: the maximal-overlap wavelet transform with Daubechies' filter of 8 taps.

Level 1 holds the octave below half the sampling rate, each further one the octave below that. The
energies of all levels and of what is left sum up to the mean square of the signal (Percival and
Walden 2000). The signal is followed by its mirror image, so that its ends meet; the transform
itself is never formed, for its energies follow from the spectrum.
"""

import numpy as np

from ecgcore.types import FloatArray

N_LEVELS = 6
_SCALING = np.array(
    [
        *(0.23037781330885523, 0.7148465705525415, 0.6308807679295904, -0.02798376941698385),
        *(-0.18703481171888114, 0.030841381835986965, 0.032883011666982945, -0.010597401784997278),
    ]
)
"""Daubechies 1988; squares sum up to 1."""


def energies_mv2(ecg_mv: FloatArray) -> FloatArray:
    """Give the energy of each level and of what is slower than all, shape (N_LEVELS + 1,).

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n,)
        Without NaN.
    """
    whole = np.r_[ecg_mv, ecg_mv[::-1]]
    n = whole.size
    power = np.abs(np.fft.rfft(whole)) ** 2 / n**2
    # A real signal's spectrum has two sides, but for its ends.
    power[1 : (n + 1) // 2] *= 2.0
    cycles = np.arange(power.size) / n
    found = np.empty(N_LEVELS + 1)
    for level in range(N_LEVELS):
        passed = _low_pass(cycles * 2.0**level)
        found[level] = (power * (1.0 - passed)).sum()
        power = power * passed
    found[N_LEVELS] = power.sum()
    return found


def _low_pass(cycles: FloatArray) -> FloatArray:
    """Give what share of power the scaling filter lets through; the wavelet filter has the rest."""
    taps = np.arange(_SCALING.size)
    # |H|^2 by the filter's own correlation, an even function of period 1.
    own = np.correlate(_SCALING, _SCALING, "full")[_SCALING.size - 1 :]
    passed: FloatArray = 0.5 * (
        own[0] + 2.0 * np.cos(2.0 * np.pi * np.outer(cycles, taps[1:])) @ own[1:]
    )
    return passed
