"""`ecgomics demo`."""

import asyncio
import json
import logging
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cloud.demo.plan import Options, make_plan, taken
from cloud.demo.run import Demo
from ecgcore.clock import UtcClock
from ecgcore.errors import ConfigError


def demo(
    patients: Annotated[int, typer.Option(min=1, max=200, help="How many patches.")] = 3,
    record: Annotated[
        Path | None,
        typer.Option(help="WFDB record to wear (without extension); synthetic if none."),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(help="Scenario file or shipped name; it says how many patches, and what."),
    ] = None,
    sample_number: Annotated[
        bool, typer.Option("--sample-number", help="Rig: each sample's index is its value.")
    ] = False,
    for_s: Annotated[
        float | None,
        typer.Option("--for", min=1, help="Seconds to run; until Ctrl-C if not given."),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.1, max=60, help="Time runs this much faster.")] = 1,
    data_dir: Annotated[Path, typer.Option(help="Database, spool, logs; kept.")] = Path(
        "data/demo"
    ),
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the pages.")] = 8080,
    broker: Annotated[str | None, typer.Option(help="mqtt://... instead of the own one.")] = None,
    database: Annotated[
        str | None, typer.Option(help="postgresql://... instead of the own one.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="End with one JSON object on stdout.")
    ] = False,
    headless: Annotated[bool, typer.Option(help="Do not open a browser.")] = False,
) -> None:
    """Run everything on this machine: patches, gateway, broker, engine, database, pages.

    Simulated Polar H10 patches on a virtual Bluetooth radio, the real gateway, a real broker, the
    engine, a real PostgreSQL and the pages, each a process of its own; one that dies is started
    again. Ctrl-C stops all of them orderly and leaves the data folder.

    Try `ecgomics demo --patients 3`, or
    `ecgomics demo --record mitdb/119 --patients 3 --for 90 --json`, or
    `ecgomics demo --scenario hospital-corridor`.
    """
    if scenario and (record or sample_number):
        msg = "--scenario says what the patches record: no --record or --sample-number beside it"
        raise ConfigError(msg)
    options = Options(
        patients=patients,
        scenario=scenario,
        record=record,
        sample_number=sample_number,
        duration_s=for_s,
        speed=speed,
        data_dir=data_dir.resolve(),
        http_port=port,
        broker_url=broker,
        database_url=database,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    clock = UtcClock(time.time_ns, time.time_ns(), speed)
    with taken(options.data_dir):
        plan = make_plan(options, clock.origin_ns)
        summary = asyncio.run(Demo(plan, clock, headless=headless).run())
    if as_json:
        print(json.dumps(summary))
    elif summary:
        Console().print_json(data=summary)
