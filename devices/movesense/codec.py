"""The Movesense GATT SensorData Protocol (GSP) in bytes.

A host writes ``command, reference, data``; the sensor notifies ``kind, reference, body``. Sources:
movesense.com/docs/esw/gatt_sensordata_protocol, the sample application GATTSensorDataClient.cpp,
meas/ecg.yaml and system/states.yaml of the Movesense API. Everything is little-endian.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ecgcore.errors import NotificationError
from ecgcore.types import Int32Array

SERVICE = "34802252-7185-4d5d-b431-630e7050e8f0"
WRITE = "34800001-7185-4d5d-b431-630e7050e8f0"
NOTIFY = "34800002-7185-4d5d-b431-630e7050e8f0"

RATES_HZ = (125, 128, 200, 250, 256, 500, 512)
LSB_PV = 381_470
"""0.000381469726563 mV."""
SAMPLES_PER_PACKET = 16
ECG_BODY_BYTES = 4 + 4 * SAMPLES_PER_PACKET
MIN_MTU = 3 + 2 + ECG_BODY_BYTES
"""Below this a packet comes in parts."""
CONTACT_PATH = "/System/States/2"
CONTACT_STATE = 2
_OLD_HELLO = b"Hello"
_STAMP = struct.Struct("<I")
# The state's name is an enumeration; how wide it travels is not written down.
_STATE_BYTES = (9, 10, 12)
_HIGHEST_STATUS = 599


class Op(IntEnum):
    """What a host can ask for."""

    HELLO = 0
    SUBSCRIBE = 1
    UNSUBSCRIBE = 2


class Kind(IntEnum):
    """What a sensor sends."""

    RESPONSE = 1
    DATA = 2
    DATA_PART2 = 3


@dataclass(frozen=True, slots=True)
class Request:
    """What a host wrote."""

    op: int
    ref: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Message:
    """What a sensor notified."""

    kind: Kind
    ref: int
    """1 to 255, as in the request; 0 of a sensor that does not say."""
    body: bytes = b""


@dataclass(frozen=True, slots=True, eq=False)
class EcgPacket:
    """One packet of ``/Meas/ECG``."""

    stamp_ms: int
    """Since the sensor started, modulo 2**32."""
    adc: Int32Array
    """shape (16,)"""


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a sensor says of itself."""

    protocol: int
    serial: str = ""
    product: str = ""
    app: str = ""
    app_version: str = ""


def ecg_path(fs_hz: int) -> str:
    """Give the resource of the raw ECG."""
    return f"/Meas/ECG/{fs_hz}"


def encode_request(request: Request) -> bytes:
    """Write a request."""
    return bytes([request.op, request.ref]) + request.data


def decode_request(data: bytes) -> Request:
    """Read a request.

    Raises
    ------
    NotificationError
        If it has no reference.
    """
    if len(data) < 2:
        msg = f"Movesense request {data.hex()!r} has no reference"
        raise NotificationError(msg)
    return Request(data[0], data[1], data[2:])


def encode_message(message: Message) -> bytes:
    """Write a notification."""
    return bytes([message.kind, message.ref]) + message.body


def decode_message(data: bytes) -> Message:
    """Read a notification.

    Raises
    ------
    NotificationError
        If it has no reference, or is of an unknown kind.
    """
    if data.startswith(_OLD_HELLO):
        # The first sample applications greet with the bare word.
        return Message(Kind.RESPONSE, 0, data)
    if len(data) < 2 or data[0] not in list(Kind):
        msg = f"Movesense notification {data[:4].hex()!r} of {len(data)} bytes has no known kind"
        raise NotificationError(msg)
    return Message(Kind(data[0]), data[1], data[2:])


def encode_status(status: int, payload: bytes = b"") -> bytes:
    """Write the body of a response with a status."""
    return status.to_bytes(2, "little") + payload


def decode_status(body: bytes) -> int:
    """Read a status like those of HTTP from the body of a response.

    Raises
    ------
    NotificationError
        If it is cut off.
    """
    if len(body) < 2:
        msg = f"Movesense response {body.hex()!r} has no status"
        raise NotificationError(msg)
    status = int.from_bytes(body[:2], "little")
    # The sample application sends 507 the other way round.
    return status if status <= _HIGHEST_STATUS else int.from_bytes(body[:2], "big")


def encode_greeting(greeting: Greeting) -> bytes:
    """Write the body of a response to HELLO; it carries no status."""
    # The address for firmware updates stands in the middle; nobody here needs it.
    words = (greeting.serial, greeting.product, "", greeting.app, greeting.app_version)
    return bytes([greeting.protocol]) + b"".join(word.encode() + b"\0" for word in words)


def decode_greeting(body: bytes) -> Greeting:
    """Read the body of a response to HELLO; what is not there stays empty."""
    if not body or body.startswith(_OLD_HELLO):
        return Greeting(0)
    words = [word.decode("utf-8", "replace") for word in body[1:].split(b"\0")]
    serial, product, _, app, app_version = [*words, *5 * [""]][:5]
    return Greeting(body[0], serial, product, app, app_version)


def encode_ecg(packet: EcgPacket) -> bytes:
    """Write the body of an ECG packet."""
    return _STAMP.pack(packet.stamp_ms % 2**32) + packet.adc.astype("<i4").tobytes()


def decode_ecg(body: bytes) -> EcgPacket:
    """Read the body of an ECG packet.

    Raises
    ------
    NotificationError
        Unless it is a time stamp and 16 samples.
    """
    if len(body) != ECG_BODY_BYTES:
        msg = f"Movesense ECG packet of {len(body)} bytes, not {ECG_BODY_BYTES}"
        raise NotificationError(msg)
    (stamp_ms,) = _STAMP.unpack_from(body)
    return EcgPacket(stamp_ms, np.frombuffer(body, "<i4", offset=_STAMP.size).astype(np.int32))


def encode_contact(stamp_ms: int, is_on: bool | None) -> bytes:
    """Write the body of a change of the electrodes' contact."""
    state = 2 if is_on is None else int(is_on)
    return struct.pack("<IBI", stamp_ms % 2**32, CONTACT_STATE, state)


def decode_contact(body: bytes) -> bool | None:
    """Read whether the electrodes touch skin; None if the sensor does not know.

    Raises
    ------
    NotificationError
        If it is not a change of state.
    """
    if len(body) not in _STATE_BYTES:
        msg = f"Movesense state of {len(body)} bytes"
        raise NotificationError(msg)
    return {0: False, 1: True}.get(int.from_bytes(body[-4:], "little"))
