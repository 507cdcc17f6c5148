"""The wire frame against JSON that says the same."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from ecgcore.types import FrameFlag, GapReason
from ecgcore.wire.codec import Codec
from ecgcore.wire.frame import Frame, decode_frame, encode_frame
from tests.bench.ecg import source
from tests.bench.timing import best_us

FS_HZ = 250
_SECONDS = 60
_START_NS = 1_700_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class FormatCost:
    """What a frame of one second at 250 Hz costs in one format."""

    name: str
    n_bytes: float
    """Header included; the mean over a minute."""
    encode_us: float
    decode_us: float


def measure_wire() -> list[FormatCost]:
    """Measure JSON first, then the frame with each codec that a patch's samples fit."""
    frames = [_frame(second) for second in range(_SECONDS)]
    return [
        _cost("JSON", frames, _to_json, _from_json),
        _cost("raw int16", frames, lambda f: encode_frame(f, Codec.RAW_INT16), decode_frame),
        _cost("delta zstd", frames, encode_frame, decode_frame),
    ]


def _cost(
    name: str,
    frames: list[Frame],
    encode: Callable[[Frame], bytes],
    decode: Callable[[bytes], Frame],
) -> FormatCost:
    encoded = [encode(frame) for frame in frames]
    assert all(np.array_equal(decode(e).adc, f.adc) for e, f in zip(encoded, frames, strict=True))
    return FormatCost(
        name,
        sum(map(len, encoded)) / len(encoded),
        best_us(lambda: [encode(frame) for frame in frames], 20) / len(frames),
        best_us(lambda: [decode(data) for data in encoded], 20) / len(frames),
    )


def _frame(second: int) -> Frame:
    first = second * FS_HZ
    return Frame(
        device="polar-h10-0A1B2C3D",
        boot_id=7,
        first_counter=first,
        adc=source(FS_HZ).read_uv(first, FS_HZ)[np.newaxis],
        lead_mask=1,
        fs_mhz=FS_HZ * 1000,
        lsb_pv=1_000_000,
        device_time_ns=second * 10**9,
        device_span_ns=10**9,
        utc_ns=_START_NS + second * 10**9,
        arrival_ns=_START_NS + (second + 1) * 10**9,
    )


def _to_json(frame: Frame) -> bytes:
    book = {field.name: getattr(frame, field.name) for field in fields(Frame)}
    return json.dumps({**book, "adc": frame.adc.tolist()}).encode()


def _from_json(data: bytes) -> Frame:
    book = json.loads(data)
    return Frame(
        **{
            **book,
            "adc": np.array(book["adc"], np.int32),
            "gap_reason": GapReason(book["gap_reason"]),
            "flags": FrameFlag(book["flags"]),
        }
    )
