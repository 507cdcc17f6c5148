"""A room with one open patch in it, and a gateway that knows the kind."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from devices.open_patch import control
from devices.open_patch.driver import OpenPatchDriver, UnpairedOpenPatchDriver
from devices.registry import Registry
from ecgcore.clock import UtcClock
from ecgcore.types import Lead
from ecgcore.wire.frame import Frame
from gateway.settings import GatewaySettings
from simulators.patch import Notification
from simulators.patches.open_patch import OpenPatchConfig, SimulatedOpenPatch
from simulators.peripheral import Peripheral
from simulators.radio import VirtualRadio, serve_hci
from simulators.source import Projected, SampleNumbers

SPEED = 20.0
CONFIG = OpenPatchConfig(0x0A1B2C3D, 0, (Lead.I, Lead.II), is_open=True)


@dataclass
class PatchRoom:
    """What a test can look at and break."""

    air: VirtualRadio
    hci: str
    patch: SimulatedOpenPatch
    peripheral: Peripheral
    clock: UtcClock
    sent: list[Notification] = field(default_factory=list)

    @property
    def n_live(self) -> int:
        """Live sample frames handed to the link."""
        return sum(1 for each in self.sent if each.samples and each.characteristic == control.LIVE)


@asynccontextmanager
async def patch_room(config: OpenPatchConfig = CONFIG) -> AsyncIterator[PatchRoom]:
    """Put a patch on the air that sends sample numbers on every lead, the second one negative."""
    clock = UtcClock(time.time_ns, time.time_ns(), SPEED)
    gains = [1.0, -1.0, 0.5, 0.25, 2.0, 1.0, 1.0, 1.0][: len(config.leads)]
    patch = SimulatedOpenPatch(
        replace(config, power_on_utc_ns=clock.now_ns()),
        lambda _fs_hz: Projected(SampleNumbers(), gains),
    )
    air, sent = VirtualRadio(), list[Notification]()
    peripheral = Peripheral(air, patch, clock, sent.append)
    async with serve_hci(air, "127.0.0.1", 0) as port:
        task = asyncio.create_task(peripheral.run())
        try:
            yield PatchRoom(air, f"tcp-client:127.0.0.1:{port}", patch, peripheral, clock, sent)
        finally:
            task.cancel()
            await asyncio.wait([task])


def know_open_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry([OpenPatchDriver(), UnpairedOpenPatchDriver()])
    monkeypatch.setattr("gateway.app.installed_drivers", lambda: registry)


def settings(folder: Path, broker_url: str, there: PatchRoom) -> GatewaySettings:
    return GatewaySettings(
        broker_url=broker_url,
        spool_path=folder / "spool.sqlite",
        radio=f"bumble:{there.hci}",
        take_any=True,
        speed=SPEED,
        clock_origin_ns=time.time_ns(),
        resend_s=1.0,
        status_s=0.2,
    )


def assert_ledger(frames: list[Frame]) -> int:
    """Every counter is there once, samples are the sample numbers; give how many are in gaps."""
    at = n_missing = 0
    for frame in frames:
        assert frame.start == at
        numbers = list(range(frame.first_counter, frame.end))
        assert frame.adc[0].tolist() == numbers
        assert frame.adc[1].tolist() == [-number for number in numbers]
        at, n_missing = frame.end, n_missing + frame.gap_before
    return n_missing
