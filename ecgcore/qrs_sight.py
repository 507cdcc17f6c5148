"""What the network of the R-peak detector sees of a candidate, and what it says."""

import math

import numpy as np

from ecgcore import qrs_places as q
from ecgcore.jit import compiled
from ecgcore.qrs_learning import match_templates, sharpness_of
from ecgcore.types import Float32Array, FloatArray, Int64Array


@compiled
def _see_templates(
    cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array
) -> None:
    """How the candidate, and what is shortly before and after it, is like the beats before."""
    at = q.SCALARS_AT + 26
    share_one = memory[q.TEMPLATES + q.TEMPLATE_SHARE]
    share_two = memory[q.TEMPLATES + q.TEMPLATE_SIZE + q.TEMPLATE_SHARE]
    features[at] = max(share_one, share_two)
    main = 0 if share_one >= share_two else 1
    match_templates(cell, memory, counts)
    for k in range(q.N_TEMPLATES):
        which = main if k == 0 else 1 - main
        usual = memory[q.TEMPLATES + which * q.TEMPLATE_SIZE + q.TEMPLATE_MV]
        if usual <= 0.0:
            continue
        match = memory[q.MATCHES + which * q.MATCH_SIZE : q.MATCHED_CELL]
        features[at + 1 + 4 * k] = match[q.MATCH_RESPONSE] / match[q.MATCH_NORM]
        features[at + 2 + 4 * k] = min(max(match[q.MATCH_RESPONSE] / usual, -1.0), 3.0)
        features[at + 3 + 4 * k] = min(max(match[q.MATCH_BEFORE] / usual, -1.0), 3.0)
        features[at + 4 + 4 * k] = min(max(match[q.MATCH_BEHIND] / usual, -1.0), 3.0)


@compiled
def _see_sharpness(
    cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array
) -> None:
    """How sharp the candidate is against its height, the beats before and the 300 ms before it."""
    at = q.SCALARS_AT + 35
    sharp = sharpness_of(cell, memory, counts)
    height = memory[q.MAG - counts[q.CELL_FROM] + cell]
    features[at] = min(max(math.log(sharp / height), -4.0), 2.0)
    if counts[q.N_BEATS] > 0:
        features[at + 1] = min(max(math.log(sharp) - memory[q.SHARP], -3.0), 3.0)
    first, total = q.SMOOTH - counts[q.CELL_FROM] + cell - 39, 0.0
    before = memory[first : first + 32]
    for i in range(1, 31):
        total += abs(before[i + 1] - 2.0 * before[i] + before[i - 1])
    features[at + 2] = min(max(math.log((total / 30.0 + 1e-9) / sharp), -5.0), 1.0)


@compiled
def see_wave(cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array) -> None:
    """Give the wave around the candidate in units of the candidate's height."""
    at = q.SMOOTH - counts[q.CELL_FROM] + cell
    core = memory[at - q.CORE : at + q.CORE + 1]
    wing = memory[at - q.CORE - 2 * q.WING_BEFORE : at - q.CORE]
    level = 0.0
    for i in range(2 * q.CORE + 1):
        level += core[i]
    level /= 2 * q.CORE + 1
    scale = 0.5 / memory[q.MAG - counts[q.CELL_FROM] + cell]
    for i in range(q.WING_BEFORE):
        features[i] = _bounded(scale * (0.5 * (wing[2 * i] + wing[2 * i + 1]) - level), 4.0)
    seen = features[q.WING_BEFORE :]
    for i in range(2 * q.CORE + 1):
        seen[i] = _bounded(scale * (core[i] - level), 4.0)
    wing, seen = memory[at + q.CORE + 1 : at + q.AFTER + 1], seen[2 * q.CORE + 1 :]
    for i in range(q.WING_AFTER):
        seen[i] = _bounded(scale * (0.5 * (wing[2 * i] + wing[2 * i + 1]) - level), 4.0)


@compiled
def _bounded(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


@compiled
def see_context(cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array) -> None:
    """Give the magnitudes around in units of the candidate's."""
    at = q.MAG - counts[q.CELL_FROM] + cell
    scale = 1.0 / memory[at]
    around = memory[at - q.CONTEXT_BEFORE : at + q.CONTEXT_AFTER]
    seen = features[q.N_WAVE : q.N_WAVE + q.N_CONTEXT]
    for i in range(q.N_CONTEXT):
        one = max(around[4 * i], around[4 * i + 1])
        two = max(around[4 * i + 2], around[4 * i + 3])
        seen[i] = min(scale * max(one, two), 3.0)


@compiled
def see_history(cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array) -> None:
    """Say how the candidate compares with the beats and the noise before."""
    at = q.SCALARS_AT
    level = math.log(memory[q.MAG - counts[q.CELL_FROM] + cell])
    features[at] = min(counts[q.N_BEATS], 5) * 0.2
    if counts[q.N_BEATS] > 0:
        features[at + 1] = min(max(level - memory[q.BEAT], -3.0), 3.0)
        features[at + 2] = min(max(level - memory[q.LAST_MAG], -3.0), 3.0)
    if memory[q.HAS_NOISE] > 0.0:
        features[at + 3] = 0.5 * min(max(level - memory[q.NOISE], -3.0), 5.0)
        since = min(cell - counts[q.PREV], 100)
        features[at + 4] = 0.01 * since
        features[at + 5] = memory[q.PREV_P]
        features[at + 6] = min(max(level - memory[q.PREV_MAG], -3.0), 3.0)
    features[at + 7] = memory[q.DOUBT] * 4.0
    features[at + 8] = min(cell, 300) / 300.0
    features[at + 9] = memory[q.KEPT_P]
    _see_rhythm(cell, features, memory, counts)
    _see_comb(cell, features, memory, counts)
    _see_templates(cell, features, memory, counts)
    _see_sharpness(cell, features, memory, counts)


@compiled
def _see_rhythm(cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array) -> None:
    at = q.SCALARS_AT + 13
    features[at] = counts[q.HAS_LAST]
    if not counts[q.HAS_LAST]:
        return
    since = float(cell - counts[q.LAST])
    features[at + 1] = min(since, 300.0) * 0.01
    features[at + 2] = min(since, 60.0) / 60.0
    features[at + 3] = min(20.0 / since, 1.5)
    features[at + 4] = memory[q.LAST_P]
    features[at + 5] = min(counts[q.N_RR], 4) * 0.25
    if counts[q.N_RR] == 0:
        return
    usual = memory[q.RR_MEDIAN]
    share = since / usual
    features[at + 6] = min(share, 3.0)
    features[at + 7] = min(abs(share - 1.0), 1.0)
    features[at + 8] = usual * 0.01
    features[at + 9] = memory[q.RR_SPREAD]
    features[at + 10] = min(since / memory[q.RR], 3.0)
    features[at + 11] = min(memory[q.RR] / usual, 3.0)
    if counts[q.N_RR] > 1:
        features[at + 12] = min(since / memory[q.RR + 1], 3.0)


@compiled
def _see_comb(cell: int, features: Float32Array, memory: FloatArray, counts: Int64Array) -> None:
    """Say what stood one, two and three usual intervals before, and half-way between those."""
    at, usual = q.SCALARS_AT + 38, memory[q.RR_SLOW]
    if counts[q.N_RR] < 2:
        return
    for k in range(5):
        back = usual * (1.0, 2.0, 3.0, 0.5, 1.5)[k]
        tolerance = 5.0 + 0.03 * back
        top = 0.0
        for i in range(q.N_JUDGED):
            away = abs(cell - memory[q.JUDGED_CELL + i] - back)
            if away < tolerance:
                top = max(top, memory[q.JUDGED_P + i] * (1.0 - away / tolerance))
        features[at + k] = top
    share = (cell - counts[q.LAST]) / usual if counts[q.HAS_LAST] else 0.0
    features[at + 5] = min(share, 3.0)
    features[at + 6] = abs(share - round(share))
    features[at + 7] = min(max(memory[q.RR_MEDIAN] / usual - 1.0, -1.0), 1.0)


@compiled
def probability(features: Float32Array, net: Float32Array) -> float:
    """Run the network: two hidden layers of rectified units, one output."""
    first, second = np.empty(q.N_HIDDEN_1, np.float32), np.empty(q.N_HIDDEN_2, np.float32)
    at = q.N_FEATURES * q.N_HIDDEN_1
    for j in range(q.N_HIDDEN_1):
        first[j] = net[at + j]
    # Four inputs in one go; sizes known to the compiler are worth a third of the time.
    for i in range(0, q.N_FEATURES, 4):
        a, b, c, d = features[i], features[i + 1], features[i + 2], features[i + 3]
        w = net[i * q.N_HIDDEN_1 : (i + 4) * q.N_HIDDEN_1]
        for j in range(q.N_HIDDEN_1):
            one = a * w[j] + b * w[j + q.N_HIDDEN_1]
            first[j] += one + (c * w[j + 2 * q.N_HIDDEN_1] + d * w[j + 3 * q.N_HIDDEN_1])
    _rectify(first)
    at += q.N_HIDDEN_1
    weights = net[at : at + q.N_HIDDEN_1 * q.N_HIDDEN_2]
    at += q.N_HIDDEN_1 * q.N_HIDDEN_2
    for j in range(q.N_HIDDEN_2):
        second[j] = net[at + j]
    for i in range(0, q.N_HIDDEN_1, 4):
        a, b, c, d = first[i], first[i + 1], first[i + 2], first[i + 3]
        w = weights[i * q.N_HIDDEN_2 : (i + 4) * q.N_HIDDEN_2]
        for j in range(q.N_HIDDEN_2):
            one = a * w[j] + b * w[j + q.N_HIDDEN_2]
            second[j] += one + (c * w[j + 2 * q.N_HIDDEN_2] + d * w[j + 3 * q.N_HIDDEN_2])
    _rectify(second)
    at += q.N_HIDDEN_2
    logit = net[at + q.N_HIDDEN_2]
    for j in range(q.N_HIDDEN_2):
        logit += second[j] * net[at + j]
    return 1.0 / (1.0 + math.exp(-min(max(logit, -30.0), 30.0)))


@compiled
def _rectify(values: Float32Array) -> None:
    for i in range(values.size):
        if values[i] < 0.0:
            values[i] = 0.0
