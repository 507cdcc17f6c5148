"""A Polar H10 without radio: time goes in, notifications come out.

The strap's sample grid and clock start with power-on and never stop, whether anybody is connected
or not. What is sampled while nobody streams was never sent: after a link loss the next frame's
timestamp is that much later, as with the real strap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from devices import sig
from devices.driver import Advertisement, Battery, HeartRate
from devices.polar_h10 import codec
from devices.polar_h10.codec import ControlOp, ControlStatus, MeasurementType, Setting
from ecgcore.errors import NotificationError
from ecgcore.types import FloatArray, SampleIndex
from simulators.patch import (
    AttRefused,
    CharacteristicSpec,
    Condition,
    Notification,
    Property,
    ServiceSpec,
)
from simulators.source import Source

# Without known beats the strap shows a steady heart.
_STEADY_BPM = 60
_NS_PER_S = 1_000_000_000
_BATTERY_EVERY_S = 10
_LOW_BATTERY_PCT = 10
# As many intervals as a notification carries at any MTU.
_MAX_RR = 9
# What one call gives at most; the rest waits for the next. The link takes twice as many at once.
_MAX_FRAMES = 32
_INFORMATION = {
    sig.MODEL_NUMBER: "H10",
    sig.FIRMWARE_REVISION: "5.0.0",
    # The version a user sees is the software revision.
    sig.SOFTWARE_REVISION: "3.2.0",
    sig.MANUFACTURER_NAME: "Polar Electro Oy",
}
_SERVICES = (
    ServiceSpec(
        sig.DEVICE_INFORMATION_SERVICE,
        tuple(
            CharacteristicSpec(uuid, Property.READ) for uuid in (*_INFORMATION, sig.SERIAL_NUMBER)
        ),
    ),
    ServiceSpec(
        sig.BATTERY_SERVICE,
        (CharacteristicSpec(sig.BATTERY_LEVEL, Property.READ | Property.NOTIFY),),
    ),
    ServiceSpec(
        sig.HEART_RATE_SERVICE,
        (CharacteristicSpec(sig.HEART_RATE_MEASUREMENT, Property.NOTIFY),),
    ),
    ServiceSpec(
        codec.PMD_SERVICE,
        (
            CharacteristicSpec(
                codec.PMD_CONTROL, Property.READ | Property.WRITE | Property.INDICATE
            ),
            CharacteristicSpec(codec.PMD_DATA, Property.NOTIFY),
        ),
    ),
)
_SETTINGS = {Setting.RATE_HZ: codec.FS_HZ, Setting.RESOLUTION_BITS: codec.RESOLUTION_BITS}


def patch_address(serial: str) -> str:
    """Give the Bluetooth address of the strap with a serial number."""
    return ":".join(["D0", "10", *(serial[at : at + 2] for at in range(0, 8, 2))])


@dataclass(frozen=True, slots=True)
class PatchConfig:
    """What tells one strap from another."""

    serial: str
    """Eight hex digits, as printed on the pod."""
    power_on_utc_ns: int
    fs_hz: float = float(codec.FS_HZ)
    """Samples per second of the strap's own clock."""
    drift_ppm: float = 0.0
    """How much faster than UTC the strap's clock runs."""
    battery_pct: int = 90

    @property
    def name(self) -> str:
        """What is advertised."""
        return f"Polar H10 {self.serial}"

    @property
    def device_id(self) -> str:
        """What the gateway calls this patch."""
        return f"polar-h10-{self.serial}"


class SimulatedH10:
    """One strap: configuration, signal and what the host told it."""

    att_mtu = codec.ATT_MTU
    services: Sequence[ServiceSpec] = _SERVICES

    def __init__(self, config: PatchConfig, source: Source) -> None:
        self.config = config
        self.condition = Condition(battery_pct=config.battery_pct)
        self._source = source
        self._next_sample: SampleIndex | None = None
        self._frame_samples = 0
        self._told_s: int | None = None
        self._last_peak: FloatArray = np.empty(0)
        self._bpm = _STEADY_BPM

    @property
    def device_id(self) -> str:
        """What the gateway calls this patch."""
        return self.config.device_id

    @property
    def name(self) -> str:
        """What is advertised."""
        return self.config.name

    @property
    def address(self) -> str:
        """Bluetooth address, always the same for a serial number."""
        return patch_address(self.config.serial)

    @property
    def fs_hz(self) -> float:
        """Samples per second of the strap's own clock."""
        return self.config.fs_hz

    @property
    def power_on_utc_ns(self) -> int:
        """When sample 0 was taken."""
        return self.config.power_on_utc_ns

    @property
    def is_streaming(self) -> bool:
        """Whether the ECG has been started."""
        return self._next_sample is not None

    def samples_until(self, utc_ns: int) -> SampleIndex:
        """Give how many samples have been taken since power-on."""
        return self._taken(self._elapsed_ns(utc_ns))

    def _taken(self, elapsed_ns: int) -> SampleIndex:
        return int(elapsed_ns * self.config.fs_hz / 1e9) + 1

    def sample_ns(self, sample: SampleIndex) -> int:
        """Give the strap's clock at a sample, ns since 2000."""
        since_ns = round(sample * 1e9 / self.config.fs_hz)
        return codec.POWER_ON_NS + since_ns + self.condition.clock_shift_ns

    def _elapsed_ns(self, utc_ns: int) -> int:
        elapsed_ns = utc_ns - self.config.power_on_utc_ns
        return elapsed_ns + round(elapsed_ns * self.config.drift_ppm * 1e-6)

    def advertisement(self, utc_ns: int) -> Advertisement:
        """Give what it advertises."""
        counter = self._elapsed_ns(utc_ns) // _NS_PER_S & 7
        state = codec.encode_advertised_state(
            codec.AdvertisedState(
                contact=self.condition.is_worn,
                battery_low=self.condition.battery_pct < _LOW_BATTERY_PCT,
                counter=counter,
                bpm=_STEADY_BPM,
            )
        )
        # A real strap has its service in the scan response, which the virtual radio lacks.
        return Advertisement(
            self.name, {codec.COMPANY_ID: state}, service_uuids=(sig.HEART_RATE_SERVICE,)
        )

    def read(self, characteristic: str, utc_ns: int) -> bytes:
        """Give the value of a characteristic."""
        match characteristic:
            case sig.SERIAL_NUMBER:
                return self.config.serial.encode()
            case sig.BATTERY_LEVEL:
                return sig.encode_battery(Battery(self.condition.battery_pct))
            case codec.PMD_CONTROL:
                return codec.encode_features([MeasurementType.ECG])
            case _ if text := _INFORMATION.get(characteristic):
                return text.encode()
        raise AttRefused(AttRefused.READ_NOT_PERMITTED)

    def write(
        self, characteristic: str, data: bytes, utc_ns: int, mtu: int
    ) -> Sequence[Notification]:
        """Carry out a command of the control point; give the reply."""
        if characteristic != codec.PMD_CONTROL:
            raise AttRefused(AttRefused.WRITE_NOT_PERMITTED)
        return (Notification(codec.PMD_CONTROL, self.control(data, utc_ns, mtu)),)

    def subscribe(self, characteristic: str, is_on: bool, utc_ns: int, mtu: int) -> None:
        """Do nothing: what is not subscribed to does not leave the strap."""

    def control(self, data: bytes, utc_ns: int, mtu: int) -> bytes:
        """Carry out what was written to the control point and give the reply."""
        try:
            request = codec.decode_request(data)
        except NotificationError:
            op, measurement = (*data[:2], 0, 0)[:2]
            return codec.encode_reply(op, measurement, ControlStatus.BAD_LENGTH)
        status = self._refusal(request, mtu)
        parameters = b""
        if status is ControlStatus.SUCCESS:
            parameters = self._carry_out(ControlOp(request.op), utc_ns, mtu)
        return codec.encode_reply(request.op, request.measurement, status, parameters)

    def _refusal(self, request: codec.Request, mtu: int) -> ControlStatus:
        if request.op not in list(ControlOp):
            return ControlStatus.BAD_OPERATION
        if request.measurement != MeasurementType.ECG:
            return ControlStatus.NOT_SUPPORTED
        if request.op == ControlOp.START:
            return self._start_refusal(request.settings, mtu)
        if request.op == ControlOp.STOP and not self.is_streaming:
            return ControlStatus.ALREADY_IN_STATE
        return ControlStatus.SUCCESS

    def _start_refusal(self, settings: dict[int, int], mtu: int) -> ControlStatus:
        if self.is_streaming:
            return ControlStatus.ALREADY_IN_STATE
        if mtu < codec.MIN_MTU:
            return ControlStatus.BAD_MTU
        if settings.get(Setting.RATE_HZ) != codec.FS_HZ:
            return ControlStatus.BAD_RATE
        if settings.get(Setting.RESOLUTION_BITS) != codec.RESOLUTION_BITS:
            return ControlStatus.BAD_RESOLUTION
        return ControlStatus.SUCCESS

    def _carry_out(self, op: ControlOp, utc_ns: int, mtu: int) -> bytes:
        if op is ControlOp.START:
            self._next_sample = self.samples_until(utc_ns)
            self._frame_samples = codec.samples_per_frame(mtu)
        elif op is ControlOp.STOP:
            self._next_sample = None
        return codec.encode_settings(_SETTINGS) if op is ControlOp.GET_SETTINGS else b""

    def disconnect(self) -> None:
        """Forget the host; sampling goes on."""
        self._next_sample = None
        self._told_s = None
        self._last_peak = np.empty(0)

    def due(self, utc_ns: int) -> Iterator[Notification]:
        """Give what is to be sent by now; a host must be connected."""
        elapsed_ns = self._elapsed_ns(utc_ns)
        yield from self._due_ecg(self._taken(elapsed_ns))
        second = elapsed_ns // _NS_PER_S
        if second != self._told_s:
            yield from self._due_each_second(second)

    def _due_ecg(self, taken: SampleIndex) -> Iterator[Notification]:
        for _ in range(_MAX_FRAMES):
            start = self._next_sample
            if start is None or start + self._frame_samples > taken:
                return
            self._next_sample = end = start + self._frame_samples
            ecg_uv = self._source.read_uv(start, self._frame_samples)
            value = codec.encode_ecg(self.sample_ns(end - 1), ecg_uv)
            yield Notification(codec.PMD_DATA, value, range(start, end))

    def _due_each_second(self, second: int) -> Iterator[Notification]:
        if self._told_s is None:
            self._told_s = max(second - 1, 0)
        if second == self._told_s:
            return
        heart_rate = self._heart_rate(self._told_s, second)
        yield Notification(sig.HEART_RATE_MEASUREMENT, sig.encode_heart_rate(heart_rate))
        if second // _BATTERY_EVERY_S != self._told_s // _BATTERY_EVERY_S:
            battery = Battery(self.condition.battery_pct)
            yield Notification(sig.BATTERY_LEVEL, sig.encode_battery(battery))
        self._told_s = second

    def _heart_rate(self, from_s: int, to_s: int) -> HeartRate:
        fs_hz = self.config.fs_hz
        peaks = self._source.rpeaks(round(from_s * fs_hz), round(to_s * fs_hz))
        if peaks is None:
            return HeartRate(_STEADY_BPM, (), contact=self.condition.is_worn)
        rr_ms = np.diff(peaks, prepend=self._last_peak) * (1000 / fs_hz)
        if len(peaks):
            self._last_peak = peaks[-1:]
        if len(rr_ms):
            self._bpm = round(60_000 / float(np.mean(rr_ms)))
        rr_ms = rr_ms[-_MAX_RR:]
        return HeartRate(self._bpm, tuple(rr_ms.tolist()), contact=self.condition.is_worn)
