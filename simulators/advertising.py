"""Adverts and UUIDs as they go on the air."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from bumble import core, data_types

from devices import sig
from devices.driver import Advertisement

_SIG_BASE = sig.uuid128(0)[8:]
_Type = core.AdvertisingData.Type
_LEGACY_BYTES = 31
_UUID_BYTES: dict[int, int] = {
    _Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS: 2,
    _Type.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS: 2,
    _Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS: 16,
    _Type.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS: 16,
    _Type.SERVICE_DATA_16_BIT_UUID: 2,
    _Type.SERVICE_DATA_128_BIT_UUID: 16,
}


def bumble_uuid(text: str) -> core.UUID:
    """Give Bumble's form of a UUID."""
    # Assigned numbers travel in 16 bits.
    return core.UUID(int(text[:8], 16) if text.endswith(_SIG_BASE) else text)


def uuid_text(uuid: core.UUID) -> str:
    """Give a UUID as lower-case 128-bit text."""
    return str(UUID(bytes=uuid.to_bytes(force_128=True)[::-1]))


def advertising_data(advertisement: Advertisement) -> bytes:
    """Give the bytes of an advert."""
    uuids = [bumble_uuid(uuid) for uuid in advertisement.service_uuids]
    short = [uuid for uuid in uuids if len(uuid.to_bytes()) == 2]
    long = [uuid for uuid in uuids if len(uuid.to_bytes()) != 2]
    fields: list[core.DataType] = [
        data_types.Flags(core.AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE),
        data_types.CompleteLocalName(advertisement.name),
    ]
    for company, payload in advertisement.manufacturer.items():
        fields.append(data_types.ManufacturerSpecificData(company, payload))
    if short:
        fields.append(data_types.CompleteListOf16BitServiceUUIDs(short))
    if long:
        fields.append(data_types.CompleteListOf128BitServiceUUIDs(long))
    for uuid, payload in advertisement.service_data.items():
        fields.append(_service_data(bumble_uuid(uuid), payload))
    return bytes(core.AdvertisingData(fields))


def _service_data(uuid: core.UUID, payload: bytes) -> core.DataType:
    if len(uuid.to_bytes()) == 2:
        return data_types.ServiceData16BitUUID(uuid, payload)
    return data_types.ServiceData128BitUUID(uuid, payload)


@dataclass(frozen=True, slots=True)
class AdvertFields:
    """What an advert says; its UUIDs are lower-case 128-bit text."""

    name: str | None
    manufacturer: dict[int, bytes]
    service_data: dict[str, bytes]
    service_uuids: list[str]
    tx_power_dbm: int | None


def split_advert(data: bytes) -> tuple[bytes, bytes]:
    """Give advert and scan response in packets of old, which hold 31 bytes each.

    Kernels drop longer ones. What fits into neither is left out.
    """
    parts = [b"", b""]
    for kind, payload in _fields(data):
        whole = bytes([len(payload) + 1, kind]) + payload
        for number, part in enumerate(parts):
            if len(part) + len(whole) <= _LEGACY_BYTES:
                parts[number] = part + whole
                break
    return parts[0], parts[1]


# The same advert comes many times a second.
@lru_cache(maxsize=1024)
def read_advert(data: bytes) -> AdvertFields:
    """Read the bytes of an advert; what is broken off or unknown is left out."""
    name = tx_power_dbm = None
    manufacturer: dict[int, bytes] = {}
    service_data: dict[str, bytes] = {}
    uuids: dict[str, None] = {}
    for kind, payload in _fields(data):
        size = _UUID_BYTES.get(kind, 0)
        match kind:
            case _Type.COMPLETE_LOCAL_NAME:
                name = payload.decode(errors="replace")
            case _Type.SHORTENED_LOCAL_NAME if name is None:
                name = payload.decode(errors="replace")
            case _Type.MANUFACTURER_SPECIFIC_DATA if len(payload) >= 2:
                manufacturer[int.from_bytes(payload[:2], "little")] = payload[2:]
            case _Type.TX_POWER_LEVEL if payload:
                tx_power_dbm = int.from_bytes(payload[:1], signed=True)
            case _Type.SERVICE_DATA_16_BIT_UUID | _Type.SERVICE_DATA_128_BIT_UUID:
                if len(payload) >= size:
                    service_data[_uuid(payload[:size])] = payload[size:]
            case _ if size:
                pieces = range(0, len(payload) - size + 1, size)
                uuids.update(dict.fromkeys(_uuid(payload[at : at + size]) for at in pieces))
    return AdvertFields(name, manufacturer, service_data, list(uuids), tx_power_dbm)


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 1 < len(data) and data[at]:
        end = at + 1 + data[at]
        yield data[at + 1], data[at + 2 : end]
        at = end


def _uuid(data: bytes) -> str:
    if len(data) == 2:
        return sig.uuid128(int.from_bytes(data, "little"))
    return str(UUID(bytes=data[::-1]))
