"""Reports from what the engine has stored."""

from dataclasses import replace
from typing import Any

import pytest

from cloud.reports import list_reports, store_report, store_spot_report
from cloud.store.database import DbPool
from ecgcore.events import NullReason
from ecgcore.report import Report
from ecgcore.wire.messages import DeviceStatus, LinkState
from tests.cloud.api.house import ADA, people, store_frames, store_minute
from tests.cloud.frames import DEVICE, START_NS, frame

SUMMARY: dict[str, Any] = {
    "device_id": DEVICE,
    "boot_id": 7,
    "kind": "summary",
    "start_counter": 0,
    "end_counter": 7800,
    "created_ns": START_NS + 61 * 10**9,
}
STATUS = DeviceStatus(
    device=DEVICE, gateway="gw1", at_ns=1, link=LinkState.STREAMING, since_ns=0,
    model="Polar H10", serial="0A1B2C3D", firmware="3.1.1",
)  # fmt: skip


@pytest.fixture
async def minute(pool: DbPool) -> DbPool:
    async with pool.acquire() as connection:
        await people(connection)
    await store_minute(pool)
    return pool


async def made(pool: DbPool, **changes: Any) -> Report | None:
    async with pool.acquire() as connection, connection.transaction():
        return await store_report(connection, **{**SUMMARY, **changes})


async def test_a_closed_minute_becomes_a_report(minute: DbPool) -> None:
    report = await made(minute, status=STATUS)
    assert report is not None
    assert (report.kind, report.patient_ref) == ("summary", ADA)
    assert report.value_of("hr_mean") == 75.0
    recording = report.recording
    assert (recording.start_counter, recording.end_counter) == (0, 7800)
    assert (recording.start_ns, recording.wall_s) == (START_NS, 60.0)
    assert (recording.coverage, recording.analysable_s, recording.gaps) == (1, 60, ())
    [strip] = report.strips
    assert strip.samples == tuple(range(strip.first_counter, strip.first_counter + 1300))
    device = report.device
    assert (device.model, device.firmware, device.leads) == ("Polar H10", "3.1.1", ("CHEST",))
    assert device.fs_estimated_hz == 130.0
    # sha256 of the serial number, by sha256sum.
    assert device.serial_hash == "7f9ef8181fb81ae3"
    assert device.filters is None


async def test_made_again_it_is_the_first_one(minute: DbPool) -> None:
    one = await made(minute)
    two = await made(minute, created_ns=SUMMARY["created_ns"] + 10**9)
    assert one == two
    assert await minute.fetchval("SELECT count(*) FROM report") == 1


async def test_nobody_wears_it_nobody_gets_a_report(minute: DbPool) -> None:
    await minute.execute("UPDATE wear SET from_ns = $1 WHERE device_id = $2", START_NS + 1, DEVICE)
    assert await made(minute) is None
    await minute.execute(
        "UPDATE wear SET from_ns = 0, to_ns = $1 WHERE device_id = $2", START_NS + 1, DEVICE
    )
    assert await made(minute) is None


async def test_nothing_measured_is_no_report(minute: DbPool) -> None:
    assert await made(minute, start_counter=7800, end_counter=15_600) is None
    assert await made(minute, boot_id=8) is None


async def test_gaps_come_from_frames_and_from_the_ledger(minute: DbPool) -> None:
    await minute.execute("DELETE FROM frame WHERE first_counter IN (1000, 3000, 7700)")
    await minute.execute("UPDATE frame SET gap_before = 100 WHERE first_counter = 1100")
    # The frame after the minute names a gap that began inside.
    await store_frames(minute, [frame(1100, 99, gap=100), replace(frame(9000, 100, gap=1300))])
    await minute.execute("DELETE FROM frame WHERE first_counter = 1100 AND n_samples = 100")
    await minute.execute("INSERT INTO ledger VALUES ($1, 7, 'gap', 3000, 100, 6)", DEVICE)
    report = await made(minute)
    assert report is not None
    assert [(g.start_counter, g.n_samples, g.reason) for g in report.recording.gaps] == [
        (1000, 100, "radio_loss"),
        (3000, 100, "missing"),
        (7700, 100, "radio_loss"),
    ]
    assert report.recording.gaps[0].start_ns == pytest.approx(frame(1000).utc_ns, abs=10_000)


async def test_a_report_on_demand_is_of_the_last_whole_minute(minute: DbPool) -> None:
    await minute.execute("DELETE FROM feature_window WHERE kind = '60s'")
    async with minute.acquire() as connection:
        report = await store_spot_report(connection, patient_id=ADA, created_ns=5)
    assert report is not None
    assert (report.kind, report.created_ns) == ("spot", 5)
    assert (report.recording.start_counter, report.recording.end_counter) == (0, 7800)
    # 75 beats 800 ms apart, the first without an interval.
    assert report.value_of("hr_mean") == pytest.approx(75.0)
    assert report.quality.n_beats == 75
    assert report.quality.sqi == pytest.approx(0.9)
    assert report.value_of("rmssd") == pytest.approx(0)


async def test_after_twenty_seconds_it_is_of_twenty_seconds(minute: DbPool) -> None:
    await minute.execute("DELETE FROM feature_window WHERE start_counter >= 2600 OR kind = '60s'")
    async with minute.acquire() as connection:
        report = await store_spot_report(connection, patient_id=ADA, created_ns=5)
    assert report is not None
    assert report.recording.wall_s == pytest.approx(20)
    sdnn = next(m for m in report.measurements if m.key == "sdnn")
    assert (sdnn.value, sdnn.null_reason) == (None, NullReason.TOO_SHORT)


async def test_asked_again_ten_seconds_later_it_is_another_report(minute: DbPool) -> None:
    kept = await minute.fetch("SELECT * FROM feature_window WHERE start_counter = 2600")
    await minute.execute("DELETE FROM feature_window WHERE start_counter >= 2600 OR kind = '60s'")
    async with minute.acquire() as connection:
        early = await store_spot_report(connection, patient_id=ADA, created_ns=5)
        again = await store_spot_report(connection, patient_id=ADA, created_ns=6)
        for row in kept:
            places = ", ".join(f"${i + 1}" for i in range(len(row)))
            await connection.execute(f"INSERT INTO feature_window VALUES ({places})", *row)
        later = await store_spot_report(connection, patient_id=ADA, created_ns=7)
    assert early is not None
    assert early == again
    assert later is not None
    assert later.recording.wall_s == pytest.approx(30)


async def test_it_never_reaches_back_beyond_a_minute(minute: DbPool) -> None:
    await minute.execute(
        "UPDATE feature_window SET start_counter = start_counter + 78000, "
        "end_counter = end_counter + 78000, start_ns = start_ns + 600000000000, "
        "end_ns = end_ns + 600000000000 WHERE start_counter = 6500"
    )
    async with minute.acquire() as connection:
        report = await store_spot_report(connection, patient_id=ADA, created_ns=5)
    assert report is not None
    assert report.recording.wall_s == pytest.approx(60)
    assert report.recording.coverage == pytest.approx(1 / 6)


async def test_what_the_wearer_before_left_is_not_part_of_it(minute: DbPool) -> None:
    await minute.execute(
        "UPDATE wear SET from_ns = $1 WHERE device_id = $2", START_NS + 39 * 10**9, DEVICE
    )
    async with minute.acquire() as connection:
        report = await store_spot_report(connection, patient_id=ADA, created_ns=5)
    assert report is not None
    assert report.recording.start_counter == 5200
    assert report.recording.wall_s == pytest.approx(20)


async def test_a_minute_with_a_hole_of_whole_windows_counts_it_as_missing(minute: DbPool) -> None:
    await minute.execute(
        "DELETE FROM feature_window WHERE start_counter IN (1300, 2600) OR kind = '60s'"
    )
    async with minute.acquire() as connection:
        report = await store_spot_report(connection, patient_id=ADA, created_ns=5)
    assert report is not None
    assert report.recording.wall_s == 60
    assert report.recording.coverage == pytest.approx(4 / 6)
    assert report.quality.sqi == pytest.approx(0.9 * 4 / 6)


async def test_status_of_another_patch_is_not_taken(minute: DbPool) -> None:
    other = STATUS.model_copy(update={"device": "polar-h10-FFFFFFFF"})
    async with minute.acquire() as connection:
        report = await store_spot_report(connection, patient_id=ADA, created_ns=5, status=other)
    assert report is not None
    assert report.device.model is None


async def test_the_next_minute_is_compared_with_this_one(minute: DbPool) -> None:
    first = await made(minute)
    assert first is not None
    await minute.execute(
        "INSERT INTO feature_window SELECT device_id, boot_id, kind, start_counter + 7800, "
        "end_counter + 7800, start_ns + 60000000000, end_ns + 60000000000, n_beats, sqi, coverage, "
        "hr_mean, measurements, quality_reasons, algorithm, params_digest FROM feature_window"
    )
    second = await made(minute, start_counter=7800, end_counter=15_600)
    assert second is not None
    [change] = second.comparison
    assert (change.key, change.change) == ("hr_mean", 0)
    assert change.previous_report_id == first.report_id
    async with minute.acquire() as connection:
        listed = await list_reports(connection, ADA, 10)
    assert {line["report_id"] for line in listed} == {first.report_id, second.report_id}
