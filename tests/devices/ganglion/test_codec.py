import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.ganglion import codec
from ecgcore.errors import NotificationError

INT24 = st.integers(-(1 << 23), (1 << 23) - 1)


def bits_of(fields: list[int], width: int) -> bytes:
    """Write fields one after another as text of 0 and 1, then as bytes."""
    text = "".join(f"{field:0{width}b}" for field in fields)
    return bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))


def test_whole_sample_reads_golden_bytes() -> None:
    # 1, -1, the largest and the smallest int24, then the firmware's padding.
    packet = bytes.fromhex("00 000001 ffffff 7fffff 800000") + b"ABCDEFG"
    assert codec.text_of(packet) is None
    assert codec.decode_whole(packet).tolist() == [1, -1, 8388607, -8388608]


@pytest.mark.parametrize(("width", "number"), [(18, 1), (18, 100), (19, 101), (19, 200)])
def test_differences_read_golden_bits(width: int, number: int) -> None:
    # As the firmware writes them: the sign over the lowest bit. Small ones, then the largest.
    top = 1 << width
    deltas = [0, 2, 10, 4, -2, -4, top - 2, -top]
    fields = [0, 2, 10, 4, top - 1, top - 3, top - 2, 1]
    packet = bytes([number]) + bits_of(fields, width).ljust(19, b"\0")
    assert codec.decode_deltas(packet).ravel().tolist() == deltas
    assert codec.encode_deltas((number - 1) % 100 + 1, deltas, width) == packet


def test_vendors_example_of_18_bits() -> None:
    """Values whose highest bit is set and whose lowest is not are positive."""
    packet = b"\x01" + bits_of([0, 2, 10, 4, 131074, 245760, 114698, 49162], 18) + b"\0"
    read = codec.decode_deltas(packet)
    assert read.tolist() == [[0, 2, 10, 4], [131074, 245760, 114698, 49162]]


@given(
    bits=st.sampled_from([18, 19]),
    number=st.integers(1, 100),
    data=st.data(),
)
def test_differences_lose_their_lowest_bit_only(
    bits: int, number: int, data: st.DataObject
) -> None:
    limit = 1 << bits
    deltas = data.draw(st.lists(st.integers(-limit, limit - 1), min_size=8, max_size=8))
    packet = codec.encode_deltas(number, deltas, bits)
    assert len(packet) == 20
    assert packet[0] == number + (bits - 18) * 100
    assert codec.decode_deltas(packet).ravel().tolist() == [delta & ~1 for delta in deltas]


@given(
    bits=st.sampled_from([18, 19]),
    number=st.integers(0, 99),
    adc=st.lists(INT24, min_size=8, max_size=8),
)
def test_absolute_samples_lose_their_lower_bits_only(
    bits: int, number: int, adc: list[int]
) -> None:
    packet = codec.encode_absolute(number, adc, bits)
    step = 1 << (24 - bits)
    assert codec.decode_absolute(packet).ravel().tolist() == [value // step * step for value in adc]


@given(adc=st.lists(INT24, min_size=4, max_size=4))
def test_whole_samples_survive_the_trip(adc: list[int]) -> None:
    read = codec.decode_whole(codec.encode_whole(adc))
    assert read.tolist() == adc
    assert read.dtype == np.int32


@pytest.mark.parametrize(
    ("packet", "detail"),
    [
        (b"\xc9" + b"1234Z\n", "impedance of channel 1: 1234Z"),
        (b"\xcd" + b"99Z", "impedance of reference: 99Z"),
        (b"\xce" + b"hello\0\0", "text: hello"),
        (b"\xcf", "text: "),
    ],
)
def test_words_are_read(packet: bytes, detail: str) -> None:
    assert codec.text_of(packet) == codec.Text(detail)


@pytest.mark.parametrize("packet", [b"", b"\x00", b"\x01" * 19, b"\x01" * 21, b"\xd0" * 20])
def test_what_is_no_packet_is_refused(packet: bytes) -> None:
    with pytest.raises(NotificationError):
        codec.text_of(packet)


def test_a_count_is_the_boards_microvolts() -> None:
    volts_per_count = 1.2 / (8388607 * 1.5 * 51)
    assert volts_per_count * 1e12 == pytest.approx(codec.LSB_PV, rel=5e-5)
