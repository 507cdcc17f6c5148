"""Services of the Bluetooth SIG that patches share: heart rate and battery.

Source: Heart Rate Service 1.0 and Battery Service 1.0, Bluetooth SIG.
"""

import struct

from devices.driver import Battery, HeartRate
from ecgcore.errors import NotificationError

_HR_IS_UINT16 = 0x01
_CONTACT = 0x02
_CONTACT_KNOWN = 0x04
_HAS_ENERGY = 0x08
_HAS_RR = 0x10
RR_UNIT_MS = 1000 / 1024
"""RR intervals count 1/1024 s; exact in binary."""


def uuid128(short: int) -> str:
    """Give the lower-case 128-bit form of a 16-bit UUID."""
    return f"{short:08x}-0000-1000-8000-00805f9b34fb"


HEART_RATE_SERVICE = uuid128(0x180D)
HEART_RATE_MEASUREMENT = uuid128(0x2A37)
BATTERY_SERVICE = uuid128(0x180F)
BATTERY_LEVEL = uuid128(0x2A19)
DEVICE_INFORMATION_SERVICE = uuid128(0x180A)
MODEL_NUMBER = uuid128(0x2A24)
SERIAL_NUMBER = uuid128(0x2A25)
FIRMWARE_REVISION = uuid128(0x2A26)
SOFTWARE_REVISION = uuid128(0x2A28)
MANUFACTURER_NAME = uuid128(0x2A29)


def decode_heart_rate(data: bytes, rr_unit_ms: float = RR_UNIT_MS) -> HeartRate:
    """Read a Heart Rate Measurement (2A37).

    Parameters
    ----------
    rr_unit_ms : float
        What the RR intervals count; some firmware counts milliseconds, against the standard.

    Raises
    ------
    NotificationError
        If fields announced by the flags are missing or bytes are left over.
    """
    if not data:
        msg = "heart rate measurement is empty"
        raise NotificationError(msg)
    flags = data[0]
    layout = "<xH" if flags & _HR_IS_UINT16 else "<xB"
    energy = 2 if flags & _HAS_ENERGY else 0
    head = struct.calcsize(layout) + energy
    tail = len(data) - head
    if tail < 0 or tail % 2 or (tail and not flags & _HAS_RR):
        msg = f"heart rate measurement of {len(data)} bytes does not fit its flags {flags:#04x}"
        raise NotificationError(msg)
    (bpm,) = struct.unpack_from(layout, data)
    rr = struct.unpack_from(f"<{tail // 2}H", data, head)
    contact = bool(flags & _CONTACT) if flags & _CONTACT_KNOWN else None
    return HeartRate(bpm, tuple(units * rr_unit_ms for units in rr), contact)


def encode_heart_rate(heart_rate: HeartRate, rr_unit_ms: float = RR_UNIT_MS) -> bytes:
    """Write a Heart Rate Measurement; RR intervals go to the nearest unit."""
    wide = heart_rate.bpm > 0xFF
    flags = _HR_IS_UINT16 if wide else 0
    if heart_rate.contact is not None:
        flags |= _CONTACT_KNOWN | (_CONTACT if heart_rate.contact else 0)
    if heart_rate.rr_ms:
        flags |= _HAS_RR
    units = [round(rr / rr_unit_ms) for rr in heart_rate.rr_ms]
    layout = "<BH" if wide else "<BB"
    return struct.pack(f"{layout}{len(units)}H", flags, heart_rate.bpm, *units)


def decode_battery(data: bytes) -> Battery:
    """Read a Battery Level (2A19).

    Raises
    ------
    NotificationError
        Unless it is one byte of 0 to 100.
    """
    if len(data) != 1 or data[0] > 100:
        msg = f"battery level {data.hex()!r} is not one byte of 0 to 100"
        raise NotificationError(msg)
    return Battery(data[0])


def encode_battery(battery: Battery) -> bytes:
    """Write a Battery Level."""
    return bytes([battery.pct])
