import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.open_patch.payload import Codec, decode_samples, encode_samples, fits
from ecgcore.errors import NotificationError
from ecgcore.types import Int32Array
from tests.devices.open_patch.specification import rice_one_by_one

LIMITS = {Codec.INT12: 1 << 11, Codec.INT16: 1 << 15, Codec.INT24: 1 << 23, Codec.RICE: 1 << 23}


@st.composite
def signals(draw: st.DrawFn, limit: int) -> Int32Array:
    """Smooth, rough and extreme leads, 1 to 8, of 1 to 40 samples."""
    n_leads, n_samples = draw(st.integers(1, 8)), draw(st.integers(1, 40))
    roughness = draw(st.sampled_from([1, 8, 300, limit]))
    start = draw(st.integers(-limit, limit - 1))
    seed = draw(st.integers(0, 1 << 30))
    steps = np.random.default_rng(seed).integers(-roughness, roughness + 1, (n_leads, n_samples))
    return np.clip(start + steps.cumsum(axis=1), -limit, limit - 1).astype(np.int32)


@pytest.mark.parametrize("codec", Codec)
@given(data=st.data())
def test_samples_survive_the_trip(codec: Codec, data: st.DataObject) -> None:
    adc = data.draw(signals(LIMITS[codec]))
    payload = encode_samples(adc, codec)
    assert decode_samples(payload, codec, *adc.shape).tolist() == adc.tolist()


@given(adc=signals(1 << 23))
def test_planes_are_what_the_specification_reads_bit_by_bit(adc: Int32Array) -> None:
    payload = encode_samples(adc, Codec.RICE)
    assert rice_one_by_one(payload, *adc.shape) == adc.tolist()


@pytest.mark.parametrize("codec", Codec)
@given(data=st.data())
def test_a_payload_is_exactly_its_samples(codec: Codec, data: st.DataObject) -> None:
    """One byte less or more, or one sample or lead that is not there, is refused."""
    adc = data.draw(signals(LIMITS[codec]))
    payload = encode_samples(adc, codec)
    n_leads, n_samples = adc.shape
    for wrong in (payload[:-1], payload + b"\0"):
        with pytest.raises(NotificationError):
            decode_samples(wrong, codec, n_leads, n_samples)
    with pytest.raises(NotificationError):
        decode_samples(payload, codec, n_leads + 1, n_samples)


@pytest.mark.parametrize("codec", [Codec.INT12, Codec.INT16, Codec.INT24])
def test_what_does_not_fit_is_not_written(codec: Codec) -> None:
    limit = LIMITS[codec]
    for value in (limit, -limit - 1):
        adc = np.array([[value]], np.int32)
        assert not fits(adc, codec)
        with pytest.raises(ValueError, match=codec.name):
            encode_samples(adc, codec)


@pytest.mark.parametrize(
    ("payload", "n_samples", "what"),
    [
        ("0000002000", 2, "0 differences"),
        ("000000208001", 2, "remainder plane"),
        ("0000002081", 2, "filling of the unary"),
        ("000000218040", 2, "remainder plane"),
        ("0000000080", 2, "orders"),
        ("0000006080", 2, "orders"),
        ("0000003980", 2, "orders"),
        ("ffff7f214000", 2, "beyond 24 bits"),
        ("0000", 1, "heads"),
    ],
)
def test_bits_out_of_place_are_named(payload: str, n_samples: int, what: str) -> None:
    with pytest.raises(NotificationError, match=what):
        decode_samples(bytes.fromhex(payload), Codec.RICE, 1, n_samples)


def test_filling_of_12_bit_samples_and_unknown_codecs_are_named() -> None:
    with pytest.raises(NotificationError, match="12-bit"):
        decode_samples(b"\x00\x10", Codec.INT12, 1, 1)
    with pytest.raises(NotificationError, match="codec 9"):
        decode_samples(b"", 9, 1, 1)


def test_smooth_slopes_take_the_second_difference() -> None:
    slope = (np.arange(100, dtype=np.int32) * 40)[np.newaxis]
    payload = encode_samples(slope, Codec.RICE)
    assert payload[3] >> 5 == 2
    assert len(payload) < 30
