"""An open patch without radio: time goes in, notifications come out (docs/open-patch.md).

It samples from power-on, whether anybody is connected or not, and puts every frame into its memory
before it is sent; what a host missed it can ask for.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from devices import sig
from devices.driver import Advertisement, Battery
from devices.open_patch import control
from devices.open_patch.advertised import Advertised, AdvertisedFlag
from devices.open_patch.control import Op, Request, State, Status
from devices.open_patch.frame import Event, EventFrame, GapCode, GapFrame, encode_frame
from devices.open_patch.info import ATT_HEADER_BYTES, MIN_MTU, Feature, Info
from devices.open_patch.payload import Codec
from devices.open_patch.tlv import Tlv, Tlvs, encode_tlvs, number, numbers_of
from ecgcore.errors import NotificationError
from ecgcore.types import Lead, SampleIndex
from simulators.patch import AttRefused, CharacteristicSpec, Notification, Property, ServiceSpec
from simulators.patches.open_patch_log import FrameLog, Lost, Stored
from simulators.patches.open_patch_recording import Recording, Setup
from simulators.source import MultiSource

# What one call gives at most; the rest waits for the next. Live goes first.
_MAX_LIVE = 32
_MAX_REPLAY = 16
_LIVE_QUEUE = 64
_BATTERY_EVERY_S = 10
_LOW_BATTERY_PCT = 15
_LSB_PV = 1_000_000
_PROPERTIES = {
    control.INFO: Property.READ,
    control.CONTROL: Property.WRITE | Property.INDICATE,
    control.LIVE: Property.NOTIFY,
    control.REPLAY: Property.NOTIFY,
    control.STATUS: Property.READ | Property.NOTIFY,
}
_TEXTS = {
    sig.MODEL_NUMBER: "Open patch",
    sig.FIRMWARE_REVISION: "1.0.0",
    sig.MANUFACTURER_NAME: "ECGomics",
}
MakeSource = Callable[[float], MultiSource]
"""Gives the signal for a sampling rate in Hz."""


@dataclass(frozen=True, slots=True)
class OpenPatchConfig:
    """What tells one patch from another."""

    number: int
    """Printed as eight hex digits."""
    power_on_utc_ns: int
    leads: tuple[Lead, ...] = (Lead.CHEST,)
    fs_hz: int = 250
    rates_hz: tuple[int, ...] = (125, 250, 500, 1000)
    drift_ppm: float = 0.0
    """How much faster than UTC the patch's clock runs."""
    memory_bytes: int = 8 << 20
    att_mtu: int = 247
    is_open: bool = False
    """Whether it needs no pairing."""
    first_boot: int = 1
    codecs: frozenset[Codec] = field(default_factory=lambda: frozenset(Codec))


class SimulatedOpenPatch:
    """One patch: configuration, signal, memory and what the host told it."""

    def __init__(self, config: OpenPatchConfig, make_source: MakeSource) -> None:
        self.config = config
        self.att_mtu = config.att_mtu
        self.battery_pct = 90
        self.n_blinks = 0
        """How often a host had it blink."""
        self.host_utc_us: int | None = None
        """What a host said the time is."""
        self._lead_off = 0
        self._make_source = make_source
        self._log = FrameLog(config.memory_bytes)
        self._started_utc_ns = config.power_on_utc_ns
        self._live: deque[Notification] = deque()
        self._n_unsent = 0
        self._replay: Iterator[Notification] = iter(())
        self._told_s: int | None = None
        self._is_streaming = False
        self._is_recording = True
        setup = Setup(config.fs_hz, (1 << len(config.leads)) - 1, Codec.RICE, 500, 244)
        self._recording = self._begin(config.first_boot, 0, setup)
        self._operations: Mapping[int, Callable[[Request, int, int], bytes]] = {
            Op.HELLO: self._hello,
            Op.CONFIG: self._configure,
            Op.START: self._start,
            Op.STOP: self._stop,
            Op.SYNC: self._sync,
            Op.REPLAY: self._start_replay,
            Op.REPLAY_CANCEL: self._cancel_replay,
            Op.ERASE_UPTO: self._erase,
            Op.LEDS: self._blink,
        }

    @property
    def device_id(self) -> str:
        """What the gateway calls this patch."""
        return f"open-patch-{self.config.number:08X}"

    @property
    def name(self) -> str:
        """What is advertised."""
        return f"OP-{self.config.number:08X}"

    @property
    def address(self) -> str:
        """Bluetooth address, always the same for a number."""
        octets = self.config.number.to_bytes(4, "big")
        return ":".join(["D0", "0E", *(f"{octet:02X}" for octet in octets)])

    @property
    def fs_hz(self) -> float:
        """Samples per second of the patch's own clock."""
        return float(self._recording.setup.fs_hz)

    @property
    def power_on_utc_ns(self) -> int:
        """When sample 0 of the running boot was taken."""
        elapsed_ns = self._recording.start_us * 1000
        return self._started_utc_ns + round(elapsed_ns / (1 + self.config.drift_ppm * 1e-6))

    @property
    def boot(self) -> int:
        """The running boot."""
        return self._recording.boot

    @property
    def is_streaming(self) -> bool:
        """Whether the ECG is sent live."""
        return self._is_streaming

    @property
    def services(self) -> Sequence[ServiceSpec]:
        """What a host discovers."""
        texts = (*_TEXTS, sig.SERIAL_NUMBER)
        ours = tuple(
            CharacteristicSpec(
                uuid, properties, is_encrypted=uuid != control.INFO and not self.config.is_open
            )
            for uuid, properties in _PROPERTIES.items()
        )
        battery = CharacteristicSpec(sig.BATTERY_LEVEL, Property.READ | Property.NOTIFY)
        return (
            ServiceSpec(
                sig.DEVICE_INFORMATION_SERVICE,
                tuple(CharacteristicSpec(uuid, Property.READ) for uuid in texts),
            ),
            ServiceSpec(sig.BATTERY_SERVICE, (battery,)),
            ServiceSpec(control.SERVICE, ours),
        )

    def sample_ns(self, sample: SampleIndex) -> int:
        """Give the patch's clock at a sample, ns since power-on."""
        return self._recording.sample_us(sample) * 1000

    def advertisement(self, utc_ns: int) -> Advertisement:
        """Give what it advertises."""
        flags = AdvertisedFlag.PAIRABLE
        if self._is_streaming:
            flags |= AdvertisedFlag.STREAMING
        if not self._lead_off:
            flags |= AdvertisedFlag.LEADS_ON
        if self.battery_pct < _LOW_BATTERY_PCT:
            flags |= AdvertisedFlag.BATTERY_LOW
        if self.config.is_open:
            flags |= AdvertisedFlag.OPEN
        if self._log.ranges():
            flags |= AdvertisedFlag.BACKLOG
        data = Advertised(flags, self.config.number, self.battery_pct).encode()
        return Advertisement(
            self.name, service_uuids=(control.SERVICE,), service_data={control.SERVICE: data}
        )

    def read(self, characteristic: str, utc_ns: int) -> bytes:
        """Give the value of a characteristic."""
        match characteristic:
            case control.INFO:
                return self._info().encode()
            case control.STATUS:
                return self._status()
            case sig.BATTERY_LEVEL:
                return sig.encode_battery(Battery(self.battery_pct))
            case sig.SERIAL_NUMBER:
                return self._info().serial.encode()
            case _ if text := _TEXTS.get(characteristic):
                return text.encode()
        raise AttRefused(AttRefused.READ_NOT_PERMITTED)

    def write(
        self, characteristic: str, data: bytes, utc_ns: int, mtu: int
    ) -> Sequence[Notification]:
        """Carry out a request of the control point; give the reply."""
        if characteristic != control.CONTROL:
            raise AttRefused(AttRefused.WRITE_NOT_PERMITTED)
        return (Notification(control.CONTROL, self._reply(data, utc_ns, mtu)),)

    def subscribe(self, characteristic: str, is_on: bool, utc_ns: int, mtu: int) -> None:
        """Do nothing: what is not subscribed to does not leave the patch."""

    def disconnect(self) -> None:
        """Forget the host; recording goes on."""
        self._is_streaming = False
        self._live.clear()
        self._replay = iter(())
        self._told_s = None

    def due(self, utc_ns: int) -> Iterator[Notification]:
        """Give what is to be sent by now; a host must be connected."""
        self._record(utc_ns)
        for _ in range(min(_MAX_LIVE, len(self._live))):
            yield self._live.popleft()
        yield from self._due_battery(utc_ns)
        if not self._live:
            yield from islice(self._replay, _MAX_REPLAY)

    def touch(self, lead_off: int, utc_ns: int) -> None:
        """Have electrodes off, a bit each, from now on."""
        self._record(utc_ns)
        self._lead_off = lead_off
        self._tell(Event.LEADS)

    def press(self, utc_ns: int) -> None:
        """Press the wearer's button."""
        self._record(utc_ns)
        self._tell(Event.MARKER)

    def overflow(self, n_samples: int, utc_ns: int) -> None:
        """Miss the next samples: the converter is not read in time."""
        self._record(utc_ns)
        first, data = self._recording.skip(n_samples, GapCode.OVERFLOW)
        end = first + n_samples
        self._keep(Stored(self.boot, first, end, data, has_samples=False))

    def restart(self, utc_ns: int) -> None:
        """Switch off and on; the memory stays."""
        self._record(utc_ns)
        self.disconnect()
        self._started_utc_ns = utc_ns
        self._recording = self._begin(self.boot + 1, 0, self._recording.setup)

    def _begin(self, boot: int, start_us: int, setup: Setup) -> Recording:
        return Recording(boot, start_us, setup, self._make_source(float(setup.fs_hz)))

    def _now_us(self, utc_ns: int) -> int:
        elapsed_ns = utc_ns - self._started_utc_ns
        return (elapsed_ns + round(elapsed_ns * self.config.drift_ppm * 1e-6)) // 1000

    def _record(self, utc_ns: int) -> None:
        if not self._is_recording:
            return
        for first, end, data in self._recording.frames_until(self._now_us(utc_ns), self._lead_off):
            self._keep(Stored(self.boot, first, end, data))

    def _keep(self, frame: Stored) -> None:
        self._log.append(frame)
        if self._is_streaming:
            self._queue(_notification(control.LIVE, frame))

    def _queue(self, notification: Notification) -> None:
        self._live.append(notification)
        if len(self._live) > _LIVE_QUEUE:
            self._live.popleft()
            self._n_unsent += 1

    def _tell(self, event: Event) -> None:
        if self._is_streaming:
            frame = EventFrame(self._recording.head(self._lead_off), event)
            self._queue(Notification(control.LIVE, encode_frame(frame)))
            self._queue(Notification(control.STATUS, self._status()))

    def _due_battery(self, utc_ns: int) -> Iterator[Notification]:
        period = self._now_us(utc_ns) // 1_000_000 // _BATTERY_EVERY_S
        if self._told_s is not None and period != self._told_s:
            yield Notification(sig.BATTERY_LEVEL, sig.encode_battery(Battery(self.battery_pct)))
        self._told_s = period

    def _info(self) -> Info:
        config = self.config
        return Info(
            serial=f"{config.number:08X}",
            model=_TEXTS[sig.MODEL_NUMBER],
            firmware=_TEXTS[sig.FIRMWARE_REVISION],
            leads=config.leads,
            rates_hz=config.rates_hz,
            lsb_pv=_LSB_PV,
            bits=24,
            codecs=frozenset(config.codecs),
            memory_bytes=config.memory_bytes,
            features=Feature.LEDS | Feature.ERASE | Feature.MARKER,
        )

    def _status(self) -> bytes:
        return encode_tlvs(
            [
                number(Tlv.BATTERY_PCT, self.battery_pct),
                number(Tlv.LEAD_OFF, self._lead_off),
                number(Tlv.UNSENT_FRAMES, self._n_unsent),
            ]
        )

    def _reply(self, data: bytes, utc_ns: int, mtu: int) -> bytes:
        self._record(utc_ns)
        try:
            request = control.decode_request(data)
        except NotificationError:
            op, request_number = (*data[:2], 0, 0)[:2]
            return control.encode_reply(Request(op, request_number, ()), Status.BAD_LENGTH)
        operation = self._operations.get(request.op)
        if operation is None:
            return control.encode_reply(request, Status.BAD_OPERATION)
        return operation(request, utc_ns, mtu)

    def _hello(self, request: Request, utc_ns: int, mtu: int) -> bytes:
        self.host_utc_us = numbers_of(request.tlvs).get(Tlv.HOST_UTC_US, self.host_utc_us)
        state = State.RECORDING if self._is_recording else State.IDLE
        state = State.STREAMING if self._is_streaming else state
        fixed = [
            number(Tlv.VERSION, 1),
            number(Tlv.BOOT, self.boot),
            number(Tlv.TIME_US, self._now_us(utc_ns)),
            number(Tlv.COUNTER, self._recording.counter),
            number(Tlv.MTU, mtu),
            number(Tlv.STATE, state),
            *self._recording.setup.tlvs(),
        ]
        room = (mtu - ATT_HEADER_BYTES - len(encode_tlvs(fixed)) - 3) // 22
        newest = self._log.ranges()[-room:] if room > 0 else []
        return control.encode_reply(
            request, Status.OK, [*fixed, *(stored.tlv() for stored in newest)]
        )

    def _configure(self, request: Request, utc_ns: int, mtu: int) -> bytes:
        setup = self._recording.setup.with_tlvs(request.tlvs)
        status, wrong = self._setup_refusal(setup, mtu)
        if status is not Status.OK:
            return control.encode_reply(request, status, [number(Tlv.WRONG, wrong)])
        before = self._recording.setup
        if (setup.fs_hz, setup.lead_mask) == (before.fs_hz, before.lead_mask):
            self._recording.setup = setup
        else:
            self._recording = self._begin(self.boot + 1, self._now_us(utc_ns), setup)
        return control.encode_reply(request, Status.OK, setup.tlvs())

    def _setup_refusal(self, setup: Setup, mtu: int) -> tuple[Status, Tlv]:
        if setup.fs_hz not in self.config.rates_hz:
            return Status.BAD_RATE, Tlv.RATE_HZ
        if not setup.lead_mask or setup.lead_mask >> len(self.config.leads):
            return Status.BAD_LEADS, Tlv.LEAD_MASK
        if setup.codec not in self.config.codecs:
            return Status.BAD_CODEC, Tlv.CODEC
        if not MIN_MTU <= setup.frame_bytes + ATT_HEADER_BYTES <= mtu:
            return Status.BAD_MTU, Tlv.FRAME_BYTES
        if not 20 <= setup.frame_ms <= 2000:
            return Status.BAD_PARAMETER, Tlv.FRAME_MS
        return Status.OK, Tlv.WRONG

    def _start(self, request: Request, utc_ns: int, mtu: int) -> bytes:
        if self._recording.setup.frame_bytes + ATT_HEADER_BYTES > mtu:
            return control.encode_reply(request, Status.BAD_MTU)
        if not self._is_recording:
            setup, self._is_recording = self._recording.setup, True
            self._recording = self._begin(self.boot + 1, self._now_us(utc_ns), setup)
        if not self._is_streaming:
            self._is_streaming = True
            self._tell(Event.STARTED)
        return control.encode_reply(request, Status.OK, [number(Tlv.BOOT, self.boot)])

    def _stop(self, request: Request, utc_ns: int, mtu: int) -> bytes:
        self._is_streaming = False
        self._live.clear()
        if numbers_of(request.tlvs).get(Tlv.END_RECORDING):
            self._is_recording = False
        return control.encode_reply(request, Status.OK)

    def _sync(self, request: Request, utc_ns: int, mtu: int) -> bytes:
        self.host_utc_us = numbers_of(request.tlvs).get(Tlv.HOST_UTC_US, self.host_utc_us)
        now_us = number(Tlv.TIME_US, self._now_us(utc_ns))
        return control.encode_reply(request, Status.OK, [number(Tlv.BOOT, self.boot), now_us])

    def _start_replay(self, request: Request, utc_ns: int, mtu: int) -> bytes:
        wanted = _numbers(request.tlvs, Tlv.BOOT, Tlv.COUNTER, Tlv.COUNT)
        if wanted is None or not wanted[2]:
            return control.encode_reply(request, Status.BAD_PARAMETER)
        if not self.config.memory_bytes:
            return control.encode_reply(request, Status.NOT_SUPPORTED)
        boot, first, count = wanted
        self._replay = self._answer(boot, first, first + count, mtu)
        return control.encode_reply(request, Status.OK)

    def _answer(self, boot: int, first: int, end: int, mtu: int) -> Iterator[Notification]:
        for found in self._log.answer(boot, first, end):
            match found:
                case Stored() if len(found.data) <= mtu - ATT_HEADER_BYTES:
                    yield _notification(control.REPLAY, found)
                case Lost():
                    head = self._recording.head(self._lead_off, boot=boot, counter=found.first)
                    gap = GapFrame(head, found.code, found.end - found.first)
                    yield Notification(control.REPLAY, encode_frame(gap))
        head = self._recording.head(self._lead_off, boot=boot, counter=end)
        yield Notification(control.REPLAY, encode_frame(EventFrame(head, Event.REPLAY_DONE)))

    def _cancel_replay(self, request: Request, utc_ns: int, mtu: int) -> bytes:
        self._replay = iter(())
        return control.encode_reply(request, Status.OK)

    def _erase(self, request: Request, utc_ns: int, mtu: int) -> bytes:
        wanted = _numbers(request.tlvs, Tlv.BOOT, Tlv.COUNTER)
        if wanted is None:
            return control.encode_reply(request, Status.BAD_PARAMETER)
        self._log.erase_upto(*wanted)
        return control.encode_reply(request, Status.OK)

    def _blink(self, request: Request, utc_ns: int, mtu: int) -> bytes:
        self.n_blinks += 1
        return control.encode_reply(request, Status.OK)


def _notification(characteristic: str, frame: Stored) -> Notification:
    samples = range(frame.first, frame.end) if frame.has_samples else range(0)
    return Notification(characteristic, frame.data, samples)


def _numbers(tlvs: Tlvs, *kinds: Tlv) -> tuple[int, ...] | None:
    found = numbers_of(tlvs)
    return tuple(found[kind] for kind in kinds) if set(kinds) <= set(found) else None
