"""Everything that can go wrong, as values: the kinds of `[[fault]]` a scenario may name.

Each kind says what it touches (`scope`) and at which levels the lab can make it happen
(`levels`); a level leaves out, and says that it leaves out, what it cannot do.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field

from simulators.scenario.durations import Seconds


class Level(StrEnum):
    """Where a scenario is played."""

    IN_PROCESS = "in-process"
    """Patch, driver and recorder as pure values, no radio."""
    BLUETOOTH = "bluetooth"
    """Simulated patches on the virtual radio, the real gateway."""
    MQTT = "mqtt"
    """Virtual gateways that publish frames to a real broker."""


class Scope(StrEnum):
    """What a fault touches."""

    SIGNAL = "signal"
    PATCH = "patch"
    LINK = "link"
    HOST = "host"
    UPLINK = "uplink"


_BLUETOOTH = frozenset({Level.IN_PROCESS, Level.BLUETOOTH})
_EVERYWHERE = frozenset(Level)
_WITH_RADIO = frozenset({Level.BLUETOOTH})
_UPLINK = frozenset({Level.BLUETOOTH, Level.MQTT})

Probability = Annotated[float, Field(gt=0, le=1)]


class _Fault(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    scope: ClassVar[Scope]
    levels: ClassVar[frozenset[Level]] = _BLUETOOTH
    kind: str
    at: Seconds = 0.0
    duration_s: Seconds = Field(default=30.0, alias="for", gt=0)
    patches: Literal["all"] | tuple[Annotated[int, Field(ge=1)], ...] = "all"
    """Which ones, numbered from 1 in the order of the file."""


class Wander(_Fault):
    """The baseline drifts, with breath and sweat."""

    scope = Scope.SIGNAL
    kind: Literal["wander"]
    mv: Annotated[float, Field(gt=0, le=10)] = 0.5


class Mains(_Fault):
    """Hum of the power line."""

    scope = Scope.SIGNAL
    kind: Literal["mains"]
    mv: Annotated[float, Field(gt=0, le=10)] = 0.2
    hz: Annotated[float, Field(ge=40, le=70)] = 50.0


class Muscle(_Fault):
    """Tension and shivering: broad-band noise."""

    scope = Scope.SIGNAL
    kind: Literal["muscle"]
    mv: Annotated[float, Field(gt=0, le=10)] = 0.1
    """Root mean square."""


class Motion(_Fault):
    """Electrodes move on the skin: bumps as large as beats."""

    scope = Scope.SIGNAL
    kind: Literal["motion"]
    mv: Annotated[float, Field(gt=0, le=10)] = 1.0


class Posture(_Fault):
    """The body turns, and the heart's axis against the leads with it."""

    scope = Scope.SIGNAL
    kind: Literal["posture"]
    degrees: Annotated[float, Field(ge=-90, le=90)] = 35.0


class LeadOff(_Fault):
    """The electrodes leave the skin: no contact, a flat line."""

    scope = Scope.PATCH
    levels = _EVERYWHERE
    kind: Literal["lead_off"]


class BatteryDrain(_Fault):
    """The battery empties from what it has to `to_pct`."""

    scope = Scope.PATCH
    kind: Literal["battery_drain"]
    to_pct: Annotated[int, Field(ge=0, le=100)] = 3


class Silence(_Fault):
    """The link stands, and no samples come over it."""

    scope = Scope.PATCH
    levels = _EVERYWHERE
    kind: Literal["silence"]


class Reboot(_Fault):
    """The patch is off for the time and starts anew: its counter and clock begin again."""

    scope = Scope.PATCH
    levels = _EVERYWHERE
    kind: Literal["reboot"]


class ClockReset(_Fault):
    """The patch's clock falls back to where it begins at power-on; sampling goes on."""

    scope = Scope.PATCH
    levels = _EVERYWHERE
    kind: Literal["clock_reset"]


class ClockJump(_Fault):
    """Somebody sets the patch's clock."""

    scope = Scope.PATCH
    levels = _EVERYWHERE
    kind: Literal["clock_jump"]
    by: Annotated[Seconds, Field(ge=3600)] = 21_600.0
    """An hour at least: a shorter leap cannot be told from silence without numbered samples."""


class ClockDrift(_Fault):
    """The patch's crystal runs fast (positive) or slow."""

    scope = Scope.PATCH
    kind: Literal["clock_drift"]
    ppm: Annotated[float, Field(ge=-200, le=200)] = 50.0


class Chancy(_Fault):
    """What happens to some of the packets."""

    probability: Probability = 0.2


class Loss(Chancy):
    """Packets get lost on their way."""

    scope = Scope.LINK
    levels = _EVERYWHERE
    kind: Literal["loss"]


class Duplicate(Chancy):
    """Packets arrive twice."""

    scope = Scope.LINK
    levels = _EVERYWHERE
    kind: Literal["duplicate"]


class Reorder(Chancy):
    """Packets are overtaken by the next one."""

    scope = Scope.LINK
    levels = _EVERYWHERE
    kind: Literal["reorder"]


class Corrupt(Chancy):
    """Packets arrive damaged, cut short, or of a kind that nobody knows.

    Bits are turned only where a check sum or a header can show it: a strap's samples carry none
    of their own, as the radio's has done its work before.
    """

    scope = Scope.LINK
    levels = _EVERYWHERE
    kind: Literal["corrupt"]
    how: Literal["bits", "truncated", "unknown", "any"] = "any"


class LinkCut(_Fault):
    """The link breaks and cannot be made until the end."""

    scope = Scope.LINK
    levels = _EVERYWHERE
    kind: Literal["link_cut"]


class WeakSignal(_Fault):
    """The patch is far away: packets must be repeated, and the link may time out."""

    scope = Scope.LINK
    levels = _WITH_RADIO
    kind: Literal["weak_signal"]
    loss: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Of the packets on the air; what is lost there is sent again, later."""
    rssi_dbm: Annotated[int, Field(ge=-127, le=0)] = -92


class Mtu(_Fault):
    """The patch agrees to a smaller packet; the link breaks for a moment and is made anew."""

    scope = Scope.LINK
    kind: Literal["mtu"]
    bytes_: Annotated[int, Field(alias="bytes", ge=23, le=517)] = 120


class HostClockJump(_Fault):
    """The gateway's own clock is set; it is set back at the end."""

    scope = Scope.HOST
    kind: Literal["host_clock_jump"]
    by: Annotated[Seconds, Field(ge=1)] = 3600.0
    is_back: bool = Field(default=False, alias="back")
    """Backward instead of forward."""


class UplinkGone(_Fault):
    """The broker cannot be reached."""

    scope = Scope.UPLINK
    levels = _UPLINK
    kind: Literal["uplink_gone"]


class UplinkSlow(_Fault):
    """Everything to and from the broker is late, and its rate small."""

    scope = Scope.UPLINK
    levels = _UPLINK
    kind: Literal["uplink_slow"]
    delay_ms: Annotated[float, Field(ge=0, le=10_000)] = 300.0
    bytes_per_s: Annotated[int, Field(ge=100)] = 20_000
    """Of each connection and direction, in wall time."""


class UplinkHalfOpen(_Fault):
    """Connections stand and carry nothing."""

    scope = Scope.UPLINK
    levels = _UPLINK
    kind: Literal["uplink_half_open"]


class ReconnectStorm(_Fault):
    """All connections to the broker break at once, and all come back at once."""

    scope = Scope.UPLINK
    levels = _UPLINK
    kind: Literal["reconnect_storm"]


Fault: TypeAlias = Annotated[
    Wander
    | Mains
    | Muscle
    | Motion
    | Posture
    | LeadOff
    | BatteryDrain
    | Silence
    | Reboot
    | ClockReset
    | ClockJump
    | ClockDrift
    | Loss
    | Duplicate
    | Reorder
    | Corrupt
    | LinkCut
    | WeakSignal
    | Mtu
    | HostClockJump
    | UplinkGone
    | UplinkSlow
    | UplinkHalfOpen
    | ReconnectStorm,
    Field(discriminator="kind"),
]
FAULTS: tuple[type[_Fault], ...] = get_args(get_args(Fault)[0])


def kind_of(fault: type[_Fault]) -> str:
    """Give the name by which a scenario calls a fault."""
    (name,) = get_args(fault.model_fields["kind"].annotation)
    return str(name)


KINDS = {kind_of(fault): fault for fault in FAULTS}
"""Every fault by its name."""
