"""The gateway's side of a Polar H10."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from devices import sig
from devices.driver import (
    Advertisement,
    Command,
    Conversation,
    Hole,
    Listen,
    Packet,
    Signal,
    Subscription,
    Wish,
    settled,
)
from devices.polar_h10 import codec
from ecgcore.errors import NotificationError
from ecgcore.types import Lead

_NAME = re.compile(r"Polar H10 ([0-9A-Fa-f]{8})")
_DECODERS: Final[Mapping[str, Callable[[bytes], Packet]]] = {
    codec.PMD_CONTROL: codec.decode_control,
    codec.PMD_DATA: codec.decode_data,
    sig.HEART_RATE_MEASUREMENT: sig.decode_heart_rate,
    sig.BATTERY_LEVEL: sig.decode_battery,
}
SIGNAL = Signal(fs_mhz=codec.FS_HZ * 1000, lsb_pv=1_000_000, lead_mask=1 << Lead.CHEST)


class PolarH10Driver:
    """Polar H10 chest strap: one lead at 130 Hz in microvolts, no sequence number.

    Loss shows in the timestamps only. ECG that was not received is gone: the strap stores none.
    """

    model = "Polar H10"

    def identify(self, advertisement: Advertisement) -> str | None:
        """Give ``polar-h10-XXXXXXXX`` with the digits printed on the pod, or None."""
        found = _NAME.fullmatch(advertisement.name)
        return f"polar-h10-{found[1].upper()}" if found else None

    def open(self, wish: Wish) -> "PolarH10Dialogue":
        """Begin a link's dialogue; the strap leaves no choice."""
        return PolarH10Dialogue()


class PolarH10Dialogue:
    """One link to a strap."""

    # The first ECG frame may come 15 to 30 s after the start command (polar-ble-sdk#414, #424).
    first_frame_timeout_s = 45.0
    # The ECG needs no bond (polar-ble-sdk#348).
    needs_bond = False
    # Replies to commands come as indications of the control point, so it is first.
    listens: Sequence[Listen] = (
        Listen(codec.PMD_CONTROL, Subscription.INDICATE),
        Listen(codec.PMD_DATA, Subscription.NOTIFY),
        Listen(sig.HEART_RATE_MEASUREMENT, Subscription.NOTIFY, required=False),
        Listen(sig.BATTERY_LEVEL, Subscription.NOTIFY, required=False),
    )

    def start(self) -> Conversation[Signal | None]:
        """Start the ECG; on a strap that streams already this is no error."""
        settled((yield Command("start", codec.PMD_CONTROL, codec.START_ECG)))
        return SIGNAL

    def stop(self) -> Conversation[None]:
        """Stop the ECG; a strap left streaming stays on until its battery is empty."""
        settled((yield Command("stop", codec.PMD_CONTROL, codec.STOP_ECG)))

    def decode(self, characteristic: str, data: bytes) -> Sequence[Packet]:
        """Read one notification.

        Raises
        ------
        NotificationError
            For bytes that are not what the strap's protocol says, or a characteristic that is
            not among `listens`.
        """
        decoder = _DECODERS.get(characteristic)
        if decoder is None:
            msg = f"characteristic {characteristic} is not one of a Polar H10"
            raise NotificationError(msg)
        return (decoder(data),)

    def replay(self, hole: Hole) -> None:
        """Give None: the strap stores no ECG."""

    def identify_patch(self) -> None:
        """Give None: the strap has neither lamp nor beeper."""
