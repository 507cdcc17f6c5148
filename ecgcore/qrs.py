"""The compiled loop of the R-peak detector: samples in, decided beats out.

Theory of operation
-------------------
*Grid.* Whatever the rate, the signal is averaged over cells of 10 ms (exactly, as a piecewise
linear curve) and pairs of cells are averaged again: a linear-phase low-pass with zeros at 50 and
100 Hz. All that follows happens on this grid, so neither cost nor result depends on the rate.

*Candidates.* The magnitude of a complex wavelet in the band of the QRS peaks in the middle of a
QRS whatever its shape. Each maximum over 60 ms on either side is a candidate.

*Judging.* 280 ms later a small neural network sees the wave around the candidate, the magnitude of
the last 1.2 s, and how the candidate compares with the beats so far: level, two templates, rhythm.
It gives the probability of a beat. Likely candidates are beats; the best of the others is kept and
becomes one when a beat is overdue (search-back).

*Peak.* In the raw signal around the candidate the tallest deflections up and down are located
between samples; the one of the usual polarity is the R peak.

Everything is decided in the order of cells, at a fixed distance from the candidate, so the way the
stream was cut cannot matter. All that is remembered lies in two flat arrays, `memory` and `counts`,
whose places are named below. Sums run over the hidden units in the inner loop, never over the
inputs: the compiler may then use vectors without changing the order of any sum.
"""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecgcore.jit import compiled
from ecgcore.types import FloatArray

Int64Array: TypeAlias = NDArray[np.int64]
Float32Array: TypeAlias = NDArray[np.float32]
Eleven: TypeAlias = tuple[
    float, float, float, float, float, float, float, float, float, float, float
]

CELL_HZ = 100.0
HALF = 10
"""Cells on either side that the wavelet covers."""
AFTER = 28
"""Cells after a candidate that are looked at before it is judged."""
_PICK = 6
"""Cells on either side that a candidate tops."""
_CORE, _WING_BEFORE, _WING_AFTER = 12, 6, 8
"""Cells on either side seen one by one; pairs of cells before and after those."""
_CONTEXT_BEFORE, _CONTEXT_AFTER, _CONTEXT_STEP = 120, 16, 4
_N_WAVE = 2 * _CORE + 1 + _WING_BEFORE + _WING_AFTER
_N_CONTEXT = (_CONTEXT_BEFORE + _CONTEXT_AFTER) // _CONTEXT_STEP
_N_SCALARS = 47
N_FEATURES = _N_WAVE + _N_CONTEXT + _N_SCALARS
_SCALARS_AT = _N_WAVE + _N_CONTEXT
N_HIDDEN_1, N_HIDDEN_2 = 64, 24
N_TRACE = N_FEATURES + 3
"""Features, then cell of the candidate, probability, whether it became a beat."""
_TEMPLATE_BEFORE, _N_TEMPLATE, _N_TEMPLATES = 9, 19, 2
_LAGS = 18
"""Cells to either side that templates are tried at."""
_N_LAGS, _N_SLOPES = 2 * _LAGS + 1, 2 * _LAGS + _N_TEMPLATE
_NEAR, _FAR = 2, 6
"""A lag so small is the candidate's own; one so large another wave's."""
_SHARP = 6
REFRACTORY = 18
"""Cells from beat to beat at least: 180 ms; 300/min are 200 ms."""
PIECE = 128
"""Cells worked on at a time."""
_HELD = 160
_BUFFER = 512
_MISSING_MV = 1e4
"""No electrode on a body gives more; such samples, and NaN, count as missing: the last is held."""
_FLOOR_MV = 0.006
"""Of the magnitude; nothing smaller is a candidate."""
_LEAST_SHARE = 0.08
"""Candidates below this share of the beats' level are not looked at."""
_IDLE_SHARE, _IDLE_WAIT, _IDLE_DOUBT = 0.25, 1.25, 0.01
_FORGET = 400
"""Cells without a beat after which level and rhythm are taken to be unknown."""
_SAME_BEAT = 10
"""Peaks closer than so many cells are one."""
_LEVEL_GAIN, _NOISE_GAIN, _TEMPLATE_GAIN = 0.2, 0.15, 0.2
_ALIKE = 0.75
"""Correlation from which a beat belongs to a template."""

# Places in `counts`.
N_IN, N_CELLS, N_RAW, RAW_FROM, CELL_FROM, N_MAG, SCANNED = range(7)
LAST, LAST_SAMPLE, N_BEATS, HAS_LAST, N_RR, POINTS_UP, KEPT, KEPT_SAMPLE, QUIET, PREV = range(7, 17)
END, N_TRACED, JUDGED = range(17, 20)
N_COUNTS = 20

# Places in `memory`.
VALUE, SUM, LAST_CELL, BEAT, NOISE, HAS_NOISE, UPRIGHT, DOUBT = range(8)
RR_MEDIAN, RR_SPREAD, PREV_P, PREV_MAG, LAST_MAG, LAST_P = range(8, 14)
KEPT_P, KEPT_MAG, KEPT_OFFSET, KEPT_MV, KEPT_UPRIGHT, SHARP = range(14, 20)
RR_SLOW = 20
RR = 21
_N_RR = 8
JUDGED_CELL = RR + _N_RR
N_JUDGED = 24
JUDGED_P = JUDGED_CELL + N_JUDGED
TEMPLATES = JUDGED_P + N_JUDGED
_SHARE, _AMPLITUDE = _N_TEMPLATE, _N_TEMPLATE + 1
_TEMPLATE_SIZE = _N_TEMPLATE + 2
MATCHES = TEMPLATES + _N_TEMPLATES * _TEMPLATE_SIZE
_LAG, _RESPONSE, _NORM, _BEFORE, _BEHIND = range(5)
_MATCH_SIZE = 5
MATCHED_CELL = MATCHES + _N_TEMPLATES * _MATCH_SIZE
SMOOTH = MATCHED_CELL + 1
MAG = SMOOTH + _BUFFER
RAW = MAG + _BUFFER

# Places in `plan`.
STEP, SEARCH, LEVEL_FROM, LEVEL_TO, PARABOLA, THRESHOLD, BACK, OVERDUE, OVERDUE_MAX = range(9)
EVEN = 9
ODD = EVEN + HALF + 1
N_PLAN = ODD + HALF + 1

# Places in a row of `found`.
STREAM, SAMPLE, OFFSET, AMPLITUDE, CONFIDENCE, DECIDED = range(6)
N_FOUND = 6


@compiled
def push(
    ecg_mv: FloatArray,
    memories: FloatArray,
    counts: Int64Array,
    plan: FloatArray,
    net: Float32Array,
    found: FloatArray,
) -> int:
    """Take samples of some streams, a row each; write the beats to `found`, give their number.

    There has to be room for all beats that such a piece can have.
    """
    trace, script, n_found = np.empty((0, N_TRACE), np.float32), counts[0, :0], 0
    for stream in range(ecg_mv.shape[0]):
        first, memory = n_found, memories[stream]
        n_found = trace_push(
            ecg_mv[stream], memory, counts[stream], plan, net, found, n_found, trace, script
        )
        for row in range(first, n_found):
            found[row, STREAM] = stream
    return n_found


@compiled
def trace_push(
    raw: FloatArray,
    memory: FloatArray,
    counts: Int64Array,
    plan: FloatArray,
    net: Float32Array,
    found: FloatArray,
    n_found: int,
    trace: Float32Array,
    script: Int64Array,
) -> int:
    """Take samples of one stream; add its beats to the `n_found` rows that are filled.

    What the network saw is written to `trace` as long as there is room. Where `script` names cells
    with beats, those decide instead of the network (for training).
    """
    n_fits = max(int(PIECE * plan[STEP]), 1)
    for at in range(0, raw.size, n_fits):
        end = min(at + n_fits, raw.size)
        _make_room(end - at, memory, counts, plan)
        _fill(raw[at:end], memory, counts, plan)
        _magnitudes(memory, counts, plan)
        n_found = _scan(memory, counts, plan, net, found, n_found, trace, script)
    return n_found


@compiled
def _scan(
    memory: FloatArray,
    counts: Int64Array,
    plan: FloatArray,
    net: Float32Array,
    found: FloatArray,
    n_found: int,
    trace: Float32Array,
    script: Int64Array,
) -> int:
    """Look at the cells that lie far enough back, in order."""
    first = counts[SCANNED]
    n = counts[N_CELLS] - AFTER - first
    if n <= 0:
        return n_found
    at = MAG - counts[CELL_FROM] + first
    before, here, after = memory[at - 1 : at - 1 + n], memory[at : at + n], memory[at + 1 :]
    due = _due(memory, counts, plan) - first
    for i in range(n):
        is_top = here[i] > before[i] and here[i] >= after[i] and here[i] >= _FLOOR_MV
        if is_top and _is_candidate(first + i, memory, counts):
            n_found = _judge(first + i, memory, counts, plan, net, found, n_found, trace, script)
            due = _due(memory, counts, plan) - first
        if i >= due:
            n_found = _when_overdue(first + i, memory, counts, plan, found, n_found)
            due = _due(memory, counts, plan) - first
    counts[SCANNED] = first + n
    return n_found


@compiled
def _make_room(n_samples: int, memory: FloatArray, counts: Int64Array, plan: FloatArray) -> None:
    """Move what is still needed to the front of the buffers when they are full."""
    n_raw = counts[N_RAW]
    if RAW + n_raw + n_samples > memory.size:
        keep = min(n_raw, int(50.0 * plan[STEP]) + 2)
        for i in range(keep):
            memory[RAW + i] = memory[RAW + n_raw - keep + i]
        counts[RAW_FROM] += n_raw - keep
        counts[N_RAW] = keep
    shift = counts[N_CELLS] - counts[CELL_FROM] - _HELD
    if shift + _HELD + PIECE + 2 > _BUFFER:
        for i in range(_HELD):
            memory[SMOOTH + i] = memory[SMOOTH + shift + i]
            memory[MAG + i] = memory[MAG + shift + i]
        counts[CELL_FROM] += shift


@compiled
def _begin(first: float, memory: FloatArray, counts: Int64Array) -> None:
    """Behave as if the first value had been there for long."""
    memory[VALUE] = memory[LAST_CELL] = first
    memory[SUM], memory[MATCHED_CELL] = 0.0, -1.0
    counts[CELL_FROM] = -_HELD
    for i in range(_HELD):
        memory[SMOOTH + i] = first
        memory[MAG + i] = 0.0


@compiled
def _fill(raw: FloatArray, memory: FloatArray, counts: Int64Array, plan: FloatArray) -> None:
    """Append samples and the cells that they complete."""
    n, k = counts[N_IN], counts[N_CELLS]
    if n == 0:
        _begin(raw[0] if abs(raw[0]) <= _MISSING_MV else 0.0, memory, counts)
    step, last, area, last_cell = plan[STEP], memory[VALUE], memory[SUM], memory[LAST_CELL]
    place = RAW + counts[N_RAW]
    held = memory[place : place + raw.size]
    place = SMOOTH - counts[CELL_FROM] + k
    smooth = memory[place : place + PIECE + 2]
    border, n_new = (k + 1) * step - n, 0
    for i in range(raw.size):
        value = raw[i]
        if not abs(value) <= _MISSING_MV:
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
    memory[VALUE], memory[SUM], memory[LAST_CELL] = last, area, last_cell
    counts[N_IN], counts[N_CELLS] = n + raw.size, k + n_new
    counts[N_RAW] += raw.size


@compiled
def _magnitudes(memory: FloatArray, counts: Int64Array, plan: FloatArray) -> None:
    """Bring the wavelet's magnitude up to the newest cell that has all it needs."""
    first = counts[N_MAG]
    n = counts[N_CELLS] - HALF - first
    if n <= 0:
        return
    at = first - counts[CELL_FROM]
    x, out = memory[SMOOTH + at - HALF : MAG], memory[MAG + at : MAG + at + n]
    e0, e1, e2, e3, e4, e5, e6, e7, e8, e9, e10 = _row_of_11(plan, EVEN)
    _, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10 = _row_of_11(plan, ODD)
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
    counts[N_MAG] = first + n


@compiled
def _row_of_11(plan: FloatArray, at: int) -> Eleven:
    p = plan[at : at + HALF + 1]
    return p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10]


@compiled
def _is_candidate(cell: int, memory: FloatArray, counts: Int64Array) -> bool:
    """Tell whether a local maximum tops what is around and is not tiny against the beats."""
    if counts[HAS_LAST] and cell - counts[LAST] < REFRACTORY:
        return False
    at = MAG - counts[CELL_FROM] + cell
    around = memory[at - _PICK : at + _PICK + 1]
    height = around[_PICK]
    for j in range(_PICK):
        if height <= around[j] or height < around[2 * _PICK - j]:
            return False
    return bool(counts[N_BEATS] == 0 or height >= _LEAST_SHARE * math.exp(memory[BEAT]))


@compiled
def _judge(
    cell: int,
    memory: FloatArray,
    counts: Int64Array,
    plan: FloatArray,
    net: Float32Array,
    found: FloatArray,
    n_found: int,
    trace: Float32Array,
    script: Int64Array,
) -> int:
    """Decide whether a candidate is a beat."""
    if _is_idle(cell, memory, counts):
        _note(cell, 0.0, memory, counts)
        _reject(cell, memory[MAG - counts[CELL_FROM] + cell], 0.0, memory, counts)
        return n_found
    features = np.zeros(N_FEATURES, np.float32)
    height = memory[MAG - counts[CELL_FROM] + cell]
    _see_wave(cell, features, memory, counts)
    _see_context(cell, features, memory, counts)
    _see_history(cell, features, memory, counts)
    p = _probability(features, net)
    at = counts[N_TRACED]
    if at < trace.shape[0]:
        trace[at, :N_FEATURES] = features
        trace[at, N_FEATURES] = cell
        trace[at, N_FEATURES + 1] = p
    if script.size > 0:
        p = _scripted(cell, script)
    _note(cell, p, memory, counts)
    is_beat = False
    if p >= plan[BACK]:
        sample, offset, amplitude, upright = _peak(cell, memory, counts, plan)
        is_new = not counts[HAS_LAST] or sample - counts[LAST_SAMPLE] >= _SAME_BEAT * plan[STEP]
        is_beat = is_new and p >= plan[THRESHOLD]
        if is_new and not is_beat and p > memory[KEPT_P]:
            counts[KEPT], counts[KEPT_SAMPLE] = cell, sample
            memory[KEPT_P], memory[KEPT_MAG], memory[KEPT_OFFSET] = p, height, offset
            memory[KEPT_MV], memory[KEPT_UPRIGHT] = amplitude, upright
        if is_beat:
            _write(found, n_found, sample, offset, amplitude, p, cell, plan)
            n_found += 1
            _accept(cell, sample, height, p, upright, memory, counts)
    if not is_beat:
        _reject(cell, height, p, memory, counts)
    if at < trace.shape[0]:
        trace[at, N_FEATURES + 2] = 1.0 if is_beat else 0.0
        counts[N_TRACED] = at + 1
    return n_found


@compiled
def _is_idle(cell: int, memory: FloatArray, counts: Int64Array) -> bool:
    """Tell whether the network need not be asked: small, no beat is late, and nothing doubtful."""
    if counts[N_RR] < _N_RR or not counts[HAS_LAST] or memory[DOUBT] > _IDLE_DOUBT:
        return False
    if cell - counts[LAST] > _IDLE_WAIT * memory[RR_MEDIAN]:
        return False
    return bool(memory[MAG - counts[CELL_FROM] + cell] < _IDLE_SHARE * math.exp(memory[BEAT]))


@compiled
def _note(cell: int, p: float, memory: FloatArray, counts: Int64Array) -> None:
    place = counts[JUDGED] % N_JUDGED
    counts[JUDGED] = place + 1
    memory[JUDGED_CELL + place], memory[JUDGED_P + place] = cell, p
    memory[DOUBT] += 0.1 * (p * (1.0 - p) - memory[DOUBT])


@compiled
def _due(memory: FloatArray, counts: Int64Array, plan: FloatArray) -> int:
    """Give the cell with which `_when_overdue` has something to do."""
    due = counts[QUIET] + _FORGET
    if memory[KEPT_P] > 0.0 and counts[N_RR] >= 2 and counts[HAS_LAST]:
        wait = min(plan[OVERDUE] * memory[RR_MEDIAN], plan[OVERDUE_MAX])
        at = max(counts[LAST] + math.ceil(wait), counts[KEPT] + REFRACTORY)
        due = min(due, at)
    return int(due)


@compiled
def _when_overdue(
    cell: int,
    memory: FloatArray,
    counts: Int64Array,
    plan: FloatArray,
    found: FloatArray,
    n_found: int,
) -> int:
    """Forget the levels after long silence; else take the best of the other candidates."""
    if cell - counts[QUIET] >= _FORGET:
        counts[QUIET] = cell
        counts[N_BEATS] = counts[N_RR] = counts[HAS_LAST] = 0
        memory[KEPT_P] = 0.0
        return n_found
    p, sample = memory[KEPT_P], counts[KEPT_SAMPLE]
    _write(found, n_found, sample, memory[KEPT_OFFSET], memory[KEPT_MV], p, cell, plan)
    _accept(counts[KEPT], sample, memory[KEPT_MAG], p, memory[KEPT_UPRIGHT], memory, counts)
    return n_found + 1


@compiled
def _write(
    found: FloatArray,
    row: int,
    sample: int,
    offset: float,
    amplitude: float,
    p: float,
    cell: int,
    plan: FloatArray,
) -> None:
    """Note a beat; it is decided with the sample that completes the last cell looked at."""
    found[row, SAMPLE], found[row, OFFSET] = sample, offset
    found[row, AMPLITUDE], found[row, CONFIDENCE] = amplitude, p
    found[row, DECIDED] = math.ceil((cell + AFTER + 1) * plan[STEP]) + 1


@compiled
def _scripted(cell: int, script: Int64Array) -> float:
    at = np.searchsorted(script, cell - 9)
    return 0.98 if at < script.size and script[at] <= cell + 9 else 0.02


@compiled
def _reject(cell: int, height: float, p: float, memory: FloatArray, counts: Int64Array) -> None:
    level = math.log(height)
    if memory[HAS_NOISE] > 0.0:
        memory[NOISE] += _NOISE_GAIN * min(max(level - memory[NOISE], -1.5), 1.5)
    else:
        memory[NOISE], memory[HAS_NOISE] = level, 1.0
    counts[PREV] = cell
    memory[PREV_P], memory[PREV_MAG] = p, level


@compiled
def _accept(
    cell: int,
    sample: int,
    height: float,
    p: float,
    upright: float,
    memory: FloatArray,
    counts: Int64Array,
) -> None:
    """Learn from a beat: its level, rhythm, shape and polarity."""
    level, sharp = math.log(height), math.log(_sharpness(cell, memory, counts))
    if counts[N_BEATS] == 0:
        memory[BEAT], memory[SHARP] = level, sharp
    # Beats that are not sure teach less, so that noise does not.
    trust = max(2.0 * p - 1.0, 0.0)
    gain = trust * max(_LEVEL_GAIN, 1.0 / (counts[N_BEATS] + 1))
    memory[BEAT] += gain * min(max(level - memory[BEAT], -1.0), 0.7)
    memory[SHARP] += gain * min(max(sharp - memory[SHARP], -1.0), 0.7)
    counts[N_BEATS] += 1
    if counts[HAS_LAST]:
        _learn_rr(float(cell - counts[LAST]), trust, memory, counts)
    _learn_template(cell, trust, memory, counts)
    memory[UPRIGHT] += 0.125 * (upright - memory[UPRIGHT])
    memory[LAST_MAG], memory[LAST_P] = level, p
    counts[LAST], counts[LAST_SAMPLE], counts[HAS_LAST] = cell, sample, 1
    counts[QUIET] = cell
    memory[KEPT_P] = 0.0


@compiled
def _learn_rr(rr: float, trust: float, memory: FloatArray, counts: Int64Array) -> None:
    n = counts[N_RR]
    if n < 2:
        memory[RR_SLOW] = rr
    trust *= max(2.0 * memory[LAST_P] - 1.0, 0.0)
    away = min(max(rr / memory[RR_SLOW] - 1.0, -0.15), 0.15)
    memory[RR_SLOW] *= 1.0 + 0.15 * trust * trust * away
    if n > 0:
        away = abs(rr / memory[RR_MEDIAN] - 1.0)
        memory[RR_SPREAD] += 0.15 * (min(away, 1.0) - memory[RR_SPREAD])
    for i in range(_N_RR - 1, 0, -1):
        memory[RR + i] = memory[RR + i - 1]
    memory[RR] = rr
    counts[N_RR] = n = min(n + 1, _N_RR)
    ordered = memory[RR : RR + n].copy()
    for i in range(1, n):
        value, j = ordered[i], i
        while j > 0 and ordered[j - 1] > value:
            ordered[j] = ordered[j - 1]
            j -= 1
        ordered[j] = value
    memory[RR_MEDIAN] = 0.5 * (ordered[n // 2] + ordered[(n - 1) // 2])


@compiled
def _match(cell: int, memory: FloatArray, counts: Int64Array) -> None:
    """Try both templates at each lag around a cell, and note how well they fit there."""
    if memory[MATCHED_CELL] == cell:
        return
    memory[MATCHED_CELL] = cell
    reach = _LAGS + _TEMPLATE_BEFORE
    place = SMOOTH - counts[CELL_FROM] + cell - reach
    room = np.empty(_N_SLOPES + 2 * _N_LAGS)
    slopes = room[:_N_SLOPES]
    one, two = room[_N_SLOPES : _N_SLOPES + _N_LAGS], room[_N_SLOPES + _N_LAGS :]
    smooth = memory[place : place + _N_SLOPES + 1]
    for i in range(_N_SLOPES):
        slopes[i] = smooth[i + 1] - smooth[i]
    for lag in range(_N_LAGS):
        one[lag] = two[lag] = 0.0
    for i in range(_N_TEMPLATE):
        a, b = memory[TEMPLATES + i], memory[TEMPLATES + _TEMPLATE_SIZE + i]
        some = slopes[i : i + _N_LAGS]
        for lag in range(_N_LAGS):
            one[lag] += a * some[lag]
            two[lag] += b * some[lag]
    _note_match(one, slopes, memory[MATCHES : MATCHES + _MATCH_SIZE])
    _note_match(two, slopes, memory[MATCHES + _MATCH_SIZE : MATCHED_CELL])


@compiled
def _note_match(responses: FloatArray, slopes: FloatArray, match: FloatArray) -> None:
    """Note the best of the candidate's own lags, and the greatest responses before and after."""
    top, total = _LAGS - _NEAR, 1e-18
    for lag in range(_LAGS - _NEAR + 1, _LAGS + _NEAR + 1):
        if responses[lag] > responses[top]:
            top = lag
    for i in range(top, top + _N_TEMPLATE):
        total += slopes[i] * slopes[i]
    match[_LAG], match[_RESPONSE], match[_NORM] = top, responses[top], math.sqrt(total)
    before, behind = responses[0], responses[_LAGS + _FAR]
    for lag in range(1, _LAGS - _FAR + 1):
        before = max(before, responses[lag])
        behind = max(behind, responses[_LAGS + _FAR + lag])
    match[_BEFORE], match[_BEHIND] = before, behind


@compiled
def _learn_template(cell: int, trust: float, memory: FloatArray, counts: Int64Array) -> None:
    """Let the template that is alike follow; else replace the rarer one."""
    if cell - _TEMPLATE_BEFORE - _LAGS < counts[CELL_FROM]:
        return
    _match(cell, memory, counts)
    one, two = memory[MATCHES:MATCHED_CELL], memory[MATCHES + _MATCH_SIZE : MATCHED_CELL]
    alike = one[_RESPONSE] / one[_NORM], two[_RESPONSE] / two[_NORM]
    best = 0 if alike[0] >= alike[1] else 1
    match = one if best == 0 else two
    first, response, gain = int(match[_LAG]), match[_RESPONSE], _TEMPLATE_GAIN * trust
    if alike[best] < _ALIKE:
        if trust < 0.8 and counts[N_BEATS] > 4:
            return
        shares = memory[TEMPLATES + _SHARE], memory[TEMPLATES + _TEMPLATE_SIZE + _SHARE]
        best, gain, first = 0 if shares[0] <= shares[1] else 1, 1.0, _LAGS
    memory[MATCHED_CELL] = -1.0
    _follow(TEMPLATES + best * _TEMPLATE_SIZE, gain, cell + first - _LAGS, response, memory, counts)
    for which in range(_N_TEMPLATES):
        share = TEMPLATES + which * _TEMPLATE_SIZE + _SHARE
        memory[share] += 0.05 * ((1.0 if which == best else 0.0) - memory[share])


@compiled
def _follow(
    at: int, gain: float, cell: int, response: float, memory: FloatArray, counts: Int64Array
) -> None:
    """Move the template at a place towards the slopes around a cell, all of norm 1."""
    place = SMOOTH - counts[CELL_FROM] + cell - _TEMPLATE_BEFORE
    smooth, template = memory[place : place + _N_TEMPLATE + 1], memory[at : at + _TEMPLATE_SIZE]
    total = 1e-18
    for i in range(_N_TEMPLATE):
        total += (smooth[i + 1] - smooth[i]) ** 2
    norm, total = math.sqrt(total), 1e-18
    for i in range(_N_TEMPLATE):
        template[i] += gain * ((smooth[i + 1] - smooth[i]) / norm - template[i])
        total += template[i] * template[i]
    scale = 1.0 / math.sqrt(total)
    for i in range(_N_TEMPLATE):
        template[i] *= scale
    if gain == 1.0:
        template[_AMPLITUDE] = norm
    else:
        usual = template[_AMPLITUDE]
        template[_AMPLITUDE] += gain * (min(max(response, 0.5 * usual), 2.0 * usual) - usual)


@compiled
def _see_templates(
    cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array
) -> None:
    """How the candidate, and what is shortly before and after it, is like the beats before."""
    at = _SCALARS_AT + 26
    share_one = memory[TEMPLATES + _SHARE]
    share_two = memory[TEMPLATES + _TEMPLATE_SIZE + _SHARE]
    features[at] = max(share_one, share_two)
    main = 0 if share_one >= share_two else 1
    _match(cell, memory, counts)
    for k in range(_N_TEMPLATES):
        which = main if k == 0 else 1 - main
        usual = memory[TEMPLATES + which * _TEMPLATE_SIZE + _AMPLITUDE]
        if usual <= 0.0:
            continue
        match = memory[MATCHES + which * _MATCH_SIZE : MATCHED_CELL]
        features[at + 1 + 4 * k] = match[_RESPONSE] / match[_NORM]
        features[at + 2 + 4 * k] = min(max(match[_RESPONSE] / usual, -1.0), 3.0)
        features[at + 3 + 4 * k] = min(max(match[_BEFORE] / usual, -1.0), 3.0)
        features[at + 4 + 4 * k] = min(max(match[_BEHIND] / usual, -1.0), 3.0)


@compiled
def _sharpness(cell: int, memory: FloatArray, counts: Int64Array) -> float:
    """Give the largest bend near a cell."""
    at, top = SMOOTH - counts[CELL_FROM] + cell - _SHARP - 1, 1e-9
    around = memory[at : at + 2 * _SHARP + 3]
    for i in range(1, 2 * _SHARP + 2):
        top = max(top, abs(around[i + 1] - 2.0 * around[i] + around[i - 1]))
    return top


@compiled
def _see_sharpness(
    cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array
) -> None:
    """How sharp the candidate is against its height, the beats before and the 300 ms before it."""
    at = _SCALARS_AT + 35
    sharp = _sharpness(cell, memory, counts)
    height = memory[MAG - counts[CELL_FROM] + cell]
    features[at] = min(max(math.log(sharp / height), -4.0), 2.0)
    if counts[N_BEATS] > 0:
        features[at + 1] = min(max(math.log(sharp) - memory[SHARP], -3.0), 3.0)
    first, total = SMOOTH - counts[CELL_FROM] + cell - 39, 0.0
    before = memory[first : first + 32]
    for i in range(1, 31):
        total += abs(before[i + 1] - 2.0 * before[i] + before[i - 1])
    features[at + 2] = min(max(math.log((total / 30.0 + 1e-9) / sharp), -5.0), 1.0)


@compiled
def _see_wave(cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array) -> None:
    """Give the wave around the candidate in units of the candidate's height."""
    at = SMOOTH - counts[CELL_FROM] + cell
    core = memory[at - _CORE : at + _CORE + 1]
    wing = memory[at - _CORE - 2 * _WING_BEFORE : at - _CORE]
    level = 0.0
    for i in range(2 * _CORE + 1):
        level += core[i]
    level /= 2 * _CORE + 1
    scale = 0.5 / memory[MAG - counts[CELL_FROM] + cell]
    for i in range(_WING_BEFORE):
        features[i] = _bounded(scale * (0.5 * (wing[2 * i] + wing[2 * i + 1]) - level), 4.0)
    seen = features[_WING_BEFORE:]
    for i in range(2 * _CORE + 1):
        seen[i] = _bounded(scale * (core[i] - level), 4.0)
    wing, seen = memory[at + _CORE + 1 : at + AFTER + 1], seen[2 * _CORE + 1 :]
    for i in range(_WING_AFTER):
        seen[i] = _bounded(scale * (0.5 * (wing[2 * i] + wing[2 * i + 1]) - level), 4.0)


@compiled
def _bounded(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


@compiled
def _see_context(cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array) -> None:
    """Give the magnitudes around in units of the candidate's."""
    at = MAG - counts[CELL_FROM] + cell
    scale = 1.0 / memory[at]
    around = memory[at - _CONTEXT_BEFORE : at + _CONTEXT_AFTER]
    seen = features[_N_WAVE : _N_WAVE + _N_CONTEXT]
    for i in range(_N_CONTEXT):
        one = max(around[4 * i], around[4 * i + 1])
        two = max(around[4 * i + 2], around[4 * i + 3])
        seen[i] = min(scale * max(one, two), 3.0)


@compiled
def _see_history(cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array) -> None:
    """Say how the candidate compares with the beats and the noise before."""
    at = _SCALARS_AT
    level = math.log(memory[MAG - counts[CELL_FROM] + cell])
    features[at] = min(counts[N_BEATS], 5) * 0.2
    if counts[N_BEATS] > 0:
        features[at + 1] = min(max(level - memory[BEAT], -3.0), 3.0)
        features[at + 2] = min(max(level - memory[LAST_MAG], -3.0), 3.0)
    if memory[HAS_NOISE] > 0.0:
        features[at + 3] = 0.5 * min(max(level - memory[NOISE], -3.0), 5.0)
        since = min(cell - counts[PREV], 100)
        features[at + 4] = 0.01 * since
        features[at + 5] = memory[PREV_P]
        features[at + 6] = min(max(level - memory[PREV_MAG], -3.0), 3.0)
    features[at + 7] = memory[DOUBT] * 4.0
    features[at + 8] = min(cell, 300) / 300.0
    features[at + 9] = memory[KEPT_P]
    _see_rhythm(cell, features, memory, counts)
    _see_comb(cell, features, memory, counts)
    _see_templates(cell, features, memory, counts)
    _see_sharpness(cell, features, memory, counts)


@compiled
def _see_rhythm(cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array) -> None:
    at = _SCALARS_AT + 13
    features[at] = counts[HAS_LAST]
    if not counts[HAS_LAST]:
        return
    since = float(cell - counts[LAST])
    features[at + 1] = min(since, 300.0) * 0.01
    features[at + 2] = min(since, 60.0) / 60.0
    features[at + 3] = min(20.0 / since, 1.5)
    features[at + 4] = memory[LAST_P]
    features[at + 5] = min(counts[N_RR], 4) * 0.25
    if counts[N_RR] == 0:
        return
    usual = memory[RR_MEDIAN]
    share = since / usual
    features[at + 6] = min(share, 3.0)
    features[at + 7] = min(abs(share - 1.0), 1.0)
    features[at + 8] = usual * 0.01
    features[at + 9] = memory[RR_SPREAD]
    features[at + 10] = min(since / memory[RR], 3.0)
    features[at + 11] = min(memory[RR] / usual, 3.0)
    if counts[N_RR] > 1:
        features[at + 12] = min(since / memory[RR + 1], 3.0)


@compiled
def _see_comb(cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array) -> None:
    """Say what stood one, two and three usual intervals before, and half-way between those."""
    at, usual = _SCALARS_AT + 38, memory[RR_SLOW]
    if counts[N_RR] < 2:
        return
    for k in range(5):
        back = usual * (1.0, 2.0, 3.0, 0.5, 1.5)[k]
        tolerance = 5.0 + 0.03 * back
        top = 0.0
        for i in range(N_JUDGED):
            away = abs(cell - memory[JUDGED_CELL + i] - back)
            if away < tolerance:
                top = max(top, memory[JUDGED_P + i] * (1.0 - away / tolerance))
        features[at + k] = top
    share = (cell - counts[LAST]) / usual if counts[HAS_LAST] else 0.0
    features[at + 5] = min(share, 3.0)
    features[at + 6] = abs(share - round(share))
    features[at + 7] = min(max(memory[RR_MEDIAN] / usual - 1.0, -1.0), 1.0)


@compiled
def _probability(features: Float32Array, net: Float32Array) -> float:
    """Run the network: two hidden layers of rectified units, one output."""
    first, second = np.empty(N_HIDDEN_1, np.float32), np.empty(N_HIDDEN_2, np.float32)
    at = N_FEATURES * N_HIDDEN_1
    for j in range(N_HIDDEN_1):
        first[j] = net[at + j]
    # Four inputs in one go; sizes known to the compiler are worth a third of the time.
    for i in range(0, N_FEATURES, 4):
        a, b, c, d = features[i], features[i + 1], features[i + 2], features[i + 3]
        w = net[i * N_HIDDEN_1 : (i + 4) * N_HIDDEN_1]
        for j in range(N_HIDDEN_1):
            one = a * w[j] + b * w[j + N_HIDDEN_1]
            first[j] += one + (c * w[j + 2 * N_HIDDEN_1] + d * w[j + 3 * N_HIDDEN_1])
    _rectify(first)
    at += N_HIDDEN_1
    weights = net[at : at + N_HIDDEN_1 * N_HIDDEN_2]
    at += N_HIDDEN_1 * N_HIDDEN_2
    for j in range(N_HIDDEN_2):
        second[j] = net[at + j]
    for i in range(0, N_HIDDEN_1, 4):
        a, b, c, d = first[i], first[i + 1], first[i + 2], first[i + 3]
        w = weights[i * N_HIDDEN_2 : (i + 4) * N_HIDDEN_2]
        for j in range(N_HIDDEN_2):
            one = a * w[j] + b * w[j + N_HIDDEN_2]
            second[j] += one + (c * w[j + 2 * N_HIDDEN_2] + d * w[j + 3 * N_HIDDEN_2])
    _rectify(second)
    at += N_HIDDEN_2
    logit = net[at + N_HIDDEN_2]
    for j in range(N_HIDDEN_2):
        logit += second[j] * net[at + j]
    return 1.0 / (1.0 + math.exp(-min(max(logit, -30.0), 30.0)))


@compiled
def _rectify(values: Float32Array) -> None:
    for i in range(values.size):
        if values[i] < 0.0:
            values[i] = 0.0


@compiled
def _peak(
    cell: int, memory: FloatArray, counts: Int64Array, plan: FloatArray
) -> tuple[int, float, float, float]:
    """Give sample, offset, height over the level before, and uprightness of the QRS at a cell."""
    search = int(plan[SEARCH])
    centre = round(cell * plan[STEP])
    first = max(centre - search, 0) - counts[RAW_FROM]
    last = min(centre + search, min(counts[N_IN], counts[END]) - 1) - counts[RAW_FROM]
    raw = memory[RAW : RAW + counts[N_RAW]]
    up, up_mv = _highest(raw, first, last, 1.0)
    down, down_mv = _highest(raw, first, last, -1.0)
    upright = (up_mv - down_mv) / (up_mv + down_mv + 1e-9)
    # Follow the usual polarity unless the other one clearly dominates, so that RR does not jump.
    usual = memory[UPRIGHT] + 0.125 * (upright - memory[UPRIGHT])
    if counts[N_BEATS] == 0:
        counts[POINTS_UP] = 1 if upright > 0.0 else 0
    elif abs(usual) > 0.2:
        counts[POINTS_UP] = 1 if usual > 0.0 else 0
    is_up = upright > (-0.4 if counts[POINTS_UP] else 0.4)
    index, sign = (up, 1.0) if is_up else (down, -1.0)
    offset, top_mv = _parabola_top(raw, index, sign, int(plan[PARABOLA]))
    level_mv, n = 0.0, 0
    for i in range(max(index - int(plan[LEVEL_FROM]), 0), max(index - int(plan[LEVEL_TO]), 1)):
        level_mv += raw[i]
        n += 1
    return counts[RAW_FROM] + index, offset, top_mv - level_mv / max(n, 1), upright


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
