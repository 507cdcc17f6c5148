"""The session against a strap that misbehaves; what goes right is tested in test_app."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from bleak.exc import BleakError

from devices.driver import HeartRate
from devices.polar_h10 import codec
from ecgcore.types import GapReason
from ecgcore.wire.messages import Contact, LinkState
from gateway.link import Details, Link
from simulators.patch import Notification
from simulators.patches.polar_h10 import SimulatedH10
from simulators.peripheral import Peripheral
from simulators.radio import VirtualRadio
from tests.gateway.broker import Engine, until
from tests.gateway.rig import Running, assert_exact, cloud, device_of, settings
from tests.levels import Level, reached
from tests.patience import PATIENCE
from tests.simulators.room import room


@dataclass
class Strap:
    """One strap on the air, the gateway that has it, and what came of it."""

    air: VirtualRadio
    peripheral: Peripheral
    patch: SimulatedH10
    sent: list[range]
    device: str
    gateway: Running
    engine: Engine
    log: pytest.LogCaptureFixture

    @property
    def states(self) -> list[LinkState]:
        """Every state there was; status messages may skip short ones."""
        moves = (record for record in self.log.records if record.msg.startswith("link device="))
        return [move.args[1] for move in moves if move.args]  # type: ignore[index,misc]  # a tuple

    async def until_sent(self, more: int) -> None:
        wanted = len(self.sent) + more
        await until(lambda: len(self.sent) >= wanted)


@asynccontextmanager
async def streaming(
    folder: Path, log: pytest.LogCaptureFixture, level: Level
) -> AsyncIterator[Strap]:
    log.set_level(logging.INFO, "gateway.session")
    async with (
        cloud(folder) as (broker, engine),
        room(speed=level.speed) as there,
        reached(there, level) as radio,
    ):
        (name,), (peripheral,) = there.names, there.peripherals
        gateway = Running(settings(folder, broker.url, there, radio=radio))
        strap = Strap(
            there.air,
            peripheral,
            peripheral._patch,
            there.sent[name],
            device_of(name),
            gateway,
            engine,
            log,
        )
        await strap.until_sent(20)
        try:
            yield strap
        finally:
            if not gateway.task.done():
                await gateway.stop()


@pytest.fixture
async def strap(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, level: Level
) -> AsyncIterator[Strap]:
    async with streaming(tmp_path, caplog, level) as strap:
        yield strap


def wrapped_notify(
    strap: Strap, monkeypatch: pytest.MonkeyPatch, change: Callable[[Notification], list[bytes]]
) -> None:
    """Have ECG notifications go over the air as `change` says."""
    notify = strap.peripheral._notify

    def changed(connection: object, notification: Notification) -> bool:
        if not notification.samples:
            return notify(connection, notification)
        for value in change(notification):
            notify(connection, Notification(codec.PMD_DATA, value, notification.samples))
        return True

    monkeypatch.setattr(strap.peripheral, "_notify", changed)


async def test_a_lost_notification_is_an_exact_gap(
    strap: Strap, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = {5, 6, 11}
    numbers = iter(range(1000))
    with monkeypatch.context() as patched:
        wrapped_notify(strap, patched, lambda n: [] if next(numbers) in lost else [n.value])
        await strap.until_sent(20)
    await strap.gateway.stop()
    frames = strap.engine.of(strap.device)
    gaps = [(f.gap_before, f.gap_reason) for f in frames if f.gap_before]
    assert gaps == [(146, GapReason.RADIO_LOSS), (73, GapReason.RADIO_LOSS)]
    base = strap.sent[0].start
    assert all(int(f.adc[0, 0]) - base == f.first_counter for f in frames)


async def test_repeated_and_unreadable_notifications_are_counted_and_the_link_kept(
    strap: Strap, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        wrapped_notify(strap, patched, lambda n: [n.value, n.value, b"", n.value[:-1]])
        await strap.until_sent(10)
    summary = await strap.gateway.stop()
    assert summary["duplicates"] >= 10
    assert summary["decode_errors"] == 2 * summary["duplicates"]
    assert summary["gaps"] == 0
    assert strap.states.count(LinkState.BACKOFF) == 0
    assert_exact(strap.engine.of(strap.device), strap.sent)


async def test_a_silent_stream_is_restarted_on_the_same_link(
    strap: Strap, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(_utc_ns: int) -> Iterator[Notification]:
        return iter(())

    monkeypatch.setattr("gateway.intake._STALL_FRAMES", 0)
    monkeypatch.setattr("gateway.intake._STALL_S", 0.4 * PATIENCE)
    await strap.until_sent(2)
    with monkeypatch.context() as patched:
        patched.setattr(strap.patch, "due", nothing)
        await until(lambda: LinkState.STALLED in strap.states)
    await strap.until_sent(10)
    await strap.gateway.stop()
    frames = strap.engine.of(strap.device)
    assert_exact(frames, strap.sent)
    assert [f.gap_reason for f in frames if f.gap_before] == [GapReason.LINK_LOST]
    assert LinkState.BACKOFF not in strap.states
    assert LinkState.STREAMING in strap.states[strap.states.index(LinkState.STALLED) :]


async def test_a_stream_that_stays_silent_costs_the_link(
    strap: Strap, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(_utc_ns: int) -> Iterator[Notification]:
        return iter(())

    monkeypatch.setattr("gateway.intake._STALL_FRAMES", 0)
    monkeypatch.setattr("gateway.intake._STALL_S", 0.2 * PATIENCE)
    await strap.until_sent(2)
    with monkeypatch.context() as patched:
        patched.setattr(strap.patch, "due", nothing)
        await until(lambda: LinkState.BACKOFF in strap.states)
    await strap.until_sent(10)
    await strap.gateway.stop()
    assert_exact(strap.engine.of(strap.device), strap.sent)


async def test_a_stream_ended_by_the_patch_is_started_again(strap: Strap) -> None:
    strap.patch.disconnect()
    strap.peripheral._replies.put_nowait(Notification(codec.PMD_CONTROL, bytes([1, 0])))
    await strap.until_sent(10)
    await strap.gateway.stop()
    assert_exact(strap.engine.of(strap.device), strap.sent)
    assert LinkState.BACKOFF not in strap.states


async def test_a_patch_that_refuses_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, level: Level
) -> None:
    refusals = iter([True, True])
    control = SimulatedH10.control

    def refusing(patch: SimulatedH10, data: bytes, utc_ns: int, mtu: int) -> bytes:
        if data[0] == 2 and next(refusals, False):
            return codec.encode_reply(2, 0, codec.ControlStatus.BAD_MTU)
        return control(patch, data, utc_ns, mtu)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SimulatedH10, "control", refusing)
        patched.setattr("gateway.app.BackoffConfig", _quick)
        async with streaming(tmp_path, caplog, level) as strap:
            await strap.gateway.stop()
            assert strap.states.count(LinkState.BACKOFF) == 2
            assert_exact(strap.engine.of(strap.device), strap.sent)


async def test_a_patch_that_never_answers_is_left_within_seconds(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    level: Level,
) -> None:
    monkeypatch.setattr("gateway.link._REPLY_S", 0.2 * PATIENCE)
    monkeypatch.setattr("gateway.app.BackoffConfig", _quick)
    silences = iter([True])
    write = SimulatedH10.write

    def deaf(
        patch: SimulatedH10, characteristic: str, data: bytes, utc_ns: int, mtu: int
    ) -> Sequence[Notification]:
        if data[0] == 2 and next(silences, False):
            return ()
        return write(patch, characteristic, data, utc_ns, mtu)

    monkeypatch.setattr(SimulatedH10, "write", deaf)
    async with streaming(tmp_path, caplog, level) as strap:
        await strap.gateway.stop()
        assert LinkState.BACKOFF in strap.states
        assert_exact(strap.engine.of(strap.device), strap.sent)


async def test_a_link_lost_while_the_patch_introduces_itself_is_left_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    level: Level,
) -> None:
    details, losses = Link.details, iter([True])

    async def losing(link: Link) -> Details:
        if next(losses, False):
            await link.check().disconnect()
            raise BleakError("disconnected")
        return await details(link)

    monkeypatch.setattr(Link, "details", losing)
    monkeypatch.setattr("gateway.app.BackoffConfig", _quick)
    async with streaming(tmp_path, caplog, level) as strap:
        await strap.gateway.stop()
        assert LinkState.STALLED not in strap.states
        assert_exact(strap.engine.of(strap.device), strap.sent)


async def test_electrodes_off_are_not_said_of_the_next_link(
    strap: Strap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the patch says anew; it may have been put on since."""
    heart_rate = SimulatedH10._heart_rate

    def off(patch: SimulatedH10, from_s: int, to_s: int) -> HeartRate:
        return replace(heart_rate(patch, from_s, to_s), contact=False)

    with monkeypatch.context() as patched:
        patched.setattr(SimulatedH10, "_heart_rate", off)
        await until(lambda: strap.engine.statuses[strap.device][-1].contact is Contact.OFF)
        await strap.until_sent(20)
    monkeypatch.setattr(SimulatedH10, "_due_each_second", lambda _patch, _utc_ns: iter(()))
    async with strap.air.drop(strap.peripheral.address):
        await until(lambda: LinkState.BACKOFF in strap.states)
    await strap.until_sent(10)
    await strap.gateway.stop()
    frames = strap.engine.of(strap.device)
    after = next(k for k, frame in enumerate(frames) if frame.gap_before)
    assert frames[after - 1].lead_off
    assert not any(frame.lead_off for frame in frames[after:])


_is_full = asyncio.Queue.full


@pytest.mark.parametrize(
    ("target", "changed"),
    [
        # The disk is behind, or the gateway itself.
        ("gateway.outbox.Outbox.has_room", property(lambda _: False)),
        ("asyncio.Queue.full", lambda queue: queue.maxsize == 64 or _is_full(queue)),
    ],
)
async def test_an_overflow_is_a_gap_of_the_gateway_and_costs_no_link(
    strap: Strap, monkeypatch: pytest.MonkeyPatch, target: str, changed: object
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(target, changed)
        await strap.until_sent(100)
    await strap.until_sent(30)
    summary = await strap.gateway.stop()
    frames = strap.engine.of(strap.device)
    assert summary["overflows"] > 90
    assert [f.gap_reason for f in frames if f.gap_before] == [GapReason.GATEWAY_DOWN]
    assert not {LinkState.STALLED, LinkState.BACKOFF} & set(strap.states)
    base = strap.sent[0].start
    assert all(int(f.adc[0, 0]) - base == f.first_counter for f in frames)


def _quick() -> object:
    from gateway.backoff import BackoffConfig

    return BackoffConfig(0.1, 0.1, 0.2)
