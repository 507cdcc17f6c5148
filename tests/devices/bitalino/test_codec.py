import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.bitalino import codec
from devices.bitalino.codec import Frame, FrameStream
from ecgcore.errors import NotificationError

frames = st.builds(Frame, st.integers(0, 15), st.integers(0, 1023), st.integers(0, 15))


def remainder(octets: bytes) -> int:
    """Divide the bits, as a polynomial, by x^4 + x + 1."""
    bits = int.from_bytes(octets, "big")
    while bits.bit_length() > 4:
        bits ^= 0b10011 << (bits.bit_length() - 5)
    return bits


def run(first: int, n: int, adc: int = 512) -> list[Frame]:
    return [Frame((first + k) % 16, (adc + k) % 1024) for k in range(n)]


def octets_of(many: list[Frame]) -> bytes:
    return b"".join(codec.encode_frame(frame) for frame in many)


@given(octets=st.binary(min_size=1, max_size=12))
def test_checksum_is_a_polynomial_division(octets: bytes) -> None:
    assert codec.crc4(octets) == remainder(octets)


def test_frame_is_laid_out_as_the_vendors_reader_takes_it() -> None:
    # 677 = 10 * 64 + 37; sequence 3; lines 1010.
    data = codec.encode_frame(Frame(3, 677, 0b1010))
    assert data[:2].hex() == "94aa"
    assert data[2] >> 4 == 3
    assert ((data[-2] & 0x0F) << 6) | (data[-3] >> 2) == 677
    assert remainder(data[:2] + bytes([data[2] & 0xF0])) == data[2] & 0x0F


@given(frame=frames)
def test_frames_survive_the_trip(frame: Frame) -> None:
    assert codec.decode_frame(codec.encode_frame(frame)) == frame


@given(frame=frames, bit=st.integers(0, 23))
def test_any_wrong_bit_is_noticed(frame: Frame, bit: int) -> None:
    damaged = bytearray(codec.encode_frame(frame))
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotificationError):
        codec.decode_frame(bytes(damaged))


def test_commands_are_the_vendors_bytes() -> None:
    assert [codec.start_command(channel) for channel in (1, 2, 6)] == [b"\x05", b"\x09", b"\x81"]
    assert [codec.channel_of(command) for command in (0x05, 0x09, 0x81)] == [1, 2, 6]
    assert [codec.channel_of(command) for command in (0x00, 0x01, 0x83, 0x0D)] == [None] * 4
    assert (codec.RATE_100_HZ, codec.STOP) == (b"\x83", b"\x00")


@given(first=st.integers(0, 15), n=st.integers(4, 60), sizes=st.lists(st.integers(1, 20)))
def test_however_the_stream_is_cut_every_frame_is_found(
    first: int, n: int, sizes: list[int]
) -> None:
    many, stream = run(first, n), FrameStream()
    octets, found = octets_of(many), []
    for size in [*sizes, 20, len(octets)]:
        found += stream.push(octets[:size])[0]
        octets = octets[size:]
    # Before the first proof frames in two pieces do not count; behind the last one they wait.
    if found:
        begin = many.index(found[0])
        assert begin <= FrameStream.PROOF
        assert found == many[begin : begin + len(found)]
    assert n - len(found) < 2 * FrameStream.PROOF


@given(before=st.binary(max_size=40), first=st.integers(0, 15))
def test_garbage_before_is_passed_over_and_told(before: bytes, first: int) -> None:
    stream, many = FrameStream(), run(first, 24)
    stream.push(before)
    found = stream.push(octets_of(many[:12]))[0] + stream.push(octets_of(many[12:]))[0]
    # A false frame right before the true chain is possible, a false chain is not.
    assert found[-23:] == many[-23:]
    assert len(found) <= 24 + 1


@given(
    first=st.integers(0, 15),
    lost=st.sets(st.integers(0, 40), max_size=12),
    start=st.integers(0, 900),
)
def test_lost_notifications_never_make_a_wrong_sample(
    first: int, lost: set[int], start: int
) -> None:
    many = run(first, 280, start)
    octets, stream = octets_of(many), FrameStream()
    whole = set(range(len(many)))
    found: list[Frame] = []
    for number, at in enumerate(range(0, len(octets), 20)):
        if number in lost:
            whole -= {octet // 3 for octet in range(at, at + 20)}
            continue
        found += stream.push(octets[at : at + 20])[0]
    expected = [many[k] for k in sorted(whole)]
    # The ramp has no value twice, so each frame found says which one it is.
    index = {frame.adc: k for k, frame in enumerate(many)}
    places = [index[frame.adc] for frame in found]
    assert all(many[k] == frame for k, frame in zip(places, found, strict=True))
    assert places == sorted(places)
    assert set(places) <= whole
    # At each loss the stream gives up at most what a proof takes.
    assert len(expected) - len(found) <= 2 * FrameStream.PROOF * (len(lost) + 1)


@given(pieces=st.lists(st.binary(max_size=40), max_size=20))
def test_any_bytes_keep_the_stream_bounded_and_sane(pieces: list[bytes]) -> None:
    stream = FrameStream()
    for piece in pieces:
        stream.push(piece)
    many = run(5, 30)
    found = stream.push(octets_of(many[:20]))[0] + stream.push(octets_of(many[20:]))[0]
    assert found[-10:] == many[20:]
