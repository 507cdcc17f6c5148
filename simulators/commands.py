"""`ecgomics simulate`."""

import asyncio
import logging
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from ecgcore.clock import UtcClock
from ecgcore.errors import ConfigError
from simulators.fleet import FleetConfig, run_fleet

_MAX_PORT = 65_535


def simulate(
    patients: Annotated[int, typer.Option(help="Simulated patches.")] = 1,
    record: Annotated[
        list[Path] | None,
        typer.Option(help="WFDB record without extension to play; repeat for several."),
    ] = None,
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="Synthetic ECG (the default without --record).")
    ] = False,
    sample_number: Annotated[
        bool, typer.Option("--sample-number", help="Send each sample's index as its value.")
    ] = False,
    listen: Annotated[
        str, typer.Option(help="HOST:PORT of the HCI controllers.")
    ] = "127.0.0.1:6402",
    seed: Annotated[int, typer.Option(min=0, help="Fixes serial numbers, drifts and hearts.")] = 0,
    journal: Annotated[
        Path | None, typer.Option(help="Folder for the account of sent samples.")
    ] = None,
    speed: Annotated[
        float, typer.Option(envvar="ECGOMICS_SPEED", min=0.01, help="Signal time over wall time.")
    ] = 1.0,
    clock_origin_ns: Annotated[
        int | None,
        typer.Option(
            envvar="ECGOMICS_CLOCK_ORIGIN_NS",
            help="UTC in ns from which on time runs at --speed; now by default.",
        ),
    ] = None,
) -> None:
    """Put simulated Polar H10 patches on a virtual radio.

    A gateway reaches them with `--radio bumble:tcp-client:HOST:PORT`. SIGUSR1 cuts every link
    for three seconds.

    For example:

    - `ecgomics simulate --patients 3 --record mitdb/119`

    - `ecgomics simulate --synthetic --speed 60 --journal run/journal`
    """
    if sum((bool(record), synthetic, sample_number)) > 1:
        msg = "--record, --synthetic and --sample-number exclude each other"
        raise ConfigError(msg)
    host, port = _split(listen)
    origin_ns = time.time_ns() if clock_origin_ns is None else clock_origin_ns
    config = FleetConfig(
        host=host,
        port=port,
        patients=patients,
        records=tuple(record or ()),
        sample_number=sample_number,
        seed=seed,
        journal=journal,
        clock=UtcClock(time.time_ns, origin_ns, speed),
    )
    _log_to_stderr()
    asyncio.run(run_fleet(config))


def _split(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _MAX_PORT:
        msg = f"--listen {listen!r} is not HOST:PORT"
        raise ConfigError(msg)
    return host, int(port)


def _log_to_stderr() -> None:
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("simulators").setLevel(logging.INFO)
