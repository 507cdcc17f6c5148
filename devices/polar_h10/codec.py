"""What a Polar H10 puts on the air: the Polar Measurement Data (PMD) service in bytes.

Both ends live here, so the driver and the simulated strap cannot drift apart. Source:
polarofficial/polar-ble-sdk (``EcgData.kt``, ``PmdDataFrame.kt``, ``PmdControlPoint*.kt``,
``BlePolarHrAdvertisement.kt``). Everything is little-endian.

Times stay as the strap gives them: nanoseconds since 2000-01-01 on a clock that nobody sets. It
starts at 2019-01-01 with every power-on, so a conversion to Unix time would only look like UTC.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from devices.driver import CommandReply, Packet, Samples, StreamStopped, Unread
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

START_ECG = bytes.fromhex("02000001820001010e00")
STOP_ECG = bytes.fromhex("0300")

_FRAME_HEAD = struct.Struct("<BQB")
_BYTES_PER_SAMPLE = 3
_TYPE_MASK = 0x3F
_FEATURES = 0x0F
_REPLY = 0xF0
_ONLINE_STOPPED = 0x01


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
    if measurement & _TYPE_MASK != MeasurementType.ECG or frame_type:
        detail = f"measurement {measurement & _TYPE_MASK}, frame type {frame_type:#04x}"
        return Unread(PMD_DATA, data, detail)
    return Samples(_decode_int24(data[_FRAME_HEAD.size :])[np.newaxis], last_sample_ns)


def _decode_int24(octets: bytes) -> Int32Array:
    n_samples, rest = divmod(len(octets), _BYTES_PER_SAMPLE)
    if rest or not n_samples:
        msg = f"ECG frame with {len(octets)} bytes of samples"
        raise NotificationError(msg)
    # In the upper three bytes of an int32 the sign is in place; the shift brings it down.
    wide = np.zeros((n_samples, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(octets, np.uint8).reshape(n_samples, _BYTES_PER_SAMPLE)
    return (wide.view("<i4")[:, 0] >> 8).astype(np.int32)


def decode_control(data: bytes) -> Packet:
    """Read an indication of the control point.

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
    if data[0] == _ONLINE_STOPPED and any(
        octet & _TYPE_MASK == MeasurementType.ECG for octet in data[1:]
    ):
        return StreamStopped("the strap stopped the ECG")
    return Unread(PMD_CONTROL, data, "unknown control point message")


def _decode_reply(data: bytes) -> CommandReply | Unread:
    if len(data) < 4:
        msg = f"control point reply {data.hex()!r} has no status"
        raise NotificationError(msg)
    _, op, measurement, status = data[:4]
    if op not in (ControlOp.START, ControlOp.STOP) or measurement & _TYPE_MASK:
        return Unread(PMD_CONTROL, data, f"reply to operation {op} on measurement {measurement}")
    # "Already in state" means that what was asked for is so.
    ok = status in (ControlStatus.SUCCESS, ControlStatus.ALREADY_IN_STATE)
    return CommandReply(ControlOp(op).name.lower(), ok, _status_text(status))


def _status_text(status: int) -> str:
    try:
        return ControlStatus(status).name.lower().replace("_", " ")
    except ValueError:
        return f"status {status}"


def encode_reply(
    op: int, measurement: int, status: ControlStatus, parameters: bytes = b""
) -> bytes:
    """Write a control point reply in one piece."""
    return bytes([_REPLY, op, measurement, status, 0]) + parameters


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
    return Request(data[0], data[1], _decode_settings(data[2:]))


def _decode_settings(data: bytes) -> dict[int, int]:
    settings: dict[int, int] = {}
    while data:
        if len(data) < 4 or not data[1] or len(data) < 2 + 2 * data[1]:
            msg = f"stream parameter {data.hex()!r} is cut off"
            raise NotificationError(msg)
        settings[data[0]] = int.from_bytes(data[2:4], "little")
        data = data[2 + 2 * data[1] :]
    return settings


def encode_advertised_state(state: AdvertisedState) -> bytes:
    """Write the manufacturer payload of a worn strap: one heart-rate block."""
    flags = state.battery_low | state.contact << 1 | (state.counter & 7) << 2
    return bytes([flags, 0, state.bpm & 0xFF, state.bpm & 0xFF])
