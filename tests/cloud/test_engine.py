"""The engine on a real broker and a real database, with everything that can die dying."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from cloud.embedded.nats import EmbeddedNats
from cloud.store.database import DbPool, migrate, open_pool
from cloud.verify import Audit, verify_sessions
from ecgcore.live import LiveConfig
from ecgcore.types import FloatArray, GapReason
from ecgcore.wire.frame import Frame, decode_frame
from ecgcore.wire.topics import shard_of
from tests.cloud.engine_room import StandInGateway, hearing, running_engine
from tests.cloud.frames import DEVICE, START_NS, frame, message, numbers, run
from tests.servers import Server, running_postgres

Broker = tuple[Server, EmbeddedNats]


async def _stored(pool: DbPool) -> list[Frame]:
    rows = await pool.fetch("SELECT body FROM frame ORDER BY device_id, boot_id, first_counter")
    return [decode_frame(row["body"]) for row in rows]


async def _audit(pool: DbPool) -> list[Audit]:
    async with pool.acquire() as connection:
        return await verify_sessions(connection, [])


def _heart(n_frames: int) -> list[Frame]:
    """Frames of a made-up heart at 75 beats a minute."""
    t_s = np.arange(n_frames * 73) / 130
    phase = (t_s % 0.8) - 0.4
    beat: FloatArray = np.exp(-((phase / 0.012) ** 2)) + 0.2 * np.exp(
        -(((phase - 0.2) / 0.04) ** 2)
    )
    # No skin is as still as a formula.
    beat += 0.004 * np.random.default_rng(1).standard_normal(beat.size)
    adc = np.round(1000 * beat).astype(np.int32)[None, :]
    return [
        Frame(**{
            **{name: getattr(f, name) for name in Frame.__slots__},
            "adc": adc[:, f.first_counter : f.end],
        })
        for f in run(n_frames)
    ]  # fmt: skip


async def test_every_sample_sent_is_stored_and_named_committed(
    broker: Broker, pool: DbPool
) -> None:
    frames = run(40)
    gateway = StandInGateway(broker[1])
    async with running_engine(broker[1], pool, frames):
        await gateway.send_until_committed(frames)
    assert numbers(await _stored(pool)) == list(range(40 * 73))
    word = gateway.committed[DEVICE]
    assert word.through == 40 * 73
    assert word.through_ns == frames[-1].end_utc_ns
    [audit] = await _audit(pool)
    assert (audit.span, audit.stored, audit.lost, audit.duplicated) == (2920, 2920, 0, 0)
    assert audit.blocks == audit.blocks_equal == 2
    assert audit.session_id == f"{DEVICE}.00000007"


async def test_gaps_repeats_and_disorder_are_accounted_for(broker: Broker, pool: DbPool) -> None:
    frames = [
        *run(5),
        *run(5, first=500),
    ]
    frames[5] = frame(500, gap=500 - 365)
    gateway = StandInGateway(broker[1])
    async with running_engine(broker[1], pool, frames):
        await gateway.send([frames[1], frames[0], frames[0], frames[7]])
        await gateway.send_until_committed(frames)
    [audit] = await _audit(pool)
    assert audit.gaps == {"radio_loss": 135}
    assert (audit.stored, audit.lost, audit.duplicated) == (10 * 73, 0, 0)
    assert audit.resent >= 73
    assert audit.holds


async def test_a_gap_named_for_evicted_frames_gives_way_to_what_is_stored(
    broker: Broker, pool: DbPool
) -> None:
    frames = run(4)
    evicted = frame(500, n=0, gap=400, reason=GapReason.SPOOL_EVICTED)
    gateway = StandInGateway(broker[1])
    async with running_engine(broker[1], pool, frames):
        await gateway.send_until_committed(frames)
        await gateway.send_until_committed([evicted, frame(500)])
    [audit] = await _audit(pool)
    assert audit.gaps == {"spool_evicted": 500 - 4 * 73}
    assert (audit.span, audit.stored, audit.lost) == (573, 5 * 73, 0)
    assert audit.holds


async def test_a_hole_that_stays_is_named_and_what_comes_late_is_kept(
    broker: Broker, pool: DbPool
) -> None:
    frames = run(8)
    gateway = StandInGateway(broker[1])
    async with running_engine(broker[1], pool, frames, max_pending_frames=3):
        await gateway.send_until_committed(frames[:1])
        await gateway.send_until_committed(frames[2:])
        [before] = await _audit(pool)
        assert before.gaps["missing"] == 73
        await gateway.send([frames[1]])
        async with asyncio.timeout(5):
            while len(await _stored(pool)) < 8:  # noqa: ASYNC110 - a table has no event
                await asyncio.sleep(0.05)
    [audit] = await _audit(pool)
    assert (audit.gaps, audit.late, audit.stored, audit.lost) == ({}, 73, 584, 0)
    assert audit.holds


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda topic, body: (topic, b"hello"), "too few"),
        (lambda topic, body: (topic, body[:-1]), "header says"),
        (lambda topic, body: (topic, body[:90] + b"\0" + body[91:]), "CRC"),
        (lambda topic, body: (topic, b"EG\x09" + body[3:]), "version 9"),
        (lambda topic, body: (topic, message(frame(0, device="polar-h10-0000000A"))[1]), "under"),
        (lambda topic, body: (topic, message(replace(frame(0, boot=8), fs_mhz=50_000))[1]), "rate"),
        (lambda topic, body: (topic, message(replace(frame(219), lead_mask=1))[1]), "leads"),
    ],
)  # fmt: skip
async def test_poison_is_quarantined_and_the_stream_goes_on(
    broker: Broker, pool: DbPool, spoil: object, reason: str
) -> None:
    frames = run(6)
    gateway = StandInGateway(broker[1])
    async with running_engine(broker[1], pool, frames) as engine:
        await gateway.send(frames[:3])
        topic, payload = spoil(*message(frames[3]))  # type: ignore[operator]
        await gateway.send_raw(topic, payload)
        await gateway.send_until_committed(frames)
        assert engine.heartbeat().quarantined == 1
    [row] = await pool.fetch("SELECT reason, payload FROM quarantine")
    assert reason in row["reason"]
    assert row["payload"] == payload
    assert (await _audit(pool))[0].holds


async def test_stopping_anywhere_changes_no_finding(broker: Broker, pool: DbPool) -> None:
    frames = _heart(80)
    gateway = StandInGateway(broker[1])
    for at in (20, 21, 47, 80):
        async with running_engine(broker[1], pool, frames, checkpoint_s=3):
            await gateway.send_until_committed(frames[:at])
    again = [_moved(f) for f in frames]
    async with running_engine(broker[1], pool, again):
        await StandInGateway(broker[1]).send_until_committed(again)
    assert await _findings(pool, boot=7) == await _findings(pool, boot=8)


async def test_windows_of_an_hour_and_of_a_day_are_stored(
    broker: Broker, pool: DbPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = partial(LiveConfig, hour_s=60, day_hours=2)
    monkeypatch.setattr("cloud.device_stream.LiveConfig", short)
    frames = _heart(480)
    async with running_engine(broker[1], pool, frames):
        await StandInGateway(broker[1]).send_until_committed(frames)
    rows = await pool.fetch(
        "SELECT kind, start_counter, end_counter, start_ns, end_ns, n_beats, hr_mean, measurements "
        "FROM feature_window WHERE kind IN ('1h', '24h') ORDER BY start_counter, kind"
    )
    length = 60 * 130
    assert [tuple(row)[:3] for row in rows] == [
        ("1h", 0, length),
        ("24h", 0, 2 * length),
        ("1h", length, 2 * length),
    ]
    assert [row["end_ns"] - row["start_ns"] for row in rows] == pytest.approx(
        [60e9, 120e9, 60e9], rel=1e-6
    )
    assert (
        rows[1]["n_beats"] == rows[0]["n_beats"] + rows[2]["n_beats"] == pytest.approx(150, abs=1)
    )
    for row in rows:
        found = {each["key"]: each for each in row["measurements"]}
        assert row["hr_mean"] == found["hr_mean"]["value"] == pytest.approx(75.0, abs=0.1)
        # The made-up heart has no P waves.
        assert found["rhythm_class"]["text"] == "junctional"
        assert found["pvc_count"]["value"] == 0.0


async def _findings(pool: DbPool, boot: int) -> list[list[tuple[object, ...]]]:
    queries = (
        "SELECT sample, utc_ns, peak_offset, rr_ms, amplitude_mv, confidence FROM beat",
        "SELECT sample, label, label_confidence, qrs_on_ms, qrs_off_ms, t_ms FROM beat",
        "SELECT start_counter, kind, measurements::text, sqi FROM feature_window",
        "SELECT start_counter, sha256 FROM block",
    )
    found = [
        [tuple(row) for row in await pool.fetch(f"{q} WHERE boot_id = $1 ORDER BY 1, 2", boot)]
        for q in queries
    ]
    assert all(len(rows) >= 3 for rows in found)
    rhythms = "SELECT start_counter, label, end_counter, confidence FROM rhythm"
    rows = await pool.fetch(f"{rhythms} WHERE boot_id = $1 ORDER BY 1, 2", boot)
    assert rows
    return [*found, [tuple(row) for row in rows]]


def _moved(f: Frame) -> Frame:
    values = {name: getattr(f, name) for name in Frame.__slots__}
    return Frame(**{**values, "boot_id": 8})


async def test_database_killed_in_mid_stream(broker: Broker, tmp_path: Path) -> None:
    frames = run(60)
    gateway = StandInGateway(broker[1])
    with running_postgres(tmp_path) as (server, url):
        await migrate(url)
        pool = await open_pool(url)
        async with running_engine(broker[1], pool, frames) as engine:
            await gateway.send_until_committed(frames[:20])
            server.kill()
            sending = asyncio.create_task(gateway.send_until_committed(frames))
            async with asyncio.timeout(10):
                while engine.heartbeat().database:  # noqa: ASYNC110 - what the pages would see
                    await asyncio.sleep(0.05)
            await asyncio.to_thread(server.start)
            await sending
            assert engine.heartbeat().database
        assert numbers(await _stored(pool)) == list(range(60 * 73))
        assert (await _audit(pool))[0].holds
        await pool.close()


async def test_broker_killed_in_mid_stream(broker: Broker, pool: DbPool) -> None:
    server, nats = broker
    frames = run(60)
    gateway = StandInGateway(nats)
    async with running_engine(nats, pool, frames):
        await gateway.send_until_committed(frames[:20])
        sending = asyncio.create_task(gateway.send_until_committed(frames))
        await asyncio.sleep(0.02)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server.start)
        await sending
    assert numbers(await _stored(pool)) == list(range(60 * 73))
    assert (await _audit(pool))[0].holds


async def test_many_devices_share_a_commit(broker: Broker, pool: DbPool) -> None:
    devices = [f"polar-h10-{i:08X}" for i in range(30)]
    frames = [f for i in range(5) for d in devices for f in run(1, first=73 * i, device=d)]
    gateway = StandInGateway(broker[1])
    async with running_engine(broker[1], pool, frames):
        await gateway.send_until_committed(frames)
    audits = await _audit(pool)
    assert len(audits) == 30
    assert all(audit.holds and audit.stored == 365 for audit in audits)


async def test_a_tampered_frame_fails_verify(broker: Broker, pool: DbPool) -> None:
    frames = run(40)
    async with running_engine(broker[1], pool, frames):
        await StandInGateway(broker[1]).send_until_committed(frames)
    forged = frame(73)
    forged.adc[0, 5] += 1
    await pool.execute("UPDATE frame SET body = $1 WHERE first_counter = 73", message(forged)[1])
    [audit] = await _audit(pool)
    assert not audit.holds
    assert audit.blocks_equal == audit.blocks - 1
    await pool.execute("DELETE FROM frame WHERE first_counter = 146")
    [audit] = await _audit(pool)
    assert audit.lost == 73


async def test_what_is_committed_during_an_audit_is_not_half_of_it(
    broker: Broker, pool: DbPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = run(40)
    async with running_engine(broker[1], pool, frames):
        await StandInGateway(broker[1]).send_until_committed(frames)
    rows = await pool.fetch("DELETE FROM block RETURNING *")
    async with pool.acquire() as connection:
        fetch = connection.fetch

        async def fetch_while_blocks_come(query: str, *values: object) -> object:
            found = await fetch(query, *values)
            if "FROM ledger" in query:
                await pool.executemany("INSERT INTO block VALUES ($1, $2, $3, $4, $5)", rows)
            return found

        monkeypatch.setattr(type(connection), "fetch", lambda _, *a: fetch_while_blocks_come(*a))
        [audit] = await verify_sessions(connection, [])
    assert (audit.blocks, audit.stored) == (0, 2920)


async def test_beats_are_stored_with_class_and_waves_and_rhythms_with_their_ends(
    broker: Broker, pool: DbPool
) -> None:
    frames = _heart(80)
    after = replace(_heart(110)[-1], gap_before=29 * 73, gap_reason=GapReason.LINK_LOST)
    gateway = StandInGateway(broker[1])
    async with running_engine(broker[1], pool, frames):
        await gateway.send_until_committed(frames)
        [going_on] = await pool.fetch("SELECT * FROM rhythm WHERE end_counter IS NULL")
        await gateway.send_until_committed([after])
    beats = await pool.fetch("SELECT * FROM beat WHERE sample BETWEEN 1000 AND 5000")
    assert len(beats) == pytest.approx(4000 / 130 / 0.8, abs=1.5)
    for beat in beats:
        assert beat["label"] == "N"
        assert beat["qrs_on_ms"] < 0 < beat["qrs_off_ms"] < beat["t_on_ms"] < beat["t_ms"]
        assert beat["t_ms"] == pytest.approx(200, abs=20)
        assert beat["p_ms"] is None
    rhythms = await pool.fetch("SELECT * FROM rhythm ORDER BY start_counter")
    assert all(rhythm["end_counter"] for rhythm in rhythms)
    ended = next(r for r in rhythms if r["start_counter"] == going_on["start_counter"])
    assert (ended["label"], ended["end_counter"]) == (going_on["label"], 80 * 73)
    lasted_ns = (ended["end_counter"] - ended["start_counter"]) * 1e9 / 130
    assert ended["end_ns"] - ended["start_ns"] == pytest.approx(lasted_ns, rel=1e-3)


def test_the_made_up_heart_is_one() -> None:
    assert max(numbers(_heart(20))) > 900
    assert START_NS % 10**9 == 0


async def test_after_a_restart_the_newest_of_one_waits_for_no_backlog_of_another(
    broker: Broker, pool: DbPool
) -> None:
    old, new = run(900), run(1, device="fresh")
    assert shard_of(DEVICE) != shard_of("fresh")
    gateway = StandInGateway(broker[1])
    async with running_engine(broker[1], pool, old + new):
        # From now on the broker keeps what comes while nobody listens.
        await gateway.send_until_committed(old[:1])
    await gateway.send(old[1:] + new)
    async with hearing(broker[1]) as heard, running_engine(broker[1], pool, old + new):
        await heard.until(lambda told: any(word.device == "fresh" for word in told.words))
        words = [word.device for word in heard.words]
        before = heard.words[: words.index("fresh") + 1]
        assert max(word.through for word in before) < 450 * 73
        await heard.until(lambda told: told.words[-1].through == old[-1].end)
    assert await pool.fetchval("SELECT count(*) FROM frame") == 901
