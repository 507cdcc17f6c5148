"""The gateway's side of a HealthyPi 5 and a HealthyPi Move.

Both notify bare 32-bit counts: no time, no number, no flag. What is missing can only be estimated
from the rate. Sources: Protocentral/protocentral_healthypi5_zephyr (``ble_module.c``,
``data_module.c``) and Protocentral/healthypi-move-fw.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from devices import sig
from devices.driver import (
    Advertisement,
    Conversation,
    Counting,
    Hole,
    Listen,
    Packet,
    Refused,
    Samples,
    Signal,
    Subscription,
    Wish,
    one_lead,
)
from ecgcore.errors import NotificationError
from ecgcore.types import Int32Array, Lead

ECG_SERVICE = "00001122-0000-1000-8000-00805f9b34fb"
ECG_STREAM = "00001424-0000-1000-8000-00805f9b34fb"
LSB_PV = 381_470
"""MAX30001: 1 V reference, 18 bits, gain 20. The gain is the firmware's choice and not told."""
_SUFFIX = r"(?:[ _-]([0-9A-Za-z]{1,16}))?"


def encode_ecg(adc: Int32Array) -> bytes:
    """Write a notification of the ECG.

    Parameters
    ----------
    adc : Int32Array, shape (n_samples,)
    """
    return adc.astype("<i4").tobytes()


def decode_ecg(data: bytes) -> Samples:
    """Read a notification of the ECG.

    Raises
    ------
    NotificationError
        Unless it is one or more whole 32-bit samples.
    """
    if not data or len(data) % 4:
        msg = f"HealthyPi ECG of {len(data)} bytes is not whole samples"
        raise NotificationError(msg)
    return Samples(np.frombuffer(data, "<i4").astype(np.int32)[np.newaxis])


_DECODERS: Final[Mapping[str, Callable[[bytes], Packet]]] = {
    ECG_STREAM: decode_ecg,
    sig.HEART_RATE_MEASUREMENT: sig.decode_heart_rate,
    sig.BATTERY_LEVEL: sig.decode_battery,
}


class _HealthyPiDriver:
    model: str
    _fs_hz: int
    _name: re.Pattern[str]

    def identify(self, advertisement: Advertisement) -> str | None:
        """Give ``healthypi-5`` or ``healthypi-move`` with what follows in the name, or None.

        As delivered the name carries no number, so that two of a kind cannot be told apart.
        """
        found = self._name.fullmatch(advertisement.name)
        if not found:
            return None
        kind = self.model.lower().replace(" ", "-")
        return f"{kind}-{found[1]}" if found[1] else kind

    def open(self, wish: Wish) -> "HealthyPiDialogue":
        """Begin a link's dialogue."""
        return HealthyPiDialogue(wish, self._fs_hz)


class HealthyPi5Driver(_HealthyPiDriver):
    """HealthyPi 5: one lead at 125 Hz, neither clock nor counter.

    Its firmware drops one sample in nine over Bluetooth, so that its stream runs at 8/9 of its
    rate. That is told by the rate; nothing is put in for what is missing.
    """

    model = "HealthyPi 5"
    _fs_hz = 125
    _name = re.compile(rf"healthypi ?5{_SUFFIX}", re.IGNORECASE)


class HealthyPiMoveDriver(_HealthyPiDriver):
    """HealthyPi Move: one lead at 128 Hz, neither clock nor counter."""

    model = "HealthyPi Move"
    _fs_hz = 128
    _name = re.compile(rf"healthypi ?move{_SUFFIX}", re.IGNORECASE)


class HealthyPiDialogue:
    """One link to a board or watch."""

    first_frame_timeout_s = 10.0
    needs_bond = False
    listens: Sequence[Listen] = (
        Listen(ECG_STREAM, Subscription.NOTIFY),
        Listen(sig.HEART_RATE_MEASUREMENT, Subscription.NOTIFY, required=False),
        Listen(sig.BATTERY_LEVEL, Subscription.NOTIFY, required=False),
    )

    def __init__(self, wish: Wish, fs_hz: int) -> None:
        self._wish = wish
        self._fs_hz = fs_hz

    def start(self) -> Conversation[Signal | None]:
        """Ask for nothing: to be subscribed is all that starts the stream."""
        if self._wish.fs_hz not in (None, self._fs_hz):
            msg = f"{self._wish.fs_hz} Hz: this patch samples at {self._fs_hz} Hz only"
            raise Refused(msg)
        lead_mask = one_lead(self._wish, Lead.CHEST, "a HealthyPi")
        yield from ()
        return Signal(self._fs_hz * 1000, LSB_PV, lead_mask, counting=Counting.ARRIVAL)

    def stop(self) -> Conversation[None]:
        """Ask for nothing: to be no longer subscribed ends the stream."""
        yield from ()

    def decode(self, characteristic: str, data: bytes) -> Sequence[Packet]:
        """Read one notification.

        Raises
        ------
        NotificationError
            For bytes that are not what the protocol says, or a characteristic that is not among
            `listens`.
        """
        decoder = _DECODERS.get(characteristic)
        if decoder is None:
            msg = f"characteristic {characteristic} is not one of a HealthyPi"
            raise NotificationError(msg)
        return (decoder(data),)

    def replay(self, hole: Hole) -> None:
        """Give None: nothing is stored."""

    def identify_patch(self) -> None:
        """Give None: there is no command for it."""
