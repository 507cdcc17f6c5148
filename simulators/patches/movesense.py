"""A Movesense sensor without radio: time goes in, notifications come out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from devices import sig
from devices.movesense import codec
from devices.movesense.codec import EcgPacket, Greeting, Kind, Message, Op
from ecgcore.errors import NotificationError
from ecgcore.types import Int32Array, SampleIndex
from simulators.patch import AttRefused, CharacteristicSpec, Notification, Property, ServiceSpec
from simulators.patches.sensor import Sensor, SensorConfig
from simulators.source import Source

_ECG_PATHS = {codec.ecg_path(fs_hz): fs_hz for fs_hz in codec.RATES_HZ}
_HEAD_BYTES = 2
_ATT_HEAD_BYTES = 3


@dataclass(frozen=True, slots=True)
class MovesenseConfig(SensorConfig):
    """What tells one sensor from another."""

    uptime_ms: int = 0
    """What its clock shows at power-on; it wraps at 2**32."""
    is_sample_app: bool = False
    """Whether it runs the vendor's sample application, which confirms no subscription."""
    lost_answers: int = 0
    """How many answers are lost on the way, before the first that is not."""
    refused_rates_hz: frozenset[int] = frozenset()


class SimulatedMovesense(Sensor):
    """One sensor: configuration, signal and what the host subscribed to."""

    information = ((sig.MANUFACTURER_NAME, "Movesense"), (sig.MODEL_NUMBER, "HR2"))
    own_services = (
        ServiceSpec(
            codec.SERVICE,
            (
                CharacteristicSpec(codec.WRITE, Property.WRITE),
                CharacteristicSpec(codec.NOTIFY, Property.NOTIFY),
            ),
        ),
    )

    def __init__(self, config: MovesenseConfig, source: Source, fs_hz: int = 250) -> None:
        super().__init__(config, float(fs_hz))
        self.config: MovesenseConfig = config
        self.name = f"Movesense {config.serial}"
        self.device_id = f"movesense-{config.serial}"
        self._source = source
        self._mtu = self.att_mtu
        self._ecg_refs: list[int] = []
        self._contact_refs: list[int] = []
        self._contact: bool | None = True
        self._untold_contact = False
        self._was_worn = self.condition.is_worn
        self._lost_answers = config.lost_answers

    def set_contact(self, is_on: bool | None) -> None:
        """Put the electrodes on skin, or take them off."""
        self._contact, self._untold_contact = is_on, True

    def adc(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give the counts of samples, shape (1, n_samples)."""
        ecg_uv = self._source.read_uv(start, n_samples)
        return np.round(ecg_uv * (1e6 / codec.LSB_PV)).astype(np.int32)[np.newaxis]

    def sample_ns(self, sample: SampleIndex) -> int:
        """Give the sensor's clock at a sample, before it is rounded to ms."""
        return self.config.uptime_ms * 1_000_000 + super().sample_ns(sample)

    def write(
        self, characteristic: str, data: bytes, utc_ns: int, mtu: int
    ) -> Sequence[Notification]:
        """Carry out a request; give the answer, unless there is none or it is lost."""
        if characteristic != codec.WRITE:
            raise AttRefused(AttRefused.WRITE_NOT_PERMITTED)
        self._mtu = mtu
        try:
            request = codec.decode_request(data)
        except NotificationError:
            return ()
        body = self._carry_out(request, utc_ns)
        if body is None:
            return ()
        if self._lost_answers:
            self._lost_answers -= 1
            return ()
        answer = codec.encode_message(Message(Kind.RESPONSE, request.ref, body))
        # What does not fit is cut off, as notifications are.
        return (Notification(codec.NOTIFY, answer[: mtu - _ATT_HEAD_BYTES]),)

    def _carry_out(self, request: codec.Request, utc_ns: int) -> bytes | None:
        if request.op == Op.HELLO:
            greeting = Greeting(1, self.config.serial, "Movesense HR2", "Default", "2.3.1")
            return codec.encode_greeting(greeting)
        if request.op == Op.UNSUBSCRIBE:
            status = self._unsubscribe(request.ref)
        elif request.op == Op.SUBSCRIBE:
            status = self._subscribe(request.ref, request.data.decode("ascii", "replace"), utc_ns)
        else:
            status = 400
        is_silent = self.config.is_sample_app and status == 200
        return None if is_silent else codec.encode_status(status)

    def _subscribe(self, ref: int, path: str, utc_ns: int) -> int:
        if path == codec.CONTACT_PATH:
            self._contact_refs.append(ref)
            self._untold_contact = True
            return 200
        fs_hz = _ECG_PATHS.get(path)
        if fs_hz is None:
            return 404
        if fs_hz in self.config.refused_rates_hz:
            return 501
        if self._ecg_refs and fs_hz != self._fs_hz:
            return 409
        self._fs_hz = float(fs_hz)
        self._ecg_refs.append(ref)
        if self._next_sample is None:
            self._next_sample = self.samples_until(utc_ns)
        return 200

    def _unsubscribe(self, ref: int) -> int:
        known = ref in self._ecg_refs or ref in self._contact_refs
        self._ecg_refs = [each for each in self._ecg_refs if each != ref]
        self._contact_refs = [each for each in self._contact_refs if each != ref]
        if not self._ecg_refs:
            self._next_sample = None
        return 200 if known else 404

    def disconnect(self) -> None:
        """Forget the host and all its subscriptions; sampling goes on."""
        super().disconnect()
        self._ecg_refs, self._contact_refs = [], []

    def due(self, utc_ns: int) -> Iterator[Notification]:
        """Give what is to be sent by now."""
        if self._was_worn != self.condition.is_worn:
            self._was_worn = self.condition.is_worn
            self.set_contact(self._was_worn)
        if self._untold_contact and self._contact_refs:
            self._untold_contact = False
            stamp_ms = self.config.uptime_ms + self._elapsed_ns(utc_ns) // 1_000_000
            body = codec.encode_contact(stamp_ms, self._contact)
            for ref in self._contact_refs:
                message = codec.encode_message(Message(Kind.DATA, ref, body))
                yield Notification(codec.NOTIFY, message)
        yield from super().due(utc_ns)

    def _frame_samples(self) -> int:
        return codec.SAMPLES_PER_PACKET

    def _frame(self, start: SampleIndex, end: SampleIndex) -> Iterator[Notification]:
        stamp_ms = round(self.sample_ns(start) / 1e6)
        body = codec.encode_ecg(EcgPacket(stamp_ms, self.adc(start, end - start)[0]))
        for copy, ref in enumerate(self._ecg_refs):
            samples = range(start, end) if copy == 0 else range(0)
            yield from self._parts(ref, body, samples)

    def _parts(self, ref: int, body: bytes, samples: range) -> Iterator[Notification]:
        """Cut a body to the MTU; the samples have gone when the last part has."""
        room = self._mtu - _ATT_HEAD_BYTES - _HEAD_BYTES
        for at in range(0, len(body), room):
            kind = Kind.DATA_PART2 if at else Kind.DATA
            value = codec.encode_message(Message(kind, ref, body[at : at + room]))
            is_last = at + room >= len(body)
            yield Notification(codec.NOTIFY, value, samples if is_last else range(0))
