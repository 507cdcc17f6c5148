"""The gateway's side of an open patch (docs/open-patch.md)."""

from collections.abc import Callable, Mapping, Sequence

from devices import sig
from devices.driver import (
    Advertisement,
    Command,
    CommandReply,
    Conversation,
    Counting,
    Hole,
    Listen,
    Missing,
    Packet,
    Read,
    Refused,
    Samples,
    Signal,
    SkinContact,
    Subscription,
    Unread,
    Wish,
    settled,
)
from devices.open_patch import control
from devices.open_patch.advertised import AdvertisedFlag, decode_advertised
from devices.open_patch.control import Op
from devices.open_patch.frame import (
    Event,
    EventFrame,
    GapCode,
    GapFrame,
    SampleFrame,
    decode_frame,
)
from devices.open_patch.info import ATT_HEADER_BYTES, MIN_MTU, VERSION, Feature, Info, decode_info
from devices.open_patch.payload import Codec
from devices.open_patch.tlv import Tlv, Tlvs, decode_tlvs, number, numbers_of
from ecgcore.errors import NotificationError
from ecgcore.types import leads_of

_WANTED_HZ = 250
_FRAME_MS = 500
_LEDS_S = 10
# The most that saves air comes first.
_CODECS = (Codec.RICE, Codec.INT16, Codec.INT24, Codec.INT12)
_NS_PER_US = 1000


class OpenPatchDriver:
    """Open patch on an encrypted link: 1 to 8 leads, samples numbered, stored and sent again."""

    model = "Open patch"
    _is_open = False

    def identify(self, advertisement: Advertisement) -> str | None:
        """Give ``open-patch-XXXXXXXX`` with the digits printed on the patch, or None."""
        advertised = decode_advertised(advertisement.service_data.get(control.SERVICE, b""))
        if advertised is None or bool(advertised.flags & AdvertisedFlag.OPEN) is not self._is_open:
            return None
        return f"open-patch-{advertised.number:08X}"

    def open(self, wish: Wish) -> "OpenPatchDialogue":
        """Begin a link's dialogue."""
        return OpenPatchDialogue(wish, needs_bond=not self._is_open)


class UnpairedOpenPatchDriver(OpenPatchDriver):
    """Open patch of which its maker left the encryption out, as its advertisement says."""

    model = "Open patch, not paired"
    _is_open = True


class OpenPatchDialogue:
    """One link to an open patch."""

    first_frame_timeout_s = 10.0
    # Replies to requests come as indications of the control point, so it is first.
    listens: Sequence[Listen] = (
        Listen(control.CONTROL, Subscription.INDICATE),
        Listen(control.LIVE, Subscription.NOTIFY),
        Listen(control.REPLAY, Subscription.NOTIFY, required=False),
        Listen(control.STATUS, Subscription.NOTIFY, required=False),
        Listen(sig.BATTERY_LEVEL, Subscription.NOTIFY, required=False),
    )

    def __init__(self, wish: Wish, *, needs_bond: bool) -> None:
        self._wish = wish
        self.needs_bond = needs_bond
        self._n_requests = 0
        self._info: Info | None = None
        self._fs_hz = 0
        self._lead_mask = 0
        self._decoders: Mapping[str, Callable[[bytes], Sequence[Packet]]] = {
            control.CONTROL: self._decode_control,
            control.LIVE: lambda data: self._decode_frame(data, is_replayed=False),
            control.REPLAY: lambda data: self._decode_frame(data, is_replayed=True),
            control.STATUS: self._decode_status,
            sig.BATTERY_LEVEL: lambda data: (sig.decode_battery(data),),
        }

    def start(self) -> Conversation[Signal | None]:
        """Read what the patch is, set it up as wished and have it record and send.

        Raises
        ------
        Refused
            If the patch does not offer what is wished for, or says no.
        """
        info = self._info = _info_of((yield Read(control.INFO)))
        fs_hz, lead_mask = _rate_of(info, self._wish), _mask_of(info, self._wish)
        hello = yield from self._ask(Op.HELLO, [number(Tlv.VERSION, VERSION)])
        frame_bytes = _frame_bytes_of(info, hello)
        yield from self._ask(
            Op.CONFIG,
            [
                number(Tlv.RATE_HZ, fs_hz),
                number(Tlv.LEAD_MASK, lead_mask),
                number(Tlv.CODEC, _codec_of(info)),
                number(Tlv.FRAME_MS, _FRAME_MS),
                number(Tlv.FRAME_BYTES, frame_bytes),
            ],
        )
        self._fs_hz, self._lead_mask = fs_hz, lead_mask
        yield from self._ask(Op.START)
        return Signal(
            fs_mhz=fs_hz * 1000,
            lsb_pv=info.lsb_pv,
            lead_mask=sum(1 << lead for at, lead in enumerate(info.leads) if lead_mask >> at & 1),
            counting=Counting.COUNTER,
            is_stored=info.memory_bytes > 0,
        )

    def stop(self) -> Conversation[None]:
        """Have the patch send no more; it goes on recording into its memory."""
        yield from self._ask(Op.STOP)

    def replay(self, hole: Hole) -> Conversation[None] | None:
        """Ask for samples from the patch's memory; None if it has none.

        Raises
        ------
        Refused
            If the patch says no; a patch that lost the samples says yes and sends `Missing`.
        """
        if self._info is None or not self._info.memory_bytes or hole.boot is None:
            return None
        return self._tell(
            Op.REPLAY,
            [
                number(Tlv.BOOT, hole.boot),
                number(Tlv.COUNTER, hole.first_counter),
                number(Tlv.COUNT, hole.n_samples),
            ],
        )

    def erase_upto(self, boot: int, counter: int) -> Conversation[None]:
        """Say that everything of the boot below `counter` is safe.

        Raises
        ------
        Refused
            If the patch says no.
        """
        return self._tell(Op.ERASE_UPTO, [number(Tlv.BOOT, boot), number(Tlv.COUNTER, counter)])

    def identify_patch(self) -> Conversation[None] | None:
        """Have the patch blink for ten seconds; None if it has no light."""
        if self._info is None or Feature.LEDS not in self._info.features:
            return None
        return self._tell(Op.LEDS, [number(Tlv.SECONDS, _LEDS_S)])

    def decode(self, characteristic: str, data: bytes) -> Sequence[Packet]:
        """Read one notification.

        Raises
        ------
        NotificationError
            For bytes that are not what the specification says, or a characteristic that is not
            among `listens`.
        """
        decoder = self._decoders.get(characteristic)
        if decoder is None:
            msg = f"characteristic {characteristic} is not one of an open patch"
            raise NotificationError(msg)
        return decoder(data)

    def _ask(self, op: Op, tlvs: Tlvs = ()) -> Conversation[CommandReply]:
        self._n_requests = (self._n_requests + 1) & 0xFF
        request = control.Request(op, self._n_requests, tlvs)
        name = control.reply_name(op, self._n_requests)
        return settled((yield Command(name, control.CONTROL, request.encode())))

    def _tell(self, op: Op, tlvs: Tlvs) -> Conversation[None]:
        yield from self._ask(op, tlvs)

    def _decode_control(self, data: bytes) -> Sequence[Packet]:
        reply = control.decode_reply(data)
        return (reply or Unread(control.CONTROL, data, "not a reply"),)

    def _decode_frame(self, data: bytes, *, is_replayed: bool) -> Sequence[Packet]:
        frame = decode_frame(data)
        characteristic = control.REPLAY if is_replayed else control.LIVE
        match frame:
            case SampleFrame():
                return (self._samples(frame, characteristic, data),)
            case EventFrame():
                return _event(frame, characteristic, data)
            case GapFrame():
                return (_missing(frame),)
        return (Unread(characteristic, data, f"frame of kind {frame.kind}"),)

    def _samples(self, frame: SampleFrame, characteristic: str, data: bytes) -> Packet:
        head = frame.head
        if (head.fs_hz, head.lead_mask) != (self._fs_hz, self._lead_mask):
            detail = f"frame of {head.fs_hz} Hz, leads {head.lead_mask:#04x}: of another start"
            return Unread(characteristic, data, detail)
        since_first_ns = (frame.adc.shape[1] - 1) * 1_000_000_000 // head.fs_hz
        return Samples(
            frame.adc,
            last_sample_ns=head.time_us * _NS_PER_US + since_first_ns,
            first_counter=head.counter,
            boot=head.boot,
            lead_off=head.lead_off,
            is_replayed=characteristic == control.REPLAY,
        )

    def _decode_status(self, data: bytes) -> Sequence[Packet]:
        numbers = numbers_of(decode_tlvs(data))
        packets: list[Packet] = []
        if (battery_pct := numbers.get(Tlv.BATTERY_PCT)) is not None:
            packets.append(sig.decode_battery(bytes([battery_pct])))
        if (lead_off := numbers.get(Tlv.LEAD_OFF)) is not None:
            packets.append(SkinContact(not lead_off))
        return packets


def _event(frame: EventFrame, characteristic: str, data: bytes) -> Sequence[Packet]:
    match frame.event:
        case Event.STARTED | Event.REPLAY_DONE:
            return ()
        case Event.LEADS:
            return (SkinContact(not frame.head.lead_off),)
        case Event.MARKER:
            return (Unread(characteristic, data, f"marker at sample {frame.head.counter}"),)
    return (Unread(characteristic, data, f"event {frame.event}"),)


def _missing(frame: GapFrame) -> Missing:
    known = frame.code in list(GapCode)
    detail = GapCode(frame.code).name.lower() if known else f"reason {frame.code}"
    hole = Hole(frame.head.boot, frame.head.counter, frame.n_samples)
    return Missing(hole, detail, was_sampled=frame.code != GapCode.OVERFLOW)


def _info_of(answer: object) -> Info:
    try:
        return decode_info(answer if isinstance(answer, bytes) else b"")
    except NotificationError as error:
        msg = f"info: {error}"
        raise Refused(msg) from error


def _rate_of(info: Info, wish: Wish) -> int:
    if wish.fs_hz is None:
        enough = [rate for rate in info.rates_hz if rate >= _WANTED_HZ]
        return min(enough) if enough else max(info.rates_hz)
    if wish.fs_hz not in info.rates_hz:
        msg = f"{wish.fs_hz} Hz is not offered; {', '.join(map(str, info.rates_hz))} Hz are"
        raise Refused(msg)
    return wish.fs_hz


def _mask_of(info: Info, wish: Wish) -> int:
    if wish.lead_mask is None:
        return (1 << len(info.leads)) - 1
    wanted = set(leads_of(wish.lead_mask))
    if not wanted or not wanted <= set(info.leads) or wish.lead_mask >> max(wanted) > 1:
        offered = ", ".join(lead.label for lead in info.leads)
        msg = f"leads {wish.lead_mask:#06x} are not offered; {offered} are"
        raise Refused(msg)
    return sum(1 << at for at, lead in enumerate(info.leads) if lead in wanted)


def _codec_of(info: Info) -> Codec:
    for codec in _CODECS:
        if codec in info.codecs:
            return codec
    msg = f"codecs {sorted(info.codecs)} are not understood"
    raise Refused(msg)


def _frame_bytes_of(info: Info, hello: CommandReply) -> int:
    mtu = numbers_of(decode_tlvs(hello.payload)).get(Tlv.MTU, MIN_MTU)
    if mtu < MIN_MTU:
        msg = f"ATT MTU {mtu} is too small, {MIN_MTU} is needed"
        raise Refused(msg)
    return min(info.max_frame_bytes, mtu - ATT_HEADER_BYTES)
