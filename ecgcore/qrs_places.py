"""Sizes of the R-peak detector, and where things lie in its flat arrays.

All that is remembered of a stream lies in `memory` and `counts`, parameters in `plan`, beats in the
rows of `found`. The units are cells of 10 ms unless a name says otherwise.
"""

CELL_HZ = 100.0
HALF = 10
"""Cells on either side that the wavelet covers."""
AFTER = 28
"""Cells after a candidate that are looked at before it is judged."""
PICK = 6
"""Cells on either side that a candidate tops."""
CORE, WING_BEFORE, WING_AFTER = 12, 6, 8
"""Cells on either side seen one by one; pairs of cells before and after those."""
CONTEXT_BEFORE, CONTEXT_AFTER, CONTEXT_STEP = 120, 16, 4
N_WAVE = 2 * CORE + 1 + WING_BEFORE + WING_AFTER
N_CONTEXT = (CONTEXT_BEFORE + CONTEXT_AFTER) // CONTEXT_STEP
N_SCALARS = 47
N_FEATURES = N_WAVE + N_CONTEXT + N_SCALARS
SCALARS_AT = N_WAVE + N_CONTEXT
N_HIDDEN_1, N_HIDDEN_2 = 64, 24
N_TRACE = N_FEATURES + 3
"""Features, then cell of the candidate, probability, whether it became a beat."""
TEMPLATE_BEFORE, N_TEMPLATE, N_TEMPLATES = 9, 19, 2
LAGS = 18
"""Cells to either side that templates are tried at."""
N_LAGS, N_SLOPES = 2 * LAGS + 1, 2 * LAGS + N_TEMPLATE
NEAR, FAR = 2, 6
"""A lag so small is the candidate's own; one so large another wave's."""
SHARP_REACH = 6
REFRACTORY = 18
"""Cells from beat to beat at least: 180 ms; 300/min are 200 ms."""
PIECE = 128
"""Cells worked on at a time."""
HELD = 160
BUFFER = 512
MISSING_MV = 1e4
"""No electrode on a body gives more; such samples, and NaN, count as missing: the last is held."""
FLOOR_MV = 0.006
"""Of the magnitude; nothing smaller is the first beat. Once there are beats, their level counts."""
LEAST_SHARE = 0.08
"""Candidates below this share of the beats' level are not looked at."""
IDLE_SHARE, IDLE_WAIT, IDLE_DOUBT = 0.25, 1.25, 0.01
FORGET = 400
"""Cells without a beat after which level and rhythm are taken to be unknown."""
SAME_BEAT = 10
"""Peaks closer than so many cells are one."""
LEVEL_GAIN, NOISE_GAIN, TEMPLATE_GAIN = 0.2, 0.15, 0.2
ALIKE = 0.75
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
N_RR_KEPT = 8
JUDGED_CELL = RR + N_RR_KEPT
N_JUDGED = 24
JUDGED_P = JUDGED_CELL + N_JUDGED
TEMPLATES = JUDGED_P + N_JUDGED
TEMPLATE_SHARE, TEMPLATE_MV = N_TEMPLATE, N_TEMPLATE + 1
TEMPLATE_SIZE = N_TEMPLATE + 2
MATCHES = TEMPLATES + N_TEMPLATES * TEMPLATE_SIZE
MATCH_LAG, MATCH_RESPONSE, MATCH_NORM, MATCH_BEFORE, MATCH_BEHIND = range(5)
MATCH_SIZE = 5
MATCHED_CELL = MATCHES + N_TEMPLATES * MATCH_SIZE
SMOOTH = MATCHED_CELL + 1
MAG = SMOOTH + BUFFER
RAW = MAG + BUFFER

# Places in `plan`.
STEP, SEARCH, LEVEL_FROM, LEVEL_TO, PARABOLA, THRESHOLD, BACK, OVERDUE, OVERDUE_MAX = range(9)
EVEN = 9
ODD = EVEN + HALF + 1
N_PLAN = ODD + HALF + 1

# Places in a row of `found`.
STREAM, SAMPLE, OFFSET, AMPLITUDE, CONFIDENCE, DECIDED = range(6)
N_FOUND = 6
