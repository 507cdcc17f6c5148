"""Reading back what a boot's stream needs to go on where the last commit left it."""

from cloud.device_stream import Recalled
from cloud.rhythm_now import RhythmNow
from cloud.store.database import DbConnection
from ecgcore.events import RhythmBegan, RhythmEnded, RhythmLabel
from ecgcore.types import Gap, GapReason
from ecgcore.wire.frame import decode_frame


async def recall_through(connection: DbConnection, device: str) -> int:
    """Read up to which UTC everything of a device is stored, ns; 0 before its first frame."""
    through_ns = await connection.fetchval(
        "SELECT coalesce(max(through_ns), 0)::bigint FROM progress WHERE device_id = $1", device
    )
    return int(through_ns)


async def recall(connection: DbConnection, device: str, boot_id: int) -> Recalled | None:
    """Read a boot's progress, its last checkpoint and every frame since; None if it is new."""
    key = (device, boot_id)
    progress = await connection.fetchrow(
        "SELECT next_counter, through_ns, fs_mhz, lsb_pv, lead_mask "
        "FROM progress JOIN recording USING (device_id, boot_id) "
        "WHERE device_id = $1 AND boot_id = $2",
        *key,
    )
    if progress is None:
        return None
    checkpoint = await connection.fetchrow(
        "SELECT next_counter, state FROM checkpoint WHERE device_id = $1 AND boot_id = $2", *key
    )
    since = checkpoint["next_counter"] if checkpoint else 0
    bodies = await connection.fetch(
        "SELECT body FROM frame WHERE device_id = $1 AND boot_id = $2 "
        "AND first_counter + n_samples > $3 ORDER BY first_counter",
        *key,
        since,
    )
    holes = await connection.fetch(
        "SELECT first_counter, n_samples FROM ledger "
        "WHERE device_id = $1 AND boot_id = $2 AND kind = 'gap' ORDER BY first_counter",
        *key,
    )
    totals = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE gap_before > 0) AS gaps, "
        "coalesce(sum(gap_before), 0)::bigint AS gap_samples "
        "FROM frame WHERE device_id = $1 AND boot_id = $2",
        *key,
    )
    beats = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE label IS DISTINCT FROM 'noise') AS beats, "
        "count(*) FILTER (WHERE label = 'V') AS pvc, count(*) FILTER (WHERE label = 'S') AS pac "
        "FROM beat WHERE device_id = $1 AND boot_id = $2",
        *key,
    )
    return Recalled(
        fs_mhz=progress["fs_mhz"],
        lsb_pv=progress["lsb_pv"],
        lead_mask=progress["lead_mask"],
        next_counter=progress["next_counter"],
        through_ns=progress["through_ns"],
        checkpoint_counter=since,
        state=checkpoint["state"] if checkpoint else None,
        frames=tuple(decode_frame(row["body"]) for row in bodies),
        holes=tuple(Gap(h["first_counter"], h["n_samples"], GapReason.MISSING) for h in holes),
        n_beats=beats["beats"],
        n_pvc=beats["pvc"],
        n_pac=beats["pac"],
        rhythm=await _rhythm(connection, key),
        n_gaps=totals["gaps"],
        gap_samples=totals["gap_samples"],
    )


async def _rhythm(connection: DbConnection, key: tuple[str, int]) -> RhythmNow:
    """Follow again all rhythms of a boot."""
    rows = await connection.fetch(
        "SELECT label, start_counter, end_counter, start_ns, end_ns, confidence FROM rhythm "
        "WHERE device_id = $1 AND boot_id = $2 ORDER BY start_counter",
        *key,
    )
    now = RhythmNow()
    for row in rows:
        label, start = RhythmLabel(row["label"]), row["start_counter"]
        now.begin(RhythmBegan(start, label, row["confidence"]), row["start_ns"])
        if row["end_counter"] is not None:
            duration_s = (row["end_ns"] - row["start_ns"]) / 1e9
            now.end(RhythmEnded(start, row["end_counter"], label, row["confidence"]), duration_s)
    return now
