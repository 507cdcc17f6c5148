"""What a patient lets others do with her data; only added to, the newest word holds."""

from dataclasses import dataclass
from enum import StrEnum

from cloud.store.database import DbConnection


class Scope(StrEnum):
    """What a consent is about."""

    CARE = "care"
    """Her care team reads her; given unless she withdraws it."""
    RESEARCH = "research"
    """Researchers read her signal under a pseudonym."""
    SHARE = "share"
    """Another patient's account, of her family, reads her."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One word of a patient's."""

    scope: Scope
    to_username: str
    """Whom, for `share`; else empty."""
    is_given: bool
    """Whether it was given or withdrawn."""
    at_ns: int


async def tell(connection: DbConnection, patient_id: str, username: str, consent: Consent) -> None:
    """Write down that a consent is given or withdrawn, by whom."""
    await connection.execute(
        "INSERT INTO consent (patient_id, scope, to_username, is_given, at_ns, username) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        patient_id,
        consent.scope,
        consent.to_username,
        consent.is_given,
        consent.at_ns,
        username,
    )


async def list_consents(
    connection: DbConnection, patient_id: str, limit: int = 200
) -> list[Consent]:
    """Give the newest words of a patient, newest first."""
    rows = await connection.fetch(
        "SELECT scope, to_username, is_given, at_ns FROM consent WHERE patient_id = $1 "
        "ORDER BY consent_id DESC LIMIT $2",
        patient_id,
        limit,
    )
    return [
        Consent(Scope(row["scope"]), row["to_username"], row["is_given"], row["at_ns"])
        for row in rows
    ]
