"""The command `ecgomics gateway`."""

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from ecgcore.errors import ConfigError
from gateway.app import run_gateway
from gateway.causes import cause_of
from gateway.settings import GatewaySettings

LOG_FORMAT = "%(asctime)s %(levelname)-7s %(name)s %(message)s"


def gateway(
    device: Annotated[
        list[str] | None,
        typer.Option(help="A patch to take, such as polar-h10-0A1B2C3D; repeatable."),
    ] = None,
    patches: Annotated[
        Path | None, typer.Option(help="The allow-list that `ecgomics claim` writes.")
    ] = None,
    take_any: Annotated[
        bool | None, typer.Option("--any", help="Take every patch in reach; for rigs.")
    ] = None,
    radio: Annotated[
        str | None, typer.Option(help="`native`, or NAME:ADDRESS of an installed radio.")
    ] = None,
    gateway_id: Annotated[str | None, typer.Option(help="This gateway's name.")] = None,
    broker_url: Annotated[
        str | None, typer.Option(help="mqtt://USER:PASSWORD@HOST:PORT, or mqtts:// for TLS.")
    ] = None,
    page: Annotated[
        int | None, typer.Option(help="Port of the gateway's own page, on this machine only.")
    ] = None,
    analyse: Annotated[
        bool | None,
        typer.Option("--analyse", help="Analyse here, for the page; the cloud may be off."),
    ] = None,
    require_broker: Annotated[
        bool | None,
        typer.Option("--require-broker", help="Do not start recording without the broker."),
    ] = None,
    spool: Annotated[
        Path | None, typer.Option(help="File that keeps samples until the cloud has them.")
    ] = None,
    speed: Annotated[float | None, typer.Option(help="Of a rig's clock.")] = None,
    clock_origin_ns: Annotated[
        int | None, typer.Option(help="UTC at which a rig's clock began to run faster.")
    ] = None,
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        typer.Option(case_sensitive=False, help="What is said on stderr, and worse."),
    ] = "INFO",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the final counters as one line of JSON.")
    ] = False,
) -> None:
    """Connect to patches over Bluetooth, keep every sample, send them on.

    Runs until SIGTERM or Ctrl-C, then stops the patches and waits for the cloud to commit what is
    left. Every option can be given as ECGOMICS_GATEWAY_... in the environment.

    For example:

    - `ecgomics gateway --device polar-h10-0A1B2C3D --broker-url mqtt://localhost`

    - `ecgomics gateway --any --radio bumble:tcp-client:127.0.0.1:6402`
    """
    given = {
        "devices": tuple(device) if device else None,
        "patches_path": patches,
        "take_any": take_any,
        "radio": radio,
        "gateway_id": gateway_id,
        "broker_url": broker_url,
        "page_port": page,
        "analyse": analyse,
        "require_broker": require_broker,
        "spool_path": spool,
        "speed": speed,
        "clock_origin_ns": clock_origin_ns,
    }
    settings = settings_from({name: value for name, value in given.items() if value is not None})
    logging.basicConfig(level=log_level, format=LOG_FORMAT, stream=sys.stderr)
    summary = _run(settings)
    if as_json:
        print(json.dumps(summary))


def _run(settings: GatewaySettings) -> dict[str, Any]:
    try:
        return asyncio.run(_until_signalled(settings))
    except ExceptionGroup as errors:
        # Not `except*`: before Python 3.11.4 what it raises comes out wrapped in a new group.
        mistakes = errors.subgroup(ConfigError)
        raise (cause_of(mistakes) if mistakes else errors) from None


async def _until_signalled(settings: GatewaySettings) -> dict[str, Any]:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await run_gateway(settings, stop)


def settings_from(given: dict[str, Any]) -> GatewaySettings:
    """Give the settings of the environment and, over them, what was given.

    Raises
    ------
    ConfigError
        For a value that cannot be used, by its name.
    """
    try:
        return GatewaySettings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        msg = f"{f'setting {where}'.strip()}: {first['msg']}"
        raise ConfigError(msg) from error
    except SettingsError as error:
        msg = f"environment: {error}: {error.__cause__}"
        raise ConfigError(msg) from error
