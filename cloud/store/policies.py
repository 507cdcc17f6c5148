"""Who sees which rows: the one place that says it for a table, as SQL for its migration.

Theory of operation. A transaction made for an account takes on the role `ecgomics_reader`, which
owns nothing, so PostgreSQL's row-level security holds for it. The policies below ask two functions
of the database, which know the account from the setting `ecgomics.username`: `kin()`, the patients
it has to do with and how, and `worn_times()`, when these wore which patch. Both are asked once a
query, not once a row. A table without any line here is closed to every account.
"""

READER = "ecgomics_reader"
"""The database role, without login, that the server takes on for an account."""

OF_PATIENT = "patient_id IN (SELECT k.patient_id FROM kin() k WHERE k.relation <> 'research')"
OF_HERSELF = "patient_id IN (SELECT k.patient_id FROM kin() k WHERE k.relation = 'self')"


def closed(table: str) -> list[str]:
    """Close a table to all accounts; the engine, which owns it, still writes and reads it."""
    return [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"]


def seen_if(table: str, condition: str, columns: str = "") -> list[str]:
    """Let accounts read the rows, and if told the columns alone, that meet a condition."""
    some = f" ({columns})" if columns else ""
    return [
        *closed(table),
        f"GRANT SELECT{some} ON {table} TO {READER}",
        f"CREATE POLICY seen ON {table} FOR SELECT TO {READER} USING ({condition})",
    ]


def written_if(table: str, condition: str) -> list[str]:
    """Let accounts add rows that meet a condition; none is changed or deleted by them."""
    return [
        f"GRANT INSERT ON {table} TO {READER}",
        f"CREATE POLICY written ON {table} FOR INSERT TO {READER} WITH CHECK ({condition})",
    ]


def seen_by_patient(table: str) -> list[str]:
    """Let a table with `patient_id` be read by whoever may know her name."""
    return seen_if(table, OF_PATIENT)


def seen_by_wear(
    table: str, start: str, end: str | None = None, *, researched: bool = True
) -> list[str]:
    """Let a table with `device_id` be read by whoever may read the wearer at that time.

    Parameters
    ----------
    start, end : str
        SQL for the UTC, ns, of a row's beginning and its end (exclusive; None: a moment).
    researched : bool
        Whether researchers may, too, if she consented: only what tells nothing of who she is.
    """
    upper = f"greatest({end}, {start} + 1)" if end else f"{start} + 1"
    worn = f"((SELECT worn_times({str(researched).lower()})) ->> {table}.device_id)"
    return seen_if(table, f"int8range({start}, {upper}) <@ {worn}::int8multirange")
