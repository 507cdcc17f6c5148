"""`python -m tests.bench.gateways [GATEWAYS] [SECONDS]`: many gateways on one broker.

The virtual gateways of the fault lab run in one process, as `ecgomics simulate --level mqtt` starts
it, over a connection each; every one sends a frame a second, all at the same moment. The engine is
reduced to its word (`tests.scenarios.engine`), so what is measured is the lab. Afterwards every
frame must be there exactly once. Prints one JSON object on stdout.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cloud.embedded import nats
from ecgcore.wire.frame import Frame
from simulators.lab.gateways import gateway_name
from tests.gateway.broker import Nats, free_port
from tests.scenarios.engine import LabEngine, running_lab_engine

_PASSWORD = "p-virtual"


@dataclass(frozen=True, slots=True)
class GatewaysRun:
    """How many gateways, and how it went."""

    gateways: int
    duration_s: int
    connections: int
    """Opened, by all together."""
    frames: int
    """At the engine, each once."""
    duplicates: int
    samples_missing: int
    to_engine_p50_s: float
    """From the end of a frame to the engine."""
    to_engine_p99_s: float
    all_sending_s: float
    """From the first gateway's first frame to the last one's."""
    lab_cpu_pct: float
    """Of one core, the lab's process from beginning to end."""


class _TimedEngine(LabEngine):
    """Notes how late frames are."""

    def __init__(self, broker: Nats) -> None:
        super().__init__(broker)
        self.lags_s: list[float] = []
        self.first_s: dict[str, float] = {}

    def _keep(self, frame: Frame) -> None:
        self.first_s.setdefault(frame.device, time.monotonic())
        self.lags_s.append((time.time_ns() - frame.arrival_ns) / 1e9)
        super()._keep(frame)


def measure_gateways(folder: Path, n_gateways: int, duration_s: int) -> GatewaysRun:
    """Measure in `folder`."""
    return asyncio.run(_measured(folder, n_gateways, duration_s))


async def _measured(folder: Path, n_gateways: int, duration_s: int) -> GatewaysRun:
    names = [gateway_name(number) for number in range(1, n_gateways + 1)]
    words = dict.fromkeys(names, _PASSWORD)
    server = Nats(nats.prepare(folder / "nats", free_port(), {"engine": "p-engine"}, words))
    scenario = folder / "many.toml"
    scenario.write_text(f'name = "many"\nduration = "{duration_s} s"\n[[patch]]\n')
    await server.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.kill)
        engine = _TimedEngine(server)
        await stack.enter_async_context(running_lab_engine(server, engine))
        broker = f"mqtt://:{_PASSWORD}@127.0.0.1:{server.server.port}"
        account, cpu_pct = await _played(scenario, broker, n_gateways)
    assert not account["uncommitted_frames"], account
    return GatewaysRun(
        gateways=n_gateways,
        duration_s=duration_s,
        connections=account["publishes"]["connections"],
        frames=engine.n_frames,
        duplicates=engine.duplicates,
        samples_missing=account["samples"] - _samples_in_order(engine, n_gateways),
        to_engine_p50_s=float(np.percentile(engine.lags_s, 50)),
        to_engine_p99_s=float(np.percentile(engine.lags_s, 99)),
        all_sending_s=max(engine.first_s.values()) - min(engine.first_s.values()),
        lab_cpu_pct=cpu_pct,
    )


async def _played(scenario: Path, broker: str, n_gateways: int) -> tuple[dict[str, Any], float]:
    """Give the lab's account, and how much of a core it took."""
    began_s, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ecgcore", "simulate", str(scenario), "--level", "mqtt",
        "--broker", broker, "--gateways", str(n_gateways), "--json",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    answer = await process.stdout.read()
    await process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert process.returncode == 0, f"simulate ended with {process.returncode}"
    return json.loads(answer), 100 * cpu_s / (time.monotonic() - began_s)


def _samples_in_order(engine: LabEngine, n_gateways: int) -> int:
    """Count the samples of each patch from its first to the first that is not there, once each."""
    return sum(_run_of(engine.of(f"virtual-{n:05d}")) for n in range(1, n_gateways + 1))


def _run_of(frames: list[Frame]) -> int:
    at = 0
    for frame in frames:
        numbers = np.arange(at, at + frame.n_samples)
        if frame.start != at or not (frame.adc[0] == numbers).all():
            break
        at = frame.end
    return at


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(prog="python -m tests.bench.gateways", description=__doc__)
    arguments.add_argument("gateways", type=int, nargs="?", default=2000)
    arguments.add_argument("duration_s", type=int, nargs="?", default=30)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecgomics-bench-") as folder:
        run = measure_gateways(Path(folder), given.gateways, given.duration_s)
    print(json.dumps(asdict(run), indent=2))


if __name__ == "__main__":
    main()
