"""What simulated patches of every make have in common: a grid of samples, a battery, a name.

The sample grid and the clock start with power-on and never stop, whether anybody is connected or
not. What is sampled while nobody streams was never sent.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devices import sig
from devices.driver import Advertisement, Battery
from ecgcore.types import SampleIndex
from simulators.patch import (
    AttRefused,
    CharacteristicSpec,
    Condition,
    Notification,
    Property,
    ServiceSpec,
)

_NS_PER_S = 1_000_000_000
_BATTERY_EVERY_S = 10
# What one call gives at most; the rest waits for the next.
_MAX_FRAMES = 32


@dataclass(frozen=True, slots=True)
class SensorConfig:
    """What tells one patch from another."""

    serial: str
    power_on_utc_ns: int
    drift_ppm: float = 0.0
    """How much faster than UTC the patch's clock runs."""
    battery_pct: int = 90


class Sensor(ABC):
    """A patch that samples `fs_hz` times a second and sends frames of samples while it streams."""

    name: str
    device_id: str
    att_mtu = 247
    information: Sequence[tuple[str, str]] = ()
    """What can be read as text, with its characteristic."""
    has_battery_service = True
    own_services: Sequence[ServiceSpec] = ()

    def __init__(self, config: SensorConfig, fs_hz: float) -> None:
        self.config = config
        self.condition = Condition(battery_pct=config.battery_pct)
        self._fs_hz = fs_hz
        self._next_sample: SampleIndex | None = None
        self._told_s: int | None = None

    @property
    def address(self) -> str:
        """Static random Bluetooth address, always the same for a device id."""
        octets = hashlib.blake2b(self.device_id.encode(), digest_size=5).digest()
        return ":".join(f"{octet:02X}" for octet in (0xD1, *octets))

    @property
    def fs_hz(self) -> float:
        """Samples per second of the patch's own clock."""
        return self._fs_hz

    @property
    def power_on_utc_ns(self) -> int:
        """When sample 0 was taken."""
        return self.config.power_on_utc_ns

    @property
    def is_streaming(self) -> bool:
        """Whether the ECG has been started."""
        return self._next_sample is not None

    @property
    def services(self) -> Sequence[ServiceSpec]:
        """What a host discovers."""
        information = ServiceSpec(
            sig.DEVICE_INFORMATION_SERVICE,
            tuple(CharacteristicSpec(uuid, Property.READ) for uuid, _ in self.information),
        )
        battery = ServiceSpec(
            sig.BATTERY_SERVICE,
            (CharacteristicSpec(sig.BATTERY_LEVEL, Property.READ | Property.NOTIFY),),
        )
        shared = ([information] if self.information else []) + (
            [battery] if self.has_battery_service else []
        )
        return (*shared, *self.own_services)

    def advertisement(self, utc_ns: int) -> Advertisement:
        """Give what it advertises: its name."""
        return Advertisement(self.name)

    def sample_ns(self, sample: SampleIndex) -> int:
        """Give the patch's clock at a sample, ns since power-on."""
        return round(sample * 1e9 / self._fs_hz)

    def samples_until(self, utc_ns: int) -> SampleIndex:
        """Give how many samples have been taken since power-on."""
        return int(self._elapsed_ns(utc_ns) * self._fs_hz / 1e9) + 1

    def _elapsed_ns(self, utc_ns: int) -> int:
        elapsed_ns = utc_ns - self.config.power_on_utc_ns
        return elapsed_ns + round(elapsed_ns * self.config.drift_ppm * 1e-6)

    def read(self, characteristic: str, utc_ns: int) -> bytes:
        """Give the value of a characteristic."""
        if characteristic == sig.BATTERY_LEVEL:
            return sig.encode_battery(Battery(self.condition.battery_pct))
        if text := dict(self.information).get(characteristic):
            return text.encode()
        raise AttRefused(AttRefused.READ_NOT_PERMITTED)

    def write(
        self, characteristic: str, data: bytes, utc_ns: int, mtu: int
    ) -> Sequence[Notification]:
        """Refuse: there is nothing to write unless a patch says so."""
        raise AttRefused(AttRefused.WRITE_NOT_PERMITTED)

    def subscribe(  # noqa: B027 - few patches need it
        self, characteristic: str, is_on: bool, utc_ns: int, mtu: int
    ) -> None:
        """Do nothing, unless a patch starts by it."""

    def disconnect(self) -> None:
        """Forget the host; sampling goes on."""
        self._next_sample = None
        self._told_s = None

    def due(self, utc_ns: int) -> Iterator[Notification]:
        """Give what is to be sent by now; a host must be connected."""
        yield from self._due_samples(utc_ns)
        second = self._elapsed_ns(utc_ns) // _NS_PER_S
        if self._told_s is None:
            self._told_s = max(second - 1, 0)
        if second > self._told_s:
            before_s, self._told_s = self._told_s, second
            yield from self._due_each_second(before_s, second)

    def _due_samples(self, utc_ns: int) -> Iterator[Notification]:
        taken = self.samples_until(utc_ns)
        for _ in range(_MAX_FRAMES):
            start = self._next_sample
            if start is None or start + self._frame_samples() > taken:
                return
            self._next_sample = start + self._frame_samples()
            yield from self._frame(start, self._next_sample)

    def _due_each_second(self, from_s: int, to_s: int) -> Iterator[Notification]:
        if self.has_battery_service and to_s // _BATTERY_EVERY_S != from_s // _BATTERY_EVERY_S:
            battery = Battery(self.condition.battery_pct)
            yield Notification(sig.BATTERY_LEVEL, sig.encode_battery(battery))

    @abstractmethod
    def _frame_samples(self) -> int:
        """Give how many samples the next frame takes."""

    @abstractmethod
    def _frame(self, start: SampleIndex, end: SampleIndex) -> Iterator[Notification]:
        """Give the notifications of one frame."""
