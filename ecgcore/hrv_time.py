"""Heart-rate variability in the time domain (Task Force 1996), over normal intervals."""

from typing import NamedTuple

import numpy as np

from ecgcore.nn_series import NnSeries
from ecgcore.stats import median
from ecgcore.types import FloatArray, Int64Array


class TimeDomain(NamedTuple):
    """Indices of intervals and of differences of neighbours, by their catalogue keys."""

    nn_mean: float
    nn_median: float
    sdnn: float
    """Standard deviation (N - 1)."""
    rmssd: float
    ln_rmssd: float
    sdsd: float
    """Standard deviation of differences (N - 1)."""
    nn50: float
    nn20: float
    pnn50: float
    """Beyond 50 ms (strictly), as a share of the number of NN, 0 to 100."""
    pnn20: float
    cvnn: float
    cvsd: float
    nn_mad: float
    """1.4826 times the median absolute deviation."""
    nn_mcv: float
    nn_p5: float
    nn_p25: float
    nn_p75: float
    nn_p95: float
    nn_iqr: float
    nn_p95_5: float
    """From the 5th to the 95th percentile."""
    nn_skew: float
    nn_kurt: float
    """Fourth standardised moment: 3 for a Gaussian."""
    hr_sd: float
    hr_range: float


class Geometry(NamedTuple):
    """Indices of the histogram of intervals."""

    hti: float
    tinn: float
    tinn_n: float
    tinn_m: float


class Segments(NamedTuple):
    """Variability between and within segments of some minutes."""

    sdann: float
    """Standard deviation (N - 1) of their means."""
    sdnni: float
    """Mean of their standard deviations (N - 1)."""
    n: int


def time_domain(nn: NnSeries) -> TimeDomain:
    """Measure intervals; needs two, and two differences."""
    nn_ms, steps_ms = nn.nn_ms, nn.differences_ms
    mean, middle = float(nn_ms.mean()), median(nn_ms)
    deviation = nn_ms - mean
    variance = float((deviation**2).mean())
    sdnn = (variance * nn.n / (nn.n - 1)) ** 0.5
    rmssd = float(np.sqrt((steps_ms**2).mean()))
    size_ms = np.abs(steps_ms)
    nn50, nn20 = int((size_ms > 50.0).sum()), int((size_ms > 20.0).sum())
    mad = 1.4826 * median(np.abs(nn_ms - middle))
    p5, p25, p75, p95 = (float(p) for p in np.percentile(nn_ms, (5.0, 25.0, 75.0, 95.0)))
    rate = 60000.0 / nn_ms
    return TimeDomain(
        nn_mean=mean,
        nn_median=middle,
        sdnn=sdnn,
        rmssd=rmssd,
        ln_rmssd=_ln(rmssd),
        sdsd=float(steps_ms.std(ddof=1)),
        nn50=nn50,
        nn20=nn20,
        pnn50=100.0 * nn50 / nn.n,
        pnn20=100.0 * nn20 / nn.n,
        cvnn=sdnn / mean,
        cvsd=rmssd / mean,
        nn_mad=mad,
        nn_mcv=mad / middle,
        nn_p5=p5,
        nn_p25=p25,
        nn_p75=p75,
        nn_p95=p95,
        nn_iqr=p75 - p25,
        nn_p95_5=p95 - p5,
        nn_skew=_standardised(deviation, variance, 3),
        nn_kurt=_standardised(deviation, variance, 4),
        hr_sd=float(rate.std(ddof=1)),
        hr_range=float(rate.max() - rate.min()),
    )


def _ln(value: float) -> float:
    return float(np.log(value)) if value > 0.0 else float("nan")


def _standardised(deviation: FloatArray, variance: float, power: int) -> float:
    """Give a standardised moment; NaN where there is no spread beyond rounding."""
    if variance <= 1e-18 or not np.ptp(deviation):
        return float("nan")
    return float((deviation**power).mean() / variance ** (power / 2))


def geometry(nn_ms: FloatArray, bin_ms: float) -> Geometry:
    """Measure the histogram of intervals in bins that begin at 0."""
    place = np.floor(nn_ms / bin_ms).astype(np.int64)
    first = int(place.min())
    return geometry_of(first, np.bincount(place - first), bin_ms)


def geometry_of(first: int, counts: Int64Array, bin_ms: float) -> Geometry:
    """Measure a histogram, of which not all bins are empty.

    Parameters
    ----------
    first : int
        Number of the first bin of `counts`, shape (n,); bin 0 begins at 0.

    Notes
    -----
    The triangle of TINN has its apex over the fullest bin (the first of equals) and its feet in
    the middle of bins; each foot is where the squares of what is left on its side are least, inside
    the data or beyond.
    """
    apex = int(np.argmax(counts))
    left = apex - _foot(counts[apex::-1])
    right = apex + _foot(counts[apex:])
    low_ms, high_ms = ((first + foot + 0.5) * bin_ms for foot in (left, right))
    return Geometry(float(counts.sum()) / float(counts[apex]), high_ms - low_ms, low_ms, high_ms)


def _foot(counts: Int64Array) -> int:
    """Give how far from the apex (index 0) the side that fits best meets the axis."""
    # Beyond the data squares only grow once the foot is farther than the square root of 3 of them.
    at = np.arange(2 * counts.size)
    reach = at[1:, None]
    side = np.zeros(at.size)
    side[: counts.size] = counts
    triangle = counts[0] * np.maximum(1.0 - at / reach, 0.0)
    return int(np.argmin(((side - triangle) ** 2).sum(axis=1))) + 1


def segments(nn: NnSeries, duration_s: float, length_s: float, least_share: float) -> Segments:
    """Measure the whole segments of a recording that normal intervals cover well enough.

    Parameters
    ----------
    length_s : float
        Of a segment; an interval belongs to the one it ends in.
    least_share : float
        Of a segment's time, in normal intervals.
    """
    n = int(duration_s / length_s + 1e-9)
    at = np.ceil(nn.end_ms / (1e3 * length_s)).astype(np.int64) - 1
    inside = (at >= 0) & (at < n)
    at, nn_ms = at[inside], nn.nn_ms[inside]
    count = np.bincount(at, minlength=n)
    total_ms = np.bincount(at, nn_ms, minlength=n)
    good = (count >= 2) & (total_ms >= 1e3 * least_share * length_s)
    count, mean = np.maximum(count, 2), total_ms / np.maximum(count, 1)
    squares = np.bincount(at, (nn_ms - mean[at]) ** 2, minlength=n)
    deviation = np.sqrt(squares / (count - 1))
    n_good = int(good.sum())
    sdann = float(mean[good].std(ddof=1)) if n_good > 1 else float("nan")
    return Segments(sdann, float(deviation[good].mean()) if n_good else float("nan"), n_good)
