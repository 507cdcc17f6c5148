from dataclasses import dataclass, field

import pytest

from ecgcore.wire.events import DeviceEvent, EventKind, UnreadEvent, decode_event
from ecgcore.wire.messages import Contact, LinkState
from gateway.events import DeviceEvents, EventClock, Events, event_key, is_event_key
from gateway.spool import Entry


@dataclass
class Shelf:
    """An outbox that keeps what is put."""

    has_room: bool = True
    entries: list[Entry] = field(default_factory=list)

    def put(self, entry: Entry) -> None:
        self.entries.append(entry)

    @property
    def events(self) -> list[DeviceEvent]:
        return [decode_event(entry.frame) for entry in self.entries]


@dataclass
class Clock:
    s: float = 0.0

    def now_ns(self) -> int:
        return 10**18 + round(self.s * 1e9)

    def now_s(self) -> float:
        return self.s


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events(shelf: Shelf, clock: Clock) -> DeviceEvents:
    all_events = Events(9, shelf, EventClock(clock.now_ns, clock.now_s))  # type: ignore[arg-type]
    assert all_events.of("h10") is all_events.of("h10")
    return all_events.of("h10")


def test_events_are_numbered_and_spooled_apart_from_samples(
    events: DeviceEvents, shelf: Shelf, clock: Clock
) -> None:
    events.link(LinkState.STREAMING)
    clock.s = 2
    events.store("disk full")
    assert [(e.device, e.boot_id, e.number, e.at_ns) for e in shelf.events] == [
        ("h10", 9, 0, 10**18),
        ("h10", 9, 1, 10**18 + 2 * 10**9),
    ]
    entry = shelf.entries[1]
    assert (entry.device, entry.boot_id, entry.end_counter) == ("h10/event", 9, 2)
    assert is_event_key(event_key("h10"))
    assert not is_event_key("h10")


def test_battery_and_contact_are_noted_on_change(events: DeviceEvents, shelf: Shelf) -> None:
    for pct in (80, 80, 79, 79):
        events.battery(pct)
    for contact in (Contact.UNKNOWN, Contact.ON, Contact.ON, Contact.OFF):
        events.contact(contact)
    told = [each.event.model_dump(mode="json") for each in shelf.events]
    assert told == [
        {"kind": "battery", "pct": 80},
        {"kind": "battery", "pct": 79},
        {"kind": "contact", "contact": "on"},
        {"kind": "contact", "contact": "off"},
    ]


def test_signal_strength_is_noted_when_it_moved_and_not_too_often(
    events: DeviceEvents, shelf: Shelf, clock: Clock
) -> None:
    for second, rssi_dbm in ((0, -60), (1, -90), (11, -64), (12, -65), (13, -71), (40, -61)):
        clock.s = second
        events.rssi(rssi_dbm)
    clock.s = 99
    events.rssi(127)
    told = [(e.at_ns - 10**18, e.event.rssi_dbm) for e in shelf.events]  # type: ignore[union-attr]
    assert told == [(0, -60), (12 * 10**9, -65)]


def test_every_heart_rate_is_noted(events: DeviceEvents, shelf: Shelf) -> None:
    for _ in range(3):
        events.heart_rate(60, (1000.0, 0.0, 990.5), Contact.ON)
    assert len(shelf.events) == 3
    assert shelf.events[0].event.rr_ms == (1000.0, 990.5)  # type: ignore[union-attr]


def test_unknown_notifications_are_kept_now_and_then_and_counted(
    events: DeviceEvents, shelf: Shelf, clock: Clock
) -> None:
    for k in range(25):
        clock.s = k
        events.unread("2a37", bytes(600), "x" * 999)
    kept = [each.event for each in shelf.events]
    assert [each.n_dropped for each in kept if isinstance(each, UnreadEvent)] == [0, 9, 9]
    assert kept[0].data == bytes(512)  # type: ignore[union-attr]


def test_while_the_disk_is_behind_events_are_dropped_and_their_numbers_are_not_used(
    events: DeviceEvents, shelf: Shelf
) -> None:
    events.clock("reset", 12.5)
    shelf.has_room = False
    events.clock("reset")
    shelf.has_room = True
    events.command("c1", "identify", ok=False, detail="no link")
    assert events.n_dropped == 1
    assert [each.number for each in shelf.events] == [0, 1]
    assert [each.event.kind for each in shelf.events] == [EventKind.CLOCK, EventKind.COMMAND]
