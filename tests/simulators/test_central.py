import asyncio

import pytest
from bleak.exc import BleakError
from bumble import device

from ecgcore.errors import ConfigError
from simulators.central import open_central
from tests.simulators.room import room


async def test_scanning_ends_with_the_last_listener() -> None:
    async with room() as there, open_central(there.hci) as central:
        heard: dict[str, list[device.Advertisement]] = {"one": [], "other": []}
        one, other = heard["one"].append, heard["other"].append
        await central.start_scanning(one)
        await central.start_scanning(other)
        await asyncio.sleep(0.25)
        await central.stop_scanning(one)
        await asyncio.sleep(0.05)
        left = len(heard["one"])
        await asyncio.sleep(0.25)
        assert 0 < left == len(heard["one"]) < len(heard["other"])
        await central.stop_scanning(other)
        assert not any(each.le_scan_enable for each in there.air.controllers)


async def test_attempts_queue_for_the_controller() -> None:
    async with room(2) as there, open_central(there.hci) as central:
        peers = [peripheral.address for peripheral in there.peripherals]
        async with there.air.drop(peers[0]):
            first = asyncio.create_task(central.connect(peers[0]))
            second = asyncio.create_task(central.connect(peers[1]))
            await asyncio.sleep(0.3)
            assert not first.done()
            assert not second.done()
        connections = await asyncio.gather(first, second)
        assert [connection.peer_address for connection in connections] == peers


async def test_attempt_ends_with_its_controller() -> None:
    async with room() as there, open_central(there.hci) as central:
        async with there.air.drop(there.peripherals[0].address):
            attempt = asyncio.create_task(central.connect(there.peripherals[0].address))
            await asyncio.sleep(0.05)
            there.hang_up()
            with pytest.raises(BleakError, match="controller gone"):
                await attempt
        await asyncio.wait_for(central.closed.wait(), 1)


async def test_silent_server_is_no_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.central._POWER_ON_TIMEOUT_S", 0.2)
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConfigError, match="no controller answers"):
            async with open_central(f"tcp-client:127.0.0.1:{port}"):
                pass
        assert len(writers) == 1
        writers[0].close()


async def test_a_controller_that_goes_while_it_is_powered_on_is_told() -> None:
    def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConfigError, match="no controller answers"):
            async with open_central(f"tcp-client:127.0.0.1:{port}"):
                pass
