"""Who is asking and what may be read: sessions on the server and one rule for every way in."""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum

import asyncpg

from cloud.store.database import DbConnection
from ecgcore.errors import EcgomicsError

SESSION_NS = 12 * 3600 * 10**9


class NotReadableError(EcgomicsError):
    """A patient or report that does not exist, or that this account may not read.

    Nobody is told which, hence one text for all of them.
    """

    def __init__(self) -> None:
        super().__init__("no such patient or report")


class Role(StrEnum):
    """What an account is."""

    PATIENT = "patient"
    CLINICIAN = "clinician"
    RESEARCHER = "researcher"
    ADMIN = "admin"


class Relation(StrEnum):
    """What an account has to do with a patient; the database's `kin()` says it."""

    SELF = "self"
    CARE_TEAM = "care_team"
    FAMILY = "family"
    RESEARCH = "research"


class Action(StrEnum):
    """What the audit trail says was done."""

    LIST = "list"
    OVERVIEW = "overview"
    STRIP = "strip"
    REPORTS = "reports"
    REPORT = "report"
    MAKE_REPORT = "make_report"
    LIVE = "live"
    RELAY = "relay"
    EVENTS = "events"
    COMMAND = "command"
    AUDIT = "audit"
    CONSENTS = "consents"
    CONSENT = "consent"


_SEES = frozenset(
    {
        Action.LIST, Action.OVERVIEW, Action.STRIP, Action.REPORTS, Action.REPORT, Action.LIVE,
    }
)  # fmt: skip
_OWN = {Action.EVENTS, Action.MAKE_REPORT, Action.RELAY}
_HERS = {Action.AUDIT, Action.CONSENTS, Action.CONSENT}

ALLOWED: dict[tuple[Role, Relation], frozenset[Action]] = {
    (Role.PATIENT, Relation.SELF): _SEES | _OWN | _HERS,
    (Role.PATIENT, Relation.FAMILY): _SEES,
    (Role.CLINICIAN, Relation.CARE_TEAM): _SEES
    | {Action.EVENTS, Action.MAKE_REPORT, Action.COMMAND},
    # Signal alone: reports and events tell who she is.
    (Role.RESEARCHER, Relation.RESEARCH): frozenset({Action.LIST, Action.STRIP}),
}
"""The whole rule. What is not here is not allowed: an admin, for one, reads no patient."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who has signed in."""

    username: str
    role: Role
    patient_id: str | None
    """Herself, for a patient."""


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in: the account, the hash of the cookie's token and until when it holds."""

    account: Account
    token_sha256: bytes
    expires_ns: int


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient and the patch she wears now."""

    patient_id: str
    name: str
    bed: str
    device_id: str | None
    from_ns: int | None
    """UTC since which she wears it."""
    is_pseudonym: bool = False
    """Then id and name are a pseudonym, and the patch is not to be shown either."""


# Patients the account of this transaction has to do with; $1 its name, so that one made for
# another account finds nobody. Researchers get pseudonyms, and no name or bed.
_KIN = (
    "SELECT * FROM ("
    "SELECT p.patient_id, p.name, p.bed, w.device_id, w.from_ns, k.relation FROM kin() k "
    "JOIN patient p USING (patient_id) "
    "LEFT JOIN LATERAL (SELECT device_id, from_ns FROM wear WHERE patient_id = p.patient_id "
    "AND to_ns IS NULL ORDER BY from_ns DESC, device_id LIMIT 1) w ON true "
    "WHERE k.relation <> 'research' "
    "UNION ALL SELECT subject, subject, '', device_id, from_ns, 'research' FROM subjects()) r "
    "WHERE current_setting('ecgomics.username', true) = $1"
)


async def authorize(
    connection: DbConnection, account: Account, patient_id: str, action: Action, at_ns: int
) -> Patient:
    """Let an account read a patient and write that down, in the account's transaction.

    Raises
    ------
    NotReadableError
        If it may not, or there is no such patient.
    """
    rows = await connection.fetch(f"{_KIN} AND patient_id = $2", account.username, patient_id)
    allowed = _allowed(account, rows, action)
    if not allowed:
        raise NotReadableError
    await _audit(connection, account, action, [patient_id], at_ns)
    return allowed[0]


async def readable_patients(
    connection: DbConnection, account: Account, at_ns: int
) -> list[Patient]:
    """Give every patient an account may read, by bed and name."""
    rows = await connection.fetch(f"{_KIN} ORDER BY bed, name", account.username)
    patients = _allowed(account, rows, Action.LIST)
    await _audit(connection, account, Action.LIST, [p.patient_id for p in patients], at_ns)
    return patients


def _allowed(account: Account, rows: list[asyncpg.Record], action: Action) -> list[Patient]:
    return [
        Patient(
            row["patient_id"],
            row["name"],
            row["bed"],
            row["device_id"],
            row["from_ns"],
            is_pseudonym=row["relation"] == Relation.RESEARCH,
        )
        for row in rows
        if action in ALLOWED.get((account.role, Relation(row["relation"])), frozenset())
    ]


async def _audit(
    connection: DbConnection, account: Account, action: Action, patients: list[str], at_ns: int
) -> None:
    await connection.execute(
        "SELECT note_access($1, $2, $3, $4::text[])", at_ns, account.username, action, patients
    )


async def find_account(connection: DbConnection, username: str) -> tuple[Account, str] | None:
    """Give an account and its password hash, None if there is none of that name."""
    row = await connection.fetchrow("SELECT * FROM account WHERE username = $1", username)
    return None if row is None else (_account(row), row["password_hash"])


async def open_session(connection: DbConnection, account: Account, now_ns: int) -> str:
    """Open a session of an account whose password was right; give the cookie's token."""
    token = secrets.token_urlsafe(32)
    await connection.execute("DELETE FROM auth_session WHERE expires_ns <= $1", now_ns)
    await connection.execute(
        "INSERT INTO auth_session VALUES ($1, $2, $3)",
        _sha256(token),
        account.username,
        now_ns + SESSION_NS,
    )
    return token


async def session_of(connection: DbConnection, token: str, now_ns: int) -> Session | None:
    """Give the session a token belongs to, None if it is unknown or over."""
    row = await connection.fetchrow(
        "SELECT * FROM auth_session JOIN account USING (username) "
        "WHERE token_sha256 = $1 AND expires_ns > $2",
        _sha256(token),
        now_ns,
    )
    return None if row is None else Session(_account(row), row["token_sha256"], row["expires_ns"])


async def close_session(connection: DbConnection, session: Session) -> None:
    """End a session."""
    await connection.execute(
        "DELETE FROM auth_session WHERE token_sha256 = $1", session.token_sha256
    )


def _account(row: asyncpg.Record) -> Account:
    return Account(row["username"], Role(row["role"]), row["patient_id"])


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
