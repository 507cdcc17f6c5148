"""Frames for tests: the sample number is the signal."""

from collections.abc import Sequence

import numpy as np

from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame, encode_frame
from ecgcore.wire.topics import up

DEVICE = "polar-h10-0A1B2C3D"
PERIOD_NS = 7_692_308
START_NS = 1_700_000_000_000_000_000


def frame(
    first: int,
    n: int = 73,
    gap: int = 0,
    *,
    device: str = DEVICE,
    boot: int = 7,
    reason: GapReason = GapReason.RADIO_LOSS,
) -> Frame:
    return Frame(
        device=device,
        boot_id=boot,
        first_counter=first,
        adc=np.arange(first, first + n, dtype=np.int32)[None, :],
        lead_mask=1 << 12,
        fs_mhz=130_000,
        lsb_pv=1_000_000,
        device_time_ns=first * PERIOD_NS,
        device_span_ns=n * PERIOD_NS,
        utc_ns=START_NS + first * PERIOD_NS,
        arrival_ns=START_NS + (first + n) * PERIOD_NS,
        gap_before=gap,
        gap_reason=reason if gap else GapReason.NONE,
    )


def run(n_frames: int, first: int = 0, **which: object) -> list[Frame]:
    return [frame(first + 73 * i, **which) for i in range(n_frames)]  # type: ignore[arg-type]


def message(of: Frame, gateway: str = "gw1") -> tuple[str, bytes]:
    return up(gateway, of.device, "samples"), encode_frame(of)


def numbers(frames: Sequence[Frame]) -> list[int]:
    return [int(value) for f in frames for value in f.adc[0]]
