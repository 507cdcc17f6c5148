import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ecgcore.errors import ConfigError
from ecgcore.types import GapReason
from ecgcore.wire.frame import decode_frame
from ecgcore.wire.messages import Contact, LinkState
from gateway.app import run_gateway
from gateway.outbox import Outbox
from gateway.scanner import Scanner
from gateway.settings import GatewaySettings
from gateway.spool import Spool
from tests.gateway.broker import running_nats, until
from tests.gateway.rig import Running, assert_exact, cloud, device_of, settings
from tests.simulators.room import SPEED, room


async def test_three_patches_stream_and_stop_without_a_sample_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with cloud(tmp_path) as (broker, engine), room(3) as there:
        gateway = Running(settings(tmp_path, broker.url, there))
        await until(lambda: all(len(sent) > 60 for sent in there.sent.values()))
        summary = await gateway.stop()
        devices = {name: device_of(name) for name in there.names}
        for name, device in devices.items():
            assert_exact(engine.of(device), there.sent[name])
            assert summary["devices"][device]["samples"] == sum(
                frame.n_samples for frame in engine.of(device)
            )
            assert engine.statuses[device][-1].link is LinkState.STOPPED
        assert summary["spooled_left"] == summary["gaps"] == summary["duplicates"] == 0
        # The patches were disconnected from, not left to notice.
        assert "connection_timeout_error" not in caplog.text
        assert summary["samples"] == sum(
            len(numbers) for sent in there.sent.values() for numbers in sent
        )


async def test_status_tells_what_the_patch_said(tmp_path: Path) -> None:
    async with cloud(tmp_path) as (broker, engine), room() as there:
        gateway = Running(settings(tmp_path, broker.url, there))
        (device,) = [device_of(name) for name in there.names]
        await until(lambda: any(s.model and s.frames > 3 for s in engine.statuses[device]))
        await gateway.stop()
        status = next(s for s in engine.statuses[device] if s.model and s.frames > 3)
        assert (status.model, status.firmware) == ("H10", "3.2.0")
        assert status.serial == device[-8:]
        assert status.battery_pct is not None
        assert status.contact is Contact.ON
        states = [s.link for s in engine.statuses[device]]
        assert LinkState.STREAMING in states
        assert states[-1] is LinkState.STOPPED


async def test_link_loss_is_one_exact_gap(tmp_path: Path) -> None:
    async with cloud(tmp_path) as (broker, engine), room() as there:
        gateway = Running(settings(tmp_path, broker.url, there))
        (name,) = there.names
        sent, device = there.sent[name], device_of(name)
        await until(lambda: len(sent) > 60)
        n_before = len(sent)
        async with there.air.drop(there.peripherals[0].address):
            await asyncio.sleep(0.7)
        await until(lambda: len(sent) > n_before + 40)
        summary = await gateway.stop()
        frames = engine.of(device)
        assert_exact(frames, sent)
        gaps = [frame for frame in frames if frame.gap_before]
        assert [gap.gap_reason for gap in gaps] == [GapReason.LINK_LOST]
        assert gaps[0].gap_before > 0.7 * SPEED * 130
        assert summary["gap_samples"] == gaps[0].gap_before


async def test_a_restart_goes_on_counting_and_names_the_gap(tmp_path: Path) -> None:
    async with cloud(tmp_path) as (broker, engine), room() as there:
        using = settings(tmp_path, broker.url, there)
        (name,) = there.names
        sent, device = there.sent[name], device_of(name)
        first = Running(using)
        await until(lambda: len(sent) > 60)
        await first.stop()
        n_before = len(sent)
        second = Running(using)
        await until(lambda: len(sent) > n_before + 20)
        await second.stop()
        frames = engine.of(device)
        assert_exact(frames, sent)
        assert len({frame.boot_id for frame in frames}) == 1
        gaps = [frame for frame in frames if frame.gap_before]
        assert [gap.gap_reason for gap in gaps] == [GapReason.GATEWAY_DOWN]


async def test_without_a_broker_it_keeps_everything(tmp_path: Path) -> None:
    async with room() as there:
        using = settings(tmp_path, "mqtt://127.0.0.1:1", there, drain_s=0.2)
        gateway = Running(using)
        (name,) = there.names
        await until(lambda: len(there.sent[name]) > 30)
        summary = await gateway.stop()
        assert summary["samples"] == sum(map(len, there.sent[name]))
    spool = Spool(using.spool_path, using.spool_max_bytes)
    rows = spool.after(device_of(name), 0, 999)
    assert sum(decode_frame(row.frame).n_samples for row in rows) == summary["samples"]
    assert len(rows) == summary["spooled_left"]
    spool.close()


async def test_an_orderly_stop_does_not_wait_for_a_cloud_that_commits_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.app._STUCK_S", 0.2)
    async with room() as there:
        gateway = Running(settings(tmp_path, "mqtt://127.0.0.1:1", there, drain_s=600))
        (name,) = there.names
        await until(lambda: len(there.sent[name]) > 30)
        summary = await gateway.stop()
        assert summary["spooled_left"] > 0


async def test_a_radio_that_dies_is_opened_again(tmp_path: Path) -> None:
    async with cloud(tmp_path) as (broker, engine), room() as there:
        gateway = Running(settings(tmp_path, broker.url, there))
        (name,) = there.names
        sent = there.sent[name]
        await until(lambda: len(sent) > 60)
        n_before = len(sent)
        there.hang_up()
        await until(lambda: len(sent) > n_before + 20)
        await gateway.stop()
        frames = engine.of(device_of(name))
        # What was under way in the dying connection was handed to the link and never came.
        at = 0
        for frame in frames:
            assert frame.start == at
            assert int(frame.adc[0, 0]) - sent[0].start == frame.first_counter
            at = frame.end
        assert GapReason.LINK_LOST in [frame.gap_reason for frame in frames]


async def test_only_named_patches_are_taken(tmp_path: Path) -> None:
    async with cloud(tmp_path) as (broker, engine), room(2) as there:
        wanted, other = (device_of(name) for name in there.names)
        absent = "polar-h10-FFFFFFFF"
        gateway = Running(
            settings(tmp_path, broker.url, there, take_any=False, devices=(wanted, absent))
        )
        await until(lambda: len(engine.of(wanted)) > 10)
        summary = await gateway.stop()
        assert set(summary["devices"]) == {wanted, absent}
        assert not engine.of(other)
        assert engine.statuses[absent][0].link is LinkState.ABSENT
        assert other not in engine.statuses


async def test_a_part_that_fails_ends_the_gateway_whatever_swallows_its_cancellation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(_outbox: Outbox) -> None:
        raise RuntimeError("bad page")

    async def swallowing(_scanner: Scanner) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    monkeypatch.setattr("gateway.app._STOP_S", 0.1)
    monkeypatch.setattr(Outbox, "run", failing)
    monkeypatch.setattr(Scanner, "run", swallowing)
    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.timeout(3):
            await run_gateway(settings(tmp_path, "mqtt://127.0.0.1:1", None), asyncio.Event())
    assert caught.group_contains(RuntimeError, match="bad page")


async def test_mistakes_are_told_before_anything_runs(tmp_path: Path) -> None:
    def using(broker_url: str = "mqtt://127.0.0.1:1", **more: Any) -> GatewaySettings:
        return settings(tmp_path, broker_url, None, **more)

    stop = asyncio.Event()
    with pytest.raises(ConfigError, match="no patch named"):
        await run_gateway(using(take_any=False), stop)
    with pytest.raises(ConfigError, match="'nonsense:1' is not known; there is native, bumble"):
        await run_gateway(using(radio="nonsense:1"), stop)
    with pytest.raises(ConfigError, match=r"broker mqtt://127\.0\.0\.1:1: Connection refused"):
        await run_gateway(using(require_broker=True), stop)
    with pytest.raises(ConfigError, match="broker address http://x: not mqtt"):
        await run_gateway(using(broker_url="http://x"), stop)
    with pytest.raises(ExceptionGroup) as caught:
        await run_gateway(using(radio="bumble:tcp-client:127.0.0.1:1"), stop)
    assert caught.group_contains(ConfigError, match="127.0.0.1:1")


async def test_wrong_password_is_told(tmp_path: Path) -> None:
    async with running_nats(tmp_path) as broker:
        url = broker.url.replace("p-gateway", "wrong")
        with pytest.raises(ConfigError, match=r"Not authori[sz]ed"):
            await run_gateway(settings(tmp_path, url, None, require_broker=True), asyncio.Event())


async def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(bytes(32))
    key.chmod(0o644)
    using = GatewaySettings(
        devices=("polar-h10-0A1B2C3D",), spool_path=tmp_path / "s.db", spool_key_file=key
    )
    with pytest.raises(ConfigError, match=r"key: others can read it"):
        await run_gateway(using, asyncio.Event())
    assert not using.spool_path.exists()
