"""A BITalino board without radio: a stream of three-byte frames, cut every 20 bytes."""

from collections.abc import Iterator, Sequence

import numpy as np

from devices.bitalino import codec
from ecgcore.types import Int32Array, SampleIndex
from simulators.patch import AttRefused, CharacteristicSpec, Notification, Property, ServiceSpec
from simulators.patches.sensor import Sensor, SensorConfig
from simulators.source import Source


class SimulatedBitalino(Sensor):
    """One board with an ECG block."""

    att_mtu = 23
    has_battery_service = False
    own_services = (
        ServiceSpec(
            codec.SERVICE,
            (
                CharacteristicSpec(
                    codec.COMMANDS, Property.READ | Property.WRITE | Property.INDICATE
                ),
                CharacteristicSpec(codec.FRAMES, Property.READ | Property.NOTIFY),
            ),
        ),
    )

    def __init__(self, config: SensorConfig, source: Source) -> None:
        super().__init__(config, float(codec.FS_HZ))
        self.name = f"BITalino-{config.serial}"
        self.device_id = f"bitalino-{config.serial.lower()}"
        self._source = source
        self._sequence = 0
        self._stream = b""
        self._unsent_from: SampleIndex = 0

    def adc(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give the counts of samples around mid-scale, shape (1, n_samples)."""
        counts = np.round(self._source.read_uv(start, n_samples) * (1e6 / codec.LSB_PV))
        low, high = -codec.MID_SCALE, codec.MAX_ADC - codec.MID_SCALE
        return np.clip(counts, low, high).astype(np.int32)[np.newaxis]

    def write(
        self, characteristic: str, data: bytes, utc_ns: int, mtu: int
    ) -> Sequence[Notification]:
        """Carry out a command of one byte; the board answers none of these."""
        if characteristic != codec.COMMANDS or len(data) != 1:
            raise AttRefused(AttRefused.WRITE_NOT_PERMITTED)
        if data == codec.STOP:
            self._next_sample = None
        elif codec.channel_of(data[0]) and self._next_sample is None:
            self._next_sample = self._unsent_from = self.samples_until(utc_ns)
            self._sequence, self._stream = 0, b""
        return ()

    def _frame_samples(self) -> int:
        return 1

    def _frame(self, start: SampleIndex, end: SampleIndex) -> Iterator[Notification]:
        adc = int(self.adc(start, 1)[0, 0]) + codec.MID_SCALE
        self._stream += codec.encode_frame(codec.Frame(self._sequence, adc))
        self._sequence = (self._sequence + 1) % codec.SEQUENCE_MODULUS
        while len(self._stream) >= codec.NOTIFICATION_BYTES:
            value = self._stream[: codec.NOTIFICATION_BYTES]
            self._stream = self._stream[codec.NOTIFICATION_BYTES :]
            # A sample has gone when its last byte has.
            whole_to = end - -(-len(self._stream) // codec.FRAME_BYTES)
            yield Notification(codec.FRAMES, value, range(self._unsent_from, whole_to))
            self._unsent_from = whole_to
