"""From a sample frame to the strip message of the pages (``docs/api.md``), little-endian."""

import struct

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import FrameError
from ecgcore.types import FrameFlag, Int32Array
from ecgcore.wire.frame import Frame

_KIND_STRIP = 1
_VERSION = 1
_LEAD_OFF = 1
_SATURATED = 2
_INT16_MAX = 32_767
_UINT32_MAX = (1 << 32) - 1
_HEADER = struct.Struct("<BBBBIIIQQIIq")


def strip_message(frame: Frame, stream: int) -> bytes:
    """Encode the first lead of a frame for a page.

    Counts that do not fit 16 bits are divided and the LSB is raised by the same factor, so the
    voltage stays.

    Raises
    ------
    FrameError
        If the raised LSB does not fit.
    """
    samples, factor = _narrowed(frame.adc[0])
    lsb_pv = frame.lsb_pv * factor
    if lsb_pv > _UINT32_MAX:
        msg = (
            f"frame {frame.device}/{frame.boot_id}/{frame.first_counter}: beyond what a strip shows"
        )
        raise FrameError(msg)
    flags = _LEAD_OFF if frame.lead_off else 0
    flags |= _SATURATED if FrameFlag.SATURATED in frame.flags else 0
    header = _HEADER.pack(
        _KIND_STRIP,
        _VERSION,
        frame.gap_reason,
        flags,
        stream,
        frame.boot_id,
        frame.n_samples,
        frame.first_counter,
        frame.gap_before,
        frame.fs_mhz,
        lsb_pv,
        frame.utc_ns,
    )
    return header + samples.tobytes()


def _narrowed(counts: Int32Array) -> tuple[NDArray[np.int16], int]:
    largest = int(np.abs(counts.astype(np.int64)).max(initial=0))
    factor = max(1, -(-largest // _INT16_MAX))
    if factor > 1:
        return np.rint(counts / factor).astype("<i2"), factor
    return counts.astype("<i2"), factor
