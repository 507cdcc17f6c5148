import asyncio
from typing import Any, cast

import pytest

from devices import sig
from devices.driver import Listen, Subscription
from devices.polar_h10 import codec
from devices.polar_h10.driver import PolarH10Dialogue, PolarH10Driver
from gateway.backoff import Backoff, BackoffConfig
from gateway.link import Details, Link, LinkError
from gateway.radio import radio_opener
from gateway.scanner import Scanner, Sighting, installed_drivers
from tests.gateway.broker import until
from tests.simulators.room import Room, room

_ABSENT = "12345678-0000-0000-0000-000000000000"


class _Air:
    """The first patch in the room, sighted."""

    def __init__(self, there: Room) -> None:
        self.seen: list[Sighting] = []
        scanner = Scanner(
            radio_opener(f"bumble:{there.hci}"),
            installed_drivers(),
            Backoff(BackoffConfig(), lambda: 0.0),
            self.seen.append,
        )
        self._task = asyncio.create_task(scanner.run())

    async def __aenter__(self) -> Sighting:
        await until(lambda: self.seen)
        return self.seen[0]

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


class _Demanding(PolarH10Dialogue):
    def __init__(self, absent: Listen) -> None:
        super().__init__()
        self.listens = (absent, *self.listens)


async def _answering(link: Link) -> None:
    while True:
        notification = await link.inbox.get()
        for packet in link.dialogue.decode(notification.characteristic, notification.data):
            if type(packet).__name__ == "CommandReply":
                link.answer(cast("Any", packet))


async def test_a_patch_introduces_itself_and_is_stopped_when_left() -> None:
    async with room() as there, _Air(there) as sighting:
        link, patch = Link(sighting.driver, lambda: 0), there.peripherals[0]._patch
        answering = asyncio.create_task(_answering(link))
        async with link.connected(sighting):
            await link.start()
            assert patch.is_streaming
            serial = sighting.device_id[-8:]
            assert await link.details() == Details("H10", serial, "3.2.0", patch.config.battery_pct)
            stopped_by_command = asyncio.Event()
            control = patch.control
            patch.control = lambda data, *more: (  # type: ignore[method-assign]  # listens in
                stopped_by_command.set() if data[0] == 3 else None,
                control(data, *more),
            )[1]
        assert stopped_by_command.is_set()
        assert link.is_lost
        answering.cancel()
        with pytest.raises(LinkError, match="link lost"):
            link.check()


async def test_a_patch_that_ignores_the_stop_is_disconnected_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.link._STOP_S", 0.2)
    async with room() as there, _Air(there) as sighting:
        link = Link(sighting.driver, lambda: 0)
        async with link.connected(sighting):
            starting = asyncio.create_task(link.start())
            await until(lambda: not link.inbox.empty())
            starting.cancel()
            assert not link.is_lost
        assert link.is_lost
        await until(lambda: not there.peripherals[0]._patch.is_streaming)


async def test_what_the_driver_requires_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.link._STOP_S", 0.2)
    async with room() as there, _Air(there) as sighting:
        for required in (False, True):
            link = Link(sighting.driver, lambda: 0)
            absent = Listen(_ABSENT, Subscription.NOTIFY, required)
            link.dialogue = _Demanding(absent)
            answering = asyncio.create_task(_answering(link))
            async with link.connected(sighting):
                if required:
                    with pytest.raises(LinkError, match=f"no characteristic {_ABSENT}"):
                        await link.start()
                else:
                    await link.start()
            answering.cancel()


def _heard(link: Link) -> set[str]:
    """Give the characteristics of what lies in the inbox, and leave it there."""
    waiting = [link.inbox.get_nowait() for _ in range(link.inbox.qsize())]
    for notification in waiting:
        link.inbox.put_nowait(notification)
    return {notification.characteristic for notification in waiting}


async def test_a_lost_link_ends_a_waiting_command_at_once() -> None:
    async with room() as there, _Air(there) as sighting:
        link = Link(sighting.driver, lambda: 0)
        async with link.connected(sighting):
            # Nobody empties the inbox, so the reply is never handed over.
            starting = asyncio.create_task(link.start())
            await until(lambda: codec.PMD_CONTROL in _heard(link))
            there.hang_up()
            with pytest.raises(LinkError, match="settings: link lost"):
                await asyncio.wait_for(starting, 2)


def test_a_full_inbox_drops_and_says_before_what() -> None:
    link = Link(PolarH10Driver(), lambda: 7)
    for k in range(70):
        link._on_notification(sig.BATTERY_LEVEL, cast("Any", None), bytearray([k]))
    kept = [link.inbox.get_nowait() for _ in range(link.inbox.qsize())]
    assert [n.data[0] for n in kept] == list(range(64))
    assert not any(n.n_dropped for n in kept)
    link._on_notification(sig.BATTERY_LEVEL, cast("Any", None), bytearray([99]))
    link._on_notification(sig.BATTERY_LEVEL, cast("Any", None), bytearray([100]))
    assert [link.inbox.get_nowait().n_dropped for _ in range(2)] == [6, 0]
