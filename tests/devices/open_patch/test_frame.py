from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.open_patch import frame as frames
from devices.open_patch.frame import (
    Event,
    EventFrame,
    Flag,
    Frame,
    GapCode,
    GapFrame,
    Head,
    OtherFrame,
    SampleFrame,
    decode_frame,
    encode_frame,
)
from devices.open_patch.payload import Codec
from ecgcore.errors import NotificationError
from tests.devices.open_patch.specification import example

HEAD = Head(
    boot=0x0000002A,
    number=7,
    counter=1000,
    time_us=4_000_000,
    fs_hz=250,
    lead_mask=0b1,
    lead_off=0,
    flags=Flag.NONE,
)
SHORT = np.array([[100, 102, 101, 97, 150]], np.int32)
TWO_LEADS = np.array([[100, 102, 101, 97], [-5, -5, -4, 3]], np.int32)
GOLDEN: dict[str, Frame] = {
    "frame raw int16": SampleFrame(HEAD, SHORT, Codec.INT16),
    "frame raw int24": SampleFrame(
        replace(HEAD, flags=Flag.SATURATED),
        np.array([[1, -1, 8388607, -8388608]], np.int32),
        Codec.INT24,
    ),
    "frame Rice": SampleFrame(replace(HEAD, lead_mask=0b11), TWO_LEADS, Codec.RICE),
    "frame packed int12": SampleFrame(replace(HEAD, lead_off=0b100), SHORT, Codec.INT12),
    "frame event": EventFrame(replace(HEAD, lead_off=0b11), Event.LEADS),
    "frame gap": GapFrame(HEAD, GapCode.OVERWRITTEN, 1500),
}


def same(one: object, other: object) -> bool:
    if isinstance(one, SampleFrame) and isinstance(other, SampleFrame):
        heads = (one.head, one.codec) == (other.head, other.codec)
        return heads and one.adc.tolist() == other.adc.tolist()
    return one == other


@pytest.mark.parametrize("name", GOLDEN)
def test_the_specifications_examples_are_read_and_written(name: str) -> None:
    data, frame = example(name), GOLDEN[name]
    assert encode_frame(frame).hex() == data.hex()
    assert same(decode_frame(data), frame)


heads = st.builds(
    Head,
    boot=st.integers(0, 2**32 - 1),
    number=st.integers(0, 2**32 - 1),
    counter=st.integers(0, 2**48 - 256),
    time_us=st.integers(0, 2**48 - 1),
    fs_hz=st.integers(1, 2**16 - 1),
    lead_mask=st.integers(1, 255),
    lead_off=st.integers(0, 2**16 - 1),
    flags=st.sampled_from([Flag.NONE, Flag.SATURATED, Flag.PACE, Flag.SATURATED | Flag.PACE]),
)


@given(head=heads, n_samples=st.integers(1, 255), seed=st.integers(0, 99))
def test_frames_survive_the_trip(head: Head, n_samples: int, seed: int) -> None:
    shape = (head.lead_mask.bit_count(), n_samples)
    adc = np.random.default_rng(seed).integers(-2000, 2000, shape).astype(np.int32)
    frame = SampleFrame(head, adc)
    decoded = decode_frame(encode_frame(frame))
    assert same(decoded, frame)
    assert isinstance(decoded, SampleFrame)
    assert decoded.end == head.counter + n_samples


@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(NotificationError):
        decode_frame(data)


@given(head=st.binary(min_size=29, max_size=29), payload=st.binary(max_size=220))
def test_any_bytes_under_a_right_crc_are_read_or_refused(head: bytes, payload: bytes) -> None:
    """Hostile, not just damaged: version, kind and CRC are as they must be."""
    for kind in range(4):
        body = bytes([0x10 | kind]) + head[1:] + payload
        data = body + frames.crc_hqx(body, 0xFFFF).to_bytes(2, "little")
        with suppress(NotificationError):
            found = decode_frame(data)
            if isinstance(found, SampleFrame):
                assert same(decode_frame(encode_frame(found)), found)
                assert found.end <= 2**48


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), name=st.sampled_from(sorted(GOLDEN)))
def test_a_flipped_bit_is_found(at: int, bit: int, name: str) -> None:
    data = bytearray(example(name))
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(NotificationError, match="CRC"):
        decode_frame(bytes(data))


def resealed(data: bytes) -> bytes:
    return data + frames.crc_hqx(data, 0xFFFF).to_bytes(2, "little")


@pytest.mark.parametrize(
    ("at", "octets", "what"),
    [
        (0, "20", "version 2"),
        (24, "00", "0 samples"),
        (25, "00", "of 0 leads"),
        (22, "0000", "at 0 Hz"),
        (10, "ffffffffffff", "beyond 48 bits"),
        (28, "07", "codec 7"),
    ],
)
def test_fields_that_cannot_be_are_named(at: int, octets: str, what: str) -> None:
    body = bytearray(example("frame raw int16")[:-2])
    body[at : at + len(octets) // 2] = bytes.fromhex(octets)
    with pytest.raises(NotificationError, match=what):
        decode_frame(resealed(bytes(body)))


def test_gap_frames_must_name_samples() -> None:
    body = example("frame gap")[:-2]
    for wrong in (body[:-4] + bytes(4), body[:-1]):
        with pytest.raises(NotificationError, match="gap frame"):
            decode_frame(resealed(wrong))


def test_frames_of_another_kind_are_kept_raw() -> None:
    data = resealed(b"\x15" + example("frame event")[1:-2])
    assert decode_frame(data) == OtherFrame(5, data)


def test_unknown_flags_are_passed_over() -> None:
    body = bytearray(example("frame raw int16")[:-2])
    body[1] = 0xFC
    decoded = decode_frame(resealed(bytes(body)))
    assert isinstance(decoded, SampleFrame)
    assert decoded.head.flags is Flag.NONE


def test_fields_that_do_not_fit_are_not_written() -> None:
    with pytest.raises(ValueError, match="frame"):
        encode_frame(replace(GOLDEN["frame gap"], head=replace(HEAD, counter=1 << 48)))
