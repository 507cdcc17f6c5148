"""One file to send to who is to help: findings, versions, settings, the gateway's last words.

It holds no ECG and no secrets; patches stand in it by their ids.
"""

import json
import platform
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from ecgcore.errors import ConfigError
from gateway.settings import GatewaySettings

_JOURNAL = ("journalctl", "-u", "ecgomics-gateway", "-n", "2000", "--no-pager", "-o", "short-iso")
_JOURNAL_S = 10


def write_bundle(path: Path, settings: GatewaySettings, findings: list[dict[str, Any]]) -> None:
    """Write the bundle, a ZIP file.

    Raises
    ------
    ConfigError
        If the file cannot be written.
    """
    files = {
        "findings.json": json.dumps(findings, indent=2),
        "settings.json": settings.model_dump_json(indent=2),
        "versions.json": json.dumps(_versions(), indent=2),
        "journal.txt": _journal(),
    }
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, text in files.items():
                bundle.writestr(name, text)
    except OSError as error:
        msg = f"bundle {path}: {error.strerror}"
        raise ConfigError(msg) from error


def _versions() -> dict[str, str]:
    packages = {each.metadata["Name"]: each.version for each in distributions()}
    return {
        "python": sys.version,
        "platform": platform.platform(),
        **dict(sorted(packages.items())),
    }


def _journal() -> str:
    try:
        told = subprocess.run(_JOURNAL, capture_output=True, text=True, timeout=_JOURNAL_S)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no journal: {error}"
    return told.stdout or told.stderr
