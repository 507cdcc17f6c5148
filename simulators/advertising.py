"""Adverts and UUIDs as they go on the air."""

from uuid import UUID

from bumble import core, data_types

from devices import sig
from devices.driver import Advertisement

_SIG_BASE = sig.uuid128(0)[8:]


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
