"""`ecgomics simulate`."""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ecgcore.clock import UtcClock
from ecgcore.errors import ConfigError
from ecgcore.wire.broker import Broker
from simulators.fleet import FleetConfig, run_fleet
from simulators.lab.kinds import kind_names
from simulators.scenario.faults import Level
from simulators.scenario.plan import Plan, make_plan
from simulators.scenario.read import find_scenario, load_scenario

_MAX_PORT = 65_535


def simulate(
    scenario: Annotated[
        str | None,
        typer.Argument(help="Scenario file, or a shipped one's name; none: patches without."),
    ] = None,
    patients: Annotated[int, typer.Option(help="Simulated patches, without scenario.")] = 1,
    kind: Annotated[
        str,
        typer.Option(help=f"Of the patches without scenario: {', '.join(kind_names())}."),
    ] = "polar_h10",
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
    plan: Annotated[
        bool, typer.Option("--plan", help="Print what the scenario and seed come to, and end.")
    ] = False,
    level: Annotated[
        Level, typer.Option(help="bluetooth: patches for a gateway; mqtt: virtual gateways.")
    ] = Level.BLUETOOTH,
    as_json: Annotated[
        bool, typer.Option("--json", help="End with one JSON object on stdout.")
    ] = False,
    stay: Annotated[
        bool, typer.Option("--stay", help="Go on after the scenario's end, until SIGTERM.")
    ] = False,
    rig: Annotated[
        str | None, typer.Option(help="HOST:PORT of the rig page, such as 127.0.0.1:6480.")
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(help="mqtt://... of the virtual gateways, or behind --relay."),
    ] = None,
    relay: Annotated[
        str | None, typer.Option(help="HOST:PORT that gateways use as --broker, to break it.")
    ] = None,
    gateways: Annotated[
        int, typer.Option(min=1, max=5000, help="Virtual gateways at the mqtt level.")
    ] = 1000,
    listen: Annotated[
        str, typer.Option(help="HOST:PORT of the HCI controllers.")
    ] = "127.0.0.1:6402",
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Fixes every draw; 0, or what the scenario says, by default."),
    ] = None,
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
    """Put simulated patches on a virtual radio, with everything that can go wrong.

    With a scenario its patches do what the file says, from the moment when a gateway connects;
    without, they are of one `--kind` and all is well. A gateway reaches them with
    `--radio bumble:tcp-client:HOST:PORT`. Without scenario SIGUSR1 cuts every link for three
    seconds.

    For example:

    - `ecgomics simulate everything-breaks --plan`

    - `ecgomics simulate hospital-corridor --speed 10 --rig 127.0.0.1:6480`

    - `ecgomics simulate --patients 3 --record mitdb/119`

    - `ecgomics simulate --kind movesense --patients 5`

    - `ecgomics simulate --kind open_patch --sample-number --journal sent`
    """
    origin_ns = time.time_ns() if clock_origin_ns is None else clock_origin_ns
    clock = UtcClock(time.time_ns, origin_ns, speed)
    _log_to_stderr()
    if scenario is None:
        if sum((bool(record), synthetic, sample_number)) > 1:
            msg = "--record, --synthetic and --sample-number exclude each other"
            raise ConfigError(msg)
        host, port = _split("--listen", listen)
        config = FleetConfig(
            host=host,
            port=port,
            patients=patients,
            kind=kind,
            records=tuple(record or ()),
            sample_number=sample_number,
            seed=seed or 0,
            journal=journal,
            clock=clock,
        )
        asyncio.run(run_fleet(config))
        return
    planned = make_plan(load_scenario(find_scenario(scenario), seed))
    if plan:
        print(planned.as_json() if as_json else planned)
        return
    account = _played(
        planned,
        clock,
        level=level,
        gateways=gateways,
        broker=Broker.parse(broker) if broker else None,
        addresses={"--listen": listen, "--relay": relay, "--rig": rig},
        journal=journal,
        stays=stay,
    )
    if as_json:
        print(json.dumps(account))


def _played(
    plan: Plan,
    clock: UtcClock,
    *,
    level: Level,
    gateways: int,
    broker: Broker | None,
    addresses: Mapping[str, str | None],
    journal: Path | None,
    stays: bool,
) -> dict[str, Any]:
    # Only here: `--plan` needs neither radio nor broker.
    from simulators.lab.commands import on_bluetooth, on_mqtt, play_config

    if level is Level.MQTT:
        return on_mqtt(plan, clock, broker, gateways)
    if level is not Level.BLUETOOTH:
        msg = f"--level {level} is for tests: it needs a gateway in the same process"
        raise ConfigError(msg)
    at = {name: _split(name, given) for name, given in addresses.items() if given}
    config = play_config(
        plan,
        clock,
        listen=at["--listen"],
        journal=journal,
        stays=stays,
        broker=broker,
        relay=at.get("--relay"),
        page=at.get("--rig"),
    )
    return on_bluetooth(config)


def _split(option: str, given: str) -> tuple[str, int]:
    host, _, port = given.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _MAX_PORT:
        msg = f"{option} {given!r} is not HOST:PORT"
        raise ConfigError(msg)
    return host, int(port)


def _log_to_stderr() -> None:
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("simulators").setLevel(logging.INFO)
