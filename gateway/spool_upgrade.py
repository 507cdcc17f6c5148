"""Takes over what a spool of version 1 holds: without held rows, kinds, or checked states."""

from contextlib import closing
from pathlib import Path

from ecgcore.wire.frame import frame_identity
from gateway.spool_file import Connect
from gateway.spool_salvage import replacing
from gateway.spool_seal import Seal


def upgrade(path: Path, seal: Seal, connect: Connect, now_s: int) -> None:
    """Put a spool of this version into the place of one of version 1, with the same rows.

    Parameters
    ----------
    now_s : int
        The rows' age begins here.

    Raises
    ------
    FrameError, OSError, sqlite3.Error
        If it is damaged, or the disk refuses; then nothing is changed.
    """
    with replacing(path, seal, connect) as replacement, closing(connect(path)) as old:
        for row_id, device, boot_id, end, utc_ns, frame in old.execute(
            "SELECT id, device, boot_id, end_counter, utc_ns, frame FROM frames ORDER BY id"
        ):
            stored = seal.close(frame, device, boot_id, end)
            start = frame_identity(frame)[2]
            replacement.db.execute(
                "INSERT INTO frames (id, device, boot_id, start_counter, end_counter, utc_ns,"
                " spooled_s, frame) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (row_id, device, boot_id, start, end, utc_ns, now_s, stored),
            )
        for device, state in old.execute("SELECT device, state FROM recorders"):
            closed = seal.close_state(state, device)
            replacement.db.execute("INSERT INTO recorders VALUES (?, ?)", (device, closed))
    replacement.aside.unlink()
