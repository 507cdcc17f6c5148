"""What a patch says beside its samples, as events."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from devices.driver import Battery, HeartRate, Packet, SkinContact, Unread
from ecgcore.wire.messages import Contact, LinkState
from gateway.events import EventClock, Events
from gateway.intake import Intake
from gateway.link import Link, Notification
from gateway.status import PatchView
from tests.gateway.test_events import Shelf


class _Dialogue:
    """Says what it is told to have been said."""

    def decode(self, _characteristic: str, data: bytes) -> Sequence[Packet]:
        return [_PACKETS[data[0]]]


class _Link:
    def __init__(self) -> None:
        self.dialogue = _Dialogue()
        self.inbox: asyncio.Queue[Notification] = asyncio.Queue()
        self.news = asyncio.Event()
        self.is_lost = False


_PACKETS: list[Packet] = [
    HeartRate(61, (980.0, 990.5), True),
    Battery(80),
    SkinContact(False),
    Unread("2a37", b"\x00\xff", "kind 9"),
]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def intake(shelf: Shelf) -> Intake:
    events = Events(9, shelf, EventClock(lambda: 10**18, lambda: 0.0))  # type: ignore[arg-type]
    return Intake(
        PatchView("strap", LinkState.STARTING, 0),
        cast("Any", None),
        events.of("strap"),
        cast("Any", None),
        on_change=lambda: None,
        on_frame=lambda _frame: None,
        on_stream=lambda: None,
    )


def _told(shelf: Shelf) -> list[dict[str, Any]]:
    return [each.event.model_dump(mode="json") for each in shelf.events]


async def test_a_strap_without_ecg_tells_every_heart_rate(intake: Intake, shelf: Shelf) -> None:
    link = cast("Link", _Link())
    await intake.open(link, None)
    for _ in range(3):
        intake.take(link, Notification("2a37", b"\x00", 1))
    rates = [each for each in _told(shelf) if each["kind"] == "heart_rate"]
    assert (
        rates == [{"kind": "heart_rate", "bpm": 61, "rr_ms": [980.0, 990.5], "contact": "on"}] * 3
    )
    assert link.news.is_set()


async def test_beside_an_ecg_only_the_contact_is_told(intake: Intake, shelf: Shelf) -> None:
    intake.begin()
    link = cast("Link", _Link())
    intake.take(link, Notification("2a37", b"\x00", 1))
    assert _told(shelf) == [{"kind": "contact", "contact": Contact.ON}]


async def test_battery_contact_and_unknown_notifications_are_told(
    intake: Intake, shelf: Shelf
) -> None:
    link = cast("Link", _Link())
    for packet in (b"\x01", b"\x01", b"\x02", b"\x03", b"\x03"):
        intake.take(link, Notification("x", packet, 1))
    assert [each["kind"] for each in _told(shelf)] == ["battery", "contact", "unread"]
    assert _told(shelf)[2]["data"].strip() == "AP8="


class _Frames:
    has_room = True

    def flush(self, _device: str) -> None:
        """Have nothing."""


async def test_an_advertisement_says_nothing_against_the_link(intake: Intake) -> None:
    """After a loss it may come before the last that was sent over the link has been taken."""
    intake._frames = cast("Any", _Frames())
    view, link = intake._view, cast("Link", _Link())
    intake.observe(SkinContact(True))
    assert view.contact is Contact.ON
    intake.begin()
    intake.take(link, Notification("x", b"\x02", 1))
    intake.observe(SkinContact(True))
    assert view.contact is Contact.OFF
    intake.close(link)
    assert view.contact is Contact.UNKNOWN
    intake.observe(SkinContact(True))
    assert view.contact is Contact.ON
