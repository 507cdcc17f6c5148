"""The gateway's side of an OpenBCI Ganglion.

Theory of operation: firmware 2 sends differences. After a lost packet no sample is known until
the next packet 0 brings a whole one; what comes between is missing, because a wrong sample is
worse than none. Packets are numbered, so a loss shows; only one of exactly a whole round of
numbers (about a second, packet 0 included) does not, until the next packet 0.
"""

import re
from collections.abc import Sequence

import numpy as np

from devices import sig
from devices.driver import (
    Advertisement,
    Command,
    Conversation,
    Counting,
    Hole,
    Listen,
    Packet,
    Read,
    Refused,
    Samples,
    Signal,
    Subscription,
    Unread,
    Wish,
)
from devices.ganglion import codec
from ecgcore.errors import NotificationError
from ecgcore.types import Int32Array, Lead

_NAME = re.compile(r"Ganglion-([0-9A-Fa-f]{4})")
_DEFAULT_LEADS = 1 << Lead.I | 1 << Lead.II | 1 << Lead.V1 | 1 << Lead.V5


class GanglionDriver:
    """OpenBCI Ganglion: four channels at 200 Hz, packets numbered modulo 101 or 100.

    Which lead a channel is depends on where its electrodes are. A wish names them: its leads,
    lowest first, are channels 1, 2, ...; without a wish they are I, II, V1 and V5.
    """

    model = "Ganglion"

    def identify(self, advertisement: Advertisement) -> str | None:
        """Give ``ganglion-xxxx`` with the digits of the name, or None."""
        found = _NAME.fullmatch(advertisement.name)
        return f"ganglion-{found[1].lower()}" if found else None

    def open(self, wish: Wish) -> "GanglionDialogue":
        """Begin a link's dialogue."""
        return GanglionDialogue(wish)


class GanglionDialogue:
    """One link to a board."""

    first_frame_timeout_s = 5.0
    needs_bond = False
    listens: Sequence[Listen] = (Listen(codec.NOTIFY, Subscription.NOTIFY),)

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._lead_mask = wish.lead_mask or _DEFAULT_LEADS
        self._sends_deltas = True
        self._before: bytes = b""
        self._whole: Int32Array | None = None

    def start(self) -> Conversation[Signal | None]:
        """Find out which firmware it is, and start; the board answers with data only."""
        if self._wish.fs_hz not in (None, codec.FS_HZ):
            msg = f"{self._wish.fs_hz} Hz: a Ganglion samples at {codec.FS_HZ} Hz only"
            raise Refused(msg)
        if self._lead_mask.bit_count() > codec.N_CHANNELS:
            msg = f"a Ganglion has {codec.N_CHANNELS} channels"
            raise Refused(msg)
        revision = yield from self._revision()
        self._sends_deltas = not revision.startswith("3")
        self._before, self._whole = b"", None
        yield Command("start", codec.WRITE, codec.START, has_reply=False)
        return Signal(
            fs_mhz=codec.FS_HZ * 1000,
            lsb_pv=codec.LSB_PV,
            lead_mask=self._lead_mask,
            counting=Counting.COUNTER,
            counter_modulus=codec.DELTA_MODULUS if self._sends_deltas else codec.ABSOLUTE_MODULUS,
        )

    def _revision(self) -> Conversation[str]:
        for uuid in (sig.SOFTWARE_REVISION, sig.FIRMWARE_REVISION):
            answer = yield Read(uuid)
            if isinstance(answer, bytes) and (text := answer.decode("ascii", "replace").strip()):
                return text
        # The two kinds of packets look alike; taken for the other they would give wrong samples.
        msg = "the board does not say which firmware it has"
        raise Refused(msg)

    def stop(self) -> Conversation[None]:
        """Stop the stream."""
        yield Command("stop", codec.WRITE, codec.STOP, has_reply=False)

    def decode(self, characteristic: str, data: bytes) -> Sequence[Packet]:
        """Read one notification.

        Raises
        ------
        NotificationError
            For bytes that are no packet, or a characteristic that is not among `listens`.
        """
        if characteristic != codec.NOTIFY:
            msg = f"characteristic {characteristic} is not one of a Ganglion"
            raise NotificationError(msg)
        if text := codec.text_of(data):
            return (Unread(codec.NOTIFY, data, text.detail),)
        if not self._sends_deltas and data[0] == 2 * codec.CYCLE:
            msg = f"Ganglion packet {data[0]} of firmware 3"
            raise NotificationError(msg)
        before, self._before = self._before, data
        if data == before:
            # Bluetooth stacks can deliver twice.
            return ()
        if self._sends_deltas:
            return self._add(data, before)
        return self._samples(codec.decode_absolute(data), 2 * (data[0] % codec.CYCLE))

    def _add(self, data: bytes, before: bytes) -> Sequence[Packet]:
        if not data[0]:
            self._whole = codec.decode_whole(data)
            return self._samples(self._whole[np.newaxis], 0)
        number = _round_number(data[0])
        if self._whole is None or number != _round_number(before[0]) + 1:
            self._whole = None
            return ()
        adc = self._whole - np.cumsum(codec.decode_deltas(data), axis=0, dtype=np.int32)
        self._whole = adc[-1]
        return self._samples(adc, 2 * number - 1)

    def _samples(self, adc: Int32Array, first_counter: int) -> Sequence[Packet]:
        channels = adc.T[: self._lead_mask.bit_count()]
        return (Samples(np.ascontiguousarray(channels), first_counter=first_counter),)

    def replay(self, hole: Hole) -> None:
        """Give None: the board stores nothing."""

    def identify_patch(self) -> None:
        """Give None: no command reaches its lamp while it streams."""


def _round_number(number: int) -> int:
    """Give the place of a packet in its round, 0 to 100, whatever the bits of its numbers."""
    return number if number <= codec.CYCLE else number - codec.CYCLE
