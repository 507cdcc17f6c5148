"""What a patient knows of who looked at her data, and what she lets them do."""

import asyncio

import asyncpg
import pytest

from cloud.audit import Trail, verify_trail
from cloud.store.database import DbPool
from tests.cloud.api.house import ADA, House, store_minute


async def _trail(pool: DbPool) -> Trail:
    async with pool.acquire() as connection:
        return await verify_trail(connection)


async def _tampered(pool: DbPool, statement: str) -> tuple[str, ...]:
    """What is found after somebody with all rights has changed something; it is undone again."""
    async with pool.acquire() as connection:
        change = connection.transaction(isolation="repeatable_read")
        await change.start()
        await connection.execute("ALTER TABLE audit DISABLE TRIGGER only_added")
        await connection.execute(statement)
        faults = (await verify_trail(connection)).faults
        await change.rollback()
    return faults


async def test_she_reads_who_looked_and_when(house: House) -> None:
    async with house.browser("dr-in") as client:
        await client.get(f"/api/v1/patients/{ADA}/overview")
    async with house.browser("ada") as client:
        trail = (await client.get(f"/api/v1/patients/{ADA}/audit")).json()
        below = (await client.get(f"/api/v1/patients/{ADA}/audit?before=2")).json()
    said = [(row["number"], row["username"], row["action"]) for row in trail]
    assert said == [(2, "ada", "audit"), (1, "dr-in", "overview")]
    assert below == [trail[1]]
    assert trail[1]["at_ns"] > 0


async def test_a_chain_shows_what_was_done_to_it(house: House) -> None:
    pool = house.parts.pool
    async with house.browser("dr-in") as client:
        for path in ("overview", "strip", "reports", "overview"):
            await client.get(f"/api/v1/patients/{ADA}/{path}")
    async with house.browser("bea") as client:
        await client.get("/api/v1/patients")
    assert await _trail(pool) == Trail(5, 2, ())
    of_ada = f"patient_id = '{ADA}' AND number"
    follows, other, head = "does not follow", "is not what was written", "does not end where"
    for statement, found in (
        (f"UPDATE audit SET username = 'x' WHERE {of_ada} = 2", [other]),
        (f"UPDATE audit SET at_ns = at_ns + 1 WHERE {of_ada} = 4", [other]),
        (f"DELETE FROM audit WHERE {of_ada} = 2", [follows]),
        (f"DELETE FROM audit WHERE {of_ada} = 1", [follows]),
        (f"DELETE FROM audit WHERE {of_ada} = 4", [head]),
        (f"DELETE FROM audit WHERE {of_ada} > 0", [head]),
        (f"UPDATE audit SET number = 9 WHERE {of_ada} = 2", [follows, other, follows]),
    ):
        faults = await _tampered(pool, statement)
        assert len(faults) >= len(found), statement
        for words in found:
            assert any(words in fault for fault in faults), (statement, faults)
    assert await _trail(pool) == Trail(5, 2, ())


async def test_not_even_the_owner_changes_a_row(house: House) -> None:
    async with house.browser("ada") as client:
        await client.get("/api/v1/patients")
    for verb in ("UPDATE audit SET username = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed"):
            await house.parts.pool.execute(verb)


async def test_two_at_once_make_one_chain(house: House) -> None:
    async with house.browser("ada") as one, house.browser("dr-in") as other:
        answers = await asyncio.gather(
            *(who.get(f"/api/v1/patients/{ADA}/overview") for who in (one, other) * 10)
        )
    assert {answer.status_code for answer in answers} == {200}
    assert await _trail(house.parts.pool) == Trail(20, 1, ())


async def test_a_withdrawn_consent_holds_at_once(house: House) -> None:
    await store_minute(house.parts.pool)
    care = {"scope": "care", "is_given": False}
    async with (
        house.browser("ada") as ada,
        house.browser("dr-in") as doctor,
        house.page("dr-in") as page,
    ):
        await page.say("subscribe", ADA)
        await page.hear("subscribed")
        assert (await doctor.get(f"/api/v1/patients/{ADA}/overview")).status_code == 200
        said = await ada.post(f"/api/v1/patients/{ADA}/consents", json=care)
        assert said.status_code == 201
        assert (await doctor.get(f"/api/v1/patients/{ADA}/overview")).status_code == 404
        await page.link.wait_closed()
        await ada.post(f"/api/v1/patients/{ADA}/consents", json={**care, "is_given": True})
        assert (await doctor.get(f"/api/v1/patients/{ADA}/overview")).status_code == 200
        kept = (await ada.get(f"/api/v1/patients/{ADA}/consents")).json()
    assert [(line["scope"], line["is_given"]) for line in kept] == [("care", True), ("care", False)]
    assert kept[1] == said.json()


async def test_a_share_names_whom_and_nothing_else_does(house: House) -> None:
    wrong = (
        {"scope": "share", "is_given": True},
        {"scope": "care", "to_username": "bea", "is_given": True},
        {"scope": "all", "is_given": True},
        {"scope": "share", "to_username": "a\x00", "is_given": True},
    )
    async with house.browser("ada") as client:
        for body in wrong:
            answer = await client.post(f"/api/v1/patients/{ADA}/consents", json=body)
            assert answer.status_code == 422, body
