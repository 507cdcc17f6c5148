"""The account of a run: what patches, database and clients each say, compared."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cloud.demo.supervisor import Usage
from cloud.demo.watcher import Seen, percentiles_s
from cloud.store.database import DbConnection
from cloud.verify import Audit, verify_sessions
from ecgcore.clock import UtcClock


@dataclass(frozen=True, slots=True)
class Produced:
    """What the patches say they did."""

    acquired: int
    """Samples of the sensors from the first one streamed to the last."""
    sent: int
    """Of these, handed to a Bluetooth link; a strap keeps nothing back for later."""


def read_produced(journal_dir: Path) -> Produced:
    """Add up the journals the simulated patches keep."""
    books = [json.loads(path.read_text()) for path in journal_dir.glob("*.json")]
    streamed = [book for book in books if book["sent_samples"]]
    return Produced(
        acquired=sum(b["last_streamed_sample"] - b["first_streamed_sample"] for b in streamed),
        sent=sum(b["sent_samples"] for b in streamed),
    )


async def summarise(
    connection: DbConnection,
    *,
    produced: Produced,
    received: int | None,
    seen: Seen,
    usage: dict[str, Usage],
    clock: UtcClock,
    start_ns: int,
) -> dict[str, Any]:
    """Give the figures of one run, for `--json` and for the table."""
    sessions = await connection.fetch(
        "SELECT session_id FROM recording WHERE start_ns >= $1", start_ns
    )
    names = [row["session_id"] for row in sessions]
    audits = await verify_sessions(connection, names) if names else []
    stored = sum(audit.stored for audit in audits)
    in_gaps = sum(sum(audit.gaps.values()) for audit in audits)
    duplicated = sum(audit.duplicated for audit in audits)
    return {
        "samples": {
            "produced": produced.acquired,
            "sent": produced.sent,
            "received": received,
            "stored": stored,
            "in_gaps": in_gaps,
            # Each counter counts once, or a sample stored twice would make up for a lost one.
            "lost": produced.acquired - (stored + in_gaps - duplicated),
            "duplicated": duplicated,
            "resent": sum(audit.resent for audit in audits),
        },
        "gaps": _gaps(audits),
        "sessions": {audit.session_id: audit.holds for audit in audits},
        "blocks": sum(audit.blocks for audit in audits),
        "beats": await _count(connection, "beat", names),
        "reports": {
            "stored": await connection.fetchval(
                "SELECT count(*) FROM report WHERE created_ns >= $1", start_ns
            ),
            "delivered": len(seen.report_ids),
        },
        "quarantined": await connection.fetchval(
            "SELECT count(*) FROM quarantine WHERE received_ns >= $1", start_ns
        ),
        "latency": {
            "sample_to_websocket": percentiles_s(seen.ages_s),
            "sample_to_commit": await _commit_latency(connection, names, clock),
        },
        "websocket": {
            "strips": seen.strips,
            "samples": seen.samples,
            "dropped": seen.dropped,
            "breaks": seen.breaks,
        },
        "processes": {name: _rounded(spent) for name, spent in usage.items()},
    }


def _gaps(audits: list[Audit]) -> dict[str, int]:
    reasons = {reason for audit in audits for reason in audit.gaps}
    counts = {r: sum(audit.gaps.get(r, 0) for audit in audits) for r in sorted(reasons)}
    return {
        "count": sum(audit.n_gaps for audit in audits),
        **{r: n for r, n in counts.items() if n},
    }


async def _count(connection: DbConnection, table: str, sessions: list[str]) -> int:
    count = await connection.fetchval(
        f"SELECT count(*) FROM {table} JOIN recording USING (device_id, boot_id) "  # noqa: S608 - constant
        "WHERE session_id = ANY($1)",
        sessions,
    )
    return int(count)


async def _commit_latency(
    connection: DbConnection, sessions: list[str], clock: UtcClock
) -> dict[str, float | None]:
    # The embedded server keeps the time of each commit; another one may not, then nothing is said.
    if await connection.fetchval("SHOW track_commit_timestamp") != "on":
        return percentiles_s([])
    rows = await connection.fetch(
        "SELECT n_samples, utc_ns, end_ns, "
        "(extract(epoch FROM pg_xact_commit_timestamp(frame.xmin)) * 1e9)::bigint AS committed_ns "
        "FROM frame JOIN recording USING (device_id, boot_id) "
        "WHERE session_id = ANY($1) AND n_samples > 0",
        sessions,
    )
    ages = [
        (
            clock.at_ns(row["committed_ns"])
            - np.linspace(row["utc_ns"], row["end_ns"], row["n_samples"], endpoint=False)
        )
        / 1e9
        / clock.speed
        for row in rows
    ]
    return percentiles_s(ages)


def _rounded(usage: Usage) -> dict[str, float | int]:
    return {
        name: value if isinstance(value, int) else round(value, 1)
        for name, value in asdict(usage).items()
    }
