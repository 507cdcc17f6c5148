"""Many simulated patches in one room, with the room's controllers served over TCP."""

import asyncio
import logging
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bumble import hci

from ecgcore.clock import UtcClock
from ecgcore.errors import ConfigError
from simulators.ecg import EcgConfig, SyntheticEcg
from simulators.journal import JournalWriter
from simulators.lab.kinds import Birth, PatchKind, patch_kind
from simulators.lab.signals import Numbers, Spread
from simulators.patch import Notification, SimulatedPatch, WorldlyPatch
from simulators.peripheral import OnSent, Peripheral
from simulators.radio import VirtualRadio, serve_hci
from simulators.replay import load_record
from simulators.source import MultiSource, Shifted

_log = logging.getLogger(__name__)

MAX_PATIENTS = 200
LINK_CUT_S = 3.0
"""How long SIGUSR1 cuts every link."""
# Spreads any number of patches evenly over a record, none beginning where another does.
_GOLDEN = 0.618_033_988_75
# Crystals of this class stay within 20 ppm.
_MAX_DRIFT_PPM = 20.0
_HR_RANGE_BPM = (55.0, 85.0)
_BATTERY_PCT = 90


@dataclass(frozen=True, slots=True)
class FleetConfig:
    """Which patches there are and where they are reached."""

    host: str
    port: int
    clock: UtcClock
    patients: int = 1
    kind: str = "polar_h10"
    """Of all of them, as a scenario names it."""
    records: tuple[Path, ...] = ()
    """Signals, dealt out in turn; none means a synthetic heart each."""
    sample_number: bool = False
    """Send each sample's index instead of an ECG."""
    seed: int = 0
    journal: Path | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.patients <= MAX_PATIENTS:
            msg = f"--patients {self.patients}: 1 to {MAX_PATIENTS} are possible"
            raise ConfigError(msg)


def build_patches(config: FleetConfig) -> Iterator[WorldlyPatch]:
    """Give the patches, all powered on now.

    Raises
    ------
    ConfigError
        If there is no such kind, or a record cannot be used.
    """
    chance = np.random.default_rng(config.seed)
    power_on_utc_ns = config.clock.now_ns()
    kind = patch_kind(config.kind)
    for number in range(1, config.patients + 1):
        drift_ppm = float(chance.uniform(-_MAX_DRIFT_PPM, _MAX_DRIFT_PPM))
        source = _source(config, kind, number - 1, float(chance.uniform(*_HR_RANGE_BPM)))
        yield kind.build(
            Birth(
                number,
                0,
                config.seed,
                power_on_utc_ns,
                source,
                kind.leads,
                float(kind.rates_hz[0]),
                _BATTERY_PCT,
                drift_ppm,
            )
        )


def _source(config: FleetConfig, kind: PatchKind, index: int, mean_hr_bpm: float) -> MultiSource:
    n_leads, fs_hz = len(kind.leads), float(kind.rates_hz[0])
    if config.sample_number:
        return Numbers(0, n_leads, kind.number_modulus, kind.number_step_uv)
    if not config.records:
        seed = config.seed + index
        ecg = EcgConfig(fs_hz=fs_hz, seed=seed, mean_hr_bpm=mean_hr_bpm)
        return Spread(SyntheticEcg(ecg), n_leads)
    record = load_record(config.records[index % len(config.records)], fs_hz)
    return Spread(Shifted(record, int(index * _GOLDEN % 1 * record.n_samples)), n_leads)


async def run_fleet(config: FleetConfig) -> None:
    """Keep the patches on the air until SIGTERM or SIGINT.

    SIGUSR1 cuts every link for `LINK_CUT_S`: both ends see a supervision timeout and nothing
    can be heard until it is over. Cancelling ends everything at once.

    Raises
    ------
    ConfigError
        If a record cannot be used, the address is taken or the journal cannot be written.
    """
    radio = VirtualRadio()
    patches = list(build_patches(config))
    try:
        peripherals = [
            Peripheral(radio, patch, config.clock, _on_sent(config.journal, patch))
            for patch in patches
        ]
        async with serve_hci(radio, config.host, config.port) as port:
            _log.info("on the air patches=%d hci=%s:%d", len(patches), config.host, port)
            await _run(radio, peripherals)
    except OSError as error:
        msg = f"simulated patches: {error}"
        raise ConfigError(msg) from error


async def _run(radio: VirtualRadio, peripherals: list[Peripheral]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    addresses = [peripheral.address for peripheral in peripherals]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each.run(), name=str(each.address)) for each in peripherals]
        loop.add_signal_handler(
            signal.SIGUSR1, lambda: tasks.create_task(_cut(radio, addresses), name="cut")
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await stop.wait()
        for task in running:
            task.cancel()
    _log.info("off the air")


def _on_sent(folder: Path | None, patch: SimulatedPatch) -> OnSent:
    if folder is None:
        return lambda notification: None
    folder.mkdir(parents=True, exist_ok=True)
    writer = JournalWriter(folder, patch)

    def record(notification: Notification) -> None:
        writer.record(notification.samples)

    return record


async def _cut(radio: VirtualRadio, addresses: list[hci.Address]) -> None:
    _log.warning("links cut for %.0f s", LINK_CUT_S)
    async with radio.drop(*addresses):
        await asyncio.sleep(LINK_CUT_S)
    _log.info("links possible again")
