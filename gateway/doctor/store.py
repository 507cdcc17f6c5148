"""The spool: the room it has, what waits in it, and whether it is whole."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.doctor.check import Finding, failed, ok, warning
from gateway.settings import GatewaySettings

_WHAT = "spool"
_MB = 1 << 20


async def check_spool(settings: GatewaySettings) -> list[Finding]:
    """Look at the file without taking it from a gateway that runs."""
    path = settings.spool_path.absolute()
    return [_room(path, settings.spool_max_bytes), _content(path)]


def _room(path: Path, max_bytes: int) -> Finding:
    folder = next(parent for parent in path.parents if parent.exists())
    probe = folder / f".{path.name}.doctor"
    try:
        probe.write_bytes(bytes(4096))
        probe.unlink()
    except OSError as error:
        advice = "give another --spool, or make room and the right to write there"
        return failed(_WHAT, f"{folder}: {error.strerror}", advice)
    free = shutil.disk_usage(folder).free + (path.stat().st_size if path.exists() else 0)
    if free < max_bytes:
        advice = f"make room, or set ECGOMICS_GATEWAY_SPOOL_MAX_BYTES below {free}"
        detail = f"{folder}: {free // _MB} MB free of the {max_bytes // _MB} MB it may take"
        return warning(_WHAT, detail, advice)
    return ok(_WHAT, f"{folder}: {free // _MB} MB free")


def _content(path: Path) -> Finding:
    if not path.exists():
        return ok(_WHAT, f"{path} does not exist yet")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1)) as db:
            (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
            (n_frames,) = db.execute("SELECT COUNT(*) FROM frames").fetchone()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return ok(_WHAT, f"{path} is in use by a gateway")
        return failed(_WHAT, f"{path}: {error}", "move it away; a gateway saves what it can of it")
    except sqlite3.DatabaseError as error:
        return failed(_WHAT, f"{path}: {error}", "start the gateway: it saves what can be saved")
    if state != "ok":
        return failed(_WHAT, f"{path}: {state}", "start the gateway: it saves what can be saved")
    return ok(_WHAT, f"{n_frames} frames wait to be committed")
