"""A peer's services as Bleak knows them."""

from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bumble import device, gatt_client

from simulators.advertising import uuid_text


async def discover(connection: device.Connection) -> BleakGATTServiceCollection:
    """Discover services, characteristics and descriptors of a peer."""
    client = connection.gatt_client
    collection = BleakGATTServiceCollection()
    for service in await client.discover_services():
        bleak_service = BleakGATTService(service, service.handle, uuid_text(service.uuid))
        collection.add_service(bleak_service)
        for characteristic in await client.discover_characteristics((), service):
            await client.discover_descriptors(characteristic)
            characteristic.descriptors_discovered = True
            _add_characteristic(collection, bleak_service, characteristic, connection)
    return collection


def _add_characteristic(
    collection: BleakGATTServiceCollection,
    service: BleakGATTService,
    characteristic: gatt_client.CharacteristicProxy[bytes],
    connection: device.Connection,
) -> None:
    bleak_characteristic = BleakGATTCharacteristic(
        characteristic,
        characteristic.handle,
        uuid_text(characteristic.uuid),
        list(gatt_char_props_to_strs(characteristic.properties)),
        lambda: connection.att_mtu - 3,
        service,
    )
    collection.add_characteristic(bleak_characteristic)
    for descriptor in characteristic.descriptors:
        collection.add_descriptor(
            BleakGATTDescriptor(
                descriptor, descriptor.handle, uuid_text(descriptor.type), bleak_characteristic
            )
        )
