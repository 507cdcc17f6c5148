"""What goes into the spool and what comes out of it. Pure."""

from dataclasses import dataclass
from typing import Self, TypeAlias

from ecgcore.wire.frame import Frame, encode_frame, frame_identity

BootKey: TypeAlias = tuple[str, int]
"""Device and boot id."""
SAMPLES = "samples"


@dataclass(frozen=True, slots=True)
class Entry:
    """A frame to be stored, and the recorder's state right after it."""

    device: str
    boot_id: int
    end_counter: int
    utc_ns: int
    frame: bytes
    state: bytes
    start_counter: int | None = None
    """First counter it accounts for, its gap included; None has it read from the frame."""
    is_held: bool = False
    """Behind an open hole: durable, but not handed out before it is released."""
    releases_to: int | None = None
    """Held rows of the boot that start here or before move behind this one, in counter order."""
    kind: str = SAMPLES
    """Of the topic it goes out under. Only ``samples`` holds a frame; others are plain JSON."""

    @classmethod
    def of(
        cls,
        frame: Frame,
        state: bytes,
        *,
        is_held: bool = False,
        releases_to: int | None = None,
    ) -> Self:
        """Encode `frame`."""
        return cls(
            frame.device,
            frame.boot_id,
            frame.end,
            frame.utc_ns,
            encode_frame(frame),
            state,
            frame.start,
            is_held,
            releases_to,
        )

    @property
    def start(self) -> int:
        """First counter it accounts for."""
        if self.start_counter is not None:
            return self.start_counter
        return frame_identity(self.frame)[2] if self.kind == SAMPLES else self.end_counter - 1


@dataclass(frozen=True, slots=True)
class Row:
    """A stored frame."""

    row_id: int
    boot_id: int
    end_counter: int
    frame: bytes
    kind: str = SAMPLES
    start_counter: int | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What of one patch is not yet committed."""

    n_frames: int
    """To be sent in order."""
    newest_id: int
    """0 with held rows only."""
    oldest_utc_ns: int
    n_held: int = 0
    """Rows behind a hole, besides."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Up to `limit` rows of one patch, behind row `row_id`."""

    device: str
    row_id: int
    limit: int
