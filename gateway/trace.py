"""A few seconds of ECG as text, so that a fit can be judged where there is no screen. Pure."""

from itertools import pairwise

import numpy as np

from ecgcore.types import FloatArray

# The eight dots of a braille cell: column by column, top to bottom.
_DOTS = np.array([[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]])
_BLANK = 0x2800
_CELL_HEIGHT = 4


def draw(ecg_mv: FloatArray, n_columns: int, n_rows: int) -> list[str]:
    """Draw a trace in braille, its whole range over the whole height.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n_samples,)
    n_columns, n_rows : int
        Characters.

    Returns
    -------
    list of str
        One line a row, top first; blank without samples.
    """
    cells = np.full((n_rows, n_columns), _BLANK)
    if ecg_mv.size:
        _plot(cells, ecg_mv)
    return ["".join(map(chr, row)) for row in cells]


def _plot(cells: np.ndarray, ecg_mv: FloatArray) -> None:
    n_rows, n_columns = cells.shape
    edges = np.linspace(0, ecg_mv.size, 2 * n_columns + 1).astype(int)
    low, high = float(ecg_mv.min()), float(ecg_mv.max())
    scale = (n_rows * _CELL_HEIGHT - 1) / max(high - low, 1e-9)
    for x, (start, end) in enumerate(pairwise(edges)):
        # From the sample before, so that the line has no holes.
        piece = ecg_mv[max(start - 1, 0) : max(end, start + 1)]
        if not piece.size:
            continue
        top = round((high - float(piece.max())) * scale)
        bottom = round((high - float(piece.min())) * scale)
        for y in range(top, bottom + 1):
            cells[y // _CELL_HEIGHT, x // 2] |= _DOTS[x % 2, y % _CELL_HEIGHT]
