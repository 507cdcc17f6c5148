"""What an open patch is, as it says itself (docs/open-patch.md, section 4)."""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntFlag

from devices.open_patch.payload import Codec
from devices.open_patch.tlv import Tlv, decode_tlvs, encode_tlvs, number, numbers_of
from ecgcore.errors import NotificationError
from ecgcore.types import Lead

VERSION = 1
MIN_MTU = 100
ATT_HEADER_BYTES = 3
_LEAD = struct.Struct("<BI")


class Feature(IntFlag):
    """What a patch can do that not each must."""

    NONE = 0
    LEDS = 1
    ERASE = 2
    MARKER = 4
    PACE = 8


# IEEE 11073-10101, partition 2: MDC_ECG_ELEC_POTL and the leads after it.
_MDC_LEADS: Mapping[int, Lead] = {
    131328: Lead.CHEST,
    131329: Lead.I,
    131330: Lead.II,
    131331: Lead.V1,
    131332: Lead.V2,
    131333: Lead.V3,
    131334: Lead.V4,
    131335: Lead.V5,
    131336: Lead.V6,
    131389: Lead.III,
    131390: Lead.AVR,
    131391: Lead.AVL,
    131392: Lead.AVF,
}
_MDC_OF: Mapping[Lead, int] = {lead: mdc for mdc, lead in _MDC_LEADS.items()}


@dataclass(frozen=True, slots=True)
class Info:
    """What a patch is; never changes while it is on."""

    serial: str
    model: str
    firmware: str
    leads: tuple[Lead, ...]
    """In the order of the lead mask's bits, which is that of `Lead`."""
    rates_hz: tuple[int, ...]
    lsb_pv: int
    bits: int
    codecs: frozenset[int]
    memory_bytes: int = 0
    """0: it stores nothing."""
    max_frame_bytes: int = 244
    features: Feature = Feature.NONE

    def encode(self) -> bytes:
        """Write the Info characteristic."""
        tlvs = [
            number(Tlv.VERSION, VERSION),
            (Tlv.SERIAL, self.serial.encode()),
            (Tlv.MODEL, self.model.encode()),
            (Tlv.FIRMWARE, self.firmware.encode()),
        ]
        for at, lead in enumerate(self.leads):
            tlvs.append((Tlv.LEAD, _LEAD.pack(at, _MDC_OF[lead]) + lead.label.encode()))
        rates = struct.pack(f"<{len(self.rates_hz)}H", *self.rates_hz)
        return encode_tlvs(
            [
                *tlvs,
                (Tlv.RATES_HZ, rates),
                number(Tlv.LSB_PV, self.lsb_pv),
                number(Tlv.BITS, self.bits),
                (Tlv.CODECS, bytes(sorted(self.codecs))),
                number(Tlv.MEMORY_BYTES, self.memory_bytes),
                number(Tlv.MAX_FRAME_BYTES, self.max_frame_bytes),
                number(Tlv.FEATURES, self.features),
            ]
        )


def decode_info(data: bytes) -> Info:
    """Read the Info characteristic.

    Raises
    ------
    NotificationError
        If it is no Info of version 1, or says what cannot be.
    """
    tlvs = decode_tlvs(data)
    values, numbers = dict(reversed(tlvs)), numbers_of(tlvs)
    if numbers.get(Tlv.VERSION) != VERSION:
        msg = f"version {numbers.get(Tlv.VERSION)} of the open patch, {VERSION} is understood"
        raise NotificationError(msg)
    info = Info(
        serial=_text(values, Tlv.SERIAL),
        model=_text(values, Tlv.MODEL),
        firmware=_text(values, Tlv.FIRMWARE),
        leads=_leads(value for kind, value in tlvs if kind == Tlv.LEAD),
        rates_hz=_uint16s(values.get(Tlv.RATES_HZ, b"")),
        lsb_pv=numbers.get(Tlv.LSB_PV, 0),
        bits=numbers.get(Tlv.BITS, 24),
        codecs=frozenset(values.get(Tlv.CODECS, bytes([Codec.INT24]))),
        memory_bytes=numbers.get(Tlv.MEMORY_BYTES, 0),
        max_frame_bytes=numbers.get(Tlv.MAX_FRAME_BYTES, MIN_MTU - ATT_HEADER_BYTES),
        features=Feature(numbers.get(Tlv.FEATURES, 0) & sum(Feature)),
    )
    if not info.leads or not info.rates_hz or not all(info.rates_hz) or not info.lsb_pv:
        msg = f"Info names {len(info.leads)} leads, rates {info.rates_hz}, {info.lsb_pv} pV"
        raise NotificationError(msg)
    return info


def _text(values: Mapping[int, bytes], kind: Tlv) -> str:
    return values.get(kind, b"").decode("utf-8", "replace").strip("\0 ")


def _uint16s(value: bytes) -> tuple[int, ...]:
    if len(value) % 2:
        msg = f"rates of {len(value)} bytes"
        raise NotificationError(msg)
    return struct.unpack(f"<{len(value) // 2}H", value)


def _leads(values: Iterable[bytes]) -> tuple[Lead, ...]:
    leads: list[Lead] = []
    for value in values:
        index, mdc = _LEAD.unpack_from(value) if len(value) >= _LEAD.size else (-1, 0)
        lead = _MDC_LEADS.get(mdc)
        if index != len(leads) or lead is None or (leads and lead <= leads[-1]):
            msg = f"lead {value.hex()!r} is not known or not in order"
            raise NotificationError(msg)
        leads.append(lead)
    if len(leads) > 8:
        msg = f"{len(leads)} leads, 8 are possible"
        raise NotificationError(msg)
    return tuple(leads)
