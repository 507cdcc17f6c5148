"""`ecgomics engine` and `ecgomics verify` as people start them."""

import asyncio
import json
import signal
import sys

import pytest

from cloud.embedded.nats import EmbeddedNats
from cloud.store.database import DbPool, shown
from tests.cloud.engine_room import StandInGateway, running_engine
from tests.cloud.frames import run
from tests.servers import Server, free_port


async def _run(*arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ecgcore", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_no_database_is_one_line_without_the_password() -> None:
    url = f"postgresql://u:hushhush@127.0.0.1:{free_port()}/x"
    code, _, err = await _run("engine", "--database", url)
    assert code == 2
    assert err.strip().splitlines() == [f"error: database {shown(url)}: {_refused(url)}"]


def _refused(url: str) -> str:
    port = url.rsplit(":", 1)[1].split("/")[0]
    return f"[Errno 111] Connect call failed ('127.0.0.1', {port})"


@pytest.mark.parametrize(
    ("user", "says"), [("engine:guess@", "refuses engine"), ("", "refuses a user without name")]
)
async def test_wrong_broker_credentials_are_one_line(
    broker: tuple[Server, EmbeddedNats], database_url: str, user: str, says: str
) -> None:
    url = f"mqtt://{user}127.0.0.1:{broker[1].port}"
    code, _, err = await _run("engine", "--database", database_url, "--broker", url)
    assert code == 2
    [line] = err.strip().splitlines()
    assert says in line
    assert "guess" not in line


async def test_no_broker_is_one_line(database_url: str) -> None:
    url = f"mqtt://engine:hush@127.0.0.1:{free_port()}"
    code, _, err = await _run("engine", "--database", database_url, "--broker", url)
    assert code == 2
    [line] = err.strip().splitlines()
    assert line.startswith("error: broker mqtt://127.0.0.1:")
    assert "hush" not in line


@pytest.mark.parametrize("address", ["//u:hush@h:port/x", "//u:hush@[bad/x", "//h:99999/x"])
async def test_an_address_that_is_none_is_one_line(address: str) -> None:
    code, _, err = await _run("verify", "--database", f"postgresql:{address}")
    assert code == 2
    [line] = err.strip().splitlines()
    assert line.startswith("error: database ")
    assert "hush" not in line


async def test_a_database_of_somebody_else_is_one_line(postgres_url: str) -> None:
    code, _, err = await _run("verify", "--database", postgres_url)
    assert (code, err.count("\n")) == (2, 1)
    assert "no recordings" in err


async def test_a_schema_that_is_newer_is_one_line(pool: DbPool, database_url: str) -> None:
    await pool.execute("UPDATE alembic_version SET version_num = '9999'")
    code, _, err = await _run("engine", "--database", database_url)
    assert code == 2
    assert "cannot be brought up to date: Can't locate revision" in err
    assert err.strip().splitlines()[-1].startswith("error: database")


async def test_the_demo_wants_a_port_that_exists() -> None:
    code, _, err = await _run("demo", "--port", "99999")
    assert code == 2
    assert "Traceback" not in err


async def test_a_setting_out_of_range_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECGOMICS_CLOUD_BATCH_FRAMES", "0")
    code, _, err = await _run("engine")
    assert code == 2
    assert "setting batch_frames: Input should be greater than or equal to 1" in err


async def test_the_engine_stops_orderly_on_sigterm(
    broker: tuple[Server, EmbeddedNats], database_url: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ecgcore", "engine",
        "--database", database_url, "--broker", broker[1].url("engine", "engine"),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr
    async with asyncio.timeout(30):
        while b"engine ready" not in await process.stderr.readline():
            pass
        process.send_signal(signal.SIGTERM)
        rest = await process.stderr.read()
        assert await process.wait() == 0, rest


async def test_verify_prints_the_ledger_and_its_exit_code_says_whether_it_holds(
    broker: tuple[Server, EmbeddedNats], pool: DbPool, database_url: str
) -> None:
    frames = run(40)
    async with running_engine(broker[1], pool, frames):
        await StandInGateway(broker[1]).send_until_committed(frames)
    name = "polar-h10-0A1B2C3D.00000007"
    code, out, _ = await _run("verify", name, "--database", database_url, "--json")
    [session] = json.loads(out)["sessions"]
    assert (code, session["session_id"], session["stored"]) == (0, name, 2920)
    assert session["holds"] is True
    code, out, _ = await _run("verify", "--database", database_url)
    assert code == 0
    assert "2920" in out
    await pool.execute("DELETE FROM frame WHERE first_counter = 146")
    code, out, _ = await _run("verify", "--database", database_url, "--json")
    assert code == 1
    assert json.loads(out)["sessions"][0]["lost"] == 73
    code, _, err = await _run("verify", "nobody.00000001", "--database", database_url)
    assert (code, err.strip()) == (2, "error: no recording named nobody.00000001")


async def test_verify_audit_prints_the_trail_and_its_exit_code_says_whether_it_holds(
    pool: DbPool, database_url: str
) -> None:
    await pool.execute("SELECT note_access(5, 'dr', 'overview', ARRAY['p一', 'p2'])")
    await pool.execute("SELECT note_access(6, 'dr \"x\"', 'strip', ARRAY['p2'])")
    code, out, _ = await _run("verify", "--audit", "--database", database_url, "--json")
    found = json.loads(out)["audit"]
    assert (code, found) == (0, {"rows": 3, "chains": 2, "faults": [], "holds": True})
    await pool.execute("ALTER TABLE audit DISABLE TRIGGER only_added")
    await pool.execute("UPDATE audit SET username = 'nobody' WHERE number = 2")
    code, out, _ = await _run("verify", "--audit", "--database", database_url)
    assert code == 1
    assert "patient p2 row 2: is not what was written" in out
