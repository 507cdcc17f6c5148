"""What a host may do with a characteristic: the checks that Bumble's GATT server leaves out."""

from bumble import att, device, gatt, gatt_server

from simulators.patch import CharacteristicSpec, Property

_NOTIFY_BIT, _INDICATE_BIT = 1, 2
_Properties = gatt.Characteristic.Properties


def require_offer(spec: CharacteristicSpec, configuration: bytes) -> None:
    """Refuse to turn on what a characteristic does not offer.

    Raises
    ------
    ATT_Error
        Code 0xFD.
    """
    wanted = configuration[0] if configuration else 0
    if wanted & _NOTIFY_BIT and Property.NOTIFY not in spec.properties:
        raise att.ATT_Error(att.ErrorCode.CCCD_IMPROPERLY_CONFIGURED)
    if wanted & _INDICATE_BIT and Property.INDICATE not in spec.properties:
        raise att.ATT_Error(att.ErrorCode.CCCD_IMPROPERLY_CONFIGURED)


def check_writes(server: gatt_server.Server) -> None:
    """Have a server tell writes with and without response apart, as the properties do.

    A write without response that is not offered is ignored, as it has no answer; one with response
    is answered with code 0x03.
    """
    take_request, take_command = server.on_att_write_request, server.on_att_write_command

    def on_request(bearer: att.Bearer, request: att.ATT_Write_Request) -> None:
        if _offers(server, request.attribute_handle, _Properties.WRITE):
            take_request(bearer, request)
            return
        refusal = att.ATT_Error_Response(
            request_opcode_in_error=request.op_code,
            attribute_handle_in_error=request.attribute_handle,
            error_code=att.ErrorCode.WRITE_NOT_PERMITTED,
        )
        server.send_response(bearer, refusal)

    def on_command(bearer: att.Bearer, command: att.ATT_Write_Command) -> None:
        if _offers(server, command.attribute_handle, _Properties.WRITE_WITHOUT_RESPONSE):
            take_command(bearer, command)

    server.on_att_write_request = on_request
    server.on_att_write_command = on_command


def _offers(
    server: gatt_server.Server, handle: int, wanted: gatt.Characteristic.Properties
) -> bool:
    attribute = server.get_attribute(handle)
    return not isinstance(attribute, gatt.Characteristic) or bool(attribute.properties & wanted)


def connection_of(bearer: att.Bearer) -> device.Connection:
    """Give the link that an attribute is accessed over."""
    return bearer if isinstance(bearer, device.Connection) else bearer.connection
