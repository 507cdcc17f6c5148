"""The heart beats however much there is to say."""

import asyncio

import aiomqtt

from cloud.announce import Announcer
from ecgcore.wire.broker import Broker
from ecgcore.wire.messages import Committed, Heartbeat

WORD = Committed(device="d", boot_id=1, through=1, through_ns=1)


BEAT = Heartbeat(service="engine", at_ns=1, started_ns=1, database=True)


class Busy(aiomqtt.Client):
    """Brings a new word with each it takes, so the queue is never empty, if there is who asks."""

    def __init__(self, announcer: Announcer | None = None) -> None:
        self.announcer = announcer
        self.topics: list[str] = []
        self.payloads: list[bytes] = []

    async def publish(self, topic: str, payload: bytes, **_: object) -> None:  # type: ignore[override]
        self.topics.append(topic)
        self.payloads.append(payload)
        if self.announcer:
            self.announcer.committed("gw1", WORD)
        await asyncio.sleep(0.001)


class Deaf(aiomqtt.Client):
    """Notes the strips it is given and confirms none."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []

    async def publish(self, topic: str, payload: bytes, **_: object) -> None:  # type: ignore[override]
        if topic.endswith("/strip"):
            self.payloads.append(payload)
            await asyncio.Event().wait()


async def test_what_is_of_now_goes_before_what_was_stored() -> None:
    announcer, client = Announcer(Broker.parse("mqtt://127.0.0.1")), Deaf()
    for k in range(500):
        announcer.strip("d", b"%d" % k)
    announcer.strip("d", b"now", is_of_now=True)
    publishing = asyncio.create_task(announcer._publish(lambda: BEAT, client))
    async with asyncio.timeout(5):
        while b"0" not in client.payloads:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.01)
    publishing.cancel()
    assert client.payloads[:4] == [b"now", b"0", b"1", b"2"]


async def test_the_newest_word_of_each_boot_goes_before_everything_else() -> None:
    announcer, client = Announcer(Broker.parse("mqtt://127.0.0.1")), Busy()
    for k in range(5000):
        announcer.strip("d", b"%d" % k)
        for device in ("d", "e"):
            announcer.committed("gw1", Committed(device=device, boot_id=1, through=k, through_ns=1))
    publishing = asyncio.create_task(announcer._publish(lambda: BEAT, client))
    async with asyncio.timeout(5):
        while len(client.payloads) < 100:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.01)
    publishing.cancel()
    words = [
        Committed.model_validate_json(payload)
        for topic, payload in zip(client.topics, client.payloads, strict=True)
        if topic.endswith("/committed")
    ]
    assert [(word.device, word.through) for word in words] == [("d", 4999), ("e", 4999)]
    assert all(topic.endswith("/committed") for topic in client.topics[1:3])


async def test_a_busy_engine_is_not_taken_for_a_dead_one() -> None:
    announcer = Announcer(Broker.parse("mqtt://127.0.0.1"))
    announcer.committed("gw1", WORD)
    client = Busy(announcer)
    try:
        async with asyncio.timeout(2.5):
            await announcer._publish(lambda: BEAT, client)
    except TimeoutError:
        pass
    assert 2 <= client.topics.count("ecg/v1/service/engine") <= 3
    assert client.topics.count("ecg/v1/gw1/d/committed") > 100
