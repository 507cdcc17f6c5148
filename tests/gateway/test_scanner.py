import asyncio

import pytest

from devices.driver import SkinContact
from ecgcore.errors import ConfigError
from gateway.backoff import Backoff, BackoffConfig
from gateway.radio import radio_opener
from gateway.scanner import Scanner, Sighting, installed_drivers
from tests.gateway.broker import until
from tests.simulators.room import Room, room


def scanner(address: str, seen: list[Sighting]) -> Scanner:
    backoff = Backoff(BackoffConfig(0.05, 0.05, 0.05), lambda: 1.0)
    return Scanner(radio_opener(f"bumble:{address}"), installed_drivers(), backoff, seen.append)


async def test_sightings_of_known_patches_survive_the_radio() -> None:
    seen: list[Sighting] = []

    def ids() -> set[str]:
        return {sighting.device_id for sighting in seen}

    async with room(2) as there:
        wanted = {"polar-h10-" + name[10:] for name in there.names}
        task = asyncio.create_task(scanner(there.hci, seen).run())
        await until(lambda: ids() == wanted)
        assert seen[0].driver.model == "Polar H10"
        assert seen[0].client_backend is not None
        assert seen[0].packets == (SkinContact(True),)
        await _lose_radio(there, seen)
        await until(lambda: ids() == wanted)
        task.cancel()
        await asyncio.wait([task])


async def test_a_scan_that_went_deaf_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Bluetooth daemon that was restarted forgets the scan and tells nobody."""
    monkeypatch.setattr("gateway.scanner._DEAF_S", 0.3)
    seen: list[Sighting] = []
    async with room() as there:
        task = asyncio.create_task(scanner(there.hci, seen).run())
        await until(lambda: bool(seen))
        for controller in there.air.controllers:
            controller.le_scan_enable = False
        await asyncio.sleep(0.2)
        seen.clear()
        await until(lambda: bool(seen))
        task.cancel()
        await asyncio.wait([task])


async def _lose_radio(there: Room, seen: list[Sighting]) -> None:
    there.hang_up()
    await asyncio.sleep(0.02)
    seen.clear()


async def test_a_radio_that_is_not_there_is_told() -> None:
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:1"):
        await scanner("tcp-client:127.0.0.1:1", []).run()
