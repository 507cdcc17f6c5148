"""Other people's programs for the Polar H10, unmodified, on our simulated one."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import bleakheart
import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from polar_python import PolarDevice
from polar_python.constants import PmdMeasurementType
from polar_python.models import ECGData, HRData

from ecgcore.clock import UtcClock
from simulators.backend import open_radio
from simulators.fleet import FleetConfig, build_patches, run_fleet
from simulators.journal import read_journal
from tests.gateway.broker import until
from tests.servers import free_port
from tests.simulators.room import SPEED

NAME = "Polar H10 0A1B2C01"
ENOUGH = 30 * 73


@dataclass(frozen=True)
class Strap:
    """A strap with a synthetic heart, and its journal."""

    folder: Path
    config: FleetConfig

    def sent_uv(self) -> list[int]:
        """Give every sample that the journal says was sent."""
        (book,) = read_journal(self.folder)
        (patch,) = build_patches(self.config)
        return [
            value
            for start, end in book.sent_ranges
            for value in patch._source.read_uv(start, end - start).tolist()
        ]


@asynccontextmanager
async def strap_as_platform(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Strap]:
    """Put a strap on the air, and the virtual radio where Bleak finds the platform's own."""
    port = free_port()
    clock = UtcClock(time.time_ns, time.time_ns(), SPEED)
    config = FleetConfig("127.0.0.1", port, clock, journal=folder)
    fleet = asyncio.create_task(run_fleet(config))
    await asyncio.sleep(0.2)
    async with open_radio(f"tcp-client:127.0.0.1:{port}") as radio:
        client, scanner = radio.client_backend, radio.scanner_backend
        monkeypatch.setattr("bleak.get_platform_client_backend_type", lambda: (client, "ours"))
        monkeypatch.setattr("bleak.get_platform_scanner_backend_type", lambda: (scanner, "ours"))
        yield Strap(folder, config)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(fleet, 5)


async def found() -> BLEDevice:
    device = await BleakScanner.find_device_by_name(NAME, 5)
    assert device is not None
    return device


def assert_heard_all(strap: Strap, heard_uv: list[int], times_ns: list[int]) -> None:
    # What was on its way when it stopped listening is nobody's.
    assert len(heard_uv) >= ENOUGH
    assert heard_uv == strap.sent_uv()[: len(heard_uv)]
    assert len(set(heard_uv)) > 100
    assert times_ns == sorted(times_ns)


async def test_polar_python_hears_every_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[ECGData] = []
    rates: list[HRData] = []
    async with strap_as_platform(tmp_path, monkeypatch) as strap:
        async with PolarDevice(await found()) as device:
            assert PmdMeasurementType.ECG in await device.get_available_features()
            offered = await device.request_stream_settings(PmdMeasurementType.ECG)
            values = [setting.values for setting in offered.settings]
            assert values == [[130], [14]]
            await device.start_hr_stream(rates.append)
            await device.start_ecg_stream(frames.append, sample_rate=130, resolution=14)
            await until(lambda: 73 * len(frames) >= ENOUGH)
            await device.stop_ecg_stream()
        assert {len(frame.data) for frame in frames} == {73}
        heard_uv = [value for frame in frames for value in frame.data]
        assert_heard_all(strap, heard_uv, [frame.timestamp for frame in frames])
        assert all(50 < rate.heartrate < 90 for rate in rates)
        assert rates


async def test_bleakheart_hears_every_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: asyncio.Queue[tuple[str, int, list[int]]] = asyncio.Queue()
    beats: list[object] = []
    async with strap_as_platform(tmp_path, monkeypatch) as strap:
        async with BleakClient(await found()) as client:
            assert await bleakheart.BatteryLevel(client).read() == 90
            heart_rate = bleakheart.HeartRate(client, callback=beats.append)
            await heart_rate.start_notify()
            strap_data = bleakheart.PolarMeasurementData(client, ecg_queue=frames)
            assert "ECG" in await strap_data.available_measurements()
            settings = await strap_data.available_settings("ECG")
            assert (settings["SAMPLE_RATE"], settings["RESOLUTION"]) == ([130], [14])
            error, text, _ = await strap_data.start_streaming("ECG")
            assert (error, text) == (0, "SUCCESS")
            await until(lambda: 73 * frames.qsize() >= ENOUGH and beats)
            assert (await strap_data.stop_streaming("ECG"))[0] == 0
            await heart_rate.stop_notify()
        heard = [frames.get_nowait() for _ in range(frames.qsize())]
        heard_uv = [value for _, _, payload in heard for value in payload]
        assert_heard_all(strap, heard_uv, [time_ns for _, time_ns, _ in heard])
