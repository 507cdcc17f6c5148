"""How many frames one commit takes, by how long the last ones took. Pure.

Theory of operation: a frame that arrives waits for the batch in hand and then for its own, so a
batch may not take long, however much waits. A batch halves when it took long and doubles when a
full one was quick.
"""

_LEAST_FRAMES = 16
_FIRST_FRAMES = 64
_QUICK_S = 0.12
_SLOW_S = 0.3


class BatchSize:
    """Follows how long batches take.

    Parameters
    ----------
    most_frames : int
        However quick they are.
    """

    def __init__(self, most_frames: int) -> None:
        self._most_frames = most_frames
        self.frames = min(_FIRST_FRAMES, most_frames)
        """Of the next batch, at most."""

    def took(self, n_frames: int, took_s: float) -> None:
        """Note a batch, from its first frame's decoding to its commit."""
        if took_s > _SLOW_S:
            self.frames = max(min(_LEAST_FRAMES, self._most_frames), self.frames // 2)
        elif took_s <= _QUICK_S and n_frames >= self.frames:
            self.frames = min(self._most_frames, 2 * self.frames)
