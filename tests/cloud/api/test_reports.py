"""Reports over the interface: made, listed, read, and pushed to whoever listens."""

from ecgcore.report import Report
from tests.cloud.api.house import ADA, House, store_minute


async def test_a_report_is_made_listed_and_read(house: House) -> None:
    await store_minute(house.parts.pool)
    async with house.browser("ada") as client:
        made = await client.post(f"/api/v1/patients/{ADA}/reports")
        assert made.status_code == 201
        listed = (await client.get(f"/api/v1/patients/{ADA}/reports")).json()
        read = await client.get(f"/api/v1/reports/{made.json()['report_id']}")
        paper = await client.get(
            f"/api/v1/reports/{made.json()['report_id']}?schema=ecgomics-paper"
        )
    report = Report.model_validate(made.json())
    assert read.json() == made.json()
    assert paper.json()["Structural_ECGomics"]["heart_rate_related"]["hr_mean"] == 75.0
    # 73 intervals of 800 ms.
    assert report.value_of("hr_mean") == 75.0
    assert listed == [
        {
            "report_id": str(report.report_id),
            "kind": "spot",
            "created_ns": report.created_ns,
            "start_ns": report.recording.start_ns,
            "end_ns": report.recording.end_ns,
            "headline": {"en": "Heart rate 75/min", "zh": "心率 75 次/分"},
        }
    ]


async def test_asking_twice_for_the_same_minute_is_one_report(house: House) -> None:
    await store_minute(house.parts.pool)
    async with house.browser("ada") as client:
        one = await client.post(f"/api/v1/patients/{ADA}/reports")
        two = await client.post(f"/api/v1/patients/{ADA}/reports")
    assert one.json() == two.json()
    assert await house.parts.pool.fetchval("SELECT count(*) FROM report") == 1


async def test_without_signal_there_is_no_report(house: House) -> None:
    async with house.browser("ada") as client:
        answer = await client.post(f"/api/v1/patients/{ADA}/reports")
    assert answer.status_code == 409
    assert "try again" in answer.json()["detail"]


async def test_a_new_report_reaches_the_pages(house: House) -> None:
    await store_minute(house.parts.pool)
    async with house.page("dr-in") as page, house.browser("ada") as client:
        await page.say("subscribe", ADA)
        await page.hear("strip")
        made = await client.post(f"/api/v1/patients/{ADA}/reports")
        assert (await page.hear("report"))["report"] == made.json()


async def test_the_list_is_bounded_and_newest_first(house: House) -> None:
    await store_minute(house.parts.pool)
    async with house.browser("ada") as client:
        await client.post(f"/api/v1/patients/{ADA}/reports")
        await house.parts.pool.execute(
            "INSERT INTO report SELECT gen_random_uuid(), patient_id, device_id, kind, n, "
            "start_ns, end_ns, body FROM report, generate_series(1, 30) n"
        )
        listed = (await client.get(f"/api/v1/patients/{ADA}/reports?limit=5")).json()
        assert len((await client.get(f"/api/v1/patients/{ADA}/reports")).json()) == 20
        assert (await client.get(f"/api/v1/patients/{ADA}/reports?limit=0")).status_code == 422
    assert [line["created_ns"] for line in listed[1:]] == [30, 29, 28, 27]
