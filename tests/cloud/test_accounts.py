"""Accounts, care teams and worn patches on a real database."""

import contextlib

import pytest

from cloud.accounts import NewClinician, NewPatient, seed, verify_password, wear
from cloud.auth import (
    Account,
    Action,
    NotReadableError,
    Patient,
    authorize,
    find_account,
    readable_patients,
)
from cloud.store.database import DbPool
from cloud.transactions import account_transaction

NURSE = NewClinician("nurse", "word-n")


def patient(number: int, password: str = "word") -> NewPatient:
    return NewPatient(
        f"p{number}", f"Name {number}", str(number), f"d{number}", f"u{number}", password
    )


async def seeded(pool: DbPool, *patients: NewPatient, from_ns: int = 100) -> None:
    async with pool.acquire() as connection:
        await seed(connection, patients=patients, clinician=NURSE, from_ns=from_ns)


async def rows(pool: DbPool) -> list[tuple[object, ...]]:
    tables = ("patient", "account", "care_team", "wear")
    return [
        tuple(row) for t in tables for row in await pool.fetch(f"SELECT * FROM {t} ORDER BY 1, 2")
    ]


async def test_seeding_twice_changes_nothing(pool: DbPool) -> None:
    await seeded(pool, patient(1), patient(2))
    before = await rows(pool)
    await seeded(pool, patient(1), patient(2), from_ns=999)
    assert await rows(pool) == before


async def test_seeding_again_takes_the_new_password(pool: DbPool) -> None:
    await seeded(pool, patient(1, "old"))
    await seeded(pool, patient(1, "new"))
    kept = await pool.fetchval("SELECT password_hash FROM account WHERE username = 'u1'")
    assert await verify_password("new", kept)
    assert not await verify_password("old", kept)


async def test_passwords_are_kept_as_argon2id_and_shown_nowhere(pool: DbPool) -> None:
    await seeded(pool, patient(1, "canary-word"))
    kept = await pool.fetchval("SELECT password_hash FROM account WHERE username = 'u1'")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert "canary-word" not in repr(patient(1, "canary-word"))
    assert "word-n" not in repr(NURSE)


async def test_nobody_has_no_password() -> None:
    assert not await verify_password("", None)
    assert not await verify_password("nobody's password", None)


async def test_a_patch_that_moves_on_leaves_its_wearer(pool: DbPool) -> None:
    await seeded(pool, patient(1), patient(2))
    async with pool.acquire() as connection:
        await wear(connection, "d1", "p2", 500)
        await wear(connection, "d1", "p2", 700)
    nurse = await account_of(pool, "nurse")
    async with account_transaction(pool, nurse) as connection:
        readable = await readable_patients(connection, nurse, 0)
    worn = await pool.fetch(
        "SELECT patient_id, from_ns, to_ns FROM wear WHERE device_id = 'd1' ORDER BY 2"
    )
    assert [tuple(row) for row in worn] == [("p1", 100, 500), ("p2", 500, None)]
    # Of two patches the one put on last.
    assert readable == [
        Patient("p1", "Name 1", "1", None, None),
        Patient("p2", "Name 2", "2", "d1", 500),
    ]


async def account_of(pool: DbPool, username: str) -> Account:
    async with pool.acquire() as connection:
        found = await find_account(connection, username)
    assert found is not None
    return found[0]


async def test_an_access_and_its_audit_row_stand_or_fall_together(pool: DbPool) -> None:
    await seeded(pool, patient(1), patient(2))
    account = await account_of(pool, "u1")
    with contextlib.suppress(ZeroDivisionError):
        async with account_transaction(pool, account) as connection:
            await authorize(connection, account, "p1", Action.OVERVIEW, 5)
            raise ZeroDivisionError
    async with account_transaction(pool, account) as connection:
        with pytest.raises(NotReadableError):
            await authorize(connection, account, "p2", Action.OVERVIEW, 5)
    assert await pool.fetchval("SELECT count(*) FROM audit") == 0
    async with account_transaction(pool, account) as connection:
        await authorize(connection, account, "p1", Action.OVERVIEW, 5)
    row = await pool.fetchrow("SELECT at_ns, username, action, patient_id FROM audit")
    assert tuple(row) == (5, "u1", "overview", "p1")


async def test_a_patient_who_is_put_on_a_care_team_reads_nobody_else(pool: DbPool) -> None:
    await seeded(pool, patient(1), patient(2))
    await pool.execute("INSERT INTO care_team VALUES ('u1', 'p2')")
    account = await account_of(pool, "u1")
    async with account_transaction(pool, account) as connection:
        assert [p.patient_id for p in await readable_patients(connection, account, 0)] == ["p1"]


async def test_a_transaction_of_one_account_finds_nobody_for_another(pool: DbPool) -> None:
    await seeded(pool, patient(1), patient(2))
    one, other = await account_of(pool, "u1"), await account_of(pool, "u2")
    async with account_transaction(pool, one) as connection:
        for whom in ("p1", "p2"):
            with pytest.raises(NotReadableError):
                await authorize(connection, other, whom, Action.OVERVIEW, 5)
