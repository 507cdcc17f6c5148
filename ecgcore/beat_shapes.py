"""The shapes of a patient's beats: which are alike, and which of them is the normal one.

Each beat is cut out on a 125 Hz grid around its R peak and joined to the shape whose QRS it is most
alike (mean of its beats so far); shapes are few and old ones fade. The *normal* shape is the one
with most beats among those that do not come early. P and T waves of a shape are learnt from beats
on time alone, since an early one carries the T wave before it and perhaps another atrium's P.

Shapes and the last few beats lie in one array, a row each: the shapes, then the beats, the newest
last.
"""

import math

import numpy as np

from ecgcore.jit import compiled
from ecgcore.types import FloatArray

GRID_HZ = 125.0
FROM_S = -0.28
N_GRID = 80
N_SHAPES = 10
N_ROWS = N_SHAPES + 8
# QRS and T wave on the grid; what lies before is the P wave.
QRS_AT, T_AT, T_END = 22, 50, 76
P_AT, LATE_P_AT, T_TOP_AT = 3, 12, 66
# Columns after the grid: how many beats a shape stands for (1 in the row of a beat, 0 where there
# is none), its name, the mean share of the usual interval before them, width (ms) and height of the
# QRS; of a beat also how alike it is to the one before.
WEIGHT, ID, EARLY, WIDTH, SIZE, ALIKE = range(N_GRID, N_GRID + 6)
N_COLUMNS = N_GRID + 6
# Places in the figures of a beat.
_ALIKE_AT, _QRS_AT, _NEIGHBOURS_AT, _WAVES_AT = 20, 25, 43, 45
_FADING = 0.997
_ALIKE = 0.88
_ON_TIME = 0.88
_SHIFT = 3


def no_shapes() -> FloatArray:
    """Give the array before the first beat."""
    memory = np.zeros((N_ROWS, N_COLUMNS))
    memory[:, ID] = -1.0
    return memory


@compiled
def cut_out(raw_mv: FloatArray, peak: int, offset: float, fs_hz: float, beat: FloatArray) -> None:
    """Put a beat on the grid, smoothed over one grid step, its mean removed.

    Its R peak lies at index `peak` + `offset`; beyond the samples the first or last goes on.
    """
    half, last = max(round(0.5 * fs_hz / GRID_HZ), 1), raw_mv.size - 1
    mean = 0.0
    for k in range(N_GRID):
        at = offset + (FROM_S + k / GRID_HZ) * fs_hz
        floor = math.floor(at)
        first, share = peak + floor - half, at - floor
        end = first + 2 * half + 1
        total = 0.0
        if last > 0:
            total = (1.0 - share) * raw_mv[min(max(first, 0), last)]
            total += share * raw_mv[min(max(end, 0), last)]
            for j in range(first + 1, end):
                total += raw_mv[min(max(j, 0), last)]
        beat[k] = total / (2 * half + 1)
        mean += beat[k] / N_GRID
    for k in range(N_GRID):
        beat[k] -= mean


@compiled
def likeness(a: FloatArray, b: FloatArray, low: int, high: int) -> tuple[float, float]:
    """Compare grid steps `low` to `high` over shifts of a few of them.

    Gives the best correlation, and the least mean power of the difference without its mean.
    """
    # Sums, and of squares, of what stays of `a` and `b` when it lies late or soon: first of the
    # middle that no shift leaves out, then step by step of more.
    x = xx = y = yy = 0.0
    for k in range(low + _SHIFT, high - _SHIFT):
        x, xx, y, yy = x + a[k], xx + a[k] * a[k], y + b[k], yy + b[k] * b[k]
    x_late, xx_late, y_late, yy_late = x, xx, y, yy
    x_soon, xx_soon, y_soon, yy_soon = x, xx, y, yy
    for k in range(_SHIFT):
        i, j = low + k, high - 1 - k
        x_soon, xx_soon, y_soon, yy_soon = _more(x_soon, xx_soon, y_soon, yy_soon, a[i], b[i])
        x_late, xx_late, y_late, yy_late = _more(x_late, xx_late, y_late, yy_late, a[j], b[j])
    best, least = -1.0, math.inf
    products = _products(a, b, low, high)
    for shift in range(_SHIFT, -1, -1):
        if shift < _SHIFT:
            i, j = low + shift, high - 1 - shift
            x_late, xx_late, y_late, yy_late = _more(x_late, xx_late, y_late, yy_late, a[i], b[i])
            x_soon, xx_soon, y_soon, yy_soon = _more(x_soon, xx_soon, y_soon, yy_soon, a[j], b[j])
        part = 1.0 / (high - low - shift)
        late, soon = products[_SHIFT + shift], products[_SHIFT - shift]
        alike, differs = _alike(part, x_late, xx_late, y_soon, yy_soon, late)
        best, least = max(best, alike), min(least, differs)
        alike, differs = _alike(part, x_soon, xx_soon, y_late, yy_late, soon)
        best, least = max(best, alike), min(least, differs)
    return best, max(least, 0.0)


@compiled
def _products(a: FloatArray, b: FloatArray, low: int, high: int) -> tuple[float, ...]:
    """Give the sums of products for each shift: side by side, which takes the time of one."""
    p0 = p1 = p2 = p3 = m1 = m2 = m3 = 0.0
    for k in range(low, high - _SHIFT):
        x, y = a[k], b[k]
        p0 += x * y
        p1 += a[k + 1] * y
        p2 += a[k + 2] * y
        p3 += a[k + 3] * y
        m1 += x * b[k + 1]
        m2 += x * b[k + 2]
        m3 += x * b[k + 3]
    i, j, k = high - 3, high - 2, high - 1
    p0 += a[i] * b[i] + a[j] * b[j] + a[k] * b[k]
    p1 += a[j] * b[i] + a[k] * b[j]
    m1 += a[i] * b[j] + a[j] * b[k]
    return m3, m2 + a[i] * b[k], m1, p0, p1, p2 + a[k] * b[i], p3


@compiled
def _more(
    x: float, xx: float, y: float, yy: float, a: float, b: float
) -> tuple[float, float, float, float]:
    return x + a, xx + a * a, y + b, yy + b * b


@compiled
def _alike(part: float, x: float, xx: float, y: float, yy: float, xy: float) -> tuple[float, float]:
    """Give correlation and mean power of the difference from sums of 1 / `part` steps."""
    power_x, power_y, common = xx - x * x * part, yy - y * y * part, xy - x * y * part
    power = power_x * power_y
    correlation = common / math.sqrt(power) if power > 1e-18 else -1.0
    return correlation, (power_x + power_y - 2.0 * common) * part


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
def learn(memory: FloatArray, early: float) -> int:
    """Join the last beat to its shape, or found one in place of the weakest; give its row."""
    beat = memory[-1]
    best, row, weakest, newest = -2.0, -1, 0, -1.0
    for k in range(N_SHAPES):
        shape = memory[k]
        shape[WEIGHT] *= _FADING
        newest = max(newest, shape[ID])
        if shape[WEIGHT] < memory[weakest, WEIGHT]:
            weakest = k
        if shape[WEIGHT] > 0.0 and 0.5 < beat[SIZE] / max(shape[SIZE], 1e-9) < 2.0:
            alike, _ = likeness(shape, beat, QRS_AT, T_AT)
            if alike > best:
                best, row = alike, k
    if best < _ALIKE:
        for k in range(N_COLUMNS):
            memory[weakest, k] = beat[k]
        memory[weakest, ID], memory[weakest, EARLY] = newest + 1.0, early
        return weakest
    shape = memory[row]
    shape[WEIGHT] += 1.0
    share = max(1.0 / shape[WEIGHT], 0.04)
    is_on_time = _ON_TIME < early < 1.4
    for k in range(0 if is_on_time else QRS_AT, N_GRID if is_on_time else T_AT):
        shape[k] += share * (beat[k] - shape[k])
    shape[EARLY] += share * (early - shape[EARLY])
    shape[WIDTH] += share * (beat[WIDTH] - shape[WIDTH])
    shape[SIZE] += share * (beat[SIZE] - shape[SIZE])
    return row


@compiled
def hold(
    memory: FloatArray, raw_mv: FloatArray, peak: int, offset: float, fs_hz: float, early: float
) -> int:
    """Put a beat after those kept, drop the oldest and let the shapes learn; give its shape.

    Parameters
    ----------
    raw_mv : FloatArray, shape (n,)
        Signal around its R peak, which lies at index `peak` + `offset`.
    early : float
        Its interval over the usual one.
    """
    for row in range(N_SHAPES, N_ROWS - 1):
        for k in range(N_COLUMNS):
            memory[row, k] = memory[row + 1, k]
    beat = memory[-1]
    cut_out(raw_mv, peak, offset, fs_hz, beat)
    beat[WEIGHT], beat[WIDTH], beat[SIZE] = 1.0, width_of(beat), span(beat, QRS_AT, T_AT)
    beat[ALIKE], _ = likeness(memory[-2], beat, QRS_AT, T_AT)
    beat[ID] = memory[learn(memory, early), ID]
    return int(beat[ID])


@compiled
def normal_of(memory: FloatArray) -> int:
    """Give the row of the patient's normal shape."""
    best, row = -1.0, 0
    for k in range(N_SHAPES):
        weight = memory[k, WEIGHT] * (1.0 if memory[k, EARLY] > _ON_TIME else 0.3)
        if weight > best:
            best, row = weight, k
    return row


@compiled
def own_of(memory: FloatArray, normal: int, shape_id: float) -> tuple[int, float]:
    """Give the row of the shape of this name, else the normal one's, and the weight of all."""
    own, total = normal, 0.0
    for k in range(N_SHAPES):
        total += memory[k, WEIGHT]
        if memory[k, WEIGHT] > 0.0 and memory[k, ID] == shape_id:
            own = k
    return own, total


@compiled
def form_of(grid: FloatArray) -> tuple[float, float]:
    """Give area and greatest step of a QRS."""
    area = steep = 1e-9
    for k in range(QRS_AT, T_AT):
        area += abs(grid[k] - grid[QRS_AT])
        steep = max(steep, abs(grid[k + 1] - grid[k]))
    return area, steep


@compiled
def put(features: FloatArray, at: int, values: tuple[float, ...]) -> None:
    """Write some figures from place `at` on."""
    for k in range(len(values)):
        features[at + k] = values[k]


@compiled
def put_alikeness(features: FloatArray, memory: FloatArray, normal: FloatArray, at: int) -> None:
    """Write how alike the normal QRS the two beats before and after the one in row `at` are."""
    for k in range(4):
        row = at + k - (2 if k < 2 else 1)
        features[_ALIKE_AT + 1 + k] = 1.0
        if row < N_ROWS and memory[row, WEIGHT] > 0.0:
            features[_ALIKE_AT + 1 + k], _ = likeness(normal, memory[row], QRS_AT, T_AT)


@compiled
def put_qrs(
    features: FloatArray, beat: FloatArray, normal: FloatArray, own: FloatArray, total: float
) -> None:
    """Write what the QRS tells, beside the normal shape and its own."""
    size, own_size = max(normal[SIZE], 1e-6), max(beat[SIZE], 1e-6)
    area, steep = form_of(beat)
    normal_area, normal_steep = form_of(normal)
    features[_ALIKE_AT], differs = likeness(normal, beat, QRS_AT, T_AT)
    own_alike, _ = likeness(normal, own, QRS_AT, T_AT)
    qrs = (
        differs / size**2 * 100.0,
        own_size / size,
        beat[WIDTH] / 100.0,
        beat[WIDTH] / max(normal[WIDTH], 20.0),
        own[WIDTH] / max(normal[WIDTH], 20.0),
        normal[WIDTH] / 100.0,
        area / normal_area,
        area / own_size / 10.0,
        steep / normal_steep,
        steep / own_size,
        own[WEIGHT] / max(total, 1e-9),
        1.0 if own[ID] == normal[ID] else 0.0,
        normal[WEIGHT] / max(total, 1e-9),
        own_alike,
        own[EARLY],
    )
    put(features, _QRS_AT, qrs)


@compiled
def put_waves(features: FloatArray, beat: FloatArray, normal: FloatArray) -> None:
    """Write what lies before and after the QRS: P wave, ST and T wave."""
    size, own_size = max(normal[SIZE], 1e-6), max(beat[SIZE], 1e-6)
    p_size, late_p_size = span(normal, P_AT, QRS_AT), span(normal, LATE_P_AT, QRS_AT)
    p_alike, p_differs = likeness(normal, beat, P_AT, QRS_AT)
    t_alike, t_differs = likeness(normal, beat, T_AT, T_END)
    waves = (
        p_alike,
        math.sqrt(p_differs) / size * 10.0,
        math.sqrt(p_differs) / max(p_size, 1e-6),
        p_size / size,
        span(beat, P_AT, QRS_AT) / size,
        span(beat, LATE_P_AT, QRS_AT) / max(late_p_size, 1e-6),
        t_alike,
        math.sqrt(t_differs) / size * 10.0,
        (beat[T_AT] - beat[QRS_AT]) / own_size,
        (beat[T_TOP_AT] - beat[QRS_AT]) / own_size,
    )
    put(features, _WAVES_AT, waves)


@compiled
def compare(memory: FloatArray, back: int, features: FloatArray) -> int:
    """Write how the beat that lies `back` before the end compares with others; give its shape.

    All figures are bounded then.

    Parameters
    ----------
    features : FloatArray, shape (n_features,)
        As `ecgcore.beat_features.FEATURES` names them; those of intervals are there.
    """
    at, usual = N_ROWS - back, normal_of(memory)
    normal, beat = memory[usual], memory[at]
    own, total = own_of(memory, usual, beat[ID])
    put_alikeness(features, memory, normal, at)
    put_qrs(features, beat, normal, memory[own], total)
    features[_NEIGHBOURS_AT] = beat[ALIKE] if memory[at - 1, WEIGHT] > 0.0 else 1.0
    features[_NEIGHBOURS_AT + 1] = memory[at + 1, ALIKE] if back > 1 else 1.0
    put_waves(features, beat, normal)
    for k in range(features.size):
        value = features[k]
        features[k] = 1.0 if math.isnan(value) else min(max(value, -6.0), 6.0)
    return int(beat[ID])
