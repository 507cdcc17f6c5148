"""Reading back what a boot's stream needs to go on where the last commit left it."""

from cloud.device_stream import Recalled
from cloud.store.database import DbConnection
from ecgcore.types import Gap, GapReason
from ecgcore.wire.frame import decode_frame


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
        "SELECT (SELECT count(*) FROM beat WHERE device_id = $1 AND boot_id = $2) AS beats, "
        "count(*) FILTER (WHERE gap_before > 0) AS gaps, "
        "coalesce(sum(gap_before), 0)::bigint AS gap_samples "
        "FROM frame WHERE device_id = $1 AND boot_id = $2",
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
        n_beats=totals["beats"],
        n_gaps=totals["gaps"],
        gap_samples=totals["gap_samples"],
    )
