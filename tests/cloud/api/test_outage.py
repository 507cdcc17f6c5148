"""Database and broker die and come back while people look at the pages."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from cloud.services import Service
from cloud.store.database import migrate, open_pool
from cloud.strips import strip_message
from ecgcore.wire import topics
from ecgcore.wire.frame import encode_frame
from ecgcore.wire.messages import Heartbeat
from tests.cloud.api.house import ADA, House, open_house, store_minute
from tests.cloud.frames import DEVICE, frame
from tests.servers import Server, running_nats, running_postgres

_BACK_S = 25
HEARTBEAT = Heartbeat(service="engine", at_ns=0, started_ns=0, database=True)


@asynccontextmanager
async def own_servers(folder: Path) -> AsyncIterator[tuple[Server, Server, House]]:
    """A database and a broker that nobody else needs, so that they may be killed."""
    with running_postgres(folder) as (database, url), running_nats(folder) as (broker, nats):
        await _until_migrated(url)
        async with open_house(url, nats.url("server", "server"), folder) as house:
            yield database, broker, house


async def _until_migrated(url: str) -> None:
    await (await open_pool(url, wait_s=_BACK_S)).close()
    await migrate(url)


async def test_a_killed_database_is_503_and_the_pages_stay(tmp_path: Path) -> None:
    async with (
        own_servers(tmp_path) as (database, _, house),
        house.browser("ada") as client,
        house.page("ada") as page,
        AsyncExitStack() as pages,
    ):
        await store_minute(house.parts.pool)
        await page.say("subscribe", ADA)
        await page.hear("strip")
        late_page = await pages.enter_async_context(house.page("dr-in"))
        database.kill()

        answer = await client.get(f"/api/v1/patients/{ADA}/overview")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "2"
        assert not (await page.hear("services"))["database"]["up"]
        readiness = await client.get("/readyz")
        assert (readiness.status_code, readiness.json()["database"]) == (503, False)
        assert (await client.get("/healthz")).status_code == 200
        # Who is subscribed goes on seeing; who is not waits and is told so.
        of = frame(9000)
        await house.publish((topics.live(DEVICE, "strip"), encode_frame(of)))
        stream = house.parts.live.hub.stream_of(ADA)
        strips = [(await page.hear("strip"))["bytes"]]
        while strips[-1] != strip_message(of, stream):
            strips.append((await page.hear("strip"))["bytes"])
        await late_page.say("subscribe", ADA)
        assert (await late_page.hear("unavailable"))["patient"] == ADA

        database.start()
        assert (await late_page.hear("subscribed", _BACK_S))["patient"] == ADA
        assert (await page.hear("services", _BACK_S))["database"]["up"]
        answer = await client.get(f"/api/v1/patients/{ADA}/overview")
        assert answer.status_code == 200


async def test_a_killed_broker_is_told_and_comes_back(tmp_path: Path) -> None:
    beat = (topics.service("engine"), HEARTBEAT.model_dump_json().encode())
    async with own_servers(tmp_path) as (_, broker, house), house.page("ada") as page:
        await house.publish(beat)
        assert (await page.hear("services"))["broker"]["up"]
        await house.until(lambda: house.parts.live.services.is_up(Service.ENGINE))
        broker.kill()
        while (await page.hear("services"))["broker"]["up"]:
            pass
        # Not heard for three seconds: the engine counts as down, too.
        while (await page.hear("services"))["engine"]["up"]:
            pass
        broker.start()
        assert (await page.hear("services", _BACK_S))["broker"]["up"]
        await house.publish(beat)
        assert (await page.hear("services"))["engine"]["up"]
        async with house.browser() as client:
            ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (
            200,
            {"database": True, "broker": True, "engine": True},
        )
