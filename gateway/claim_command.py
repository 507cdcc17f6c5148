"""The command `ecgomics claim`."""

import asyncio
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import segno
import typer
from rich.console import Console
from rich.table import Table

from ecgcore.errors import ConfigError
from gateway.claim import ClaimCode, label_text, parse_claim
from gateway.fitting import Look, look
from gateway.link import LinkError
from gateway.patches import KnownPatch, add_patch, read_patches, remove_patch
from gateway.reach import in_reach, scanning
from gateway.scanner import Sighting
from gateway.settings import default_patches_path
from gateway.trace import draw

_TRACE_COLUMNS, _TRACE_ROWS = 72, 6


def claim(
    code: Annotated[
        str | None,
        typer.Argument(help="What stands on the pod, the whole id, or a label's QR text."),
    ] = None,
    patches: Annotated[
        Path | None, typer.Option(help="The allow-list; the gateway's own by default.")
    ] = None,
    radio: Annotated[
        str, typer.Option(help="`native`, or NAME:ADDRESS of an installed radio.")
    ] = "native",
    within_s: Annotated[
        float, typer.Option("--within", min=1, help="Seconds to look for it.")
    ] = 20,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for scripts.")] = False,
    forget: Annotated[bool, typer.Option(help="Take the patch out of the list.")] = False,
    label: Annotated[bool, typer.Option(help="Print the QR code for the patch's label.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Give a patch to this gateway, after a look at its trace and battery.

    Without a code it lists the patches in reach, nearest first, and those already claimed.

    For example:

    - `ecgomics claim`

    - `ecgomics claim 0A1B2C3D`

    - `ecgomics claim "ecgomics:claim?device=open-patch-00C0FFEE&passkey=123456"`

    - `ecgomics claim polar-h10-0A1B2C3D --forget`
    """
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    path = patches or default_patches_path()
    if code is None:
        result = _list(path, asyncio.run(in_reach(radio, min(within_s, 5))))
    else:
        result = _one(parse_claim(code), path, radio, within_s, yes=yes, forget=forget, label=label)
    if as_json:
        print(json.dumps(result))
    else:
        _show(result)


def _one(
    code: ClaimCode,
    path: Path,
    radio: str,
    within_s: float,
    *,
    yes: bool,
    forget: bool,
    label: bool,
) -> dict[str, Any]:
    if label:
        segno.make(label_text(code.text, code.passkey), micro=False).terminal(
            out=sys.stderr, compact=True
        )
        return {"label": label_text(code.text, code.passkey)}
    if forget:
        remove_patch(path, code.text)
        return {"forgotten": code.text, "patches": str(path)}
    device, seen = asyncio.run(_fit(code, radio, within_s))
    _show_look(device, seen)
    if not (yes or typer.confirm("Is this the trace of the person who wears it?", err=True)):
        msg = f"{device} was not claimed"
        raise ConfigError(msg)
    patch = KnownPatch(
        serial=seen.details.serial,
        model=seen.details.model,
        claimed=datetime.now(UTC).replace(microsecond=0),
        passkey=code.passkey,
    )
    add_patch(path, device, patch)
    return {"claimed": device, "patches": str(path), **_facts(seen)}


def _facts(seen: Look) -> dict[str, Any]:
    return {
        "model": seen.details.model,
        "serial": seen.details.serial,
        "firmware": seen.details.firmware,
        "battery_pct": seen.details.battery_pct,
        "fs_hz": seen.fs_hz,
        "contact": seen.contact,
        "heart_rate_bpm": seen.heart_rate_bpm,
    }


def _list(path: Path, sightings: list[Sighting]) -> dict[str, Any]:
    claimed = read_patches(path)
    return {
        "in_reach": [
            {
                "device": each.device_id,
                "model": each.driver.model,
                "rssi_dbm": each.rssi_dbm,
                "claimed": each.device_id in claimed,
            }
            for each in sightings
        ],
        "claimed": list(claimed),
        "patches": str(path),
    }


async def _fit(code: ClaimCode, radio: str, within_s: float) -> tuple[str, Look]:
    found: asyncio.Future[Sighting] = asyncio.get_running_loop().create_future()

    def on_sighting(sighting: Sighting) -> None:
        if code.names(sighting.device_id) and not found.done():
            found.set_result(sighting)

    async with scanning(radio, on_sighting) as scan:
        either: list[asyncio.Future[Any]] = [scan, found]
        await asyncio.wait(either, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if scan.done():
            scan.result()
        if not found.done():
            msg = (
                f"no patch {code.text!r} was heard within {within_s:g} s; most advertise only"
                " while they are worn, and only to one host at a time"
            )
            raise ConfigError(msg)
        try:
            return found.result().device_id, await look(found.result())
        except LinkError as error:
            raise ConfigError(str(error)) from error


def _show_look(device: str, seen: Look) -> None:
    console = Console(stderr=True)
    contact = {True: "on skin", False: "off skin", None: "contact unknown"}[seen.contact]
    battery = "unknown" if seen.details.battery_pct is None else f"{seen.details.battery_pct} %"
    console.print(f"[bold]{device}[/] {seen.details.model} battery {battery}, {contact}")
    for line in draw(seen.ecg_mv, _TRACE_COLUMNS, _TRACE_ROWS):
        console.print(line, highlight=False)


def _show(result: dict[str, Any]) -> None:
    console = Console()
    if "in_reach" not in result:
        for name, value in result.items():
            console.print(f"{name.replace('_', ' ')}: {value}")
        return
    table = Table("patch", "model", "signal", "claimed", title="In reach, nearest first")
    for each in result["in_reach"]:
        rssi = "" if each["rssi_dbm"] is None else f"{each['rssi_dbm']} dBm"
        table.add_row(each["device"], each["model"], rssi, "yes" if each["claimed"] else "")
    console.print(table)
    console.print(f"claimed: {', '.join(result['claimed']) or 'none'} ({result['patches']})")
