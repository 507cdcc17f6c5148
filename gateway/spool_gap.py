"""The frame that names samples gone. Pure."""

from dataclasses import replace

from ecgcore.types import FrameFlag, GapReason
from ecgcore.wire.frame import Frame


def gap_frame(near: Frame, start: int, end: int, reason: GapReason) -> Frame:
    """Give the frame without samples that names counters `start` up to `end` gone.

    Parameters
    ----------
    near : Frame
        Of the same boot, the nearer the better: tells leads, rate, and the time at `end`.
    """
    since_ns = round((end - near.first_counter) * near.period_ns)
    return replace(
        near,
        first_counter=end,
        adc=near.adc[:, :0],
        device_time_ns=near.device_time_ns + since_ns,
        device_span_ns=0,
        utc_ns=near.utc_ns + since_ns,
        gap_before=end - start,
        gap_reason=reason,
        flags=near.flags & FrameFlag.DISCONTINUITY,
    )
