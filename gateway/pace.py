"""How much goes out at once, and how long frames are, by how fast the broker answers. Pure.

Theory of operation: what is on its way to the broker delays the newest frame by as long as the
broker needs for it. So a round of frames shrinks by half when it took long and doubles when a full
one was quick. On an uplink that stays slow, frames get longer, because a longer one costs fewer
bytes a sample: the target doubles with every slow round and halves with every quick one.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaceConfig:
    """Limits of the pace."""

    most_frames: int = 64
    least_frames: int = 4
    quick_s: float = 0.25
    """A round that took no longer was quick."""
    slow_s: float = 1.0
    """A round that took longer was slow."""
    frame_s: float = 1.0
    """Length of a frame on a good uplink."""
    longest_frame_s: float = 5.0


class Pace:
    """Follows how long rounds of frames take."""

    def __init__(self, config: PaceConfig) -> None:
        self._config = config
        self.round_frames = config.most_frames
        """How many frames to send before the broker has answered."""
        self.frame_s = config.frame_s
        """How long a frame may be."""

    def took(self, n_frames: int, took_s: float) -> None:
        """Note a round that the broker has answered."""
        config = self._config
        if took_s > config.slow_s:
            self.round_frames = max(config.least_frames, self.round_frames // 2)
            self.frame_s = min(config.longest_frame_s, 2 * self.frame_s)
        elif took_s <= config.quick_s:
            if n_frames >= self.round_frames:
                self.round_frames = min(config.most_frames, 2 * self.round_frames)
            self.frame_s = max(config.frame_s, self.frame_s / 2)
