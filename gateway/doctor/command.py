"""The command `ecgomics doctor`."""

import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.commands import settings_from
from gateway.doctor.broker import check_broker
from gateway.doctor.bundle import write_bundle
from gateway.doctor.check import Check, Finding, Verdict
from gateway.doctor.clock import check_clock
from gateway.doctor.patches import check_patches
from gateway.doctor.radio import check_radio
from gateway.doctor.store import check_spool
from gateway.settings import GatewaySettings

_CHECKS: Sequence[Check] = (check_patches, check_radio, check_broker, check_clock, check_spool)
_SIGNS = {Verdict.OK: "[green]ok[/]", Verdict.WARNING: "[yellow]![/]", Verdict.FAILED: "[red]X[/]"}


def doctor(
    radio: Annotated[
        str | None, typer.Option(help="`native`, or NAME:ADDRESS of an installed radio.")
    ] = None,
    broker_url: Annotated[
        str | None, typer.Option(help="mqtt://USER:PASSWORD@HOST:PORT, or mqtts:// for TLS.")
    ] = None,
    spool: Annotated[Path | None, typer.Option(help="The gateway's spool.")] = None,
    patches: Annotated[Path | None, typer.Option(help="The allow-list.")] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="Also write all that helps to help into one ZIP file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look for what keeps a gateway from working, and say what to do about it.

    Settings are those of `ecgomics gateway`. It changes nothing, and can be run beside a gateway.
    The exit code is 1 if anything failed.

    For example:

    - `ecgomics doctor`

    - `ecgomics doctor --bundle for-support.zip`
    """
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    given = {
        "radio": radio,
        "broker_url": broker_url,
        "spool_path": spool,
        "patches_path": patches,
    }
    settings = settings_from({name: value for name, value in given.items() if value is not None})
    findings = asyncio.run(examine(settings))
    told = [asdict(finding) for finding in findings]
    if bundle:
        write_bundle(bundle, settings, told)
    if as_json:
        print(json.dumps({"findings": told, "bundle": str(bundle) if bundle else None}))
    else:
        _show(findings, bundle)
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        raise typer.Exit(1)


async def examine(settings: GatewaySettings) -> list[Finding]:
    """Run every check."""
    return [finding for check in _CHECKS for finding in await check(settings)]


def _show(findings: Sequence[Finding], bundle: Path | None) -> None:
    table = Table("", "what", "found", "what to do")
    for finding in findings:
        table.add_row(_SIGNS[finding.verdict], finding.what, finding.detail, finding.advice)
    console = Console()
    console.print(table)
    if bundle:
        console.print(f"to send: {bundle}")
