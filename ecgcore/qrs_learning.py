"""What the R-peak detector learns from beats and from what was none."""

import math

import numpy as np

from ecgcore import qrs_places as q
from ecgcore.jit import compiled
from ecgcore.types import FloatArray, Int64Array


@compiled
def reject(cell: int, height: float, p: float, memory: FloatArray, counts: Int64Array) -> None:
    """Learn the level of what is no beat, and remember it as the candidate before."""
    level = math.log(height)
    if memory[q.HAS_NOISE] > 0.0:
        memory[q.NOISE] += q.NOISE_GAIN * min(max(level - memory[q.NOISE], -1.5), 1.5)
    else:
        memory[q.NOISE], memory[q.HAS_NOISE] = level, 1.0
    counts[q.PREV] = cell
    memory[q.PREV_P], memory[q.PREV_MAG] = p, level


@compiled
def accept(
    cell: int,
    sample: int,
    height: float,
    p: float,
    upright: float,
    memory: FloatArray,
    counts: Int64Array,
) -> None:
    """Learn from a beat: its level, rhythm, shape and polarity."""
    level, sharp = math.log(height), math.log(sharpness_of(cell, memory, counts))
    if counts[q.N_BEATS] == 0:
        memory[q.BEAT], memory[q.SHARP] = level, sharp
    # Beats that are not sure teach less, so that noise does not.
    trust = max(2.0 * p - 1.0, 0.0)
    gain = trust * max(q.LEVEL_GAIN, 1.0 / (counts[q.N_BEATS] + 1))
    memory[q.BEAT] += gain * min(max(level - memory[q.BEAT], -1.0), 0.7)
    memory[q.SHARP] += gain * min(max(sharp - memory[q.SHARP], -1.0), 0.7)
    counts[q.N_BEATS] += 1
    if counts[q.HAS_LAST]:
        _learn_rr(float(cell - counts[q.LAST]), trust, memory, counts)
    _learn_template(cell, trust, memory, counts)
    memory[q.UPRIGHT] += 0.125 * (upright - memory[q.UPRIGHT])
    memory[q.LAST_MAG], memory[q.LAST_P] = level, p
    counts[q.LAST], counts[q.LAST_SAMPLE], counts[q.HAS_LAST] = cell, sample, 1
    counts[q.QUIET] = cell
    memory[q.KEPT_P] = 0.0


@compiled
def _learn_rr(rr: float, trust: float, memory: FloatArray, counts: Int64Array) -> None:
    n = counts[q.N_RR]
    if n < 2:
        memory[q.RR_SLOW] = rr
    trust *= max(2.0 * memory[q.LAST_P] - 1.0, 0.0)
    away = min(max(rr / memory[q.RR_SLOW] - 1.0, -0.15), 0.15)
    memory[q.RR_SLOW] *= 1.0 + 0.15 * trust * trust * away
    if n > 0:
        away = abs(rr / memory[q.RR_MEDIAN] - 1.0)
        memory[q.RR_SPREAD] += 0.15 * (min(away, 1.0) - memory[q.RR_SPREAD])
    for i in range(q.N_RR_KEPT - 1, 0, -1):
        memory[q.RR + i] = memory[q.RR + i - 1]
    memory[q.RR] = rr
    counts[q.N_RR] = n = min(n + 1, q.N_RR_KEPT)
    ordered = memory[q.RR : q.RR + n].copy()
    for i in range(1, n):
        value, j = ordered[i], i
        while j > 0 and ordered[j - 1] > value:
            ordered[j] = ordered[j - 1]
            j -= 1
        ordered[j] = value
    memory[q.RR_MEDIAN] = 0.5 * (ordered[n // 2] + ordered[(n - 1) // 2])


@compiled
def match_templates(cell: int, memory: FloatArray, counts: Int64Array) -> None:
    """Try both templates at each lag around a cell, and note how well they fit there."""
    if memory[q.MATCHED_CELL] == cell:
        return
    memory[q.MATCHED_CELL] = cell
    reach = q.LAGS + q.TEMPLATE_BEFORE
    place = q.SMOOTH - counts[q.CELL_FROM] + cell - reach
    room = np.empty(q.N_SLOPES + 2 * q.N_LAGS)
    slopes = room[: q.N_SLOPES]
    one, two = room[q.N_SLOPES : q.N_SLOPES + q.N_LAGS], room[q.N_SLOPES + q.N_LAGS :]
    smooth = memory[place : place + q.N_SLOPES + 1]
    for i in range(q.N_SLOPES):
        slopes[i] = smooth[i + 1] - smooth[i]
    for lag in range(q.N_LAGS):
        one[lag] = two[lag] = 0.0
    for i in range(q.N_TEMPLATE):
        a, b = memory[q.TEMPLATES + i], memory[q.TEMPLATES + q.TEMPLATE_SIZE + i]
        some = slopes[i : i + q.N_LAGS]
        for lag in range(q.N_LAGS):
            one[lag] += a * some[lag]
            two[lag] += b * some[lag]
    _note_match(one, slopes, memory[q.MATCHES : q.MATCHES + q.MATCH_SIZE])
    _note_match(two, slopes, memory[q.MATCHES + q.MATCH_SIZE : q.MATCHED_CELL])


@compiled
def _note_match(responses: FloatArray, slopes: FloatArray, match: FloatArray) -> None:
    """Note the best of the candidate's own lags, and the greatest responses before and after."""
    top, total = q.LAGS - q.NEAR, 1e-18
    for lag in range(q.LAGS - q.NEAR + 1, q.LAGS + q.NEAR + 1):
        if responses[lag] > responses[top]:
            top = lag
    for i in range(top, top + q.N_TEMPLATE):
        total += slopes[i] * slopes[i]
    match[q.MATCH_LAG], match[q.MATCH_RESPONSE] = top, responses[top]
    match[q.MATCH_NORM] = math.sqrt(total)
    before, behind = responses[0], responses[q.LAGS + q.FAR]
    for lag in range(1, q.LAGS - q.FAR + 1):
        before = max(before, responses[lag])
        behind = max(behind, responses[q.LAGS + q.FAR + lag])
    match[q.MATCH_BEFORE], match[q.MATCH_BEHIND] = before, behind


@compiled
def _learn_template(cell: int, trust: float, memory: FloatArray, counts: Int64Array) -> None:
    """Let the template that is alike follow; else replace the rarer one."""
    if cell - q.TEMPLATE_BEFORE - q.LAGS < counts[q.CELL_FROM]:
        return
    match_templates(cell, memory, counts)
    one, two = memory[q.MATCHES : q.MATCHED_CELL], memory[q.MATCHES + q.MATCH_SIZE : q.MATCHED_CELL]
    alike = one[q.MATCH_RESPONSE] / one[q.MATCH_NORM], two[q.MATCH_RESPONSE] / two[q.MATCH_NORM]
    best = 0 if alike[0] >= alike[1] else 1
    match = one if best == 0 else two
    first, response = int(match[q.MATCH_LAG]), match[q.MATCH_RESPONSE]
    gain = q.TEMPLATE_GAIN * trust
    if alike[best] < q.ALIKE:
        if trust < 0.8 and counts[q.N_BEATS] > 4:
            return
        at = q.TEMPLATES + q.TEMPLATE_SHARE
        best = 0 if memory[at] <= memory[at + q.TEMPLATE_SIZE] else 1
        gain, first = 1.0, q.LAGS
    memory[q.MATCHED_CELL] = -1.0
    at = q.TEMPLATES + best * q.TEMPLATE_SIZE
    _follow(at, gain, cell + first - q.LAGS, response, memory, counts)
    for which in range(q.N_TEMPLATES):
        share = q.TEMPLATES + which * q.TEMPLATE_SIZE + q.TEMPLATE_SHARE
        memory[share] += 0.05 * ((1.0 if which == best else 0.0) - memory[share])


@compiled
def _follow(
    at: int, gain: float, cell: int, response: float, memory: FloatArray, counts: Int64Array
) -> None:
    """Move the template at a place towards the slopes around a cell, all of norm 1."""
    place = q.SMOOTH - counts[q.CELL_FROM] + cell - q.TEMPLATE_BEFORE
    smooth, template = memory[place : place + q.N_TEMPLATE + 1], memory[at : at + q.TEMPLATE_SIZE]
    total = 1e-18
    for i in range(q.N_TEMPLATE):
        total += (smooth[i + 1] - smooth[i]) ** 2
    norm, total = math.sqrt(total), 1e-18
    for i in range(q.N_TEMPLATE):
        template[i] += gain * ((smooth[i + 1] - smooth[i]) / norm - template[i])
        total += template[i] * template[i]
    scale = 1.0 / math.sqrt(total)
    for i in range(q.N_TEMPLATE):
        template[i] *= scale
    if gain == 1.0:
        template[q.TEMPLATE_MV] = norm
    else:
        usual = template[q.TEMPLATE_MV]
        template[q.TEMPLATE_MV] += gain * (min(max(response, 0.5 * usual), 2.0 * usual) - usual)


@compiled
def sharpness_of(cell: int, memory: FloatArray, counts: Int64Array) -> float:
    """Give the largest bend near a cell."""
    at, top = q.SMOOTH - counts[q.CELL_FROM] + cell - q.SHARP_REACH - 1, 1e-9
    around = memory[at : at + 2 * q.SHARP_REACH + 3]
    for i in range(1, 2 * q.SHARP_REACH + 2):
        top = max(top, abs(around[i + 1] - 2.0 * around[i] + around[i - 1]))
    return top
