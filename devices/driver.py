"""What every driver promises: advertisements and notifications in, values out.

A driver is pure. It never connects, waits or reads a clock: what must be written or read on a link
it asks for from a generator (a *conversation*), and the gateway's link carries that out. Adding a
patch means one class with the shape of `Driver`, one with the shape of `Dialogue`, and one line
under the ``ecgomics.drivers`` entry points.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeAlias, TypeVar, runtime_checkable

from ecgcore.errors import EcgomicsError
from ecgcore.types import Int32Array, Lead

_T = TypeVar("_T")


class Refused(EcgomicsError):
    """The patch will not, or cannot, do what is asked of it; the text says what and why."""


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What a patch says before anybody connects."""

    name: str
    manufacturer: Mapping[int, bytes] = field(default_factory=dict)
    """Payload by Bluetooth company identifier."""
    service_uuids: tuple[str, ...] = ()
    service_data: Mapping[str, bytes] = field(default_factory=dict)
    """Payload by service UUID."""
    rssi_dbm: int | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a patch that leaves a choice; None takes its default."""

    fs_hz: int | None = None
    lead_mask: int | None = None


class Counting(Enum):
    """How missing samples show."""

    TIMESTAMPS = "timestamps"
    """In the patch's own clock."""
    COUNTER = "counter"
    """In numbers the patch gives its samples."""
    ARRIVAL = "arrival"
    """Not at all: loss can only be estimated from the rate."""


@dataclass(frozen=True, slots=True)
class Signal:
    """The constants of the ECG a patch streams."""

    fs_mhz: int
    lsb_pv: int
    lead_mask: int
    counting: Counting = Counting.TIMESTAMPS
    counter_modulus: int | None = None
    """With COUNTER: the numbers begin again at 0 after so many samples; None: never."""
    is_stored: bool = False
    """With COUNTER and boots of the patch's own: it keeps what it samples and sends it again."""
    timestamp_step_ns: int = 1
    """With TIMESTAMPS: the patch rounds its times to this."""


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
    has_reply: bool = True
    """Without, the conversation goes on as soon as the patch has confirmed the write."""


@dataclass(frozen=True, slots=True)
class Read:
    """Read a characteristic; the conversation is sent its value, empty if there is none."""

    characteristic: str


@dataclass(frozen=True, slots=True)
class CommandReply:
    """The patch's answer to a `Command`."""

    name: str
    ok: bool
    detail: str
    payload: bytes = b""
    """What the answer carries besides its status."""


Request: TypeAlias = Command | Read
Answer: TypeAlias = CommandReply | bytes | None
"""Of a command, of a read; None: of a command without reply, or one not answered in time."""
Conversation: TypeAlias = Generator[Request, Answer, _T]
"""Requests out, answers in; raises `Refused` if the patch says no."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Consecutive ECG samples."""

    adc: Int32Array
    """shape (n_leads, n_samples)"""
    last_sample_ns: int | None = None
    """Device clock at the last sample, ns since the device's own epoch; None: no clock."""
    first_counter: int | None = None
    """The patch's own number of the first sample; None: it numbers nothing."""
    boot: int | None = None
    """The patch's own name for this run of its counter; None: it has none."""
    lead_off: int | None = None
    """A bit per electrode, 1 = off; None: the patch does not tell."""
    is_replayed: bool = False
    """From the patch's memory, not live."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Samples of one boot that have not come yet."""

    boot: int | None
    first_counter: int
    n_samples: int

    @property
    def end(self) -> int:
        """Counter after the last missing sample."""
        return self.first_counter + self.n_samples


@dataclass(frozen=True, slots=True)
class Missing:
    """The patch says that it has these samples no more."""

    hole: Hole
    detail: str
    was_sampled: bool = True
    """False: not even the patch ever had them."""


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
class SkinContact:
    """Whether the electrodes touch skin; None when the patch cannot tell."""

    is_on: bool | None


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


Packet: TypeAlias = (
    Samples | Missing | HeartRate | Battery | SkinContact | CommandReply | StreamStopped | Unread
)


class Dialogue(Protocol):
    """One link to one patch; may remember what came before on it."""

    @property
    def first_frame_timeout_s(self) -> float:
        """How long after the start the first samples may take."""
        ...

    @property
    def needs_bond(self) -> bool:
        """Whether the link must be encrypted by pairing before anything else."""
        ...

    @property
    def listens(self) -> Sequence[Listen]:
        """In the order they must be set up."""
        ...

    def start(self) -> Conversation[Signal | None]:
        """Start the stream, also over again on a standing link; give its constants.

        None: this patch has no ECG.

        Raises
        ------
        Refused
            If the patch says no, or cannot do what is wished for.
        """
        ...

    def stop(self) -> Conversation[None]:
        """Stop the stream.

        Raises
        ------
        Refused
            If the patch says no.
        """
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

    def replay(self, hole: Hole) -> Conversation[None] | None:
        """Ask for samples from the patch's memory; None if it has no memory.

        What comes arrives as `Samples` that are replayed, or as `Missing`.
        """
        ...

    def identify_patch(self) -> Conversation[None] | None:
        """Have the patch blink or beep; None if it can do neither."""
        ...


class Driver(Protocol):
    """One kind of patch."""

    @property
    def model(self) -> str:
        """What people call it."""
        ...

    def identify(self, advertisement: Advertisement) -> str | None:
        """Give the stable device id (letters, digits, ``_`` and ``-``), or None if not ours."""
        ...

    def open(self, wish: Wish) -> Dialogue:
        """Begin a link's dialogue."""
        ...


@runtime_checkable
class Observing(Protocol):
    """A driver of patches that tell more than their name to everybody."""

    def observe(self, advertisement: Advertisement) -> Sequence[Packet]:
        """Give what an advertisement says, such as `SkinContact`; never raises."""
        ...


def settled(reply: Answer) -> CommandReply:
    """Give the reply of a command if it is a yes.

    Raises
    ------
    Refused
        If the patch said no, or nothing in time.
    """
    if isinstance(reply, CommandReply) and reply.ok:
        return reply
    detail = f"{reply.name}: {reply.detail}" if isinstance(reply, CommandReply) else "no answer"
    raise Refused(detail)


def one_lead(wish: Wish, default: Lead, patch: str) -> int:
    """Give the lead mask of a patch with one lead, which may be worn as the one wished for.

    Raises
    ------
    Refused
        If more are wished for; `patch` says of whom.
    """
    lead_mask = wish.lead_mask or 1 << default
    if lead_mask.bit_count() != 1:
        msg = f"{patch} has one lead"
        raise Refused(msg)
    return lead_mask
