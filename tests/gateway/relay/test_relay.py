"""A gateway whose patch is in somebody's pocket: the whole way, at speed, the ledger exact."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devices.polar_h10 import codec
from ecgcore.clock import UtcClock
from ecgcore.types import GapReason
from ecgcore.wire.messages import LinkState
from gateway.cancellation import cancel_all
from gateway.relay import log, messages, phone
from gateway.settings import GatewaySettings
from simulators.lab.kinds import serial_of
from simulators.patches.polar_h10 import PatchConfig, SimulatedH10
from simulators.source import SampleNumbers
from tests.gateway.broker import Engine, Nats, free_port, until
from tests.gateway.relay.pocket import SECRET, Pocket
from tests.gateway.rig import Running, assert_exact, cloud

SPEED = 20.0


# Its repr would hold every sample.
@dataclass(repr=False)
class Home:
    """A phone with a strap, and where its gateway is to be."""

    pocket: Pocket
    broker: Nats
    engine: Engine
    settings: GatewaySettings
    gateways: list[Running] = field(default_factory=list)

    def start(self) -> Running:
        self.gateways.append(Running(self.settings))
        return self.gateways[-1]

    @property
    def device(self) -> str:
        return self.pocket.patch.device_id

    async def until_sent(self, more: int) -> None:
        wanted = len(self.pocket.sent) + more
        await until(lambda: len(self.pocket.sent) >= wanted)

    async def until_started(self, times: int) -> None:
        """Wait until the stream was started so many times in all."""
        await until(lambda: self.n_starts >= times)
        await self.until_sent(10)

    @property
    def n_starts(self) -> int:
        writes = [each for each in self.pocket.requests if isinstance(each, messages.Write)]
        return sum(write.value == codec.START_ECG for write in writes)

    async def until_safe(self) -> None:
        """Wait until the phone may forget everything; its link must be over."""
        await until(lambda: not self.pocket.store)

    @property
    def states(self) -> list[LinkState]:
        return [status.link for status in self.engine.statuses[self.device]]


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Home]:
    monkeypatch.setenv("ECGOMICS_GATEWAY_RELAY_SECRET", SECRET)
    async with at_home(tmp_path) as home:
        yield home


@asynccontextmanager
async def at_home(folder: Path) -> AsyncIterator[Home]:
    origin_ns, port = time.time_ns(), free_port()
    clock = UtcClock(time.time_ns, origin_ns, SPEED)
    patch = SimulatedH10(PatchConfig(serial_of(0, 1), clock.now_ns()), SampleNumbers())
    pocket = Pocket(patch, clock, port)
    async with cloud(folder) as (broker, engine):
        settings = GatewaySettings(
            broker_url=broker.url,  # type: ignore[arg-type]
            spool_path=folder / "spool.sqlite",
            radio=f"relay:127.0.0.1:{port}",
            take_any=True,
            speed=SPEED,
            clock_origin_ns=origin_ns,
            resend_s=1.0,
            status_s=0.2,
        )
        task = asyncio.create_task(pocket.run())
        home = Home(pocket, broker, engine, settings)
        try:
            yield home
        finally:
            await cancel_all([task, *(gateway.task for gateway in home.gateways)], 1)
            assert task.cancelled(), task.exception()


async def test_a_relayed_strap_streams_and_the_phone_forgets_what_is_committed(
    home: Home,
) -> None:
    gateway = home.start()
    await home.until_sent(30)
    assert home.pocket.safe > 0
    home.pocket.is_in_reach = False
    home.pocket.lose_link()
    await home.until_safe()
    summary = await gateway.stop()
    assert_exact(home.engine.of(home.device), home.pocket.sent)
    assert (summary["gaps"], summary["overflows"], summary["decode_errors"]) == (0, 0, 0)
    assert LinkState.STREAMING in home.states


async def test_nothing_is_freed_before_the_cloud_has_it(home: Home) -> None:
    home.engine.commits = False
    gateway = home.start()
    await home.until_sent(20)
    await until(lambda: len(home.engine.of(home.device)) >= 15)
    kept = len(home.pocket.store)
    assert kept >= 15
    assert home.pocket.safe < min(
        number for number, record in home.pocket.store.items() if len(record.value) > 200
    )
    home.engine.commits = True
    home.pocket.is_in_reach = False
    home.pocket.lose_link()
    await home.until_safe()
    await gateway.stop()
    assert_exact(home.engine.of(home.device), home.pocket.sent)


async def test_an_outage_of_the_server_is_no_loss_of_the_link(home: Home) -> None:
    gateway = home.start()
    await home.until_sent(20)
    home.pocket.may_connect.clear()
    home.pocket.hang_up()
    # Far beyond what a silent stream is given.
    await asyncio.sleep(7)
    home.pocket.may_connect.set()
    await home.until_sent(20)
    home.pocket.is_in_reach = False
    home.pocket.lose_link()
    await home.until_safe()
    summary = await gateway.stop()
    assert_exact(home.engine.of(home.device), home.pocket.sent)
    assert (summary["gaps"], summary["overflows"], summary["boots"]) == (0, 0, 1)
    assert home.pocket.n_links == 1
    assert home.n_starts == 1
    assert LinkState.STALLED not in home.states


async def test_samples_keep_the_time_at_which_they_came_to_the_phone(home: Home) -> None:
    gateway = home.start()
    await home.until_sent(10)
    home.pocket.may_connect.clear()
    home.pocket.hang_up()
    await home.until_sent(30)
    home.pocket.may_connect.set()
    await home.until_sent(5)
    await gateway.stop()
    clock_at = home.pocket.patch.power_on_utc_ns
    period_ns = 1e9 / home.pocket.patch.fs_hz
    base = home.pocket.sent[0].start
    for frame in home.engine.of(home.device)[5:]:
        true_ns = clock_at + (base + frame.first_counter) * period_ns
        # One tick of the phone is 10 ms of real time; what is left is the fit's own delay.
        assert abs(frame.utc_ns - true_ns) < 2e9
        assert abs(frame.arrival_ns - frame.end_utc_ns) < 4e9


@pytest.mark.parametrize("waiting_records", [512, 40])
async def test_a_new_gateway_takes_the_standing_link_over(
    home: Home, waiting_records: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The log may hold far more than may be sent at once.
    monkeypatch.setattr(log, "_WAITING_RECORDS", waiting_records)
    monkeypatch.setattr(phone, "_WINDOW_STEP", 10)
    gateway = home.start()
    await home.until_sent(20)
    await home.broker.kill()
    await home.until_sent(5)
    # As when the machine dies: nobody stops the patch, and the newest frames are in no spool.
    gateway.task.cancel()
    await asyncio.wait([gateway.task])
    assert home.pocket.link == 1
    await home.until_sent(60)
    await home.broker.start()
    gateway = home.start()
    await home.until_started(2)
    home.pocket.is_in_reach = False
    home.pocket.lose_link()
    await home.until_safe()
    summary = await gateway.stop()
    assert_exact(home.engine.of(home.device), home.pocket.sent)
    assert home.pocket.n_links == 1
    assert summary["gaps"] == 0
    assert {frame.gap_before for frame in home.engine.of(home.device)} == {0}


async def test_what_comes_again_after_a_restart_is_recorded_once(home: Home) -> None:
    home.engine.commits = False
    gateway = home.start()
    await home.until_sent(60)
    assert home.pocket.safe < 20
    gateway.task.cancel()
    await asyncio.wait([gateway.task])
    home.engine.commits = True
    gateway = home.start()
    await home.until_started(2)
    home.pocket.is_in_reach = False
    home.pocket.lose_link()
    await home.until_safe()
    summary = await gateway.stop()
    frames = home.engine.of(home.device)
    assert_exact(frames, home.pocket.sent)
    assert len({frame.boot_id for frame in frames}) == 1
    assert summary["duplicates"] > 30


async def test_an_orderly_stop_leaves_the_patch_to_the_phone(home: Home) -> None:
    gateway = home.start()
    await home.until_sent(20)
    await gateway.stop()
    assert home.pocket.link == 1
    await home.until_sent(20)
    gateway = home.start()
    await home.until_started(2)
    home.pocket.is_in_reach = False
    home.pocket.lose_link()
    await home.until_safe()
    await gateway.stop()
    assert_exact(home.engine.of(home.device), home.pocket.sent)
    assert len({frame.boot_id for frame in home.engine.of(home.device)}) == 1


async def test_a_link_lost_while_the_server_is_away_is_a_named_gap(home: Home) -> None:
    gateway = home.start()
    await home.until_sent(20)
    home.pocket.may_connect.clear()
    home.pocket.hang_up()
    await home.until_sent(20)
    home.pocket.lose_link()
    await asyncio.sleep(1)
    home.pocket.may_connect.set()
    await home.until_started(2)
    home.pocket.is_in_reach = False
    home.pocket.lose_link()
    await home.until_safe()
    await gateway.stop()
    frames = home.engine.of(home.device)
    assert_exact(frames, home.pocket.sent)
    assert [frame.gap_reason for frame in frames if frame.gap_before] == [GapReason.LINK_LOST]
    assert home.pocket.n_links == 2


async def test_a_phone_away_too_long_counts_as_lost(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECGOMICS_GATEWAY_RELAY_AWAY_S", "0.5")
    gateway = home.start()
    await home.until_sent(10)
    home.pocket.may_connect.clear()
    home.pocket.hang_up()
    await until(lambda: home.states[-1] in (LinkState.BACKOFF, LinkState.ABSENT))
    home.pocket.may_connect.set()
    await home.until_started(2)
    home.pocket.is_in_reach = False
    home.pocket.lose_link()
    await home.until_safe()
    await gateway.stop()
    assert_exact(home.engine.of(home.device), home.pocket.sent)
    assert {frame.gap_before for frame in home.engine.of(home.device)} == {0}
