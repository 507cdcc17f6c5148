"""A lead between its samples, so that beats can be laid over each other at their exact places."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ecgcore.types import FloatArray, Int64Array

_REACH = 4
"""Samples on either side that a value between two of them rests on; further ones weigh < 1 %."""


@dataclass(frozen=True)
class SmoothLead:
    """The cubic spline through the samples of one lead."""

    ecg_mv: FloatArray
    """shape (n,); NaN where there is no sample"""

    def at(self, places: FloatArray) -> FloatArray:
        """Give the signal at places with fractions, of any shape.

        NaN outside the signal, and where one of the samples around it is missing.
        """
        from scipy.ndimage import map_coordinates

        found: FloatArray = map_coordinates(
            self._coefficients, [places.ravel()], order=3, prefilter=False, mode="mirror"
        ).reshape(places.shape)
        last = self.ecg_mv.size - 1
        found[(places < 0.0) | (places > last)] = np.nan
        if self._n_missing[-1]:
            left = np.clip(places.astype(np.int64), 0, last)
            first, end = np.maximum(left + 1 - _REACH, 0), np.minimum(left + 1 + _REACH, last + 1)
            found[self._n_missing[end] > self._n_missing[first]] = np.nan
        return found

    @cached_property
    def _coefficients(self) -> FloatArray:
        from scipy.ndimage import spline_filter1d

        coefficients: FloatArray = spline_filter1d(filled(self.ecg_mv), order=3, mode="mirror")
        return coefficients

    @cached_property
    def _n_missing(self) -> Int64Array:
        """How many samples are missing before each."""
        before: Int64Array = np.r_[0, np.cumsum(np.isnan(self.ecg_mv))].astype(np.int64)
        return before


def filled(ecg_mv: FloatArray) -> FloatArray:
    """Give a lead, shape (n,), with lines across its missing samples; zeros if all are missing."""
    is_missing = np.isnan(ecg_mv)
    if not is_missing.any():
        return ecg_mv
    if is_missing.all():
        return np.zeros(ecg_mv.size)
    at = np.arange(ecg_mv.size)
    return np.interp(at, at[~is_missing], ecg_mv[~is_missing])
