"""`python -m tests.bench.house`: a gateway and its patches in one process, measured from inside.

Everything between patch and broker runs here and nothing else does: virtual radio, HCI over TCP,
Bleak, drivers, recorder, spool, uplink. The patches send their sample numbers as the signal. Prints
one JSON object on stdout; broker and consumer are elsewhere.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ecgcore.clock import UtcClock
from gateway.app import run_gateway
from gateway.settings import GatewaySettings
from simulators.lab.kinds import serial_of
from simulators.patch import Notification
from simulators.patches.polar_h10 import PatchConfig, SimulatedH10
from simulators.peripheral import Peripheral
from simulators.radio import VirtualRadio, serve_hci
from simulators.source import SampleNumbers

_LAG_TICK_S = 0.02
_POLL_S = 0.01
_SETTLE_S = 2.0
_START_WITHIN_S = 120.0
_CUT_S = 1.5
_BACK_WITHIN_S = 30.0
_SILENT_S = 8.0


@dataclass(frozen=True, slots=True)
class HouseRun:
    """What the process saw of itself."""

    patches: int
    window_s: float
    connected_s: float
    """From the gateway's start until the last patch streamed."""
    cpu_pct: float
    """Of one core, while all stream."""
    start_cpu_s: float
    """Processor time until all streamed."""
    lag_p99_ms: float
    """How late the event loop was."""
    peak_memory_mb: float
    reconnect_s: list[float]
    """From the end of each cut until the patch's next notification left it."""
    silent: dict[str, int]
    """UTC in ns of a patch's last notification that arrived, by device."""
    sent: dict[str, list[tuple[int, int]]]
    """Samples handed to the link, by device, as [start, end)."""
    lost: dict[str, list[tuple[int, int]]]
    """Those of them that a cut took from the air."""
    summary: dict[str, Any] = field(default_factory=dict)


class _Strap:
    """One patch and what it sent."""

    def __init__(self, radio: VirtualRadio, number: int, clock: UtcClock) -> None:
        self.config = PatchConfig(serial_of(0, number), clock.now_ns())
        self.sent: list[range] = []
        self.lost: list[range] = []
        self.sent_ns = 0
        self._clock = clock
        patch = SimulatedH10(self.config, SampleNumbers())
        self.peripheral = Peripheral(radio, patch, clock, self._note, self._note_loss)

    def _note(self, notification: Notification) -> None:
        if notification.samples:
            self.sent.append(notification.samples)
            self.sent_ns = self._clock.now_ns()

    def _note_loss(self, notification: Notification) -> None:
        if notification.samples:
            self.lost.append(notification.samples)


async def run_house(
    patches: int, duration_s: float, broker_url: str, spool: Path, *, breaks: bool
) -> HouseRun:
    """Stream from `patches` straps for a while, and break some links if wanted."""
    radio, clock = VirtualRadio(), UtcClock(time.time_ns)
    straps = [_Strap(radio, number, clock) for number in range(1, patches + 1)]
    stop = asyncio.Event()
    async with serve_hci(radio, "127.0.0.1", 0) as port:
        airs = [asyncio.create_task(strap.peripheral.run()) for strap in straps]
        using = GatewaySettings(
            broker_url=broker_url,
            spool_path=spool,
            radio=f"bumble:tcp-client:127.0.0.1:{port}",
            take_any=True,
            max_patches=patches,
            max_links=patches,
            patches_path=spool.with_suffix(".toml"),
        )
        started_s, started_cpu_s = time.monotonic(), time.process_time()
        gateway = asyncio.create_task(run_gateway(using, stop))
        await _until(lambda: all(strap.sent for strap in straps), _START_WITHIN_S)
        connected_s = time.monotonic() - started_s
        start_cpu_s = time.process_time() - started_cpu_s
        await asyncio.sleep(_SETTLE_S)
        cpu_pct, lag_p99_ms = await _measure(duration_s)
        reconnect_s = await _cut_each(radio, straps[:20]) if breaks else []
        silent = await _silence(radio, straps[:3]) if breaks else {}
        stop.set()
        summary = await gateway
        for air in airs:
            air.cancel()
        await asyncio.wait(airs)
    return HouseRun(
        patches=patches,
        window_s=duration_s,
        connected_s=connected_s,
        cpu_pct=cpu_pct,
        start_cpu_s=start_cpu_s,
        lag_p99_ms=lag_p99_ms,
        peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        reconnect_s=reconnect_s,
        silent=silent,
        sent={strap.config.device_id: _ends(strap.sent) for strap in straps},
        lost={strap.config.device_id: _ends(strap.lost) for strap in straps},
        summary=summary,
    )


def _ends(ranges: list[range]) -> list[tuple[int, int]]:
    return [(part.start, part.stop) for part in ranges]


async def _measure(duration_s: float) -> tuple[float, float]:
    lags_s = []
    wall_s, cpu_s = time.monotonic(), time.process_time()
    while time.monotonic() - wall_s < duration_s:
        before_s = time.monotonic()
        await asyncio.sleep(_LAG_TICK_S)
        lags_s.append(time.monotonic() - before_s - _LAG_TICK_S)
    cpu_pct = 100 * (time.process_time() - cpu_s) / (time.monotonic() - wall_s)
    return cpu_pct, 1000 * sorted(lags_s)[int(0.99 * len(lags_s))]


async def _cut_each(radio: VirtualRadio, straps: list[_Strap]) -> list[float]:
    async def cut(strap: _Strap, after_s: float) -> float:
        # Spread, as in life; what happens when all come back at once is the start's figure.
        await asyncio.sleep(after_s)
        with radio.silence(strap.peripheral.address):
            await asyncio.sleep(_CUT_S)
        back_s, sent_ns = time.monotonic(), time.time_ns()
        await _until(lambda: strap.sent_ns > sent_ns, _BACK_WITHIN_S)
        return time.monotonic() - back_s

    cuts = [cut(strap, 0.3 * number) for number, strap in enumerate(straps)]
    return list(await asyncio.gather(*cuts))


async def _silence(radio: VirtualRadio, straps: list[_Strap]) -> dict[str, int]:
    """Let links stand on which nothing comes any more."""
    await asyncio.sleep(_SETTLE_S)
    for strap in straps:
        radio.notifications(strap.peripheral.address, lose=1)
    silent = {strap.config.device_id: strap.sent_ns for strap in straps}
    await asyncio.sleep(_SILENT_S)
    return silent


async def _until(is_so: Callable[[], bool], within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(_POLL_S)


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(prog="python -m tests.bench.house", description=__doc__)
    arguments.add_argument("patches", type=int)
    arguments.add_argument("duration_s", type=float)
    arguments.add_argument("broker_url")
    arguments.add_argument("spool", type=Path)
    arguments.add_argument("--breaks", action="store_true", help="cut links afterwards")
    given = arguments.parse_args()
    house = run_house(
        given.patches, given.duration_s, given.broker_url, given.spool, breaks=given.breaks
    )
    json.dump(asdict(asyncio.run(house)), sys.stdout)


if __name__ == "__main__":
    main()
