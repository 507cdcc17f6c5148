"""A HealthyPi 5 or HealthyPi Move without radio."""

from collections.abc import Iterator
from enum import Enum

import numpy as np

from devices import sig
from devices.driver import Advertisement
from devices.healthypi import driver
from ecgcore.types import Int32Array, SampleIndex
from simulators.patch import CharacteristicSpec, Notification, Property, ServiceSpec
from simulators.patches.beats import BeatTeller
from simulators.patches.sensor import Sensor, SensorConfig
from simulators.source import Source


class HealthyPi(Enum):
    """Which of the two: name, rate, samples in a notification, samples dropped after each."""

    FIVE = ("healthypi 5", 125, 8, 1)
    """The sample that comes when its buffer is full only empties the buffer."""
    MOVE = ("healthypi move", 128, 16, 0)


class SimulatedHealthyPi(Sensor):
    """One board or watch; it streams while somebody is subscribed."""

    information = ((sig.MANUFACTURER_NAME, "Protocentral"),)
    own_services = (
        ServiceSpec(driver.ECG_SERVICE, (CharacteristicSpec(driver.ECG_STREAM, Property.NOTIFY),)),
        ServiceSpec(
            sig.HEART_RATE_SERVICE,
            (CharacteristicSpec(sig.HEART_RATE_MEASUREMENT, Property.NOTIFY),),
        ),
    )

    def __init__(
        self, config: SensorConfig, source: Source, kind: HealthyPi = HealthyPi.MOVE
    ) -> None:
        name, fs_hz, self._n_sent, self._n_dropped = kind.value
        super().__init__(config, float(fs_hz))
        self.name = f"{name} {config.serial}" if config.serial else name
        self.device_id = self.name.replace(" ", "-")
        self._source = source
        self._beats = BeatTeller(source, fs_hz)

    def adc(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give the counts of samples, shape (1, n_samples)."""
        ecg_uv = self._source.read_uv(start, n_samples)
        return np.round(ecg_uv * (1e6 / driver.LSB_PV)).astype(np.int32)[np.newaxis]

    def advertisement(self, utc_ns: int) -> Advertisement:
        """Give its name and the standard services; its own one is not advertised."""
        uuids = (sig.HEART_RATE_SERVICE, sig.BATTERY_SERVICE, sig.DEVICE_INFORMATION_SERVICE)
        return Advertisement(self.name, service_uuids=uuids)

    def subscribe(self, characteristic: str, is_on: bool, utc_ns: int, mtu: int) -> None:
        """Start or end the stream."""
        if characteristic == driver.ECG_STREAM:
            self._next_sample = self.samples_until(utc_ns) if is_on else None

    def disconnect(self) -> None:
        """Forget the host; sampling goes on."""
        super().disconnect()
        self._beats.forget()

    def _frame_samples(self) -> int:
        return self._n_sent + self._n_dropped

    def _frame(self, start: SampleIndex, end: SampleIndex) -> Iterator[Notification]:
        sent = range(start, end - self._n_dropped)
        value = driver.encode_ecg(self.adc(start, len(sent))[0])
        yield Notification(driver.ECG_STREAM, value, sent)

    def _due_each_second(self, from_s: int, to_s: int) -> Iterator[Notification]:
        told = self._beats.between(from_s, to_s, contact=None)
        yield Notification(sig.HEART_RATE_MEASUREMENT, sig.encode_heart_rate(told))
        yield from super()._due_each_second(from_s, to_s)
