"""What every simulated patch is: a patch without radio. Time goes in, notifications come out.

Pure, so that the same patch serves on the virtual radio, behind a stand-in of another Bluetooth
stack, in a browser or in no radio at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Flag, auto
from typing import Protocol

from devices.driver import Advertisement


class Property(Flag):
    """What may be done with a characteristic."""

    READ = auto()
    WRITE = auto()
    WRITE_WITHOUT_RESPONSE = auto()
    NOTIFY = auto()
    INDICATE = auto()


@dataclass(frozen=True, slots=True)
class CharacteristicSpec:
    """One characteristic."""

    uuid: str
    """Lower-case 128-bit UUID."""
    properties: Property
    is_encrypted: bool = False
    """Whether it may be used on a paired link only."""


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One service."""

    uuid: str
    characteristics: tuple[CharacteristicSpec, ...]


@dataclass(frozen=True, slots=True)
class Notification:
    """A value to be sent, and the samples it carries."""

    characteristic: str
    value: bytes
    samples: range = range(0)


@dataclass(slots=True)
class Condition:
    """What the world does to a patch, from outside."""

    is_worn: bool = True
    """Whether the electrodes touch skin."""
    battery_pct: int = 90
    clock_shift_ns: int = 0
    """What somebody set the patch's clock forward by since power-on."""


class AttRefused(Exception):
    """A read or write that the patch answers with an error.

    Attributes
    ----------
    code : int
        Of the Attribute Protocol.
    """

    READ_NOT_PERMITTED = 0x02
    WRITE_NOT_PERMITTED = 0x03

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error {code:#04x}")
        self.code = code


class SimulatedPatch(Protocol):
    """One patch: its signal, its clock, and what the host told it."""

    @property
    def device_id(self) -> str:
        """What the gateway calls this patch."""
        ...

    @property
    def name(self) -> str:
        """What is advertised."""
        ...

    @property
    def address(self) -> str:
        """Static random Bluetooth address, such as ``D0:10:0A:1B:2C:01``."""
        ...

    @property
    def att_mtu(self) -> int:
        """The most it agrees to."""
        ...

    @property
    def fs_hz(self) -> float:
        """Samples per second of the patch's own clock."""
        ...

    @property
    def power_on_utc_ns(self) -> int:
        """When sample 0 was taken."""
        ...

    @property
    def services(self) -> Sequence[ServiceSpec]:
        """What a host discovers."""
        ...

    @property
    def is_streaming(self) -> bool:
        """Whether the ECG has been started."""
        ...

    def sample_ns(self, sample: int) -> int:
        """Give the patch's clock at a sample."""
        ...

    def advertisement(self, utc_ns: int) -> Advertisement:
        """Give what it advertises now."""
        ...

    def read(self, characteristic: str, utc_ns: int) -> bytes:
        """Give the value of a characteristic.

        Raises
        ------
        AttRefused
        """
        ...

    def write(
        self, characteristic: str, data: bytes, utc_ns: int, mtu: int
    ) -> Sequence[Notification]:
        """Take what a host wrote; give what is sent in answer.

        Raises
        ------
        AttRefused
        """
        ...

    def subscribe(self, characteristic: str, is_on: bool, utc_ns: int, mtu: int) -> None:
        """Note that a host turned notifications or indications on or off."""
        ...

    def disconnect(self) -> None:
        """Forget the host; sampling goes on."""
        ...

    def due(self, utc_ns: int) -> Iterator[Notification]:
        """Give what is to be sent by now; a host must be connected."""
        ...


class WorldlyPatch(SimulatedPatch, Protocol):
    """A patch to which the world can happen."""

    @property
    def condition(self) -> Condition:
        """What the patch goes by; others change it."""
        ...
