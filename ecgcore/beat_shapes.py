"""The shapes of a patient's beats: which are alike, and which of them is the normal one.

Each beat is cut out on a 125 Hz grid around its R peak and joined to the shape whose QRS it is most
alike (mean of its beats so far); shapes are few and old ones fade. The *normal* shape is the one
with most beats among those that do not come early. P and T waves of a shape are learnt from beats
on time alone, since an early one carries the T wave before it and perhaps another atrium's P.
"""

import math

import numpy as np

from ecgcore.jit import compiled
from ecgcore.types import FloatArray

GRID_HZ = 125.0
FROM_S = -0.28
N_GRID = 80
N_SHAPES = 10
N_GRIDS = 8
# QRS and T wave on the grid; what lies before is the P wave.
QRS_AT, T_AT = 22, 50
P_AT, LATE_P_AT, T_TOP_AT = 3, 12, 66
# Columns of a shape after its grid.
WEIGHT, ID, EARLY, LATE, WIDTH, SIZE = range(N_GRID, N_GRID + 6)
N_COLUMNS = N_GRID + 6
# Place of the usual interval among what `neighbours` gives.
NEAR = 14
_FADING = 0.997
_ALIKE = 0.88
_SHIFT = 3


@compiled
def on_grid(raw_mv: FloatArray, peak: int, offset: float, fs_hz: float) -> FloatArray:
    """Cut out a beat on the grid, smoothed over one grid step, its mean removed; shape (80,).

    Its R peak lies at index `peak` + `offset`.
    """
    grid = np.zeros(N_GRID)
    half = max(round(0.5 * fs_hz / GRID_HZ), 1)
    if raw_mv.size < 2:
        return grid
    for k in range(N_GRID):
        at = offset + (FROM_S + k / GRID_HZ) * fs_hz
        low = math.floor(at)
        share = at - low
        low += peak
        total = 0.0
        for j in range(-half, half + 1):
            a = min(max(low + j, 0), raw_mv.size - 1)
            b = min(max(low + j + 1, 0), raw_mv.size - 1)
            total += (1.0 - share) * raw_mv[a] + share * raw_mv[b]
        grid[k] = total / (2 * half + 1)
    return grid - np.mean(grid)


@compiled
def correlation(a: FloatArray, b: FloatArray, low: int, high: int) -> float:
    """Give the best correlation of grid steps `low` to `high` over shifts of a few of them."""
    best = -1.0
    for shift in range(-_SHIFT, _SHIFT + 1):
        first, last = max(low, low + shift), min(high, high + shift)
        n = last - first
        sx = sy = sxx = syy = sxy = 0.0
        for k in range(first, last):
            x, y = a[k], b[k - shift]
            sx += x
            sy += y
            sxx += x * x
            syy += y * y
            sxy += x * y
        power = (sxx - sx * sx / n) * (syy - sy * sy / n)
        if power > 1e-18:
            best = max(best, (sxy - sx * sy / n) / math.sqrt(power))
    return best


@compiled
def span(grid: FloatArray, low: int, high: int) -> float:
    """Give the height from lowest to highest point."""
    least = most = grid[low]
    for k in range(low, high):
        least, most = min(least, grid[k]), max(most, grid[k])
    return float(most - least)


@compiled
def width_of(grid: FloatArray) -> float:
    """Give the time in ms that holds the middle four fifths of the QRS' ups and downs."""
    total = 0.0
    for k in range(QRS_AT, T_AT):
        total += (grid[k + 1] - grid[k]) ** 2
    if total <= 0.0:
        return 100.0
    first = last = float(T_AT)
    done = 0.0
    for k in range(QRS_AT, T_AT):
        step = (grid[k + 1] - grid[k]) ** 2
        for at in (0.1, 0.9):
            if done < at * total <= done + step:
                place = k + (at * total - done) / step
                first = min(first, place)
                last = place
        done += step
    return (last - first) * 1e3 / GRID_HZ


@compiled
def learn(shapes: FloatArray, grid: FloatArray, early: float, next_id: int) -> int:
    """Join a beat to its shape, or found one in place of the weakest; give the shape's row."""
    best, row = -2.0, -1
    size = span(grid, QRS_AT, T_AT)
    for k in range(N_SHAPES):
        shapes[k, WEIGHT] *= _FADING
        if shapes[k, WEIGHT] > 0.0:
            alike = correlation(shapes[k], grid, QRS_AT, T_AT)
            ratio = size / max(shapes[k, SIZE], 1e-9)
            if alike > best and 0.5 < ratio < 2.0:
                best, row = alike, k
    width = width_of(grid)
    if best < _ALIKE:
        row = int(np.argmin(shapes[:, WEIGHT]))
        shapes[row, :N_GRID] = grid
        shapes[row, WEIGHT:] = np.array([1.0, float(next_id), early, 1.0, width, size])
        return row
    shape = shapes[row]
    shape[WEIGHT] += 1.0
    share = max(1.0 / shape[WEIGHT], 0.04)
    for k in range(N_GRID):
        if QRS_AT <= k < T_AT or 0.88 < early < 1.4:
            shape[k] += share * (grid[k] - shape[k])
    shape[EARLY] += share * (early - shape[EARLY])
    shape[WIDTH] += share * (width - shape[WIDTH])
    shape[SIZE] += share * (size - shape[SIZE])
    return row


@compiled
def normal_of(shapes: FloatArray) -> int:
    """Give the row of the patient's normal shape."""
    best, row = -1.0, 0
    for k in range(N_SHAPES):
        weight = shapes[k, WEIGHT] * (1.0 if shapes[k, EARLY] > 0.88 else 0.3)
        if weight > best:
            best, row = weight, k
    return row


@compiled
def sorted_of(values: FloatArray, low: int, high: int) -> FloatArray:
    """Give those values from `low` to `high` that are there, in order."""
    low, high = max(low, 0), min(high, values.size)
    some = np.empty(max(high - low, 0))
    n = 0
    for k in range(low, high):
        value = values[k]
        if not math.isnan(value):
            # By insertion: they are few, and a general sort costs more than it saves.
            at = n
            while at > 0 and some[at - 1] > value:
                some[at] = some[at - 1]
                at -= 1
            some[at] = value
            n += 1
    return some[:n]


@compiled
def quantile(some: FloatArray, at: float) -> float:
    """Give a quantile of values in order; NaN of none."""
    n = some.size
    return float(some[min(int(at * n), n - 1)]) if n else math.nan


@compiled
def irregularity(rr: FloatArray, low: int, high: int) -> float:
    """Give the median step from interval to interval over the median interval."""
    first, last = max(low, 1), min(high, rr.size)
    steps = np.empty(max(last - first, 0))
    for k in range(first, last):
        steps[k - first] = abs(rr[k] - rr[k - 1])
    step = quantile(sorted_of(steps, 0, steps.size), 0.5)
    return 0.0 if math.isnan(step) else step / quantile(sorted_of(rr, low, high), 0.5)


@compiled
def difference(a: FloatArray, b: FloatArray, low: int, high: int) -> float:
    """Give the least power, means removed, of what `b` differs from `a` over small shifts."""
    least = math.inf
    for shift in range(-_SHIFT, _SHIFT + 1):
        first, last = max(low, low + shift), min(high, high + shift)
        n = last - first
        s = ss = 0.0
        for k in range(first, last):
            d = a[k] - b[k - shift]
            s += d
            ss += d * d
        least = min(least, (ss - s * s / n) / n)
    return max(least, 0.0)


@compiled
def pick(rr: FloatArray, k: int, otherwise: float) -> float:
    """Give an interval, or something else where there is none."""
    return rr[k] if 0 <= k < rr.size and not math.isnan(rr[k]) else otherwise


@compiled
def hold(
    rr: FloatArray,
    ids: FloatArray,
    grids: FloatArray,
    shapes: FloatArray,
    grid: FloatArray,
    rr_s: float,
    next_id: int,
) -> int:
    """Put a beat after those kept, drop the oldest and let the shapes learn; give its shape."""
    known = np.full(12, math.nan)
    n = 0
    if not math.isnan(rr_s):
        for k in range(rr.size - 1, -1, -1):
            if n < known.size and not math.isnan(rr[k]):
                known[n] = rr[k]
                n += 1
    usual = quantile(sorted_of(known, 0, n), 0.5)
    early = min(rr_s / usual, 2.0) if n > 0 and rr_s > 0.0 else 1.0
    row = learn(shapes, grid, early, next_id)
    for k in range(rr.size - 1):
        rr[k], ids[k] = rr[k + 1], ids[k + 1]
    for k in range(N_GRIDS - 1):
        grids[k] = grids[k + 1]
    rr[-1], ids[-1] = rr_s, shapes[row, ID]
    grids[-1] = grid
    return int(shapes[row, ID])


@compiled
def neighbours(i: int, rr: FloatArray) -> FloatArray:
    """Give what the intervals around beat `i` tell: the first figures of a beat."""
    n = rr.size
    around = sorted_of(rr, i - 9, i + 6)
    near = quantile(around, 0.5)
    near = 0.8 if math.isnan(near) else near
    far = quantile(sorted_of(rr, 0, n), 0.5)
    before, after = pick(rr, i, near), pick(rr, i + 1, near)
    last, last2 = pick(rr, i - 1, near), pick(rr, i - 2, near)
    after2, after3 = pick(rr, i + 2, near), pick(rr, i + 3, near)
    early_near = early_far = 0.0
    for k in range(n):
        if rr[k] < 0.87 * near:
            early_far += 1.0 / n
            early_near += 1.0 if abs(k - i) <= 5 else 0.0
    return np.array(
        [
            before / near,
            before / far,
            before / quantile(around, 0.75),
            after / near,
            after / far,
            before / last,
            after / before,
            (before + after) / (2.0 * near),
            last / near,
            last2 / near,
            after2 / near,
            after3 / near,
            before / max(last, last2),
            min(after, after2) / before,
            near,
            near / far,
            irregularity(rr, i - 8, i + 6),
            irregularity(rr, 0, n),
            early_near,
            early_far,
        ]
    )


@compiled
def alikeness(i: int, n: int, grids: FloatArray, normal: FloatArray) -> FloatArray:
    """Give how alike the normal QRS are beat `i`, the two before it and the two after it."""
    alike = np.ones(5)
    for j, k in enumerate((0, -2, -1, 1, 2)):
        if 0 <= i + k < n:
            alike[j] = correlation(normal, grids[i + k - n], QRS_AT, T_AT)
    return alike


@compiled
def form_of(grid: FloatArray) -> tuple[float, float]:
    """Give area and greatest step of a QRS."""
    area = steep = 1e-9
    for k in range(QRS_AT, T_AT):
        area += abs(grid[k] - grid[QRS_AT])
        steep = max(steep, abs(grid[k + 1] - grid[k]))
    return area, steep


@compiled
def own_of(shapes: FloatArray, normal: int, shape_id: float) -> tuple[int, float]:
    """Give the row of the shape of this name, else the normal one's, and the weight of all."""
    own, total = normal, 0.0
    for k in range(N_SHAPES):
        total += shapes[k, WEIGHT]
        if shapes[k, WEIGHT] > 0.0 and shapes[k, ID] == shape_id:
            own = k
    return own, total


@compiled
def same_of(i: int, rr: FloatArray, ids: FloatArray, near: float) -> tuple[float, float, float]:
    """Give the share of other beats of beat `i`'s shape, and the mean intervals around them."""
    same = before = after = 0.0
    for k in range(rr.size):
        if ids[k] == ids[i] and k != i:
            same += 1.0
            before += pick(rr, k, near) / near
            after += pick(rr, k + 1, near) / near
    if same == 0.0:
        return 0.0, 1.0, 1.0
    return same / rr.size, before / same, after / same


@compiled
def qrs_of(grid: FloatArray, normal: FloatArray, own: FloatArray, total: float) -> FloatArray:
    """Give what the QRS tells, beside the normal shape and its own."""
    size = max(normal[SIZE], 1e-6)
    own_size = max(span(grid, QRS_AT, T_AT), 1e-6)
    width = width_of(grid)
    area, steep = form_of(grid)
    normal_area, normal_steep = form_of(normal)
    return np.array(
        [
            difference(normal, grid, QRS_AT, T_AT) / size**2 * 100.0,
            own_size / size,
            width / 100.0,
            width / max(normal[WIDTH], 20.0),
            own[WIDTH] / max(normal[WIDTH], 20.0),
            normal[WIDTH] / 100.0,
            area / normal_area,
            area / own_size / 10.0,
            steep / normal_steep,
            steep / own_size,
            own[WEIGHT] / max(total, 1e-9),
            1.0 if own[ID] == normal[ID] else 0.0,
            normal[WEIGHT] / max(total, 1e-9),
            correlation(normal, own, QRS_AT, T_AT),
            own[EARLY],
        ]
    )


@compiled
def waves_of(grid: FloatArray, normal: FloatArray) -> FloatArray:
    """Give what lies before and after the QRS: P wave, ST and T wave."""
    size = max(normal[SIZE], 1e-6)
    own_size = max(span(grid, QRS_AT, T_AT), 1e-6)
    p_size = span(normal, P_AT, QRS_AT)
    p_differs = math.sqrt(difference(normal, grid, P_AT, QRS_AT))
    return np.array(
        [
            correlation(normal, grid, P_AT, QRS_AT),
            p_differs / size * 10.0,
            p_differs / max(p_size, 1e-6),
            p_size / size,
            span(grid, P_AT, QRS_AT) / size,
            span(grid, LATE_P_AT, QRS_AT) / max(span(normal, LATE_P_AT, QRS_AT), 1e-6),
            correlation(normal, grid, T_AT, N_GRID - 4),
            math.sqrt(difference(normal, grid, T_AT, N_GRID - 4)) / size * 10.0,
            (grid[T_AT] - grid[QRS_AT]) / own_size,
            (grid[T_TOP_AT] - grid[QRS_AT]) / own_size,
        ]
    )


@compiled
def compare(
    i: int, rr: FloatArray, ids: FloatArray, grids: FloatArray, shapes: FloatArray
) -> FloatArray:
    """Compare beat `i` of those kept with its neighbours and with the normal shape.

    Parameters
    ----------
    rr : FloatArray, shape (n,)
        Interval before each beat, s; NaN for the first of a run.
    ids : FloatArray, shape (n,)
        Shape of each beat.
    grids : FloatArray, shape (8, 80)
        The last of the beats; beat `i` is one of the last six.

    Returns
    -------
    FloatArray, shape (n_features,)
        As `ecgcore.beat_features.FEATURES` names them.
    """
    n = rr.size
    row = normal_of(shapes)
    normal, grid = shapes[row], grids[i - n]
    own, total = own_of(shapes, row, ids[i])
    times = neighbours(i, rr)
    same = same_of(i, rr, ids, times[NEAR])
    previous = 1.0 if i == 0 else correlation(grids[i - 1 - n], grid, QRS_AT, T_AT)
    following = 1.0 if i + 1 >= n else correlation(grids[i + 1 - n], grid, QRS_AT, T_AT)
    around = np.array([same[0], same[1], same[2], previous, following])
    alike, qrs = alikeness(i, n, grids, normal), qrs_of(grid, normal, shapes[own], total)
    values = np.concatenate((times, alike, qrs, around, waves_of(grid, normal)))
    for k in range(values.size):
        values[k] = 1.0 if math.isnan(values[k]) else min(max(values[k], -6.0), 6.0)
    return values
