"""What every driver promises: advertisements and notifications in, values out.

A driver is pure. It never connects, waits or reads a clock; the gateway's session does that and
hands the bytes over. Adding a patch means one class with this shape and one line under the
``ecgomics.drivers`` entry points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from ecgcore.types import Int32Array


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What a patch says before anybody connects."""

    name: str
    manufacturer: Mapping[int, bytes] = field(default_factory=dict)
    """Payload by Bluetooth company identifier."""
    service_uuids: tuple[str, ...] = ()
    rssi_dbm: int | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """The constants of the ECG a patch streams."""

    fs_mhz: int
    lsb_pv: int
    lead_mask: int


class Subscription(Enum):
    """How a characteristic is listened to."""

    NOTIFY = "notify"
    INDICATE = "indicate"


@dataclass(frozen=True, slots=True)
class Listen:
    """Subscribe to a characteristic; `required` ones end the attempt when they are missing."""

    characteristic: str
    how: Subscription
    required: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """Write with response; the patch then answers with a `CommandReply` of the same name."""

    name: str
    characteristic: str
    payload: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Consecutive ECG samples."""

    adc: Int32Array
    """shape (n_leads, n_samples)"""
    last_sample_ns: int
    """Device clock at the last sample, ns since the device's own epoch."""


@dataclass(frozen=True, slots=True)
class HeartRate:
    """The patch's own heart rate, for comparison only."""

    bpm: int
    rr_ms: tuple[float, ...]
    contact: bool | None
    """None when the patch does not tell."""


@dataclass(frozen=True, slots=True)
class Battery:
    """State of charge."""

    pct: int


@dataclass(frozen=True, slots=True)
class CommandReply:
    """The patch's answer to a `Command`."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class StreamStopped:
    """The patch ended the stream by itself."""

    detail: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A well-formed message of a kind this driver does not know; kept raw and reported."""

    characteristic: str
    data: bytes
    detail: str


Packet = Samples | HeartRate | Battery | CommandReply | StreamStopped | Unread


class Driver(Protocol):
    """One kind of patch."""

    model: str
    signal: Signal
    first_frame_timeout_s: float
    """How long after the start command the first samples may take."""
    listens: Sequence[Listen]
    """In the order they must be set up."""
    start_commands: Sequence[Command]
    stop_commands: Sequence[Command]

    def identify(self, advertisement: Advertisement) -> str | None:
        """Give the stable device id (letters, digits, ``_`` and ``-``), or None if not ours."""
        ...

    def decode(self, characteristic: str, data: bytes) -> Sequence[Packet]:
        """Read one notification.

        Parameters
        ----------
        characteristic : str
            Lower-case 128-bit UUID.

        Raises
        ------
        NotificationError
            For bytes that are not what the patch's protocol says.
        """
        ...
