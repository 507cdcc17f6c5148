"""An OpenBCI Ganglion without radio, with the packets of firmware 2 or 3."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from devices import sig
from devices.ganglion import codec
from ecgcore.types import Int32Array, SampleIndex
from simulators.patch import AttRefused, CharacteristicSpec, Notification, Property, ServiceSpec
from simulators.patches.sensor import Sensor, SensorConfig
from simulators.source import MultiSource

_LIMIT = 1 << 23
_TEXT_ID = 206


@dataclass(frozen=True, slots=True)
class GanglionConfig(SensorConfig):
    """What tells one board from another."""

    firmware: str = "2.0.1"
    bits: int = 18
    """18 with the accelerometer's values between the samples, 19 without."""


class SimulatedGanglion(Sensor):
    """One board.

    Its converter gives even counts with firmware 2 and multiples of 64 (32) with firmware 3, so
    that what is lost in packing is nothing, and what is received is what was sampled.

    Parameters
    ----------
    source : MultiSource
        The four channels.
    """

    has_battery_service = False
    own_services = (
        ServiceSpec(
            codec.SERVICE,
            (
                CharacteristicSpec(codec.NOTIFY, Property.READ | Property.NOTIFY),
                CharacteristicSpec(codec.WRITE, Property.WRITE | Property.WRITE_WITHOUT_RESPONSE),
            ),
        ),
    )

    def __init__(self, config: GanglionConfig, source: MultiSource) -> None:
        super().__init__(config, float(codec.FS_HZ))
        self.config: GanglionConfig = config
        self.name = f"Ganglion-{config.serial}"
        self.device_id = f"ganglion-{config.serial.lower()}"
        self.information = (
            (sig.SOFTWARE_REVISION, config.firmware),
            (sig.MODEL_NUMBER, "Ganglion"),
        )
        self._source = source
        self._sends_deltas = not config.firmware.startswith("3")
        self._number = 0
        self._told: Int32Array = np.zeros(codec.N_CHANNELS, np.int32)
        """The last sample, as the host adds it up."""

    def adc(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give the counts of samples, shape (4, n_samples)."""
        uv = self._source.read_uv(start, n_samples)
        step = 2 if self._sends_deltas else 1 << (24 - self.config.bits)
        counts = np.round(uv * (1e6 / codec.LSB_PV / step)).astype(np.int64) * step
        return np.clip(counts, -_LIMIT, _LIMIT - step).astype(np.int32)

    def write(
        self, characteristic: str, data: bytes, utc_ns: int, mtu: int
    ) -> Sequence[Notification]:
        """Carry out a command of one letter; unknown ones are answered by a text."""
        if characteristic != codec.WRITE:
            raise AttRefused(AttRefused.WRITE_NOT_PERMITTED)
        if data == codec.START:
            self._next_sample, self._number = self.samples_until(utc_ns), 0
        elif data == codec.STOP:
            self._next_sample = None
        else:
            text = bytes([_TEXT_ID]) + b"unknown command"
            return (Notification(codec.NOTIFY, text.ljust(codec.PACKET_BYTES, b"\0")),)
        return ()

    def _frame_samples(self) -> int:
        return 1 if self._sends_deltas and self._number == 0 else 2

    def _frame(self, start: SampleIndex, end: SampleIndex) -> Iterator[Notification]:
        bits, adc = self.config.bits, self.adc(start, end - start)
        if not self._sends_deltas:
            value = codec.encode_absolute(self._number, adc.T.ravel().tolist(), bits)
        elif self._number == 0:
            self._told = adc[:, 0]
            value = codec.encode_whole(self._told.tolist())
        else:
            value = codec.encode_deltas(self._number, self._deltas(adc), bits)
        self._number = (self._number + 1) % (codec.CYCLE + self._sends_deltas)
        yield Notification(codec.NOTIFY, value, range(start, end))

    def _deltas(self, adc: Int32Array) -> list[int]:
        """Give the differences; a step that does not fit is made up for by the next ones."""
        limit, deltas = 1 << self.config.bits, []
        for sample in adc.T:
            delta = np.clip(self._told - sample, 2 - limit, limit - 2)
            self._told = self._told - delta
            deltas += delta.tolist()
        return deltas
