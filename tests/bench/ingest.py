"""`python -m tests.bench.ingest [PATIENTS] [SECONDS]`: how many patients one engine carries.

Real broker, database (fsync on) and engine process. Every patient's signal, one lead at 250 Hz in
frames of a second, comes as fast as the engine takes it; each is another stretch of the recording.
What a patient costs is the engine's processor time for a second of her signal, from decoding to
commit, with the full analysis of the preset ``patch``. Prints one JSON object on stdout.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import aiomqtt
import numpy as np
import psutil

from cloud.embedded.nats import EmbeddedNats
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.frame import Frame, encode_frame
from ecgcore.wire.messages import Committed
from tests.bench.catch_up import engine_process
from tests.bench.ecg import source
from tests.servers import running_nats, running_postgres

_FS_HZ = 250
_GATEWAY = "gw1"
_MOST_S = 600.0
_WARM_S = 12
"""Until every stage has begun."""
_IN_FLIGHT = 512


@dataclass(frozen=True, slots=True)
class IngestRun:
    """Some seconds of many patients, through the engine."""

    patients: int
    signal_s: int
    frames_per_s: float
    """From the first to the last commit."""
    cpu_ms_per_patient_s: float
    """Of the engine's process."""
    memory_kb_per_patient: float
    """By which the engine grew with them."""

    @property
    def patients_per_core(self) -> float:
        """How many one core keeps up with."""
        return 1000 / self.cpu_ms_per_patient_s


def measure_ingest(folder: Path, patients: int, signal_s: int) -> IngestRun:
    """Measure in `folder`."""
    with running_postgres(folder) as (_, database), running_nats(folder) as (_, nats):
        return asyncio.run(_measured(folder, nats, database, patients, signal_s))


async def _measured(
    folder: Path, nats: EmbeddedNats, database: str, patients: int, signal_s: int
) -> IngestRun:
    at = Broker.parse(nats.url(_GATEWAY, _GATEWAY))
    devices = [f"patch-{number:05d}" for number in range(patients)]
    async with (
        engine_process(folder, nats.url("engine", "engine"), database) as process,
        aiomqtt.Client(
            at.host, at.port, username=at.username, password=at.password, timeout=60
        ) as client,
        asyncio.timeout(_MOST_S),
    ):
        client.pending_calls_threshold = 10 * _IN_FLIGHT
        engine = psutil.Process(process.pid)
        empty_bytes = engine.memory_info().rss
        await client.subscribe(topics.committed_of_gateway(_GATEWAY))
        await _through(client, devices, range(_WARM_S))
        before, began_s = engine.cpu_times(), time.monotonic()
        await _through(client, devices, range(_WARM_S, _WARM_S + signal_s))
        took_s, after = time.monotonic() - began_s, engine.cpu_times()
        full_bytes = engine.memory_info().rss
    cpu_s = after.user + after.system - before.user - before.system
    n_frames = patients * signal_s
    return IngestRun(
        patients,
        signal_s,
        n_frames / took_s,
        1000 * cpu_s / n_frames,
        (full_bytes - empty_bytes) / 1000 / patients,
    )


async def _through(client: aiomqtt.Client, devices: list[str], seconds: range) -> None:
    """Send these seconds of everybody, and wait until all are committed."""
    waiting = set(devices)
    hearing = asyncio.create_task(_committed(client, waiting, seconds.stop * _FS_HZ))
    room = asyncio.Semaphore(_IN_FLIGHT)

    async def publish(topic: str, payload: bytes) -> None:
        try:
            await client.publish(topic, payload, qos=1)
        finally:
            room.release()

    async with asyncio.TaskGroup() as tasks:
        for topic, payload in _frames(devices, seconds):
            await room.acquire()
            tasks.create_task(publish(topic, payload))
    await hearing


async def _committed(client: aiomqtt.Client, waiting: set[str], through: int) -> None:
    async for message in client.messages:
        word = Committed.model_validate_json(bytes(message.payload))  # type: ignore[arg-type]
        if word.through >= through:
            waiting.discard(word.device)
        if not waiting:
            return


def _frames(devices: list[str], seconds: range) -> Iterator[tuple[str, bytes]]:
    begin_ns = time.time_ns() - 3600 * 10**9
    for second in seconds:
        for number, device in enumerate(devices):
            # Hearts that beat in step would close all windows in the same batch's turn.
            lead = source(_FS_HZ).read_uv((second + 7 * number) * _FS_HZ, _FS_HZ)
            frame = Frame(
                device=device,
                boot_id=7,
                first_counter=second * _FS_HZ,
                adc=np.round(lead).astype(np.int32)[None, :],
                lead_mask=1 << 12,
                fs_mhz=_FS_HZ * 1000,
                lsb_pv=1_000_000,
                device_time_ns=second * 10**9,
                device_span_ns=10**9,
                utc_ns=begin_ns + second * 10**9,
                arrival_ns=begin_ns + (second + 1) * 10**9,
            )
            yield topics.up(_GATEWAY, device, topics.SAMPLES), encode_frame(frame)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(prog="python -m tests.bench.ingest", description=__doc__)
    arguments.add_argument("patients", type=int, nargs="?", default=200)
    arguments.add_argument("signal_s", type=int, nargs="?", default=60)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecgomics-bench-") as folder:
        run = measure_ingest(Path(folder), given.patients, given.signal_s)
    print(json.dumps(asdict(run) | {"patients_per_core": run.patients_per_core}, indent=2))


if __name__ == "__main__":
    main()
