"""What patches reported, for those who may read it."""

import asyncio

from cloud.event_order import EventBatch, EventOrder
from cloud.store.database import DbPool
from cloud.store.events import store_events
from ecgcore.wire.events import BatteryEvent, DeviceEvent, Event, HeartRateEvent
from tests.cloud.api.house import ADA, BEA, OTHER_DEVICE, House
from tests.cloud.frames import DEVICE, START_NS


def made(number: int, event: Event, *, device: str = DEVICE, at_ns: int = START_NS) -> DeviceEvent:
    return DeviceEvent(device=device, boot_id=3, number=number, at_ns=at_ns + number, event=event)


async def stored(pool: DbPool, *events: DeviceEvent) -> None:
    batch, orders = EventBatch(), {}
    for event in events:
        order = orders.setdefault(event.device, EventOrder())
        batch.take("gw1", event, order)
    async with pool.acquire() as connection, connection.transaction():
        await store_events(connection, batch, START_NS)


async def test_events_of_a_patient_by_kind_and_time(house: House) -> None:
    rr = HeartRateEvent(bpm=61, rr_ms=(980.5, 1001.0))
    await stored(
        house.parts.pool,
        made(0, BatteryEvent(pct=80)),
        made(1, rr),
        made(2, BatteryEvent(pct=79)),
        made(0, BatteryEvent(pct=11), device=OTHER_DEVICE),
        # Before she wore it.
        made(3, BatteryEvent(pct=99), at_ns=START_NS - 10),
    )
    url = f"/api/v1/patients/{ADA}/events"
    async with house.browser("ada") as client:
        whole = (await client.get(url)).json()
        battery = (await client.get(f"{url}?kind=battery")).json()
        late = (await client.get(f"{url}?since={START_NS + 2}")).json()
        first = (await client.get(f"{url}?limit=1")).json()
    assert [line["body"] for line in whole] == [
        {"pct": 80},
        {"bpm": 61, "rr_ms": [980.5, 1001.0], "contact": "unknown"},
        {"pct": 79},
    ]
    assert [line["body"]["pct"] for line in battery] == [80, 79]
    assert late == whole[2:]
    assert first == whole[:1]
    assert whole[1]["device_id"] == DEVICE
    assert whole[1]["kind"] == "heart_rate"


async def test_events_are_for_readers_only(house: House) -> None:
    url = f"/api/v1/patients/{ADA}/events"
    async with asyncio.TaskGroup() as tasks:
        for user, status in (("bea", 404), ("dr-out", 404), ("dr-in", 200), (None, 401)):
            tasks.create_task(_gives(house, user, url, status))
    trail = await house.parts.pool.fetch("SELECT * FROM audit WHERE action = 'events'")
    assert [(row["username"], row["patient_id"]) for row in trail] == [("dr-in", ADA)]
    assert BEA not in {row["patient_id"] for row in trail}


async def _gives(house: House, user: str | None, url: str, status: int) -> None:
    async with house.browser(user) as client:
        assert (await client.get(url)).status_code == status, user


async def test_what_cannot_be_asked_is_refused(house: House) -> None:
    async with house.browser("ada") as client:
        for query in ("kind=unheard_of", "since=-1", "limit=0", "since=x"):
            answer = await client.get(f"/api/v1/patients/{ADA}/events?{query}")
            assert answer.status_code == 422, query
