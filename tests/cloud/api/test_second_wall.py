"""Row-level security: what a query finds when nobody has asked `authorize()`."""

import json

import asyncpg
import pytest

from cloud.accounts import add_admin, add_researcher, wear
from cloud.auth import Account, Role
from cloud.consents import Consent, Scope, tell
from cloud.store.database import DbPool
from cloud.transactions import account_transaction
from tests.cloud.api.house import ADA, BEA, PASSWORDS, people, store_minute
from tests.cloud.frames import DEVICE, START_NS

OF_ADA = {
    "patient": "patient_id",
    "wear": "patient_id",
    "report": "patient_id",
    "baseline": "patient_id",
    "consent": "patient_id",
    "audit": "patient_id",
    "recording": "device_id",
    "frame": "device_id",
    "beat": "device_id",
    "feature_window": "device_id",
    "rhythm": "device_id",
    "ledger": "device_id",
    "device_event": "device_id",
}
"""The tables that somebody may read, and the column that says whose a row is."""
# Nobody but the server itself, and of these the first two only their own row.
OWN = {"account", "care_team"}
CLOSED = {
    "alembic_version", "audit_head", "auth_session", "block", "checkpoint", "deployment_secret",
    "event_progress", "progress", "quarantine", "shard_epoch",
}  # fmt: skip

ACCOUNTS = {
    "ada": Account("ada", Role.PATIENT, ADA),
    "bea": Account("bea", Role.PATIENT, BEA),
    "dr-in": Account("dr-in", Role.CLINICIAN, None),
    "dr-out": Account("dr-out", Role.CLINICIAN, None),
    "res": Account("res", Role.RESEARCHER, None),
    "admin": Account("admin", Role.ADMIN, None),
    "ghost": Account("ghost", Role.CLINICIAN, None),
}
MINUTE_NS = 60 * 10**9


@pytest.fixture
async def filled(pool: DbPool) -> DbPool:
    """Something of Ada in every table."""
    async with pool.acquire() as connection:
        await people(connection)
        await add_researcher(connection, "res", PASSWORDS["ada"])
        await add_admin(connection, "admin", PASSWORDS["ada"])
        await tell(connection, ADA, "ada", Consent(Scope.CARE, "", True, START_NS))
        await connection.execute("SELECT note_access(1, 'dr-in', 'overview', ARRAY[$1])", ADA)
    await store_minute(pool)
    at = START_NS + 1
    for statement in (
        f"INSERT INTO report VALUES "
        f"(gen_random_uuid(), '{ADA}', '{DEVICE}', 'spot', 1, 1, 2, '{{}}')",
        f"INSERT INTO baseline VALUES ('{ADA}', '', 'I', '1', 'abc', 1, '')",
        f"INSERT INTO rhythm VALUES ('{DEVICE}', 7, 'afib', 0, 9, {at}, {at + 9}, 1, '1')",
        f"INSERT INTO ledger VALUES ('{DEVICE}', 7, 'gap', 130, 5)",
        f"INSERT INTO device_event VALUES ('{DEVICE}', 7, 1, 'gw1', {at}, 'marker', '{{}}', 1)",
        f"INSERT INTO block VALUES ('{DEVICE}', 7, 0, 9, '')",
        f"INSERT INTO checkpoint VALUES ('{DEVICE}', 7, 0, '')",
        f"INSERT INTO progress VALUES ('{DEVICE}', 7, 0, 0)",
        f"INSERT INTO event_progress VALUES ('{DEVICE}', 7, 0)",
        "INSERT INTO quarantine (received_ns, topic, reason, payload) VALUES (1, 't', 'r', '')",
        "INSERT INTO shard_epoch VALUES (1, 1)",
        "INSERT INTO auth_session VALUES ('x', 'ada', 1)",
        f"INSERT INTO audit_head VALUES ('{BEA}', 0, '')",
    ):
        await pool.execute(statement)
    return pool


async def tables(pool: DbPool) -> set[str]:
    rows = await pool.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    return {row["table_name"] for row in rows}


async def seen(pool: DbPool, username: str, table: str) -> int:
    """Rows of Ada that a bare query finds."""
    column = OF_ADA.get(table)
    whose = f" WHERE {column} IN ('{ADA}', '{DEVICE}')" if column else ""
    counted = "count(username)" if table == "account" else "count(*)"
    try:
        async with account_transaction(pool, ACCOUNTS[username]) as connection:
            return int(await connection.fetchval(f"SELECT {counted} FROM {table}{whose}"))
    except asyncpg.InsufficientPrivilegeError:
        return -1


async def test_every_table_has_a_policy(filled: DbPool) -> None:
    assert await tables(filled) == OF_ADA.keys() | OWN | CLOSED
    open_rows = await filled.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p') AND NOT relrowsecurity"
    )
    assert open_rows == []
    for table in await tables(filled):
        assert await filled.fetchval(f"SELECT count(*) FROM {table}") > 0, table


async def test_a_query_finds_ada_for_her_readers_and_nobody_else(filled: DbPool) -> None:
    for table in OF_ADA:
        found = {name: await seen(filled, name, table) for name in ACCOUNTS}
        assert found["ada"] > 0, table
        hers_alone = table in {"consent", "audit"}
        assert (found["dr-in"] > 0) is not hers_alone, table
        others = {name: n for name, n in found.items() if name not in {"ada", "dr-in"}}
        assert set(others.values()) == {0}, (table, others)


async def test_an_account_sees_of_the_accounts_itself_and_no_password(filled: DbPool) -> None:
    assert {name: await seen(filled, name, "account") for name in ACCOUNTS} == {
        **dict.fromkeys(ACCOUNTS, 1),
        "ghost": 0,
    }
    assert await seen(filled, "dr-in", "care_team") == 1
    assert await seen(filled, "dr-out", "care_team") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with account_transaction(filled, ACCOUNTS["ada"]) as connection:
            await connection.fetch("SELECT password_hash FROM account")


async def test_the_servers_own_tables_are_closed(filled: DbPool) -> None:
    for table in CLOSED:
        assert {await seen(filled, name, table) for name in ACCOUNTS} == {-1}, table


async def test_what_the_former_wearer_recorded_stays_hers(filled: DbPool) -> None:
    handover_ns = START_NS + MINUTE_NS // 2
    async with filled.acquire() as connection:
        await wear(connection, DEVICE, BEA, handover_ns)
    for table in ("frame", "beat", "feature_window"):
        ada, bea = await seen(filled, "ada", table), await seen(filled, "bea", table)
        all_rows = await filled.fetchval(f"SELECT count(*) FROM {table}")
        assert ada > 0, table
        assert bea > 0, table
        # What spans the handover, the minute's window say, is nobody's.
        assert all_rows - 2 <= ada + bea <= all_rows, table
    for table in ("rhythm", "ledger", "device_event"):
        assert (await seen(filled, "ada", table), await seen(filled, "bea", table)) == (1, 0), table
    async with account_transaction(filled, ACCOUNTS["bea"]) as connection:
        first_ns = await connection.fetchval("SELECT min(utc_ns) FROM frame")
    assert first_ns >= handover_ns


async def test_consent_opens_the_signal_to_research_and_withdrawal_closes_it(
    filled: DbPool,
) -> None:
    signal = {"frame", "beat", "feature_window", "rhythm", "ledger", "recording"}
    for is_given in (True, False):
        async with filled.acquire() as connection:
            await tell(connection, ADA, "ada", Consent(Scope.RESEARCH, "", is_given, 1))
        for table in OF_ADA:
            found = await seen(filled, "res", table)
            assert (found > 0) is (is_given and table in signal), (table, is_given)


async def test_shared_with_family_and_taken_from_the_care_team(filled: DbPool) -> None:
    async with filled.acquire() as connection:
        await tell(connection, ADA, "ada", Consent(Scope.SHARE, "bea", True, 1))
        await tell(connection, ADA, "ada", Consent(Scope.SHARE, "dr-out", True, 1))
        await tell(connection, ADA, "ada", Consent(Scope.CARE, "", False, 1))
    found = {name: await seen(filled, name, "frame") for name in ACCOUNTS}
    assert {name for name, n in found.items() if n} == {"ada", "bea"}


async def test_accounts_write_nothing_of_others_and_change_nothing(filled: DbPool) -> None:
    report = "INSERT INTO report VALUES (gen_random_uuid(), $1, 'd', 'spot', 1, 1, 2, '{}')"
    consent = (
        "INSERT INTO consent (patient_id, scope, is_given, at_ns, username) "
        "VALUES ($1, 'research', true, 1, 'bea')"
    )
    for statement in (report, consent):
        async with account_transaction(filled, ACCOUNTS["bea"]) as connection:
            await connection.execute(statement, BEA)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with account_transaction(filled, ACCOUNTS["bea"]) as connection:
                await connection.execute(statement, ADA)
    for table in await tables(filled):
        for verb in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with account_transaction(filled, ACCOUNTS["ada"]) as connection:
                    await connection.execute(verb)


async def test_the_role_ends_with_the_transaction(filled: DbPool) -> None:
    for _ in range(filled.get_max_size()):
        async with account_transaction(filled, ACCOUNTS["bea"]) as connection:
            pid = await connection.fetchval("SELECT pg_backend_pid()")
        async with filled.acquire() as connection:
            assert await connection.fetchval("SELECT pg_backend_pid()") == pid
            assert await connection.fetchval("SELECT count(*) FROM auth_session") == 1


async def test_the_wall_costs_a_look_a_query_not_a_row(filled: DbPool) -> None:
    """The plan asks who may read once, keeps the index, and compares times row by row."""
    async with account_transaction(filled, ACCOUNTS["dr-in"]) as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        [[plan]] = await connection.fetch(
            "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM frame WHERE device_id = $1 "
            "AND utc_ns >= $2 AND utc_ns < $3",
            DEVICE,
            START_NS,
            START_NS + MINUTE_NS,
        )
    root = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    text = json.dumps(root)
    assert "frame_device_time" in text or "frame_pkey" in text
    asked = [node for node in root["Plans"] if node.get("Subplan Name", "").startswith("InitPlan")]
    assert len(asked) == 1
    assert asked[0]["Actual Loops"] == 1
    assert "SubPlan" not in text
