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
whose places `ecgcore.qrs_places` names (`q` for short). Sums run over the hidden units in the inner
loop, never over the inputs: the compiler may then use vectors without changing the order of any
sum.
"""

import math

import numpy as np

from ecgcore import qrs_places as q
from ecgcore.jit import compiled
from ecgcore.qrs_grid import fill, magnitudes, make_room
from ecgcore.qrs_learning import accept, reject
from ecgcore.qrs_peak import peak_of
from ecgcore.qrs_sight import probability, see_context, see_history, see_wave
from ecgcore.types import Float32Array, FloatArray, Int64Array


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
    trace, script, n_found = np.empty((0, q.N_TRACE), np.float32), counts[0, :0], 0
    for stream in range(ecg_mv.shape[0]):
        first, memory = n_found, memories[stream]
        n_found = trace_push(
            ecg_mv[stream], memory, counts[stream], plan, net, found, n_found, trace, script
        )
        for row in range(first, n_found):
            found[row, q.STREAM] = stream
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
    n_fits = max(int(q.PIECE * plan[q.STEP]), 1)
    for at in range(0, raw.size, n_fits):
        end = min(at + n_fits, raw.size)
        make_room(end - at, memory, counts, plan)
        fill(raw[at:end], memory, counts, plan)
        magnitudes(memory, counts, plan)
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
    first = counts[q.SCANNED]
    n = counts[q.N_CELLS] - q.AFTER - first
    if n <= 0:
        return n_found
    at = q.MAG - counts[q.CELL_FROM] + first
    before, here, after = memory[at - 1 : at - 1 + n], memory[at : at + n], memory[at + 1 :]
    due = _due(memory, counts, plan) - first
    for i in range(n):
        is_top = here[i] > before[i] and here[i] >= after[i]
        if is_top and _is_candidate(first + i, memory, counts):
            n_found = _judge(first + i, memory, counts, plan, net, found, n_found, trace, script)
            due = _due(memory, counts, plan) - first
        if i >= due:
            n_found = _when_overdue(first + i, memory, counts, plan, found, n_found)
            due = _due(memory, counts, plan) - first
    counts[q.SCANNED] = first + n
    return n_found


@compiled
def _is_candidate(cell: int, memory: FloatArray, counts: Int64Array) -> bool:
    """Tell whether a local maximum tops what is around and is not tiny against the beats."""
    if counts[q.HAS_LAST] and cell - counts[q.LAST] < q.REFRACTORY:
        return False
    at = q.MAG - counts[q.CELL_FROM] + cell
    around = memory[at - q.PICK : at + q.PICK + 1]
    height = around[q.PICK]
    for j in range(q.PICK):
        if height <= around[j] or height < around[2 * q.PICK - j]:
            return False
    if counts[q.N_BEATS] == 0:
        return bool(height >= q.FLOOR_MV)
    return bool(height >= q.LEAST_SHARE * math.exp(memory[q.BEAT]))


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
        reject(cell, memory[q.MAG - counts[q.CELL_FROM] + cell], 0.0, memory, counts)
        return n_found
    features = np.zeros(q.N_FEATURES, np.float32)
    height = memory[q.MAG - counts[q.CELL_FROM] + cell]
    see_wave(cell, features, memory, counts)
    see_context(cell, features, memory, counts)
    see_history(cell, features, memory, counts)
    p = probability(features, net)
    at = counts[q.N_TRACED]
    if at < trace.shape[0]:
        trace[at, : q.N_FEATURES] = features
        trace[at, q.N_FEATURES] = cell
        trace[at, q.N_FEATURES + 1] = p
    if script.size > 0:
        p = _scripted(cell, script)
    _note(cell, p, memory, counts)
    is_beat = False
    if p >= plan[q.BACK]:
        sample, offset, amplitude, upright = peak_of(cell, memory, counts, plan)
        is_new = (
            not counts[q.HAS_LAST] or sample - counts[q.LAST_SAMPLE] >= q.SAME_BEAT * plan[q.STEP]
        )
        is_beat = is_new and p >= plan[q.THRESHOLD]
        if is_new and not is_beat and p > memory[q.KEPT_P]:
            counts[q.KEPT], counts[q.KEPT_SAMPLE] = cell, sample
            memory[q.KEPT_P], memory[q.KEPT_MAG], memory[q.KEPT_OFFSET] = p, height, offset
            memory[q.KEPT_MV], memory[q.KEPT_UPRIGHT] = amplitude, upright
        if is_beat:
            _write(found, n_found, sample, offset, amplitude, p, cell, plan)
            n_found += 1
            accept(cell, sample, height, p, upright, memory, counts)
    if not is_beat:
        reject(cell, height, p, memory, counts)
    if at < trace.shape[0]:
        trace[at, q.N_FEATURES + 2] = 1.0 if is_beat else 0.0
        counts[q.N_TRACED] = at + 1
    return n_found


@compiled
def _is_idle(cell: int, memory: FloatArray, counts: Int64Array) -> bool:
    """Tell whether the network need not be asked: small, no beat is late, and nothing doubtful."""
    if counts[q.N_RR] < q.N_RR_KEPT or not counts[q.HAS_LAST] or memory[q.DOUBT] > q.IDLE_DOUBT:
        return False
    if cell - counts[q.LAST] > q.IDLE_WAIT * memory[q.RR_MEDIAN]:
        return False
    return bool(
        memory[q.MAG - counts[q.CELL_FROM] + cell] < q.IDLE_SHARE * math.exp(memory[q.BEAT])
    )


@compiled
def _note(cell: int, p: float, memory: FloatArray, counts: Int64Array) -> None:
    place = counts[q.JUDGED] % q.N_JUDGED
    counts[q.JUDGED] = place + 1
    memory[q.JUDGED_CELL + place], memory[q.JUDGED_P + place] = cell, p
    memory[q.DOUBT] += 0.1 * (p * (1.0 - p) - memory[q.DOUBT])


@compiled
def _due(memory: FloatArray, counts: Int64Array, plan: FloatArray) -> int:
    """Give the cell with which `_when_overdue` has something to do."""
    due = counts[q.QUIET] + q.FORGET
    if memory[q.KEPT_P] > 0.0 and counts[q.N_RR] >= 2 and counts[q.HAS_LAST]:
        wait = min(plan[q.OVERDUE] * memory[q.RR_MEDIAN], plan[q.OVERDUE_MAX])
        at = max(counts[q.LAST] + math.ceil(wait), counts[q.KEPT] + q.REFRACTORY)
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
    if cell - counts[q.QUIET] >= q.FORGET:
        counts[q.QUIET] = cell
        counts[q.N_BEATS] = counts[q.N_RR] = counts[q.HAS_LAST] = 0
        memory[q.KEPT_P] = 0.0
        return n_found
    p, sample = memory[q.KEPT_P], counts[q.KEPT_SAMPLE]
    _write(found, n_found, sample, memory[q.KEPT_OFFSET], memory[q.KEPT_MV], p, cell, plan)
    accept(counts[q.KEPT], sample, memory[q.KEPT_MAG], p, memory[q.KEPT_UPRIGHT], memory, counts)
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
    found[row, q.SAMPLE], found[row, q.OFFSET] = sample, offset
    found[row, q.AMPLITUDE], found[row, q.CONFIDENCE] = amplitude, p
    found[row, q.DECIDED] = math.ceil((cell + q.AFTER + 1) * plan[q.STEP]) + 1


@compiled
def _scripted(cell: int, script: Int64Array) -> float:
    at = np.searchsorted(script, cell - 9)
    return 0.98 if at < script.size and script[at] <= cell + 9 else 0.02
