"""The gateway's side of a BITalino."""

import re
from collections.abc import Sequence

import numpy as np

from devices.bitalino import codec
from devices.driver import (
    Advertisement,
    Command,
    Conversation,
    Counting,
    Hole,
    Listen,
    Packet,
    Refused,
    Samples,
    Signal,
    Subscription,
    Unread,
    Wish,
    one_lead,
)
from ecgcore.errors import NotificationError
from ecgcore.types import Lead

_NAME = re.compile(r"BITalino[ -](?:BLE|([0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}))")


class BitalinoDriver:
    """BITalino (r)evolution over Bluetooth Low Energy: one lead at 100 Hz, numbered modulo 16.

    Parameters
    ----------
    channel : int, 1 to 6
        The analog input with the ECG. On an assembled board the ECG block is at A2.
    """

    model = "BITalino"

    def __init__(self, channel: int = 2) -> None:
        self._channel = channel

    def identify(self, advertisement: Advertisement) -> str | None:
        """Give ``bitalino-XX-XX`` with the digits of the name, or None.

        A board that calls itself ``BITalino BLE`` tells no number: it is ``bitalino-ble``, and two
        of them in one room cannot be told apart.
        """
        found = _NAME.fullmatch(advertisement.name)
        return f"bitalino-{(found[1] or 'ble').lower()}" if found else None

    def open(self, wish: Wish) -> "BitalinoDialogue":
        """Begin a link's dialogue."""
        return BitalinoDialogue(wish, self._channel)


class BitalinoDialogue:
    """One link to a board."""

    first_frame_timeout_s = 5.0
    needs_bond = False
    listens: Sequence[Listen] = (Listen(codec.FRAMES, Subscription.NOTIFY),)

    def __init__(self, wish: Wish, channel: int = 2) -> None:
        self._wish = wish
        self._channel = channel
        self._stream = codec.FrameStream()

    def start(self) -> Conversation[Signal | None]:
        """Set the rate and start; the board answers neither."""
        if self._wish.fs_hz not in (None, codec.FS_HZ):
            msg = f"{self._wish.fs_hz} Hz: a BITalino gives an ECG at {codec.FS_HZ} Hz by radio"
            raise Refused(msg)
        lead_mask = one_lead(self._wish, Lead.CHEST, "a BITalino")
        self._stream = codec.FrameStream()
        yield Command("rate", codec.COMMANDS, codec.RATE_100_HZ, has_reply=False)
        start = codec.start_command(self._channel)
        yield Command("start", codec.COMMANDS, start, has_reply=False)
        return Signal(
            fs_mhz=codec.FS_HZ * 1000,
            lsb_pv=codec.LSB_PV,
            lead_mask=lead_mask,
            counting=Counting.COUNTER,
            counter_modulus=codec.SEQUENCE_MODULUS,
        )

    def stop(self) -> Conversation[None]:
        """Stop the stream."""
        yield Command("stop", codec.COMMANDS, codec.STOP, has_reply=False)

    def decode(self, characteristic: str, data: bytes) -> Sequence[Packet]:
        """Read one notification; what is no frame is told with its bytes.

        Raises
        ------
        NotificationError
            For a characteristic that is not among `listens`, or a notification without bytes.
        """
        if characteristic != codec.FRAMES:
            msg = f"characteristic {characteristic} is not one of a BITalino"
            raise NotificationError(msg)
        if not data:
            msg = "BITalino notification is empty"
            raise NotificationError(msg)
        frames, skipped = self._stream.push(data)
        packets: list[Packet] = []
        if skipped:
            packets.append(Unread(codec.FRAMES, skipped, f"{len(skipped)} bytes are no frame"))
        if frames:
            adc = np.array([[frame.adc - codec.MID_SCALE for frame in frames]], np.int32)
            packets.append(Samples(adc, first_counter=frames[0].sequence))
        return packets

    def replay(self, hole: Hole) -> None:
        """Give None: the board stores nothing."""

    def identify_patch(self) -> None:
        """Give None: its lamp is not reached while it streams."""
