import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from ecgcore.errors import CommandError
from ecgcore.wire.events import CommandEvent
from ecgcore.wire.messages import DeviceCommand
from gateway.cancellation import cancel_all
from gateway.command_desk import CommandDesk
from gateway.events import EventClock, Events
from tests.gateway.broker import until
from tests.gateway.test_events import Shelf

NOW_NS = 10**18


class Desk:
    """A desk, what it had done, and what it answered."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.done: list[DeviceCommand] = []
        events = Events(9, self.shelf, EventClock(lambda: NOW_NS, lambda: 0.0))  # type: ignore[arg-type]
        self.desk = CommandDesk(self._carry_out, events, lambda: NOW_NS)

    async def _carry_out(self, command: DeviceCommand) -> str:
        self.done.append(command)
        if command.device == "unknown":
            msg = "this gateway does not have that patch"
            raise CommandError(msg)
        if command.name == "identify":
            await asyncio.Event().wait()
        return "done"

    def take(self, device: str = "h10", **changed: object) -> None:
        given = {"device": device, "command_id": "c1", "name": "stop", "expires_ns": NOW_NS + 1}
        self.desk.take(device, json.dumps(given | changed).encode())

    @property
    def answers(self) -> list[tuple[str, bool, str]]:
        found = [each.event for each in self.shelf.events]
        return [(e.command_id, e.ok, e.detail) for e in found if isinstance(e, CommandEvent)]

    async def until_answered(self, n: int) -> None:
        await until(lambda: len(self.answers) >= n, within_s=5)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    task = asyncio.create_task(desk.desk.run())
    yield desk
    await cancel_all([task], 1)


async def test_a_command_is_carried_out_once_and_answered(desk: Desk) -> None:
    desk.take()
    desk.take()
    desk.take(command_id="c2", name="start")
    await desk.until_answered(2)
    assert [command.command_id for command in desk.done] == ["c1", "c2"]
    assert desk.answers == [("c1", True, "done"), ("c2", True, "done")]


async def test_an_expired_command_is_not_carried_out(desk: Desk) -> None:
    desk.take(expires_ns=NOW_NS - 3 * 10**9)
    await desk.until_answered(1)
    assert desk.done == []
    assert desk.answers == [("c1", False, "expired 3 s ago")]


async def test_what_cannot_be_done_is_answered_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.command_desk._CARRY_OUT_S", 0.05)
    desk.take("unknown")
    desk.take(command_id="c2", name="identify")
    desk.take(command_id="c3", name="dance")
    desk.take(command_id="c4", name="replay", from_counter=5, to_counter=5)
    await desk.until_answered(4)
    assert [command.command_id for command in desk.done] == ["c1", "c2"]
    answers = {command_id: (ok, detail) for command_id, ok, detail in desk.answers}
    assert answers["c1"] == (False, "this gateway does not have that patch")
    assert answers["c2"] == (False, "not done within 0.05 s")
    assert "name" in answers["c3"][1]
    assert "replay needs" in answers["c4"][1]


@pytest.mark.parametrize(
    "payload", [b"", b"\xff", b"[]", b"{}", b'{"command_id": 7}', b'{"command_id": ""}']
)
async def test_what_has_nobody_to_answer_to_is_passed_over(desk: Desk, payload: bytes) -> None:
    desk.desk.take("h10", payload)
    desk.take()
    await desk.until_answered(1)
    assert len(desk.answers) == 1


async def test_a_command_for_another_patch_than_its_topics_is_passed_over(desk: Desk) -> None:
    given = {"device": "b", "command_id": "c1", "name": "stop", "expires_ns": NOW_NS + 1}
    desk.desk.take("a", json.dumps(given).encode())
    desk.take(command_id="c2")
    await desk.until_answered(1)
    assert [command.command_id for command in desk.done] == ["c2"]


async def test_too_many_at_once_are_answered_so() -> None:
    desk = Desk()
    for k in range(70):
        desk.take(command_id=f"c{k}")
    assert len(desk.answers) == 6
    assert {detail for _, _, detail in desk.answers} == {"too many commands at once"}
