"""Virtual gateways, a real broker, the real engine and a real database: a mixture of all faults."""

import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cloud.embedded import nats
from cloud.store.database import DbPool
from cloud.verify import verify_sessions
from ecgcore.clock import UtcClock
from ecgcore.wire.broker import Broker
from ecgcore.wire.frame import decode_frame
from simulators.lab.frames import FrameSource
from simulators.lab.gateways import gateway_name, play_mqtt
from simulators.lab.timeline import Timeline
from simulators.lab.uplink import relayed
from simulators.scenario.plan import Timetable, make_plan
from simulators.scenario.read import parse_scenario
from tests.cloud.engine_room import running_engine
from tests.gateway.broker import Nats, free_port
from tests.scenarios.mqtt import PASSWORD
from tests.scenarios.replay import seeds, shown
from tests.scenarios.test_mqtt import OWN

pytestmark = pytest.mark.timeout(300)
N_GATEWAYS = 8


async def test_the_engine_stores_all_once_whatever_the_mixture(
    tmp_path: Path, pool: DbPool
) -> None:
    text = f"""
        name = "engine"
        duration = "40 s"
        [[patch]]
        count = {N_GATEWAYS}
        [[mixture]]
        faults = [{", ".join(f'"{kind}"' for kind in OWN)}]
        rate_per_hour = 400
        shortest = "2 s"
        longest = "10 s"
        [[fault]]
        kind = "corrupt"
        at = "5 s"
        for = "10 s"
        [[fault]]
        kind = "reconnect_storm"
        at = "15 s"
        [[fault]]
        kind = "uplink_half_open"
        at = "25 s"
        for = "5 s"
    """
    names = [gateway_name(number) for number in range(1, N_GATEWAYS + 1)]
    words = dict.fromkeys(names, PASSWORD)
    server = Nats(nats.prepare(tmp_path / "nats", free_port(), {"engine": "engine"}, words))
    (seed,) = seeds(1)
    plan = make_plan(parse_scenario(text, "engine.toml", seed))
    clock = UtcClock(time.time_ns, time.time_ns(), 4.0)
    samples = [
        decode_frame(FrameSource(f"virtual-{number:05d}", Timetable(), 0, 0).until(1)[0].payload)
        for number in range(1, N_GATEWAYS + 1)
    ]
    with shown(plan, "tests/scenarios/test_engine.py"):
        async with AsyncExitStack() as stack:
            await server.start()
            stack.push_async_callback(server.kill)
            await stack.enter_async_context(running_engine(server.server, pool, samples))
            timeline = Timeline(clock, clock.now_ns())
            broker = Broker("127.0.0.1", server.server.port, None, PASSWORD, tls=False)
            near = await stack.enter_async_context(relayed(plan, timeline, broker))
            gateways = await play_mqtt(plan, timeline, near, N_GATEWAYS)
            async with pool.acquire() as connection:
                audits = await verify_sessions(connection, [])
                damaged = await connection.fetchval("SELECT count(*) FROM quarantine")
        assert not any(gateway.spool for gateway in gateways), "not everything was committed"
        boots = [boot for each in gateways for boot in each.source.boots if boot.sent]
        assert len(audits) == len(boots)
        assert all(audit.holds for audit in audits)
        sent = sum(end - start for boot in boots for start, end in boot.sent)
        assert sum(audit.stored for audit in audits) == sent
        gaps = sum(end - start for boot in boots for start, end, _ in boot.gaps)
        assert sum(sum(audit.gaps.values()) for audit in audits) == gaps
        # What came damaged is set aside once for each time it came.
        assert damaged >= sum(each.sent.damaged for each in gateways) > 0
