import asyncio
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from ecgcore.clock import UtcClock
from ecgcore.errors import ConfigError
from simulators.backend import open_radio
from simulators.fleet import LINK_CUT_S, FleetConfig, build_patches, run_fleet
from simulators.journal import read_journal
from simulators.lab.kinds import kind_names, patch_kind, serial_of
from tests.servers import free_port
from tests.simulators.room import connected, find
from tests.simulators.test_replay import write_record

CLOCK = UtcClock(lambda: 1_000)


def fleet(**changes: object) -> FleetConfig:
    return FleetConfig(**{"host": "127.0.0.1", "port": 0, "clock": CLOCK, **changes})


def test_serial_numbers_follow_the_seed() -> None:
    assert [serial_of(0, 1), serial_of(0, 200), serial_of(1, 1)] == [
        "0A1B2C01",
        "0A1B2CC8",
        "0A1B2D01",
    ]


def test_same_seed_same_fleet() -> None:
    one, other, third = (list(build_patches(fleet(patients=3, seed=s))) for s in (4, 4, 5))
    assert [patch.config for patch in one] == [patch.config for patch in other]
    assert [patch.config for patch in one] != [patch.config for patch in third]
    assert all(abs(patch.config.drift_ppm) <= 20 for patch in one)
    assert len({patch.config.drift_ppm for patch in one}) == 3


def test_patches_of_one_record_start_apart(tmp_path: Path) -> None:
    record = write_record(tmp_path, list(range(1000)))
    patches = build_patches(fleet(patients=4, records=(record,)))
    starts = [int(patch._source.read_uv(0, 1)[0]) for patch in patches]
    assert len(set(starts)) == 4
    assert starts[0] == 0
    assert min(np.diff(sorted(starts))) > 1000 / 200 * 100


@pytest.mark.parametrize("kind", kind_names())
def test_a_fleet_is_of_any_kind(kind: str) -> None:
    patches = list(build_patches(fleet(patients=3, kind=kind, sample_number=True)))
    assert len({patch.device_id for patch in patches}) == 3
    assert {patch.fs_hz for patch in patches} == {float(patch_kind(kind).rates_hz[0])}
    assert all(patch.condition.battery_pct == 90 for patch in patches)


def test_an_unknown_kind_is_told_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="there are bitalino, "):
        list(build_patches(fleet(kind="nobody")))


@pytest.mark.parametrize("patients", [0, 201])
def test_impossible_fleets_are_refused(patients: int) -> None:
    with pytest.raises(ConfigError, match="1 to 200"):
        fleet(patients=patients)


async def test_taken_port_is_a_config_error() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConfigError, match="simulated patches"):
            await run_fleet(fleet(port=port))


async def test_journal_equals_what_was_heard_over_cuts_and_stops(tmp_path: Path) -> None:
    clock = UtcClock(time.time_ns, time.time_ns(), 20.0)
    port = free_port()
    running = asyncio.create_task(
        run_fleet(fleet(port=port, clock=clock, sample_number=True, journal=tmp_path))
    )
    await asyncio.sleep(0.1)
    async with open_radio(f"tcp-client:127.0.0.1:{port}") as radio:
        device = await find(radio, "Polar H10 0A1B2C01")
        first = await connected(radio, device)
        await first.start()
        await first.until(lambda: len(first.values) > 1000)
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.wait_for(first.lost.wait(), 1)
        cut_at = time.monotonic()
        second = await connected(radio, device)
        assert time.monotonic() - cut_at > LINK_CUT_S - 0.2
        await second.start()
        await second.until(lambda: len(second.values) > 1000)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, 2)
        await asyncio.sleep(0.05)
    (book,) = read_journal(tmp_path)
    sent = [sample for start, end in book.sent_ranges for sample in range(start, end)]
    assert len(book.sent_ranges) == 2
    assert first.values + second.values == sent
    assert book.sent_samples == len(sent)
