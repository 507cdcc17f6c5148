"""What a Polar H10 puts on the air: the Polar Measurement Data (PMD) service in bytes.

Both ends live here, so the driver and the simulated strap cannot drift apart. Source:
polarofficial/polar-ble-sdk (``EcgData.kt``, ``PmdDataFrame.kt``, ``PmdControlPoint*.kt``,
``BlePolarHrAdvertisement.kt``). Everything is little-endian.

Times stay as the strap gives them: nanoseconds since 2000-01-01 on a clock that nobody sets. It
starts at 2019-01-01 with every power-on, so a conversion to Unix time would only look like UTC.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from devices.driver import Samples, StreamStopped, Unread
from ecgcore.errors import NotificationError
from ecgcore.types import Int32Array

PMD_SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
PMD_CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
PMD_DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
COMPANY_ID = 0x006B
"""Bluetooth company identifier of Polar Electro."""

POWER_ON_NS = 599_616_000_000_000_000
"""What the strap's clock shows at power-on: 2019-01-01."""
FS_HZ = 130
RESOLUTION_BITS = 14
MIN_MTU = 70
"""Below this the strap refuses to stream."""
ATT_MTU = 232
"""What the strap answers to an MTU exchange."""

GET_SETTINGS = bytes.fromhex("0100")
START_ECG = bytes.fromhex("02000001820001010e00")
"""At 130 Hz and 14 bits, the only choice an H10 was ever seen to offer."""
STOP_ECG = bytes.fromhex("0300")

_FRAME_HEAD = struct.Struct("<BQB")
_BYTES_PER_SAMPLE = 3
_TYPE_MASK = 0x3F
_FEATURES = 0x0F
_REPLY = 0xF0
_ONLINE_STOPPED = 0x01
_REPLY_HEAD_BYTES = 4
# What the vendor's software knows besides type 0; no strap was seen to send it.
_BYTES_PER_OTHER_SAMPLE = {1: 3, 2: 3, 3: 7}
_GPB_BLOCK = 0x40
# Rate, resolution, range, range in milli-units, channels, factor, security.
_BYTES_OF_SETTING = {0: 2, 1: 2, 2: 2, 3: 4, 4: 1, 5: 4, 6: 16}
_HEART_RATE_BLOCK_BYTES = 3


class MeasurementType(IntEnum):
    """What can be streamed."""

    ECG = 0
    PPG = 1
    ACC = 2
    PPI = 3
    GYRO = 5
    MAG = 6
    SKIN_TEMPERATURE = 7


class ControlOp(IntEnum):
    """What a host can ask for."""

    GET_SETTINGS = 1
    START = 2
    STOP = 3


class ControlStatus(IntEnum):
    """What the strap answers."""

    SUCCESS = 0
    BAD_OPERATION = 1
    BAD_TYPE = 2
    NOT_SUPPORTED = 3
    BAD_LENGTH = 4
    BAD_PARAMETER = 5
    ALREADY_IN_STATE = 6
    BAD_RESOLUTION = 7
    BAD_RATE = 8
    BAD_RANGE = 9
    BAD_MTU = 10
    BAD_CHANNELS = 11
    BAD_STATE = 12
    IN_CHARGER = 13
    DISK_FULL = 14


class Setting(IntEnum):
    """Stream parameters that are u16 values."""

    RATE_HZ = 0
    RESOLUTION_BITS = 1
    RANGE = 2


@dataclass(frozen=True, slots=True)
class Request:
    """What a host wrote to the control point."""

    op: int
    measurement: int
    settings: dict[int, int]
    """First value by `Setting`."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the strap answered to a request."""

    op: int
    measurement: int
    status: int
    parameters: bytes = b""
    is_continued: bool = False
    """Whether the next indication carries more parameters."""

    @property
    def is_yes(self) -> bool:
        """Whether what was asked for is so; "already in state" says that it was before."""
        return self.status in (ControlStatus.SUCCESS, ControlStatus.ALREADY_IN_STATE)

    @property
    def detail(self) -> str:
        """The status in words."""
        if text := _STATUS_TEXTS.get(self.status):
            return text
        return f"status {self.status}"


_STATUS_TEXTS = {
    status.value: status.name.lower().replace("_", " ") for status in ControlStatus
} | {
    ControlStatus.BAD_MTU: f"bad mtu: the link must carry {MIN_MTU} bytes at once",
    ControlStatus.IN_CHARGER: "in charger: a strap that is charged does not measure",
    ControlStatus.NOT_SUPPORTED: "not supported: the strap's firmware has no such stream",
}


@dataclass(frozen=True, slots=True)
class AdvertisedState:
    """What a worn strap tells everybody."""

    contact: bool
    battery_low: bool
    counter: int
    """0 to 7; moves on when the heart rate is new."""
    bpm: int


def samples_per_frame(mtu: int) -> int:
    """Give how many ECG samples fit a notification under an ATT MTU."""
    return (mtu - 3 - _FRAME_HEAD.size) // _BYTES_PER_SAMPLE


def encode_ecg(last_sample_ns: int, ecg_uv: Int32Array) -> bytes:
    """Write an ECG frame of type 0.

    Parameters
    ----------
    last_sample_ns : int
        Device clock, ns since 2000.
    ecg_uv : Int32Array, shape (n_samples,), -2**23 to 2**23 - 1
    """
    octets = ecg_uv.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :_BYTES_PER_SAMPLE]
    return _FRAME_HEAD.pack(MeasurementType.ECG, last_sample_ns, 0) + octets.tobytes()


def decode_data(data: bytes) -> Samples | Unread:
    """Read a notification of the data characteristic.

    Raises
    ------
    NotificationError
        If it is shorter than its head, or an ECG frame of type 0 without whole samples.
    """
    if len(data) < _FRAME_HEAD.size:
        msg = f"PMD frame of {len(data)} bytes is shorter than its head"
        raise NotificationError(msg)
    measurement, last_sample_ns, frame_type = _FRAME_HEAD.unpack_from(data)
    if measurement & _TYPE_MASK != MeasurementType.ECG:
        return Unread(PMD_DATA, data, f"measurement {measurement & _TYPE_MASK}")
    if frame_type:
        return Unread(PMD_DATA, data, _other_ecg(frame_type, len(data) - _FRAME_HEAD.size))
    return Samples(_decode_int24(data[_FRAME_HEAD.size :])[np.newaxis], last_sample_ns)


def _other_ecg(frame_type: int, n_bytes: int) -> str:
    """Say what is known of an ECG frame that no sample is made of.

    The vendor's software reads frames of type 1 to 3 as bare numbers of 14, 18 and 24 bits without
    saying what is their zero and their scale, so a value in microvolts would be a guess.
    """
    size = _BYTES_PER_OTHER_SAMPLE.get(frame_type)
    if size is None:
        return f"ECG of unknown frame type {frame_type:#04x}"
    n_samples, rest = divmod(n_bytes, size)
    if rest or not n_samples:
        msg = f"ECG frame of type {frame_type} with {n_bytes} bytes of samples"
        raise NotificationError(msg)
    return f"ECG of frame type {frame_type}, {n_samples} samples of unknown scale"


def _decode_int24(octets: bytes) -> Int32Array:
    n_samples, rest = divmod(len(octets), _BYTES_PER_SAMPLE)
    if rest or not n_samples:
        msg = f"ECG frame with {len(octets)} bytes of samples"
        raise NotificationError(msg)
    # In the upper three bytes of an int32 the sign is in place; the shift brings it down.
    wide = np.zeros((n_samples, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(octets, np.uint8).reshape(n_samples, _BYTES_PER_SAMPLE)
    return (wide.view("<i4")[:, 0] >> 8).astype(np.int32)


def decode_control(data: bytes) -> Reply | StreamStopped | Unread | None:
    """Read an indication of the control point that begins a message.

    None for the features: some hosts tell of a read as of an indication.

    Raises
    ------
    NotificationError
        If it is empty or a reply without status.
    """
    if not data:
        msg = "control point indication is empty"
        raise NotificationError(msg)
    if data[0] == _REPLY:
        return _decode_reply(data)
    if data[0] == _FEATURES:
        return None
    if data[0] == _ONLINE_STOPPED and any(
        octet & _TYPE_MASK == MeasurementType.ECG for octet in data[1:]
    ):
        return StreamStopped("the strap stopped the ECG")
    return Unread(PMD_CONTROL, data, "unknown control point message")


def _decode_reply(data: bytes) -> Reply:
    if len(data) < _REPLY_HEAD_BYTES:
        msg = f"control point reply {data.hex()!r} has no status"
        raise NotificationError(msg)
    _, op, measurement, status = data[:_REPLY_HEAD_BYTES]
    more = data[_REPLY_HEAD_BYTES : _REPLY_HEAD_BYTES + 1]
    parameters = data[_REPLY_HEAD_BYTES + 1 :]
    return Reply(op, measurement & _TYPE_MASK, status, parameters, any(more))


def is_reply(data: bytes) -> bool:
    """Tell the beginning of a reply from the continuation of one."""
    return data[:1] == bytes([_REPLY])


def continue_reply(reply: Reply, data: bytes) -> Reply:
    """Add an indication that continues a reply: whether more follows, then parameters.

    Raises
    ------
    NotificationError
        If it is empty.
    """
    if not data:
        msg = "continuation of a control point reply is empty"
        raise NotificationError(msg)
    return replace(reply, parameters=reply.parameters + data[1:], is_continued=bool(data[0]))


def encode_reply(
    op: int, measurement: int, status: ControlStatus, parameters: bytes = b""
) -> bytes:
    """Write a control point reply in one piece."""
    return bytes([_REPLY, op, measurement, status, 0]) + parameters


def start_ecg(settings: Mapping[int, Sequence[int]]) -> bytes:
    """Give the command that starts the ECG with what the strap offers, at 130 Hz if it does.

    Parameters
    ----------
    settings : mapping of Setting to values
        As `decode_settings` reads them; what is missing is taken as an H10 has it.
    """
    wanted = {Setting.RATE_HZ: FS_HZ, Setting.RESOLUTION_BITS: RESOLUTION_BITS}
    chosen = {
        setting: value if value in settings.get(setting, (value,)) else settings[setting][0]
        for setting, value in wanted.items()
    }
    return bytes([ControlOp.START, MeasurementType.ECG]) + encode_settings(chosen)


def decode_features(data: bytes) -> frozenset[MeasurementType] | None:
    """Read what a read of the control point gives; None if it gave something else."""
    if len(data) < 2 or data[0] != _FEATURES:
        return None
    return frozenset(each for each in MeasurementType if data[1] >> each & 1)


def encode_settings(settings: dict[Setting, int]) -> bytes:
    """Write stream parameters with one value each."""
    return b"".join(struct.pack("<BBH", key, 1, value) for key, value in settings.items())


def encode_features(measurements: Iterable[MeasurementType]) -> bytes:
    """Write what a read of the control point gives: the measurements there are."""
    mask = sum(1 << measurement for measurement in measurements)
    return bytes([_FEATURES, mask]).ljust(17, b"\0")


def decode_request(data: bytes) -> Request:
    """Read what a host wrote to the control point.

    Raises
    ------
    NotificationError
        If it is too short or a parameter is cut off.
    """
    if len(data) < 2:
        msg = f"control point request {data.hex()!r} names no measurement"
        raise NotificationError(msg)
    settings = decode_settings(data[2:])
    return Request(data[0], data[1], {key: values[0] for key, values in settings.items()})


def decode_settings(data: bytes) -> dict[int, tuple[int, ...]]:
    """Read stream parameters: every value offered, by `Setting`.

    Raises
    ------
    NotificationError
        If one is cut off, or has no value.
    """
    settings: dict[int, tuple[int, ...]] = {}
    while data:
        size = _BYTES_OF_SETTING.get(data[0], 0)
        end = 2 + size * data[1] if len(data) > 1 else 0
        if not 2 < end <= len(data):
            msg = f"stream parameter {data.hex()!r} is unknown or cut off"
            raise NotificationError(msg)
        settings[data[0]] = tuple(
            int.from_bytes(data[at : at + size], "little") for at in range(2, end, size)
        )
        data = data[end:]
    return settings


def encode_advertised_state(state: AdvertisedState) -> bytes:
    """Write the manufacturer payload of a worn strap: one heart-rate block."""
    flags = state.battery_low | state.contact << 1 | (state.counter & 7) << 2
    return bytes([flags, 0, state.bpm & 0xFF, state.bpm & 0xFF])


def decode_advertised_state(payload: bytes) -> AdvertisedState | None:
    """Read the manufacturer payload of a strap: its first heart-rate block; None if it has none.

    Blocks of other contents carry their length and are passed over.
    """
    while payload:
        if not payload[0] & _GPB_BLOCK:
            return _heart_rate_block(payload)
        payload = payload[2 + payload[1] :] if len(payload) > 1 else b""
    return None


def _heart_rate_block(payload: bytes) -> AdvertisedState | None:
    if len(payload) < _HEART_RATE_BLOCK_BYTES:
        return None
    flags = payload[0]
    return AdvertisedState(
        contact=bool(flags & 2),
        battery_low=bool(flags & 1),
        counter=flags >> 2 & 7,
        # The slow average, which watches show, comes last; shorter blocks have the fast one only.
        bpm=payload[_HEART_RATE_BLOCK_BYTES]
        if len(payload) > _HEART_RATE_BLOCK_BYTES
        else payload[_HEART_RATE_BLOCK_BYTES - 1],
    )
