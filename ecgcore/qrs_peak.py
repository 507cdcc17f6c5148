"""Where exactly the R peak lies."""

from ecgcore import qrs_places as q
from ecgcore.jit import compiled
from ecgcore.types import FloatArray, Int64Array


@compiled
def peak_of(
    cell: int, memory: FloatArray, counts: Int64Array, plan: FloatArray
) -> tuple[int, float, float, float]:
    """Give sample, offset, height over the level before, and uprightness of the QRS at a cell."""
    search = int(plan[q.SEARCH])
    centre = round(cell * plan[q.STEP])
    first = max(centre - search, 0) - counts[q.RAW_FROM]
    last = min(centre + search, min(counts[q.N_IN], counts[q.END]) - 1) - counts[q.RAW_FROM]
    raw = memory[q.RAW : q.RAW + counts[q.N_RAW]]
    up, up_mv = _highest(raw, first, last, 1.0)
    down, down_mv = _highest(raw, first, last, -1.0)
    upright = (up_mv - down_mv) / (up_mv + down_mv + 1e-9)
    # Follow the usual polarity unless the other one clearly dominates, so that q.RR does not jump.
    usual = memory[q.UPRIGHT] + 0.125 * (upright - memory[q.UPRIGHT])
    if counts[q.N_BEATS] == 0:
        counts[q.POINTS_UP] = 1 if upright > 0.0 else 0
    elif abs(usual) > 0.2:
        counts[q.POINTS_UP] = 1 if usual > 0.0 else 0
    is_up = upright > (-0.4 if counts[q.POINTS_UP] else 0.4)
    index, sign = (up, 1.0) if is_up else (down, -1.0)
    offset, top_mv = _parabola_top(raw, index, sign, int(plan[q.PARABOLA]))
    level_mv, n = 0.0, 0
    for i in range(max(index - int(plan[q.LEVEL_FROM]), 0), max(index - int(plan[q.LEVEL_TO]), 1)):
        level_mv += raw[i]
        n += 1
    return counts[q.RAW_FROM] + index, offset, top_mv - level_mv / max(n, 1), upright


@compiled
def _highest(raw: FloatArray, first: int, last: int, sign: float) -> tuple[int, float]:
    """Give the index with the highest sign * raw over the line through the ends of the stretch."""
    piece = raw[first : last + 1]
    rise = sign * (piece[piece.size - 1] - piece[0]) / max(piece.size - 1, 1)
    start = sign * piece[0]
    best, prominence = 0, 0.0
    for i in range(piece.size):
        height = sign * piece[i] - start - rise * i
        if height > prominence:
            best, prominence = i, height
    return first + best, prominence


@compiled
def _parabola_top(raw: FloatArray, index: int, sign: float, half_width: int) -> tuple[float, float]:
    """Give offset (-0.5 to 0.5) and value of the top of a least-squares parabola around `index`."""
    w = min(half_width, index, raw.size - 1 - index)
    s2 = s4 = y0 = y1 = y2 = 0.0
    for k in range(-w, w + 1):
        y = raw[index + k]
        s2 += k * k
        s4 += k**4
        y0 += y
        y1 += k * y
        y2 += k * k * y
    n = 2 * w + 1
    bend = (n * y2 - s2 * y0) / (n * s4 - s2 * s2) if w else 0.0
    if sign * bend >= 0.0:
        return 0.0, raw[index]
    tilt = y1 / s2
    offset = min(max(-tilt / (2.0 * bend), -0.5), 0.5)
    return offset, (y0 - bend * s2) / n + (tilt + bend * offset) * offset
