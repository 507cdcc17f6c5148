"""From samples at any rate to cells of 10 ms, and the magnitude of the wavelet on them."""

import math
from typing import TypeAlias

from ecgcore import qrs_places as q
from ecgcore.jit import compiled
from ecgcore.types import FloatArray, Int64Array

Eleven: TypeAlias = tuple[
    float, float, float, float, float, float, float, float, float, float, float
]


@compiled
def make_room(n_samples: int, memory: FloatArray, counts: Int64Array, plan: FloatArray) -> None:
    """Move what is still needed to the front of the buffers when they are full."""
    n_raw = counts[q.N_RAW]
    if q.RAW + n_raw + n_samples > memory.size:
        keep = min(n_raw, int(50.0 * plan[q.STEP]) + 2)
        for i in range(keep):
            memory[q.RAW + i] = memory[q.RAW + n_raw - keep + i]
        counts[q.RAW_FROM] += n_raw - keep
        counts[q.N_RAW] = keep
    shift = counts[q.N_CELLS] - counts[q.CELL_FROM] - q.HELD
    if shift + q.HELD + q.PIECE + 2 > q.BUFFER:
        for i in range(q.HELD):
            memory[q.SMOOTH + i] = memory[q.SMOOTH + shift + i]
            memory[q.MAG + i] = memory[q.MAG + shift + i]
        counts[q.CELL_FROM] += shift


@compiled
def _begin(first: float, memory: FloatArray, counts: Int64Array) -> None:
    """Behave as if the first value had been there for long."""
    memory[q.VALUE] = memory[q.LAST_CELL] = first
    memory[q.SUM], memory[q.MATCHED_CELL] = 0.0, -1.0
    counts[q.CELL_FROM] = -q.HELD
    for i in range(q.HELD):
        memory[q.SMOOTH + i] = first
        memory[q.MAG + i] = 0.0


@compiled
def fill(raw: FloatArray, memory: FloatArray, counts: Int64Array, plan: FloatArray) -> None:
    """Append samples and the cells that they complete."""
    n, k = counts[q.N_IN], counts[q.N_CELLS]
    if n == 0:
        _begin(raw[0] if abs(raw[0]) <= q.MISSING_MV else 0.0, memory, counts)
    step, last, area, last_cell = plan[q.STEP], memory[q.VALUE], memory[q.SUM], memory[q.LAST_CELL]
    place = q.RAW + counts[q.N_RAW]
    held = memory[place : place + raw.size]
    place = q.SMOOTH - counts[q.CELL_FROM] + k
    smooth = memory[place : place + q.PIECE + 2]
    border, n_new = (k + 1) * step - n, 0
    for i in range(raw.size):
        value = raw[i]
        if not abs(value) <= q.MISSING_MV:
            value = last
        held[i] = value
        trapezoid = 0.5 * (last + value)
        if i >= border:
            part = border - i + 1.0
            head = part * (last + 0.5 * part * (value - last))
            cell = (area + head) / step
            smooth[n_new] = 0.5 * (last_cell + cell)
            last_cell = cell
            n_new += 1
            border = (k + n_new + 1) * step - n
            area = trapezoid - head
        else:
            area += trapezoid
        if n + i == 0:
            area = 0.0
        last = value
    memory[q.VALUE], memory[q.SUM], memory[q.LAST_CELL] = last, area, last_cell
    counts[q.N_IN], counts[q.N_CELLS] = n + raw.size, k + n_new
    counts[q.N_RAW] += raw.size


@compiled
def magnitudes(memory: FloatArray, counts: Int64Array, plan: FloatArray) -> None:
    """Bring the wavelet's magnitude up to the newest cell that has all it needs."""
    first = counts[q.N_MAG]
    n = counts[q.N_CELLS] - q.HALF - first
    if n <= 0:
        return
    at = first - counts[q.CELL_FROM]
    x, out = memory[q.SMOOTH + at - q.HALF : q.MAG], memory[q.MAG + at : q.MAG + at + n]
    e0, e1, e2, e3, e4, e5, e6, e7, e8, e9, e10 = _row_of_11(plan, q.EVEN)
    _, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10 = _row_of_11(plan, q.ODD)
    # In one go, so that sums stay in registers.
    for i in range(n):
        even = e0 * x[i + 10] + e1 * (x[i + 11] + x[i + 9]) + e2 * (x[i + 12] + x[i + 8])
        even += e3 * (x[i + 13] + x[i + 7]) + e4 * (x[i + 14] + x[i + 6])
        even += e5 * (x[i + 15] + x[i + 5]) + e6 * (x[i + 16] + x[i + 4])
        even += e7 * (x[i + 17] + x[i + 3]) + e8 * (x[i + 18] + x[i + 2])
        even += e9 * (x[i + 19] + x[i + 1]) + e10 * (x[i + 20] + x[i])
        odd = o1 * (x[i + 11] - x[i + 9]) + o2 * (x[i + 12] - x[i + 8])
        odd += o3 * (x[i + 13] - x[i + 7]) + o4 * (x[i + 14] - x[i + 6])
        odd += o5 * (x[i + 15] - x[i + 5]) + o6 * (x[i + 16] - x[i + 4])
        odd += o7 * (x[i + 17] - x[i + 3]) + o8 * (x[i + 18] - x[i + 2])
        odd += o9 * (x[i + 19] - x[i + 1]) + o10 * (x[i + 20] - x[i])
        out[i] = math.sqrt(even * even + odd * odd)
    counts[q.N_MAG] = first + n


@compiled
def _row_of_11(plan: FloatArray, at: int) -> Eleven:
    p = plan[at : at + q.HALF + 1]
    return p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10]
