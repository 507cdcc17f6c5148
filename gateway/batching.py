"""A patch's notifications joined into frames of about a second. Pure.

Theory of operation: a frame holds as many whole notifications as fit into the target, at least one.
It is closed when another one like the last would not fit any more, when it has waited for as long
as it may last, and by whatever a frame cannot hold: a gap, another boot, other constants, another
state of the electrodes, a step of the clock. With each frame goes the recorder's state right after
its last sample, so what is not yet closed when the power is cut was never counted.
"""

from dataclasses import dataclass, replace

import numpy as np

from ecgcore.types import FrameFlag
from ecgcore.wire.frame import MAX_SAMPLES, Frame

_NEVER_S = float("inf")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame stands while a hole is open (`gateway.spool`)."""

    is_held: bool = False
    """Behind the hole."""
    releases_to: int | None = None
    """Held frames that start here or before come after it."""


IN_ORDER = Place()


@dataclass(frozen=True, slots=True, eq=False)
class Closed:
    """A frame to be stored, and the recorder's state right after its last sample."""

    frame: Frame
    state: bytes
    place: Place = IN_ORDER


@dataclass(slots=True, eq=False)
class _Open:
    parts: list[Frame]
    n_samples: int
    state: bytes
    since_s: float
    place: Place


class Batching:
    """Joins the frames of one patch; cut how they may be, the same samples come out."""

    def __init__(self) -> None:
        self._open: _Open | None = None

    def due_s(self, target_s: float) -> float:
        """Give when the open frame has to be closed, infinite without one."""
        return self._open.since_s + target_s if self._open else _NEVER_S

    def push(
        self,
        frame: Frame,
        state: bytes,
        now_s: float,
        target_s: float,
        place: Place = IN_ORDER,
    ) -> list[Closed]:
        """Take what follows; give the frames that this closes, in order.

        Parameters
        ----------
        state : bytes
            Of the recorder right after `frame`.
        now_s : float
            Monotonic.
        target_s : float
            How long a frame may be and wait; a notification that is longer is a frame by itself.
        place : Place
            What releases held frames ends its frame; what is held stays apart from what is not.
        """
        closed = []
        is_apart = self._open is not None and self._open.place != Place(place.is_held)
        if self._open and (
            is_apart
            or not _continues(self._open.parts[-1], frame)
            or self._is_beyond(frame, target_s)
        ):
            closed += self.flush()
        if self._open is None:
            self._open = _Open([frame], frame.n_samples, state, now_s, place)
        else:
            self._open.parts.append(frame)
            self._open.n_samples += frame.n_samples
            self._open.state = state
            self._open.place = place
        if place.releases_to is not None or self._is_beyond(frame, target_s):
            closed += self.flush()
        return closed

    def flush(self) -> list[Closed]:
        """Close the open frame, if there is one."""
        if self._open is None:
            return []
        closed = Closed(_joined(self._open.parts), self._open.state, self._open.place)
        self._open = None
        return [closed]

    def _is_beyond(self, frame: Frame, target_s: float) -> bool:
        """Say whether another one like this would not fit."""
        if self._open is None:
            return False
        n_samples = self._open.n_samples + frame.n_samples
        return n_samples > MAX_SAMPLES or n_samples * frame.period_ns > target_s * 1e9


def _continues(last: Frame, frame: Frame) -> bool:
    """Say whether a frame can be joined to the one before it."""
    expected_ns = last.device_time_ns + last.n_samples * last.period_ns
    is_same_stream = (
        last.boot_id,
        last.lead_mask,
        last.fs_mhz,
        last.lsb_pv,
        last.lead_off,
        last.flags & ~FrameFlag.DISCONTINUITY,
        last.end,
    ) == (
        frame.boot_id,
        frame.lead_mask,
        frame.fs_mhz,
        frame.lsb_pv,
        frame.lead_off,
        frame.flags,
        frame.start,
    )
    return (
        is_same_stream
        and bool(last.n_samples and frame.n_samples)
        and not frame.gap_before
        # Half a sample: the joined frame has one clock.
        and abs(frame.device_time_ns - expected_ns) < 0.5 * frame.period_ns
    )


def _joined(parts: list[Frame]) -> Frame:
    first, last = parts[0], parts[-1]
    if first is last:
        return first
    end_ns = last.device_time_ns + round(last.n_samples * last.period_ns)
    return replace(
        first,
        adc=np.concatenate([part.adc for part in parts], axis=1),
        device_span_ns=end_ns - first.device_time_ns,
        arrival_ns=last.arrival_ns,
    )
