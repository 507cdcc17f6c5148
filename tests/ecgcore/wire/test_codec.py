import struct

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import FrameError
from ecgcore.types import Int32Array
from ecgcore.wire.codec import Codec, decode_payload, encode_payload
from tests.strategies import adc_blocks, codecs

SAMPLES = np.array([[0, 1, -1, 300], [-32768, 32767, 0, 5]], np.int32)


@given(codec=codecs, adc=adc_blocks(limit=2**15 - 1))
def test_what_is_encoded_comes_back(codec: Codec, adc: Int32Array) -> None:
    found = decode_payload(encode_payload(adc, codec), codec, *adc.shape)
    assert found.dtype == np.int32
    assert np.array_equal(found, adc)


@given(adc=adc_blocks())
def test_the_compressed_codec_holds_all_of_int32(adc: Int32Array) -> None:
    payload = encode_payload(adc, Codec.DELTA_ZSTD)
    assert np.array_equal(decode_payload(payload, Codec.DELTA_ZSTD, *adc.shape), adc)


@given(adc=adc_blocks(limit=2**23 - 1))
def test_int24_holds_24_bits(adc: Int32Array) -> None:
    payload = encode_payload(adc, Codec.RAW_INT24)
    assert len(payload) == 3 * adc.size
    assert np.array_equal(decode_payload(payload, Codec.RAW_INT24, *adc.shape), adc)


def test_raw_bytes_are_little_endian_lead_after_lead() -> None:
    expected = struct.pack("<8h", 0, 1, -1, 300, -32768, 32767, 0, 5)
    assert encode_payload(SAMPLES, Codec.RAW_INT16) == expected
    assert encode_payload(SAMPLES[:, 1:3], Codec.RAW_INT24) == bytes.fromhex(
        "010000ffffffff7f00000000"
    )


def test_the_compressed_form_is_zigzag_differences_in_byte_planes() -> None:
    zigzag = [0, 2, 3, 602, 65535, 131070, 65533, 10]
    rows = [struct.pack("<Q", value)[:5] for value in zigzag]
    planes = b"".join(bytes(row[k] for row in rows) for k in range(5))
    payload = encode_payload(SAMPLES, Codec.DELTA_ZSTD)
    assert zstandard.ZstdDecompressor().decompress(payload) == planes
    # Bytes of another zstd, at another level, are read as well.
    other = zstandard.ZstdCompressor(level=19).compress(planes)
    assert np.array_equal(decode_payload(other, Codec.DELTA_ZSTD, 2, 4), SAMPLES)


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (Codec.RAW_INT16, 2**15),
        (Codec.RAW_INT16, -(2**15) - 1),
        (Codec.RAW_INT24, 2**23),
        (Codec.RAW_INT24, -(2**23) - 1),
    ],
)
def test_a_sample_that_does_not_fit_is_refused(codec: Codec, value: int) -> None:
    with pytest.raises(FrameError, match="does not fit codec"):
        encode_payload(np.array([[value]], np.int32), codec)


@given(
    codec=codecs,
    payload=st.binary(max_size=80),
    n_leads=st.integers(1, 3),
    n_samples=st.integers(0, 10),
)
def test_any_bytes_decode_or_raise(
    codec: Codec, payload: bytes, n_leads: int, n_samples: int
) -> None:
    try:
        found = decode_payload(payload, codec, n_leads, n_samples)
    except FrameError:
        return
    assert found.shape == (n_leads, n_samples)


@given(planes=st.binary(min_size=20, max_size=20))
def test_any_differences_decode_or_raise(planes: bytes) -> None:
    payload = zstandard.ZstdCompressor().compress(planes)
    try:
        found = decode_payload(payload, Codec.DELTA_ZSTD, 2, 2)
    except FrameError:
        return
    assert np.array_equal(
        decode_payload(encode_payload(found, Codec.DELTA_ZSTD), Codec.DELTA_ZSTD, 2, 2), found
    )


def test_a_payload_cannot_claim_more_than_its_samples() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(10_000_000))
    with pytest.raises(FrameError, match="20 bytes expected inside"):
        decode_payload(bomb, Codec.DELTA_ZSTD, 1, 4)


def test_a_second_of_ecg_is_less_than_half_of_raw() -> None:
    times_s = np.arange(250) / 250
    adc = np.rint(400 * np.exp(-0.5 * ((times_s - 0.5) / 0.012) ** 2)).astype(np.int32)[None]
    assert len(encode_payload(adc, Codec.DELTA_ZSTD)) < 0.5 * 2 * adc.size
