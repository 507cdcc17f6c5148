"""A patch with memory, a real gateway, a real broker: what the link lost comes back."""

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from devices.open_patch import control
from ecgcore.types import FrameFlag, GapReason
from gateway.holes import Holes, HolesConfig
from simulators.patch import Notification
from tests.gateway.broker import until
from tests.gateway.open_patches import (
    CONFIG,
    SPEED,
    assert_ledger,
    know_open_patches,
    patch_room,
    settings,
)
from tests.gateway.rig import Running, cloud


@pytest.fixture(autouse=True)
def _open_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    know_open_patches(monkeypatch)


async def test_thirty_seconds_of_lost_link_come_out_of_the_patchs_memory(tmp_path: Path) -> None:
    async with cloud(tmp_path) as (broker, engine), patch_room() as there:
        gateway = Running(settings(tmp_path, broker.url, there))
        device = there.patch.device_id
        await until(lambda: there.n_live > 40)
        async with there.air.drop(there.peripheral.address):
            await asyncio.sleep(30 / SPEED)
        n_before = there.n_live
        await until(lambda: there.n_live > n_before + 100)
        summary = await gateway.stop()
        frames = engine.of(device)
        assert assert_ledger(frames) == 0
        assert {frame.boot_id for frame in frames} == {there.patch.boot}
        replayed = sum(f.n_samples for f in frames if FrameFlag.REPLAY in f.flags)
        assert replayed > 30 * 250
        assert summary["replayed_samples"] == replayed
        assert summary["gaps"] == summary["gap_samples"] == summary["spooled_left"] == 0


async def test_what_a_small_memory_lost_is_named(tmp_path: Path) -> None:
    config = replace(CONFIG, memory_bytes=2000)
    async with cloud(tmp_path) as (broker, engine), patch_room(config) as there:
        gateway = Running(settings(tmp_path, broker.url, there))
        device = there.patch.device_id
        await until(lambda: there.n_live > 40)
        async with there.air.drop(there.peripheral.address):
            await asyncio.sleep(30 / SPEED)
        n_before = there.n_live
        await until(lambda: there.n_live > n_before + 60)
        summary = await gateway.stop()
        frames = engine.of(device)
        n_missing = assert_ledger(frames)
        gaps = [frame for frame in frames if frame.gap_before]
        assert 20 * 250 < n_missing < 40 * 250
        assert {gap.gap_reason for gap in gaps} == {GapReason.LINK_LOST}
        assert all(gap.n_samples == 0 for gap in gaps)
        assert summary["gap_samples"] == n_missing


async def test_a_patch_without_memory_leaves_gaps_at_once(tmp_path: Path) -> None:
    config = replace(CONFIG, memory_bytes=0)
    async with cloud(tmp_path) as (broker, engine), patch_room(config) as there:
        gateway = Running(settings(tmp_path, broker.url, there))
        device = there.patch.device_id
        await until(lambda: there.n_live > 40)
        async with there.air.drop(there.peripheral.address):
            await asyncio.sleep(0.7)
        n_before = there.n_live
        await until(lambda: there.n_live > n_before + 20)
        await gateway.stop()
        frames = engine.of(device)
        n_missing = assert_ledger(frames)
        sent = {n for each in there.sent for n in each.samples}
        stored = {n for f in frames for n in range(f.first_counter, f.end)}
        assert stored == sent
        assert n_missing == frames[-1].end - len(stored)
        assert {f.gap_reason for f in frames if f.gap_before} == {GapReason.LINK_LOST}


async def test_replay_goes_on_after_a_restart_of_the_gateway(tmp_path: Path) -> None:
    """The first gateway is cut off while holes are open; the second asks for them."""
    async with cloud(tmp_path) as (broker, engine), patch_room() as there:
        using = settings(tmp_path, broker.url, there)
        device = there.patch.device_id
        first = Running(using)
        await until(lambda: there.n_live > 40)
        await first.stop()
        n_before = there.n_live
        await asyncio.sleep(0.5)
        second = Running(using)
        await until(lambda: there.n_live > n_before + 60)
        summary = await second.stop()
        assert assert_ledger(engine.of(device)) == 0
        assert summary["spooled_left"] == 0
        assert summary["replayed_samples"] > 0.5 * SPEED * 250


async def test_notifications_lost_on_the_way_are_asked_for_until_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every seventh is lost, live or replayed; each is in a memory."""
    monkeypatch.setattr("gateway.replaying._QUIET_S", 0.2)
    async with cloud(tmp_path) as (broker, engine), patch_room() as there:
        notify, count = there.peripheral._notify, itertools.count(1)

        def lossy(connection: object, notification: Notification) -> bool:
            is_lost = bool(notification.samples) and next(count) % 7 == 0 and there.n_live < 120
            return is_lost or notify(connection, notification)

        monkeypatch.setattr(there.peripheral, "_notify", lossy)
        gateway = Running(settings(tmp_path, broker.url, there))
        await until(lambda: there.n_live > 200)
        await asyncio.sleep(1)
        summary = await gateway.stop()
        assert assert_ledger(engine.of(there.patch.device_id)) == 0
        assert summary["replayed_samples"] > 10 * 125
        assert summary["spooled_left"] == 0


async def test_a_patch_that_never_answers_costs_its_holes_and_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.replaying._QUIET_S", 0.05)
    async with cloud(tmp_path) as (broker, engine), patch_room() as there:
        notify = there.peripheral._notify

        def deaf(connection: object, notification: Notification) -> bool:
            is_replay = notification.characteristic == control.REPLAY
            return is_replay or notify(connection, notification)

        monkeypatch.setattr(there.peripheral, "_notify", deaf)
        await asyncio.sleep(0.2)
        gateway = Running(settings(tmp_path, broker.url, there))
        await until(lambda: len(engine.of(there.patch.device_id)) > 60)
        summary = await gateway.stop()
        frames = engine.of(there.patch.device_id)
        assert frames[0].gap_before == assert_ledger(frames) > 0
        assert frames[0].gap_reason is GapReason.LINK_LOST
        assert summary["gaps"] == 1


async def test_a_patch_that_stays_away_is_not_waited_for_forever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is held behind its holes goes out without it; here after no time at all."""
    monkeypatch.setattr("gateway.session._ABSENT_S", 0.2)
    monkeypatch.setattr("gateway.session._GIVE_UP_EVERY_S", 0.1)
    async with cloud(tmp_path) as (broker, engine), patch_room() as there:
        notify = there.peripheral._notify

        def deaf(connection: object, notification: Notification) -> bool:
            is_replay = notification.characteristic == control.REPLAY
            return is_replay or notify(connection, notification)

        monkeypatch.setattr(there.peripheral, "_notify", deaf)
        await asyncio.sleep(0.2)
        gateway = Running(settings(tmp_path, broker.url, there))
        device = there.patch.device_id
        await until(lambda: there.n_live > 20)
        async with there.air.drop(there.peripheral.address):
            await asyncio.sleep(0.5)
            assert not engine.of(device)
            oldest = Holes.hopeless
            never = HolesConfig(max_age_ns=0)
            monkeypatch.setattr(Holes, "hopeless", lambda self, now, _: oldest(self, now, never))
            await until(lambda: len(engine.of(device)) > 10)
        await gateway.stop()
        assert assert_ledger(engine.of(device)) == engine.of(device)[0].gap_before > 0


async def test_a_patch_that_wants_pairing_is_paired_and_streams(tmp_path: Path) -> None:
    config = replace(CONFIG, is_open=False)
    async with cloud(tmp_path) as (broker, engine), patch_room(config) as there:
        gateway = Running(settings(tmp_path, broker.url, there))
        await until(lambda: there.n_live > 20)
        async with there.air.drop(there.peripheral.address):
            await asyncio.sleep(0.3)
        n_before = there.n_live
        await until(lambda: there.n_live > n_before + 20)
        await gateway.stop()
        frames = engine.of(there.patch.device_id)
        assert assert_ledger(frames) == 0
        assert {frame.lead_mask for frame in frames} == {0b11}
