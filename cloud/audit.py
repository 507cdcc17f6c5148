"""The trail of who did what with a patient: read by her, and its hash chain recomputed.

A row's SHA-256 covers its content and the hash of the row before it in the patient's chain; the
database writes both in the transaction of the access itself (`note_access`). A row that was
changed, put in, taken out or moved breaks the chain; one cut off at its end does not fit the head.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from asyncpg import Record

from cloud.store.database import DbConnection

_MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Trail:
    """What recomputing every chain found."""

    rows: int
    chains: int
    faults: tuple[str, ...]
    """The first hundred, each naming patient and row."""

    @property
    def holds(self) -> bool:
        """Whether every row is as it was written."""
        return not self.faults


async def list_accesses(
    connection: DbConnection, patient_id: str, *, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Give what was done with a patient's data, newest first, from a number of hers down.

    Parameters
    ----------
    before : int or None
        The number to go on below; None: from the newest.
    """
    rows = await connection.fetch(
        "SELECT number, at_ns, username, action FROM audit WHERE patient_id = $1 "
        "AND ($2::bigint IS NULL OR number < $2) ORDER BY number DESC LIMIT $3",
        patient_id,
        before,
        limit,
    )
    return [dict(row) for row in rows]


async def verify_trail(connection: DbConnection) -> Trail:
    """Recompute the chains of all patients, from one snapshot."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        ends: dict[str, tuple[int, bytes]] = {}
        faults: list[str] = []
        n_rows = 0
        async for row in connection.cursor("SELECT * FROM audit ORDER BY patient_id, number"):
            n_rows += 1
            number, last = ends.get(row["patient_id"], (0, b""))
            if (row["number"], row["previous"]) != (number + 1, last):
                faults.append(f"{_name(row)}: does not follow the row before it")
            if _sha256(row) != row["sha256"]:
                faults.append(f"{_name(row)}: is not what was written")
            ends[row["patient_id"]] = (row["number"], row["sha256"])
        heads = await connection.fetch("SELECT * FROM audit_head WHERE number > 0")
        kept = {head["patient_id"]: (head["number"], head["sha256"]) for head in heads}
        faults += [
            f"patient {patient_id}: the chain does not end where it was left"
            for patient_id in sorted(kept.keys() | ends.keys())
            if kept.get(patient_id) != ends.get(patient_id)
        ]
    return Trail(n_rows, len(ends), tuple(faults[:_MOST_FAULTS]))


def _name(row: Record) -> str:
    return f"patient {row['patient_id']} row {row['number']}"


def _sha256(row: Record) -> bytes:
    # As PostgreSQL writes a jsonb array.
    content = [row[key] for key in ("number", "at_ns", "username", "action", "patient_id")]
    text = json.dumps(content, ensure_ascii=False)
    return hashlib.sha256(row["previous"] + text.encode()).digest()
