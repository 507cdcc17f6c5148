"""Energy by octaves: the maximal-overlap wavelet transform with Daubechies' filter of 8 taps.

Level 1 holds the octave below half the sampling rate, each further one the octave below that. The
energies of all levels and of what is left sum up to the mean square of the signal (Percival and
Walden 2000). The signal is followed by its mirror image, so that its ends meet; the transform
itself is never formed, for its energies follow from the spectrum.
"""

import numpy as np

from ecgcore.types import FloatArray

N_LEVELS = 6


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
    # sin^2 of pi times the frequency in cycles a sample.
    y = np.sin(np.pi / n * np.arange(power.size)) ** 2
    found = np.empty(N_LEVELS + 1)
    for level in range(N_LEVELS):
        passed = power * _low_pass(y)
        found[level] = (power - passed).sum()
        # Each level's filter is the one before, at twice the frequency.
        power, y = passed, 4.0 * y * (1.0 - y)
    found[N_LEVELS] = power.sum()
    return found


def _low_pass(y: FloatArray) -> FloatArray:
    """Give what share of power the scaling filter lets through; the wavelet filter has the rest.

    Notes
    -----
    Daubechies 1988, four vanishing moments.
    """
    passed: FloatArray = (1.0 - y) ** 4 * (1.0 + y * (4.0 + y * (10.0 + 20.0 * y)))
    return passed
