"""What patches report beside samples, on its way into the spool: numbered, thinned, bounded.

Every run of the gateway numbers its events anew, under a boot id of its own. They are spooled like
frames, so none is lost once it is noted; while the disk is behind they are dropped and counted.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ecgcore.wire import topics
from ecgcore.wire.events import (
    MAX_DETAIL,
    MAX_UNREAD_BYTES,
    BatteryEvent,
    ClockEvent,
    CommandEvent,
    ContactEvent,
    DeviceEvent,
    Event,
    HeartRateEvent,
    LinkEvent,
    RssiEvent,
    StoreEvent,
    UnreadEvent,
)
from ecgcore.wire.messages import Contact, LinkState
from gateway.outbox import Outbox
from gateway.spool import Entry

_RSSI_EVERY_S = 10.0
_RSSI_STEP_DB = 5
_UNREAD_EVERY_S = 10.0
_MOST_RR = 64


def event_key(device: str) -> str:
    """Give the name under which a patch's events are spooled; no patch can be called so."""
    return f"{device}/{topics.EVENT}"


def is_event_key(key: str) -> bool:
    """Say whether events are spooled under a name, and not samples."""
    return key.endswith(f"/{topics.EVENT}")


@dataclass(frozen=True, slots=True)
class EventClock:
    """The times that events need."""

    now_ns: Callable[[], int]
    """UTC."""
    now_s: Callable[[], float]
    """Monotonic."""


class DeviceEvents:
    """Notes the events of one patch.

    Parameters
    ----------
    boot_id : int
        Of this run of the gateway.
    """

    def __init__(self, device: str, boot_id: int, outbox: Outbox, clock: EventClock) -> None:
        self._device = device
        self._boot_id = boot_id
        self._outbox = outbox
        self._clock = clock
        self._number = 0
        self._battery_pct: int | None = None
        self._contact = Contact.UNKNOWN
        self._rssi: tuple[int, float] | None = None
        self._unread_s = float("-inf")
        self._n_unread = 0
        self.n_dropped = 0
        """Events for which the disk had no room."""

    def note(self, event: Event) -> None:
        """Spool an event; never waits."""
        if not self._outbox.has_room:
            self.n_dropped += 1
            return
        number, self._number = self._number, self._number + 1
        message = DeviceEvent(
            device=self._device,
            boot_id=self._boot_id,
            number=number,
            at_ns=self._clock.now_ns(),
            event=event,
        )
        # The floor is known when it goes out.
        payload = message.model_dump_json(exclude={"floor"}).encode()
        self._outbox.put(
            Entry(
                event_key(self._device),
                self._boot_id,
                number + 1,
                message.at_ns,
                payload,
                b"",
                kind=topics.EVENT,
            )
        )

    def battery(self, pct: int) -> None:
        """Note the charge, 0 to 100, if it is another one."""
        if pct != self._battery_pct:
            self._battery_pct = pct
            self.note(BatteryEvent(pct=pct))

    def contact(self, contact: Contact) -> None:
        """Note whether the electrodes touch skin, if that is news."""
        if contact is not self._contact:
            self._contact = contact
            self.note(ContactEvent(contact=contact))

    def rssi(self, rssi_dbm: int) -> None:
        """Note the signal strength where it moved by 5 dB, every 10 s at most."""
        now_s = self._clock.now_s()
        if self._rssi is not None:
            last_dbm, last_s = self._rssi
            if abs(rssi_dbm - last_dbm) < _RSSI_STEP_DB or now_s - last_s < _RSSI_EVERY_S:
                return
        if -127 <= rssi_dbm <= 20:  # the range of HCI; 127 means not known
            self._rssi = rssi_dbm, now_s
            self.note(RssiEvent(rssi_dbm=rssi_dbm))

    def heart_rate(self, bpm: int | None, rr_ms: Iterable[float], contact: Contact) -> None:
        """Note what a patch without ECG tells of the heart."""
        given = tuple(rr for rr in rr_ms if rr > 0)[:_MOST_RR]
        self.note(HeartRateEvent(bpm=bpm, rr_ms=given, contact=contact))

    def unread(self, characteristic: str, data: bytes, detail: str) -> None:
        """Note a notification of unknown kind; one in 10 s is kept, the others are counted."""
        now_s = self._clock.now_s()
        if now_s - self._unread_s < _UNREAD_EVERY_S:
            self._n_unread += 1
            return
        n_dropped, self._n_unread, self._unread_s = self._n_unread, 0, now_s
        self.note(
            UnreadEvent.of(characteristic, data[:MAX_UNREAD_BYTES], detail[:MAX_DETAIL], n_dropped)
        )

    def link(self, state: LinkState, detail: str = "") -> None:
        """Note a change of the link's state."""
        self.note(LinkEvent(state=state, detail=detail[:MAX_DETAIL]))

    def clock(self, detail: str, drift_ppm: float | None = None) -> None:
        """Note what became of the patch's clock."""
        self.note(ClockEvent(detail=detail[:MAX_DETAIL], drift_ppm=drift_ppm))

    def store(self, detail: str) -> None:
        """Note what became of the gateway's own store."""
        self.note(StoreEvent(detail=detail[:MAX_DETAIL]))

    def command(self, command_id: str, name: str, *, ok: bool, detail: str) -> None:
        """Note what became of a command."""
        self.note(CommandEvent(command_id=command_id, name=name, ok=ok, detail=detail[:MAX_DETAIL]))


class Events:
    """The events of every patch of a gateway."""

    def __init__(self, boot_id: int, outbox: Outbox, clock: EventClock) -> None:
        self._boot_id = boot_id
        self._outbox = outbox
        self._clock = clock
        self._devices: dict[str, DeviceEvents] = {}

    def of(self, device: str) -> DeviceEvents:
        """Give the events of one patch."""
        events = self._devices.get(device)
        if events is None:
            events = DeviceEvents(device, self._boot_id, self._outbox, self._clock)
            self._devices[device] = events
        return events
