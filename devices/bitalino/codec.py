"""What a BITalino (r)evolution with a BT121 radio puts on the air, for one analog channel.

A frame is three bytes: the low six bits of the sample in the upper six of the first; four digital
lines and the high four bits of the sample in the second; a 4-bit sequence number and a 4-bit
checksum in the third. Frames are a stream of bytes, cut into notifications of up to 20 bytes
wherever it happens. Sources: BITalinoWorld/revolution-python-api (``bitalino.py``) and
BITalinoWorld/firmware-BT121 (``GATT.xml``).
"""

from dataclasses import dataclass

from ecgcore.errors import NotificationError

SERVICE = "c566488a-0882-4e1b-a6d0-0b717e652234"
COMMANDS = "4051eb11-bf0a-4c74-8730-a48f4193fcea"
FRAMES = "40fdba6b-672e-47c4-808a-e529adff3633"

FRAME_BYTES = 3
NOTIFICATION_BYTES = 20
SEQUENCE_MODULUS = 16
FS_HZ = 100
"""The fastest that the radio carries."""
MID_SCALE = 512
MAX_ADC = 1023
LSB_PV = 2_929_688
"""3.3 V / 1024 counts / gain 1100 of the ECG block."""
STOP = b"\x00"
RATE_100_HZ = b"\x83"
_START = 0x01
_CRC_POLYNOMIAL = 0x13


@dataclass(frozen=True, slots=True)
class Frame:
    """One sample."""

    sequence: int
    """0 to 15."""
    adc: int
    """0 to 1023."""
    digital: int = 0
    """Four lines."""


def start_command(channel: int) -> bytes:
    """Give the command that streams one analog channel, 1 to 6."""
    return bytes([_START | 1 << (channel + 1)])


def channel_of(command: int) -> int | None:
    """Give the channel a command starts; None if it is none that starts just one."""
    mask = command >> 2
    is_start = command & 0x03 == _START and mask.bit_count() == 1
    return mask.bit_length() if is_start else None


def crc4(octets: bytes) -> int:
    """Give the checksum (x^4 + x + 1) of a frame whose checksum bits are 0."""
    remainder = 0
    for octet in octets:
        for bit in range(7, -1, -1):
            remainder = remainder << 1 | octet >> bit & 1
            if remainder & 0x10:
                remainder ^= _CRC_POLYNOMIAL
    return remainder


_CRC_OF_BYTE = tuple(crc4(bytes([octet])) for octet in range(256))
# The checksum is linear: each byte's share is its own checksum, moved on by 8 or 16 bits.
_CRC_LAST = _CRC_OF_BYTE
_CRC_MIDDLE = tuple(crc4(bytes([octet, 0])) for octet in range(256))
_CRC_FIRST = tuple(crc4(bytes([octet, 0, 0])) for octet in range(256))


def encode_frame(frame: Frame) -> bytes:
    """Write a frame."""
    first = (frame.adc & 0x3F) << 2
    middle = frame.digital << 4 | frame.adc >> 6
    last = frame.sequence << 4
    return bytes([first, middle, last | crc4(bytes([first, middle, last]))])


def decode_frame(octets: bytes) -> Frame:
    """Read a frame.

    Raises
    ------
    NotificationError
        Unless it is three bytes whose checksum is right.
    """
    if len(octets) != FRAME_BYTES or not _is_valid(octets, 0):
        msg = f"BITalino frame {octets.hex()!r} does not fit its checksum"
        raise NotificationError(msg)
    return _frame_at(octets, 0)


def _is_valid(octets: bytes, at: int) -> bool:
    first, middle, last = octets[at : at + FRAME_BYTES]
    crc = _CRC_FIRST[first] ^ _CRC_MIDDLE[middle] ^ _CRC_LAST[last & 0xF0]
    return crc == last & 0x0F and not first & 0x03


def _frame_at(octets: bytes, at: int) -> Frame:
    first, middle, last = octets[at : at + FRAME_BYTES]
    return Frame(last >> 4, (middle & 0x0F) << 6 | first >> 2, middle >> 4)


class FrameStream:
    """Finds the frames in a stream of bytes of which whole notifications may be missing.

    Frames count only in a chain: all bytes up to the end of the stream so far are frames, each with
    the next sequence number, at least `PROOF` of them. Four bits of checksum and four of sequence
    let a wrong frame pass once in 256 times, four in a row once in 10**9. A chain that does not go
    on from the one before tells of a loss right before it; a frame with bytes from both sides of
    the loss is then left out, because its checksum alone says too little.
    """

    PROOF = 4

    def __init__(self) -> None:
        self._rest = b""
        self._expected: int | None = None

    def push(self, octets: bytes) -> tuple[list[Frame], bytes]:
        """Take the next notification; give the frames that are sure, and the other bytes."""
        n_old = len(self._rest)
        stream = self._rest + octets
        if len(stream) < self.PROOF * FRAME_BYTES:
            self._rest = stream
            return [], b""
        last = len(stream) - self.PROOF * FRAME_BYTES
        for start in range(last + 1):
            if frames := _chain(stream, start):
                return self._take(stream, start, frames, n_old)
        # Nothing yet: what may still be the beginning of a chain is kept.
        self._rest, self._expected = stream[last + 1 :], None
        return [], stream[: last + 1]

    def _take(
        self, stream: bytes, start: int, frames: list[Frame], n_old: int
    ) -> tuple[list[Frame], bytes]:
        goes_on = start == 0 and frames[0].sequence == self._expected
        n_doubtful = 0 if goes_on else -(-max(n_old - start, 0) // FRAME_BYTES)
        self._rest = stream[start + len(frames) * FRAME_BYTES :]
        self._expected = (frames[-1].sequence + 1) % SEQUENCE_MODULUS
        return frames[n_doubtful:], stream[: start + n_doubtful * FRAME_BYTES]


def _chain(stream: bytes, start: int) -> list[Frame]:
    """Give the frames from `start` to the end of the stream; empty if one of them is none."""
    frames: list[Frame] = []
    for at in range(start, len(stream) - FRAME_BYTES + 1, FRAME_BYTES):
        if not _is_valid(stream, at):
            return []
        frame = _frame_at(stream, at)
        if frames and frame.sequence != (frames[-1].sequence + 1) % SEQUENCE_MODULUS:
            return []
        frames.append(frame)
    return frames
