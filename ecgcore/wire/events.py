"""What a patch and its gateway report beside the samples: one message an event, numbered.

(device, boot, number) is an event's identity, as (device, boot, counter) is a sample's: an event
that arrives twice is stored once. A boot here is a run of the gateway, so its numbers start at 0;
`Committed` of kind `event` with its boot id frees the events below a number. On sending, each is
stamped with the number below which the gateway keeps none any more (`floor`): for what it had to
give up, nobody waits.
"""

from base64 import b64encode
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Base64Bytes, Field, ValidationError

from ecgcore.errors import EventError
from ecgcore.wire.messages import Contact, LinkState, Message

MAX_UNREAD_BYTES = 512
"""No notification is longer (ATT_MTU of 517)."""
MAX_DETAIL = 400
MAX_EVENT_BYTES = 4096
_MAX_NUMBER = 1 << 63
_MAX_BOOT_ID = 1 << 32
_MAX_UTC_NS = 1 << 62


class EventKind(StrEnum):
    """What an event is about."""

    BATTERY = "battery"
    CONTACT = "contact"
    RSSI = "rssi"
    HEART_RATE = "heart_rate"
    UNREAD = "unread"
    LINK = "link"
    CLOCK = "clock"
    STORE = "store"
    COMMAND = "command"


Detail = Annotated[str, Field(max_length=MAX_DETAIL)]


class BatteryEvent(Message):
    """The battery's charge changed."""

    kind: Literal[EventKind.BATTERY] = EventKind.BATTERY
    pct: int = Field(ge=0, le=100)


class ContactEvent(Message):
    """The electrodes touch skin, or do not any more."""

    kind: Literal[EventKind.CONTACT] = EventKind.CONTACT
    contact: Contact


class RssiEvent(Message):
    """How strongly the gateway hears the patch."""

    kind: Literal[EventKind.RSSI] = EventKind.RSSI
    rssi_dbm: int = Field(ge=-127, le=20)


class HeartRateEvent(Message):
    """Heart rate and RR intervals as the patch itself computes them."""

    kind: Literal[EventKind.HEART_RATE] = EventKind.HEART_RATE
    bpm: int | None = Field(default=None, ge=0, le=65_535)
    """None where the patch gives none."""
    rr_ms: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] = Field(
        default=(), max_length=64
    )
    """Oldest first; empty where the patch gives none."""
    contact: Contact = Contact.UNKNOWN


class UnreadEvent(Message):
    """A notification whose kind no driver knows, as it came."""

    kind: Literal[EventKind.UNREAD] = EventKind.UNREAD
    characteristic: str = Field(max_length=64)
    data: Base64Bytes
    """At most its first 512 bytes."""
    detail: Detail = ""
    n_dropped: int = Field(default=0, ge=0)
    """More of them that came too fast since the last such event."""

    @classmethod
    def of(cls, characteristic: str, data: bytes, detail: str, n_dropped: int) -> Self:
        """Give the event of these bytes, not yet in base64."""
        return cls(
            characteristic=characteristic,
            data=b64encode(data),
            detail=detail,
            n_dropped=n_dropped,
        )


class LinkEvent(Message):
    """The link to the patch changed its state."""

    kind: Literal[EventKind.LINK] = EventKind.LINK
    state: LinkState
    detail: Detail = ""


class ClockEvent(Message):
    """The patch's clock was set, or its fit began anew."""

    kind: Literal[EventKind.CLOCK] = EventKind.CLOCK
    detail: Detail
    drift_ppm: float | None = Field(default=None, allow_inf_nan=False)


class StoreEvent(Message):
    """Something happened to the gateway's own store."""

    kind: Literal[EventKind.STORE] = EventKind.STORE
    detail: Detail


class CommandEvent(Message):
    """What became of a command."""

    kind: Literal[EventKind.COMMAND] = EventKind.COMMAND
    command_id: str = Field(max_length=64)
    name: str = Field(max_length=32)
    """As it was given: it may be one that nobody knows."""
    ok: bool
    detail: Detail = ""


Event = Annotated[
    BatteryEvent
    | ContactEvent
    | RssiEvent
    | HeartRateEvent
    | UnreadEvent
    | LinkEvent
    | ClockEvent
    | StoreEvent
    | CommandEvent,
    Field(discriminator="kind"),
]


class DeviceEvent(Message):
    """One event of one patch."""

    device: str = Field(max_length=48)
    boot_id: int = Field(ge=0, lt=_MAX_BOOT_ID)
    """Of the run of the gateway that numbers it."""
    number: int = Field(ge=0, lt=_MAX_NUMBER - 1)
    floor: int = Field(default=0, ge=0)
    """Below it the gateway keeps no event of this boot any more: stored, or given up."""
    at_ns: int = Field(ge=0, lt=_MAX_UTC_NS)
    """UTC of the gateway."""
    event: Event


def stamped(payload: bytes, floor: int) -> bytes:
    """Give an encoded event with its floor, as it goes out."""
    return b'{"floor":%d,' % floor + payload[1:]


def decode_event(payload: bytes) -> DeviceEvent:
    """Read an event.

    Raises
    ------
    EventError
        For anything that is not exactly one.
    """
    # A NUL is JSON, and no database of ours can keep it.
    if len(payload) > MAX_EVENT_BYTES or b"\\u0000" in payload:
        msg = f"event: {len(payload)} bytes, or with a NUL in it"
        raise EventError(msg)
    try:
        event = DeviceEvent.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        msg = f"event: {where}: {first['msg']}" if where else f"event: {first['msg']}"
        raise EventError(msg) from error
    if event.floor > event.number:
        msg = f"event {event.number} of {event.device} is below its own floor, {event.floor}"
        raise EventError(msg)
    return event
