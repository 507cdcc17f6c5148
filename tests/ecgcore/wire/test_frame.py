import struct
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import FrameError
from ecgcore.types import FrameFlag, Gap, GapReason, SampleClock
from ecgcore.wire.checksum import crc32c
from ecgcore.wire.codec import Codec
from ecgcore.wire.frame import (
    MAX_GAP_SAMPLES,
    MAX_SAMPLES,
    Frame,
    decode_frame,
    encode_frame,
    frame_identity,
)
from tests.ecgcore.wire.test_checksum import bitwise
from tests.strategies import codecs, frames

GOLDEN_HEX = (
    "454701000400010000000112"
    "07000000e80300000000000004000000490000000000000"
    "0d0fb010040420f00"
    "00f2052a01000000"
    "4e80d50100000000"
    "00002a36fe9c9717"
    "80b21045fe9c9717"
    "08000000"
    "706f6c61722d6831302d3041314232433344"
    "0000fffffa000080"
    "d0567e2d"
)
FRAME = Frame(
    device="polar-h10-0A1B2C3D",
    boot_id=7,
    first_counter=1000,
    adc=np.array([[0, -1, 250, -32768]], np.int32),
    lead_mask=1,
    fs_mhz=130_000,
    lsb_pv=1_000_000,
    device_time_ns=5_000_000_000,
    device_span_ns=30_769_230,
    utc_ns=1_700_000_000_000_000_000,
    arrival_ns=1_700_000_000_250_000_000,
    gap_before=73,
    gap_reason=GapReason.RADIO_LOSS,
    flags=FrameFlag.REPLAY,
)


def assert_same(found: Frame, expected: Frame) -> None:
    for name in (field.name for field in fields(Frame)):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name


def resealed(body: bytes) -> bytes:
    """Put a valid CRC after changed bytes, so that the checks behind it are reached."""
    return body + struct.pack("<I", crc32c(body))


def test_golden_bytes() -> None:
    """Version 1 as stored since the first release; must decode for good."""
    assert encode_frame(FRAME, Codec.RAW_INT16).hex() == GOLDEN_HEX
    assert_same(decode_frame(bytes.fromhex(GOLDEN_HEX)), FRAME)


def test_golden_bytes_are_what_struct_makes_of_the_documented_layout() -> None:
    device = b"polar-h10-0A1B2C3D"
    body = b"EG" + struct.pack("<BBHHH", 1, 0, 4, 1, 0)
    body += struct.pack("<BBIQI", 1, len(device), 7, 1000, 4)
    body += struct.pack("<QII", 73, 130_000, 1_000_000)
    body += struct.pack("<qQ", 5_000_000_000, 30_769_230)
    body += struct.pack("<qqI", 1_700_000_000_000_000_000, 1_700_000_000_250_000_000, 8)
    assert len(body) == 80
    body += device + struct.pack("<4h", 0, -1, 250, -32768)
    assert (body + struct.pack("<I", bitwise(body))).hex() == GOLDEN_HEX


@given(frame=frames(), codec=codecs)
def test_what_is_encoded_comes_back(frame: Frame, codec: Codec) -> None:
    assert_same(decode_frame(encode_frame(frame, codec)), frame)


@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_by_their_own_error(data: bytes) -> None:
    with pytest.raises(FrameError):
        decode_frame(data)


@given(frame=frames(), at=st.integers(0), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(frame: Frame, at: int, bit: int) -> None:
    data = bytearray(encode_frame(frame))
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(FrameError):
        decode_frame(bytes(data))


@given(frames())
def test_the_identity_is_that_of_the_decoded_frame(frame: Frame) -> None:
    expected = (frame.device, frame.boot_id, frame.start, frame.end)
    assert frame_identity(encode_frame(frame)) == expected


@pytest.mark.parametrize("data", [b"", b"EG", bytes(11) + b"\xff" + bytes(68) + b"\xff"])
def test_bytes_without_identity_are_refused(data: bytes) -> None:
    with pytest.raises(FrameError, match="frame header"):
        frame_identity(data)


def test_any_shorter_or_longer_frame_is_refused() -> None:
    data = encode_frame(FRAME)
    for length in range(len(data)):
        with pytest.raises(FrameError):
            decode_frame(data[:length])
    for tail in (b"\0", data):
        with pytest.raises(FrameError, match="its header says"):
            decode_frame(data + tail)


@given(
    frame=frames(),
    codec=codecs,
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_a_forged_frame_decodes_or_is_refused(
    frame: Frame, codec: Codec, changes: list[tuple[int, int]]
) -> None:
    body = bytearray(encode_frame(frame, codec)[:-4])
    for at, value in changes:
        body[at % len(body)] = value
    try:
        found = decode_frame(resealed(bytes(body)))
    except FrameError:
        return
    assert_same(decode_frame(encode_frame(found, Codec.DELTA_ZSTD)), found)


HEADER = bytes.fromhex(GOLDEN_HEX)[:-4]


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (2, b"\x02", "frame version 2 is not understood"),
        (3, b"\x09", "9 is not a valid Codec"),
        (6, b"\0\0", "lead mask 0x0000"),
        (6, b"\x01\x20", "lead mask 0x2001"),
        (10, b"\x63", "99 is not a valid GapReason"),
        (16, struct.pack("<Q", 2**63 - 2), "counter"),
        (24, struct.pack("<I", MAX_SAMPLES + 1), "65537 samples"),
        (28, struct.pack("<Q", 1001), "gap of 1001 samples"),
        (36, bytes(4), "rate 0 mHz"),
        (40, bytes(4), "LSB 0 pV"),
        (80, b"\xff", "can't decode byte 0xff"),
    ],
)
def test_each_field_has_its_range(at: int, value: bytes, message: str) -> None:
    body = HEADER[:at] + value + HEADER[at + len(value) :]
    with pytest.raises(FrameError, match=message):
        decode_frame(resealed(body))


def test_a_gap_of_absurd_length_is_refused() -> None:
    frame = replace(FRAME, first_counter=2**50, gap_before=MAX_GAP_SAMPLES + 1)
    with pytest.raises(FrameError, match="gap of"):
        decode_frame(encode_frame(frame))


@pytest.mark.parametrize(
    "frame",
    [
        replace(FRAME, lead_mask=3),
        replace(FRAME, lead_mask=0),
        replace(FRAME, adc=np.zeros(4, np.int32)),
        replace(FRAME, first_counter=-1),
        replace(FRAME, boot_id=2**32),
        replace(FRAME, device="x" * 256),
    ],
)
def test_a_frame_that_cannot_be_written_is_refused(frame: Frame) -> None:
    with pytest.raises(FrameError):
        encode_frame(frame)


def test_a_frame_may_only_name_a_gap() -> None:
    frame = replace(FRAME, adc=np.empty((1, 0), np.int32))
    found = decode_frame(encode_frame(frame))
    assert found.gap() == Gap(927, 73, GapReason.RADIO_LOSS)
    assert (found.n_samples, found.start, found.end) == (0, 927, 1000)
    assert found.period_ns == pytest.approx(1e9 / 130)


def test_samples_become_millivolts_with_the_device_clock() -> None:
    chunk = FRAME.chunk()
    assert chunk.start == 1000
    np.testing.assert_allclose(chunk.ecg_mv, [[0.0, -0.001, 0.25, -32.768]])
    assert chunk.clock == SampleClock(1000, 5_000_000_000, 30_769_230 / 4)
    assert FRAME.end_utc_ns == FRAME.utc_ns + 30_769_230
    assert replace(FRAME, gap_before=0).gap() is None
