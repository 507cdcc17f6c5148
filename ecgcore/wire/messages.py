"""The JSON messages beside the frames: status, committed-through, commands, heartbeats, numbers.

What a patch reports beside its samples is in `ecgcore.wire.events`.
"""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ecgcore.wire.topics import N_SHARDS

_MAX_COUNTER = 1 << 63


class Message(BaseModel):
    """What every JSON message is: frozen; fields it does not know are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class LinkState(StrEnum):
    """What a gateway's session with one patch is doing."""

    ABSENT = "absent"
    ADVERTISING = "advertising"
    CONNECTING = "connecting"
    STARTING = "starting"
    STREAMING = "streaming"
    STALLED = "stalled"
    BACKOFF = "backoff"
    STOPPED = "stopped"


class Contact(StrEnum):
    """Whether the electrodes touch skin, as the patch itself says."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"


class DeviceStatus(Message):
    """What a gateway knows of one patch; sent on every change and every 2 s."""

    device: str
    gateway: str
    at_ns: int
    """UTC of sending."""
    link: LinkState
    since_ns: int
    """UTC at which this link state began."""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    battery_pct: int | None = Field(default=None, ge=0, le=100)
    contact: Contact = Contact.UNKNOWN
    rssi_dbm: int | None = None
    uplink: bool = True
    """Whether the gateway has a broker right now; false in status kept locally, and where the
    server says that a gateway has gone."""
    spooled_frames: int = 0
    """Frames not yet committed by the cloud."""
    oldest_uncommitted_ns: int | None = None
    boot_id: int | None = None
    next_counter: int | None = None
    frames: int = 0
    gaps: int = 0
    gap_samples: int = 0
    missing_pct: float | None = Field(default=None, ge=0, le=100)
    """What the rate of a patch that neither counts nor times lacks all the time, beside gaps."""
    duplicates: int = 0
    """Notifications that came twice from the Bluetooth stack and were dropped."""
    decode_errors: int = 0
    resent: int = 0
    drift_ppm: float | None = None
    """Fitted device clock against the gateway's."""
    clock_residual_p95_ms: float | None = None
    clock_resets: int = 0
    trouble: str = ""
    """Why the last link failed; empty while the patch streams."""


class Committed(Message):
    """The engine's word that everything below `through` is durable."""

    device: str
    boot_id: int
    through: int
    """First counter that is *not* yet committed."""
    through_ns: int
    """Fitted UTC up to which the patient is safe."""
    kind: Literal["samples", "event"] = "samples"
    """What is counted: samples, or events (`ecgcore.wire.events`), whose counter is their number.
    """


class GatewayStatus(Message):
    """Whether a gateway is at the broker; retained, and left behind as its will."""

    gateway: str
    online: bool
    since_ns: int
    """UTC of the connection this is about, not of its end."""


class CommandName(StrEnum):
    """What a gateway can be told to do with a patch."""

    START = "start"
    """Connect and stream."""
    STOP = "stop"
    """Stop the stream and disconnect, until told to start."""
    IDENTIFY = "identify"
    """Have the patch blink or beep."""
    REPLAY = "replay"
    """Ask the patch for samples that it stored."""


class DeviceCommand(Message):
    """Something a gateway is to do with one patch; its result is a `command` event."""

    device: str
    command_id: str = Field(min_length=1, max_length=64)
    """The same one is carried out once, however often it arrives."""
    name: CommandName
    expires_ns: int
    """UTC after which it is not carried out any more."""
    from_counter: int | None = Field(default=None, ge=0, lt=_MAX_COUNTER)
    """For `replay`: the first sample wanted, as the patch counts."""
    to_counter: int | None = Field(default=None, ge=0, lt=_MAX_COUNTER)
    """For `replay`: one after the last."""

    @model_validator(mode="after")
    def _says_what_to_replay(self) -> "DeviceCommand":
        first, end = self.from_counter, self.to_counter
        if self.name is CommandName.REPLAY and (first is None or end is None or first >= end):
            msg = "replay needs from_counter and to_counter, the first one smaller"
            raise ValueError(msg)
        return self


class Heartbeat(Message):
    """A service's sign of life, once a second."""

    service: str
    at_ns: int
    started_ns: int
    database: bool
    devices: int = 0
    frames: int = 0
    pending_frames: int = 0
    quarantined: int = 0
    resent_frames: int = 0
    live_frames: int = 0
    """Frames that were shown before their turn."""
    live_refused: int = 0
    """Messages on the live lane that were no use, or came faster than they could be taken."""
    events: int = 0
    worker: str = ""
    """Which of several workers it is."""
    shards: int = N_SHARDS
    """How many shards it reads; together the workers should read all."""


class Numbers(Message):
    """The latest of one patch, fanned out to the pages; null means not known now."""

    device: str
    boot_id: int
    newest_ns: int
    """Fitted UTC after the newest processed sample."""
    safe_through_ns: int
    """Fitted UTC up to which everything is stored in order; 0 before the first of it."""
    is_preview: bool = False
    """Whether older samples are still on their way: judged from the live edge on, counts since
    there, and judged again in order when the rest has come."""
    hr_bpm: float | None
    """Over the last 10-s window; null with `hr_reason`."""
    hr_reason: str | None = None
    regular: bool | None = None
    """Whether the beats come evenly; null when there are too few."""
    rhythm: str | None = None
    """Base rhythm now (`RhythmLabel`); null while none can be named."""
    rhythm_confidence: float | None = Field(default=None, ge=0, le=1)
    rhythm_since_ns: int | None = None
    """Fitted UTC at which this rhythm began."""
    patterns: tuple[str, ...] = ()
    """What goes on over the base rhythm now (`RhythmLabel`), in the order in which it began."""
    newest_event: str | None = None
    """Last ectopic pattern, run, pause or block (`RhythmLabel`) since the boot's first sample."""
    newest_event_ns: int | None = None
    pvc: int = 0
    """Ventricular beats since the boot's first sample."""
    pac: int = 0
    """Supraventricular premature beats."""
    pauses: int = 0
    af_s: float = 0.0
    """Atrial fibrillation or flutter, seconds."""
    sqi: float
    """Share of the last 10 s that is usable, 0 to 1."""
    quality_reasons: tuple[str, ...] = ()
    lead_off: bool = False
    beats: int = 0
    gaps: int = 0
    gap_samples: int = 0
    last_gap_reason: str | None = None
