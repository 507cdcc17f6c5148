"""Events of patches: written idempotently on their identity, read for one patient."""

from typing import Any

from cloud.event_order import EventBatch, EventOrder
from cloud.store.database import DbConnection


async def store_events(connection: DbConnection, batch: EventBatch, stored_ns: int) -> None:
    """Write events and how far their boots are; the caller holds the transaction."""
    await connection.executemany(
        "INSERT INTO device_event VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        [
            (
                each.event.device,
                each.event.boot_id,
                each.event.number,
                each.gateway,
                each.event.at_ns,
                str(each.event.event.kind),
                each.event.event.model_dump(mode="json", exclude={"kind"}),
                stored_ns,
            )
            for each in batch.new
        ],
    )
    await connection.executemany(
        "INSERT INTO event_progress VALUES ($1, $2, $3) ON CONFLICT (device_id, boot_id) "
        "DO UPDATE SET next_number = greatest(event_progress.next_number, excluded.next_number)",
        [(*key, boot.order.next) for key, boot in batch.boots.items()],
    )


async def recall_order(connection: DbConnection, device: str, boot_id: int) -> EventOrder:
    """Read how far a boot of events is."""
    known = await connection.fetchval(
        "SELECT next_number FROM event_progress WHERE device_id = $1 AND boot_id = $2",
        device,
        boot_id,
    )
    if known is None:
        return EventOrder()
    rows = await connection.fetch(
        "SELECT number FROM device_event WHERE device_id = $1 AND boot_id = $2 AND number >= $3",
        device,
        boot_id,
        known,
    )
    return EventOrder(known, {row["number"] for row in rows})


async def list_events(
    connection: DbConnection, patient_id: str, *, kind: str | None, since_ns: int, limit: int
) -> list[dict[str, Any]]:
    """Give a patient's events from a time on, oldest first: those of patches while she wore them.

    Parameters
    ----------
    kind : str or None
        None: of every kind.
    """
    rows = await connection.fetch(
        "SELECT e.device_id, e.at_ns, e.kind, e.body FROM device_event e JOIN wear w "
        "ON w.device_id = e.device_id AND e.at_ns >= w.from_ns "
        "AND (w.to_ns IS NULL OR e.at_ns < w.to_ns) "
        "WHERE w.patient_id = $1 AND e.at_ns >= $2 AND ($3::text IS NULL OR e.kind = $3) "
        "ORDER BY e.at_ns, e.boot_id, e.number LIMIT $4",
        patient_id,
        since_ns,
        kind,
        limit,
    )
    return [dict(row) for row in rows]
