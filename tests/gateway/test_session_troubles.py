"""What a session does when the patch, the bond or the Bluetooth stack is not as it should be."""

from pathlib import Path

import pytest
from bleak import BleakClient
from bleak.exc import BleakError, BleakGATTProtocolError
from bleak_retry_connector import BleakOutOfConnectionSlotsError

from ecgcore.wire.messages import LinkState
from gateway.backoff import BackoffConfig
from gateway.patches import KnownPatch, add_patch
from gateway.recovery import LadderConfig, Remedy
from tests.gateway.broker import until
from tests.gateway.rig import Running, assert_exact, cloud, device_of, settings
from tests.simulators.room import room


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.app.BackoffConfig", lambda: BackoffConfig(0.05, 0.05, 0.1))


async def test_another_patch_under_a_claimed_id_is_not_taken(tmp_path: Path) -> None:
    async with cloud(tmp_path) as (broker, engine), room() as there:
        (name,) = there.names
        device, path = device_of(name), tmp_path / "patches.toml"
        add_patch(path, device, KnownPatch(serial="FFFFFFFF"))
        gateway = Running(settings(tmp_path, broker.url, there, take_any=False, patches_path=path))
        await until(lambda: any("wrong patch" in s.trouble for s in engine.statuses[device]))
        assert there.sent[name] == []
        await gateway.stop()
        assert engine.of(device) == []
        add_patch(path, device, KnownPatch(serial=name[10:]))
        gateway = Running(settings(tmp_path, broker.url, there, take_any=False, patches_path=path))
        await until(lambda: len(there.sent[name]) > 20)
        await gateway.stop()
        assert_exact(engine.of(device), there.sent[name])
        assert engine.statuses[device][-1].trouble == ""


async def test_a_bond_the_patch_forgot_is_removed_and_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    write = BleakClient.write_gatt_char

    async def pair(self: BleakClient, *_: object, **__: object) -> None:
        calls.append("pair")

    async def unpair(self: BleakClient) -> None:
        calls.append("unpair")

    async def writing(self: BleakClient, *args: object, **kwargs: object) -> None:
        if calls == ["pair"]:
            raise BleakGATTProtocolError(0x0F)
        await write(self, *args, **kwargs)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr("devices.polar_h10.driver.PolarH10Dialogue.needs_bond", True)
    monkeypatch.setattr(BleakClient, "pair", pair)
    monkeypatch.setattr(BleakClient, "unpair", unpair)
    monkeypatch.setattr(BleakClient, "write_gatt_char", writing)
    async with cloud(tmp_path) as (broker, engine), room() as there:
        (name,) = there.names
        gateway = Running(settings(tmp_path, broker.url, there))
        await until(lambda: len(there.sent[name]) > 20)
        await gateway.stop()
    assert calls[:3] == ["pair", "unpair", "pair"]
    assert_exact(engine.of(device_of(name)), there.sent[name])


async def test_remedies_are_tried_for_a_patch_that_is_heard_but_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Remedy] = []

    async def remedy(remedy: Remedy, address: str) -> bool:
        assert address.startswith("D0:10:")
        tried.append(remedy)
        return True

    async def refuse(*_: object, **__: object) -> None:
        if len(tried) < 2:
            raise BleakError("software caused connection abort")
        return await connect(*_, **__)

    connect = __import__("gateway.link").link.establish_connection
    monkeypatch.setattr("gateway.app.no_remedy", remedy)
    monkeypatch.setattr("gateway.app.LadderConfig", lambda **_: LadderConfig(settle_s=0))
    monkeypatch.setattr("gateway.link.establish_connection", refuse)
    async with cloud(tmp_path) as (broker, engine), room() as there:
        (name,) = there.names
        gateway = Running(settings(tmp_path, broker.url, there))
        await until(lambda: len(there.sent[name]) > 10)
        await gateway.stop()
    assert tried == [Remedy.FORGET_PATCH, Remedy.CYCLE_ADAPTER]
    assert engine.statuses[device_of(name)][-1].link is LinkState.STOPPED


async def test_out_of_slots_makes_the_others_wait_not_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack with room for one link: the second patch follows when the first one ends."""
    n_open = 0
    connect = __import__("gateway.link").link.establish_connection

    async def one_at_a_time(*args: object, **kwargs: object) -> object:
        nonlocal n_open
        if n_open:
            raise BleakOutOfConnectionSlotsError("out of slots")
        n_open += 1
        return await connect(*args, **kwargs)

    monkeypatch.setattr("gateway.link.establish_connection", one_at_a_time)
    async with cloud(tmp_path) as (broker, _engine), room(3) as there:
        gateway = Running(settings(tmp_path, broker.url, there, max_links=2))
        await until(lambda: sum(len(sent) > 5 for sent in there.sent.values()) == 1)
        await until(lambda: n_open == 1)
        assert not gateway.task.done()
        summary = await gateway.stop()
    streamed = [device for device, each in summary["devices"].items() if each["samples"]]
    assert len(streamed) == 1
