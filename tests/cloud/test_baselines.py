"""The memory of a patient's minutes in a real database."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from cloud.accounts import wear
from cloud.baselines import key_of, read_baseline, remember
from cloud.embedded.nats import EmbeddedNats
from cloud.reports import store_report
from cloud.store.database import DbPool
from ecgcore.baseline import MINUTE_NS
from ecgcore.report import Algorithm, Report
from ecgcore.wire.frame import Frame
from tests.cloud.api.house import ADA, BEA, OTHER_DEVICE, people, store_minute
from tests.cloud.engine_room import StandInGateway, running_engine
from tests.cloud.frames import DEVICE, START_NS, run
from tests.servers import Server

Broker = tuple[Server, EmbeddedNats]
N_FRAMES = 480


async def report_of_minute(pool: DbPool, number: int) -> Report:
    """A minute's report as the engine makes it, its values remembered."""
    from_ns = START_NS + number * MINUTE_NS
    await pool.execute("DELETE FROM frame")
    await pool.execute("DELETE FROM beat")
    await pool.execute("DELETE FROM feature_window")
    await pool.execute("DELETE FROM recording")
    await store_minute(pool, from_ns=from_ns)
    await pool.execute("UPDATE feature_window SET boot_id = $1", number)
    await pool.execute("UPDATE recording SET boot_id = $1", number)
    rate = 70.0 + number % 5 if number < 30 else 90.0
    await pool.execute(
        "UPDATE feature_window SET measurements = "
        "jsonb_set(measurements, '{0,value}', to_jsonb($1::float8))",
        rate,
    )
    async with pool.acquire() as connection, connection.transaction():
        report = await store_report(
            connection,
            device_id=DEVICE,
            boot_id=number,
            kind="summary",
            start_counter=0,
            end_counter=7800,
            created_ns=from_ns + MINUTE_NS,
        )
        assert report is not None
        await remember(connection, report)
    return report


@pytest.fixture
async def worn(pool: DbPool) -> DbPool:
    async with pool.acquire() as connection:
        await people(connection)
    return pool


async def test_a_report_stands_beside_the_minutes_before_it(worn: DbPool) -> None:
    reports = [await report_of_minute(worn, number) for number in range(31)]
    assert reports[0].comparison == ()
    early = reports[19].comparison[0]
    assert (early.value_of("d_prev"), early.value_of("rz_self")) == (1.0, None)
    [last] = reports[30].comparison
    past = np.array([70.0 + number % 5 for number in range(30)])
    assert (last.value, last.previous) == (90.0, 74.0)
    assert last.value_of("d_hr") == 16.0
    assert last.value_of("rz_self") == pytest.approx((90.0 - 72.0) / 1.4826)
    assert last.value_of("z_self") == pytest.approx((90.0 - 72.0) / past.std(ddof=1))
    assert last.value_of("pct_rank_self") == 100.0
    assert await worn.fetchval("SELECT count(*) FROM baseline") == 1


async def test_a_minute_remembered_twice_is_there_once(worn: DbPool) -> None:
    report = await report_of_minute(worn, 0)
    before = await worn.fetchval("SELECT state FROM baseline")
    async with worn.acquire() as connection, connection.transaction():
        await remember(connection, report)
    assert await worn.fetchval("SELECT state FROM baseline") == before


async def test_sites_and_versions_have_memories_of_their_own(worn: DbPool) -> None:
    first = await report_of_minute(worn, 0)
    async with worn.acquire() as connection:
        await wear(connection, DEVICE, ADA, START_NS + MINUTE_NS, "left chest")
    second = await report_of_minute(worn, 1)
    assert (first.device.site, second.device.site) == (None, "left chest")
    assert second.comparison == ()
    other = first.algorithm.model_copy(update={"version": "next"})
    async with worn.acquire() as connection:
        sizes = {
            (site, algorithm.version): await size_of(connection, first, site, algorithm)
            for site in (None, "left chest")
            for algorithm in (first.algorithm, other)
        }
        # Putting it on again without saying where changes nothing.
        await wear(connection, DEVICE, ADA, START_NS + 2 * MINUTE_NS)
    assert sizes == {
        (None, "1"): 1, ("left chest", "1"): 1, (None, "next"): 0, ("left chest", "next"): 0,
    }  # fmt: skip
    assert await worn.fetchval("SELECT site FROM wear WHERE to_ns IS NULL AND device_id = $1",
                               DEVICE) == "left chest"  # fmt: skip


async def size_of(
    connection: object, report: Report, site: str | None, algorithm: Algorithm
) -> int:
    device = report.device.model_copy(update={"site": site})
    memory = await read_baseline(connection, key_of(ADA, device, algorithm))  # type: ignore[arg-type]
    return int(memory.state.minutes.size)


async def test_a_memory_that_cannot_be_read_begins_anew(worn: DbPool) -> None:
    await report_of_minute(worn, 0)
    await worn.execute("UPDATE baseline SET state = '\\x00'")
    report = await report_of_minute(worn, 1)
    assert report.comparison[0].value_of("d_prev") == 1.0
    async with worn.acquire() as connection:
        memory = await read_baseline(connection, key_of(ADA, report.device, report.algorithm))
    assert memory.state.minutes.tolist() == [(START_NS + MINUTE_NS) // MINUTE_NS]


def _heart(device: str) -> list[Frame]:
    """A heart at 70 to 80 beats a minute, as frames of a patch."""
    frames = run(N_FRAMES, device=device)
    t_s = np.arange(N_FRAMES * 73) / 130
    beats_s = np.cumsum(np.full(400, 0.8) + 0.06 * np.sin(np.arange(400) / 9.0))
    nearest = np.abs(t_s[:, np.newaxis] - beats_s[np.newaxis]).min(axis=1)
    noise = 0.004 * np.random.default_rng(1).standard_normal(t_s.size)
    adc = np.round(1000 * (np.exp(-((nearest / 0.012) ** 2)) + noise)).astype(np.int32)
    return [replace(f, adc=adc[np.newaxis, f.first_counter : f.end]) for f in frames]


async def test_stopping_anywhere_changes_no_memory(broker: Broker, worn: DbPool) -> None:
    gateway = StandInGateway(broker[1])
    # All frames come at once; those sent before the engine listens come again behind the others.
    patient = {"max_pending_frames": N_FRAMES}
    stopped = _heart(DEVICE)
    for at in (100, 221, N_FRAMES):
        async with running_engine(broker[1], worn, stopped, checkpoint_s=7, **patient):
            await gateway.send_until_committed(stopped[:at])
    whole = _heart(OTHER_DEVICE)
    async with running_engine(broker[1], worn, whole, **patient):
        await gateway.send_until_committed(whole)
    assert await _remembered(worn, ADA) == await _remembered(worn, BEA)
    assert await _compared(worn, ADA) == await _compared(worn, BEA)


async def _remembered(pool: DbPool, patient: str) -> Sequence[object]:
    [row] = await pool.fetch("SELECT * FROM baseline WHERE patient_id = $1", patient)
    assert len(row["state"]) > 200
    return [row[name] for name in ("leads", "algorithm", "params_digest", "newest_ns", "state")]


async def _compared(pool: DbPool, patient: str) -> list[list[tuple[object, ...]]]:
    bodies = await pool.fetch(
        "SELECT body FROM report WHERE patient_id = $1 ORDER BY start_ns", patient
    )
    reports = [Report.model_validate(row["body"]) for row in bodies]
    assert len(reports) == 4
    return [
        [(c.key, c.value, c.change, *((m.key, m.value) for m in c.own_past)) for c in r.comparison]
        for r in reports
    ]
