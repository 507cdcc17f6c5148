"""The gateway's side of a Polar H10."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from devices import sig
from devices.driver import (
    Advertisement,
    Command,
    CommandReply,
    Conversation,
    Hole,
    Listen,
    Packet,
    Read,
    Refused,
    Signal,
    SkinContact,
    Subscription,
    Unread,
    Wish,
    one_lead,
    settled,
)
from devices.polar_h10 import codec
from devices.polar_h10.codec import ControlOp, MeasurementType, Setting
from ecgcore.errors import NotificationError
from ecgcore.types import Lead

_NAME = re.compile(r"Polar H10 ([0-9A-Fa-f]{8})")
_DECODERS: Final[Mapping[str, Callable[[bytes], Packet]]] = {
    codec.PMD_DATA: codec.decode_data,
    sig.HEART_RATE_MEASUREMENT: sig.decode_heart_rate,
    sig.BATTERY_LEVEL: sig.decode_battery,
}
_OPERATIONS: Final[Mapping[int, str]] = {
    ControlOp.GET_SETTINGS: "settings",
    ControlOp.START: "start",
    ControlOp.STOP: "stop",
}
_MAX_PARAMETERS = 512
_ANY = Wish()
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

    def observe(self, advertisement: Advertisement) -> Sequence[Packet]:
        """Give what a strap tells everybody without a link: whether it is worn."""
        payload = advertisement.manufacturer.get(codec.COMPANY_ID, b"")
        state = codec.decode_advertised_state(payload)
        return (SkinContact(state.contact),) if state else ()

    def open(self, wish: Wish) -> "PolarH10Dialogue":
        """Begin a link's dialogue."""
        return PolarH10Dialogue(wish)


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

    def __init__(self, wish: Wish = _ANY) -> None:
        self._wish = wish
        self._partial: codec.Reply | None = None

    def start(self) -> Conversation[Signal | None]:
        """Start the ECG with what the strap offers; on one that streams already it is no error."""
        if self._wish.fs_hz not in (None, codec.FS_HZ):
            msg = f"{self._wish.fs_hz} Hz: an H10 samples at {codec.FS_HZ} Hz only"
            raise Refused(msg)
        lead_mask = one_lead(self._wish, Lead.CHEST, "an H10")
        yield from self._check_features()
        start = codec.start_ecg((yield from self._offered()))
        settled((yield Command("start", codec.PMD_CONTROL, start)))
        fs_hz = codec.decode_request(start).settings[Setting.RATE_HZ]
        return replace(SIGNAL, fs_mhz=fs_hz * 1000, lead_mask=lead_mask)

    def _check_features(self) -> Conversation[None]:
        answer = yield Read(codec.PMD_CONTROL)
        features = codec.decode_features(answer) if isinstance(answer, bytes) else None
        if features is not None and MeasurementType.ECG not in features:
            msg = "the strap streams no ECG: its firmware is too old, or it is no H10"
            raise Refused(msg)

    def _offered(self) -> Conversation[Mapping[int, Sequence[int]]]:
        """Give the settings the strap offers; empty if it does not say."""
        reply = yield Command("settings", codec.PMD_CONTROL, codec.GET_SETTINGS)
        if not isinstance(reply, CommandReply) or not reply.ok:
            return {}
        try:
            return codec.decode_settings(reply.payload)
        except NotificationError:
            return {}

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
        if characteristic == codec.PMD_CONTROL:
            return self._read_control(data)
        decoder = _DECODERS.get(characteristic)
        if decoder is None:
            msg = f"characteristic {characteristic} is not one of a Polar H10"
            raise NotificationError(msg)
        return (decoder(data),)

    def _read_control(self, data: bytes) -> Sequence[Packet]:
        partial, self._partial = self._partial, None
        if partial and not codec.is_reply(data):
            return self._answer(codec.continue_reply(partial, data))
        message = codec.decode_control(data)
        if isinstance(message, codec.Reply):
            return self._answer(message)
        return (message,) if message else ()

    def _answer(self, reply: codec.Reply) -> Sequence[Packet]:
        if reply.is_continued and len(reply.parameters) < _MAX_PARAMETERS:
            self._partial = reply
            return ()
        name = _OPERATIONS.get(reply.op)
        if name is None or reply.measurement != MeasurementType.ECG:
            detail = f"reply to operation {reply.op} on measurement {reply.measurement}"
            return (Unread(codec.PMD_CONTROL, reply.parameters, f"{detail}: {reply.detail}"),)
        return (CommandReply(name, reply.is_yes, reply.detail, reply.parameters),)

    def replay(self, hole: Hole) -> None:
        """Give None: the strap stores no ECG."""

    def identify_patch(self) -> None:
        """Give None: the strap has neither lamp nor beeper."""
