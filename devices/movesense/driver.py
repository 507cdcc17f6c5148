"""The gateway's side of a Movesense sensor.

Theory of operation: every request carries a reference of the host's choice, and everything that
comes of it carries the same one. Answers are notifications, so they can be lost: a request that
nobody answers is asked again under a new reference, after the old one was given up. The sample
application answers a subscription by its data alone, so the first data count as a yes.

Below an ATT MTU of 73 a packet comes in parts that are not numbered: when the end of one and the
beginning of the next are both lost, what is left of the two looks like one packet. At the MTU that
every present host agrees on, a packet is one notification.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np

from devices import sig
from devices.driver import (
    Advertisement,
    Command,
    CommandReply,
    Conversation,
    Hole,
    Listen,
    Packet,
    Refused,
    Samples,
    Signal,
    SkinContact,
    Subscription,
    Unread,
    Wish,
    one_lead,
)
from devices.movesense import codec
from devices.movesense.codec import Kind, Message, Op
from ecgcore.errors import NotificationError
from ecgcore.types import Lead

_NAME = re.compile(r"Movesense (\d{12})")
_DEFAULT_HZ = 250
_ATTEMPTS = 3
_MAX_REF = 255
_MS_NS = 1_000_000
_WRAP_MS = 1 << 32
_STATUS_TEXTS = {
    404: "no such resource",
    409: "busy with another",
    501: "rate not supported",
    503: "not now",
    507: "no free subscription",
}


class MovesenseDriver:
    """Movesense Medical, HR+, HR2 and Flash: one lead at 125 to 512 Hz, time stamps in ms.

    Parameters
    ----------
    stamp_is_of_last : bool
        Whether a packet's time stamp belongs to its last sample. The vendor says "local timestamp
        of measurement", and of the accelerometer that it is the first sample's; other firmware
        uses the last. A wrong choice is a constant of 15 samples, and no loss.
    """

    model = "Movesense"

    def __init__(self, *, stamp_is_of_last: bool = False) -> None:
        self._stamp_is_of_last = stamp_is_of_last

    def identify(self, advertisement: Advertisement) -> str | None:
        """Give ``movesense-NNNNNNNNNNNN`` with the serial number printed on the sensor, or None."""
        found = _NAME.fullmatch(advertisement.name)
        return f"movesense-{found[1]}" if found else None

    def open(self, wish: Wish) -> "MovesenseDialogue":
        """Begin a link's dialogue; without a wish at 250 Hz."""
        return MovesenseDialogue(wish, stamp_is_of_last=self._stamp_is_of_last)


class MovesenseDialogue:
    """One link to a sensor."""

    first_frame_timeout_s = 10.0
    needs_bond = False
    listens: Sequence[Listen] = (
        Listen(codec.NOTIFY, Subscription.NOTIFY),
        Listen(sig.BATTERY_LEVEL, Subscription.NOTIFY, required=False),
    )

    def __init__(self, wish: Wish, *, stamp_is_of_last: bool = False) -> None:
        self._fs_hz = wish.fs_hz or _DEFAULT_HZ
        self._wish = wish
        first_to_stamp = 0 if stamp_is_of_last else codec.SAMPLES_PER_PACKET - 1
        self._stamp_to_last_ns = round(first_to_stamp * 1e9 / self._fs_hz)
        self._ref = 0
        self._asked: dict[int, str] = {}
        self._readers: dict[int, Callable[[bytes], Packet]] = {}
        """Of the data under each reference, also of those given up."""
        self._subscribed: set[int] = set()
        self._part: dict[int, bytes] = {}
        self._last_ms: int | None = None

    def start(self) -> Conversation[Signal | None]:
        """Greet, subscribe to the ECG and, if there is such a thing, to the contact."""
        if self._fs_hz not in codec.RATES_HZ:
            msg = f"{self._fs_hz} Hz is not among a Movesense's rates {codec.RATES_HZ}"
            raise Refused(msg)
        lead_mask = one_lead(self._wish, Lead.CHEST, "a Movesense")
        yield from self._ask("hello", Op.HELLO)
        yield from self._subscribe_ecg()
        ref = self._next_ref()
        self._expect(ref, _read_contact)
        path = codec.CONTACT_PATH.encode()
        yield self._command("contact", codec.Request(Op.SUBSCRIBE, ref, path), has_reply=False)
        return Signal(
            fs_mhz=self._fs_hz * 1000,
            lsb_pv=codec.LSB_PV,
            lead_mask=lead_mask,
            timestamp_step_ns=_MS_NS,
        )

    def _subscribe_ecg(self) -> Conversation[None]:
        path = codec.ecg_path(self._fs_hz)
        reply = yield from self._ask("subscribe", Op.SUBSCRIBE, path.encode(), self._read_ecg)
        if reply is None or not reply.ok:
            msg = f"{path}: {reply.detail if reply else 'no answer'}"
            raise Refused(msg)

    def _ask(
        self,
        name: str,
        op: Op,
        data: bytes = b"",
        reader: Callable[[bytes], Packet] | None = None,
    ) -> Conversation[CommandReply | None]:
        """Ask until there is an answer, each time under a new reference; None without any."""
        for _ in range(_ATTEMPTS):
            ref = self._next_ref()
            if reader:
                self._expect(ref, reader)
            answer = yield self._command(name, codec.Request(op, ref, data))
            if isinstance(answer, CommandReply):
                return answer
            if reader:
                # Only the answer may have been lost.
                yield from self._unsubscribe(ref)
        return None

    def stop(self) -> Conversation[None]:
        """End every subscription; no answer is waited for, as not every firmware gives one."""
        for ref in tuple(self._subscribed):
            yield from self._unsubscribe(ref)

    def _unsubscribe(self, ref: int) -> Conversation[None]:
        # What is on its way is still read.
        self._subscribed.discard(ref)
        yield self._command("unsubscribe", codec.Request(Op.UNSUBSCRIBE, ref), has_reply=False)

    def _expect(self, ref: int, reader: Callable[[bytes], Packet]) -> None:
        self._readers[ref] = reader
        self._subscribed.add(ref)

    def _next_ref(self) -> int:
        self._ref = self._ref % _MAX_REF + 1
        return self._ref

    def _command(self, name: str, request: codec.Request, *, has_reply: bool = True) -> Command:
        # The reference is part of the name, so that a late answer is not taken for another's.
        full_name = f"{name}-{request.ref}"
        self._asked[request.ref] = full_name
        return Command(full_name, codec.WRITE, codec.encode_request(request), has_reply)

    def decode(self, characteristic: str, data: bytes) -> Sequence[Packet]:
        """Read one notification.

        Raises
        ------
        NotificationError
            For bytes that are not what the protocol says, or a characteristic that is not among
            `listens`.
        """
        if characteristic == sig.BATTERY_LEVEL:
            return (sig.decode_battery(data),)
        if characteristic != codec.NOTIFY:
            msg = f"characteristic {characteristic} is not one of a Movesense"
            raise NotificationError(msg)
        message = codec.decode_message(data)
        if message.kind is Kind.RESPONSE:
            return (self._answer(message, data),)
        return self._take_data(message, data)

    def _answer(self, message: Message, data: bytes) -> Packet:
        name = self._asked.pop(message.ref, None) if message.ref else self._asked_hello()
        if name is None:
            return Unread(codec.NOTIFY, data, f"answer to reference {message.ref}")
        if name.startswith("hello"):
            greeting = codec.decode_greeting(message.body)
            detail = f"{greeting.product} {greeting.app} {greeting.app_version}".strip()
            return CommandReply(name, True, detail or "hello", message.body)
        status = codec.decode_status(message.body)
        detail = f"{status} {_STATUS_TEXTS.get(status, '')}".strip()
        return CommandReply(name, 200 <= status < 300, detail, message.body[2:])

    def _asked_hello(self) -> str | None:
        hellos = (ref for ref, name in self._asked.items() if name.startswith("hello"))
        ref = next(hellos, None)
        return self._asked.pop(ref) if ref else None

    def _take_data(self, message: Message, data: bytes) -> Sequence[Packet]:
        reader = self._readers.get(message.ref)
        if reader is None:
            return (Unread(codec.NOTIFY, data, f"data of reference {message.ref}"),)
        body, left = self._joined(message)
        packets: list[Packet] = []
        if left:
            packets.append(Unread(codec.NOTIFY, left, "part of an ECG packet, the rest was lost"))
        if reader == self._read_ecg and len(body) < codec.ECG_BODY_BYTES:
            self._part[message.ref] = body
            return packets
        packets.append(reader(body))
        if name := self._asked.pop(message.ref, None):
            packets.append(CommandReply(name, True, "data"))
        return packets

    def _joined(self, message: Message) -> tuple[bytes, bytes]:
        """Give a body with what came of it before, and what is left of another."""
        before = self._part.pop(message.ref, b"")
        if message.kind is Kind.DATA:
            return message.body, before
        if not before:
            msg = f"continuation of {len(message.body)} bytes without a beginning"
            raise NotificationError(msg)
        return before + message.body, b""

    def _read_ecg(self, body: bytes) -> Packet:
        packet = codec.decode_ecg(body)
        last_ns = self._unwrapped_ms(packet.stamp_ms) * _MS_NS + self._stamp_to_last_ns
        return Samples(packet.adc[np.newaxis], last_ns)

    def _unwrapped_ms(self, stamp_ms: int) -> int:
        """Go on over 2**32 ms; whatever else makes the clock go back is told as it is."""
        if self._last_ms is None:
            self._last_ms = stamp_ms
        half = _WRAP_MS // 2
        self._last_ms += (stamp_ms - self._last_ms + half) % _WRAP_MS - half
        return self._last_ms

    def replay(self, hole: Hole) -> None:
        """Give None: what the sensor can log it only gives out after the stream has ended."""

    def identify_patch(self) -> None:
        """Give None: the protocol reaches no lamp."""


def _read_contact(body: bytes) -> Packet:
    return SkinContact(codec.decode_contact(body))
