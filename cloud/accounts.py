"""Patients, accounts, care teams and who wears which patch; writing twice changes nothing more."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from pwdlib import PasswordHash

from cloud.store.database import DbConnection

_hasher = PasswordHash.recommended()


@dataclass(frozen=True, slots=True)
class NewPatient:
    """A patient, her own account and her patch."""

    patient_id: str
    name: str
    bed: str
    device_id: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewClinician:
    """A clinician's account."""

    username: str
    password: str = field(repr=False)


async def seed(
    connection: DbConnection,
    *,
    patients: Sequence[NewPatient],
    clinician: NewClinician,
    from_ns: int = 0,
) -> None:
    """Create patients with account and patch, and one clinician who cares for all of them.

    Parameters
    ----------
    from_ns : int
        UTC since which the patches are worn.
    """
    async with connection.transaction():
        await add_clinician(connection, clinician)
        for patient in patients:
            await add_patient(connection, patient.patient_id, patient.name, patient.bed)
            await _add_account(
                connection, patient.username, patient.password, "patient", patient.patient_id
            )
            await wear(connection, patient.device_id, patient.patient_id, from_ns)
            await add_to_care_team(connection, clinician.username, patient.patient_id)


async def add_patient(connection: DbConnection, patient_id: str, name: str, bed: str) -> None:
    """Create a patient, or rename her."""
    await connection.execute(
        "INSERT INTO patient VALUES ($1, $2, $3) "
        "ON CONFLICT (patient_id) DO UPDATE SET name = excluded.name, bed = excluded.bed",
        patient_id,
        name,
        bed,
    )


async def add_clinician(connection: DbConnection, clinician: NewClinician) -> None:
    """Create a clinician's account, or set its password."""
    await _add_account(connection, clinician.username, clinician.password, "clinician", None)


async def add_researcher(connection: DbConnection, username: str, password: str) -> None:
    """Create a researcher's account, or set its password."""
    await _add_account(connection, username, password, "researcher", None)


async def add_admin(connection: DbConnection, username: str, password: str) -> None:
    """Create an admin's account, or set its password."""
    await _add_account(connection, username, password, "admin", None)


async def add_to_care_team(connection: DbConnection, username: str, patient_id: str) -> None:
    """Let a clinician read a patient."""
    await connection.execute(
        "INSERT INTO care_team VALUES ($1, $2) ON CONFLICT DO NOTHING", username, patient_id
    )


async def wear(
    connection: DbConnection,
    device_id: str,
    patient_id: str,
    from_ns: int,
    site: str | None = None,
) -> None:
    """Put a patch on a patient from `from_ns` on; whoever wore it before no longer does.

    Parameters
    ----------
    site : str or None
        Where on the body; another place than before begins a baseline of its own. None: not told,
        so as it was.
    """
    await connection.execute(
        "UPDATE wear SET to_ns = greatest($3, from_ns) WHERE device_id = $1 AND to_ns IS NULL "
        "AND (patient_id <> $2 OR site <> coalesce($4, site))",
        device_id,
        patient_id,
        from_ns,
        site,
    )
    await connection.execute(
        "INSERT INTO wear (device_id, patient_id, from_ns, site) "
        "SELECT $1, $2, $3, coalesce($4, '') "
        "WHERE NOT EXISTS (SELECT FROM wear WHERE device_id = $1 AND to_ns IS NULL)",
        device_id,
        patient_id,
        from_ns,
        site,
    )


async def _add_account(
    connection: DbConnection, username: str, password: str, role: str, patient_id: str | None
) -> None:
    known = await connection.fetchval(
        "SELECT password_hash FROM account WHERE username = $1", username
    )
    # A password that fits already keeps its hash: seeding again is quick and changes nothing.
    if known is None or not await verify_password(password, known):
        known = await asyncio.to_thread(_hasher.hash, password)
    await connection.execute(
        "INSERT INTO account VALUES ($1, $2, $3, $4) ON CONFLICT (username) DO UPDATE "
        "SET password_hash = excluded.password_hash, role = excluded.role, "
        "patient_id = excluded.patient_id",
        username,
        known,
        role,
        patient_id,
    )


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Check a password; without a hash it takes as long and says no."""
    # argon2id takes tens of milliseconds of CPU, so it leaves the event loop.
    fits = await asyncio.to_thread(_fits, password, password_hash)
    return fits and password_hash is not None


def _fits(password: str, password_hash: str | None) -> bool:
    return _hasher.verify(password, password_hash or _nobody())


@cache
def _nobody() -> str:
    return _hasher.hash("nobody's password")
