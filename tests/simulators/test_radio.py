import asyncio

from bumble import device, hci

from simulators.radio import RadioController, RadioHost, VirtualRadio, serve_hci
from tests.simulators.room import room

A = hci.Address("C0:00:00:00:00:0A")
B = hci.Address("C0:00:00:00:00:0B")


def member(radio: VirtualRadio, address: hci.Address) -> device.Device:
    controller = RadioController(str(address), link=radio)
    return device.Device(name="x", address=address, host=RadioHost(controller, controller))


async def pair(radio: VirtualRadio) -> tuple[device.Connection, device.Connection]:
    """Connect B to A and give both ends."""
    peripheral, central = member(radio, A), member(radio, B)
    await peripheral.power_on()
    await central.power_on()
    accepted: asyncio.Future[device.Connection] = asyncio.get_running_loop().create_future()
    peripheral.on("connection", accepted.set_result)
    await peripheral.start_advertising(advertising_interval_min=20, advertising_interval_max=20)
    return await central.connect_le(A, timeout=2), await accepted


def ending(connection: device.Connection) -> asyncio.Future[int]:
    reason: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    connection.on("disconnection", reason.set_result)
    return reason


async def test_controllers_are_found_by_their_present_address() -> None:
    radio = VirtualRadio()
    controller = RadioController("one", link=radio)
    controller.random_address = A
    assert radio.find_le_controller(A) is controller
    controller.random_address = B
    assert radio.find_le_controller(A) is None
    assert radio.find_le_controller(B) is controller
    radio.remove_controller(controller)
    assert radio.find_le_controller(B) is None


async def test_drop_ends_links_with_supervision_timeout_at_both_ends() -> None:
    radio = VirtualRadio()
    ends = [ending(connection) for connection in await pair(radio)]
    async with radio.drop(A):
        reasons = await asyncio.wait_for(asyncio.gather(*ends), 1)
    assert reasons == [hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR] * 2


async def test_drops_may_overlap() -> None:
    radio = VirtualRadio()
    controller = RadioController("one", link=radio)
    controller.random_address = A
    heard: list[object] = []
    listener = RadioController("two", link=radio)
    listener.random_address = B
    listener.le_scan_enable = True
    listener.on_ll_advertising_pdu = heard.append  # type: ignore[method-assign] # listens here
    controller.le_legacy_advertiser.enabled = True

    async def advertise() -> int:
        controller.le_legacy_advertiser.send_advertising_data()
        await asyncio.sleep(0)
        return len(heard)

    async with radio.drop(A):
        async with radio.drop(A, B):
            assert await advertise() == 0
        assert await advertise() == 0
    assert await advertise() == 1


async def test_adverts_reach_only_who_listens() -> None:
    radio = VirtualRadio()
    controllers = [RadioController(str(number), link=radio) for number in range(3)]
    sender, deaf, scanning = controllers
    heard: list[str] = []
    for controller in controllers:
        controller.on_ll_advertising_pdu = (  # type: ignore[method-assign] # listens here
            lambda _, name=controller.name: heard.append(name)
        )
    scanning.le_scan_enable = True
    sender.le_legacy_advertiser.enabled = True
    sender.le_legacy_advertiser.send_advertising_data()
    await asyncio.sleep(0)
    assert heard == [scanning.name]
    assert not deaf.le_scan_enable


async def test_what_was_sent_arrives_before_the_link_ends() -> None:
    radio = VirtualRadio()
    at_central, at_peripheral = await pair(radio)
    heard: list[bytes] = []
    at_central.device.l2cap_channel_manager.register_fixed_channel(
        0x3E, lambda _, data: heard.append(data)
    )
    ended = ending(at_central)
    for number in range(50):
        at_peripheral.send_l2cap_pdu(0x3E, bytes([number]) * 200)
    async with radio.drop(A):
        await asyncio.wait_for(ended, 1)
    assert heard == [bytes([number]) * 200 for number in range(50)]


async def test_removed_controller_leaves_its_peers_with_a_timeout() -> None:
    radio = VirtualRadio()
    at_central, at_peripheral = await pair(radio)
    ended = ending(at_peripheral)
    controller = radio.find_le_controller(B)
    assert controller is not None
    radio.remove_controller(controller)
    assert await asyncio.wait_for(ended, 1) == hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
    assert at_central.peer_address == A


async def test_disconnecting_tells_the_peer_the_reason() -> None:
    radio = VirtualRadio()
    at_central, at_peripheral = await pair(radio)
    ended = ending(at_peripheral)
    await at_central.disconnect()
    reason = await asyncio.wait_for(ended, 1)
    assert reason == hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR


async def test_cancelled_connection_attempt_is_told_as_failure() -> None:
    radio = VirtualRadio()
    central = member(radio, B)
    await central.power_on()
    failures: list[Exception] = []
    central.on("connection_failure", failures.append)
    attempt = asyncio.create_task(central.connect_le(A, timeout=None))
    await asyncio.sleep(0.01)
    await central.cancel_connection()
    await asyncio.wait([attempt], timeout=1)
    assert attempt.exception() is failures[0]
    # And there is nothing left to cancel.
    answer = await central.send_command(hci.HCI_LE_Create_Connection_Cancel_Command())
    assert answer.return_parameters.status == hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR


async def test_every_tcp_client_has_a_controller_while_it_is_there() -> None:
    radio = VirtualRadio()
    async with serve_hci(radio, "127.0.0.1", 0) as port:
        streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert len(radio.controllers) == 3
        for _, writer in streams:
            writer.close()
            await writer.wait_closed()
        await asyncio.sleep(0.05)
        assert radio.controllers == set()


async def test_bytes_that_are_no_hci_do_not_harm_the_others() -> None:
    async with room() as there:
        _, writer = await asyncio.open_connection("127.0.0.1", there.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n" * 50)
        await asyncio.sleep(0.05)
        writer.close()
        await writer.wait_closed()
        _, writer = await asyncio.open_connection("127.0.0.1", there.port)
        writer.write(bytes.fromhex("01030c00"))
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.05)
        assert len(there.air.controllers) == 1
