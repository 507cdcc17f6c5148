"""The gateway's side of any strap or watch with the Heart Rate service of the Bluetooth SIG."""

import re
from collections.abc import Sequence

from devices import sig
from devices.driver import (
    Advertisement,
    Conversation,
    Hole,
    Listen,
    Packet,
    Signal,
    Subscription,
    Wish,
)
from ecgcore.errors import NotificationError

_MAX_ID = 48
_NOT_IN_AN_ID = re.compile(r"[^0-9A-Za-z]+")
# This firmware counts RR intervals in milliseconds (heartypatch_ble.c).
_MILLISECONDS = re.compile(r"heartypatch", re.IGNORECASE)


class HeartRateDriver:
    """Heart rate and RR intervals of straps that send no ECG, or whose ECG nobody here knows.

    Parameters
    ----------
    rr_unit_ms : float
        What the RR intervals count.
    """

    model = "Heart rate strap"
    is_generic = True
    """The registry asks it after every driver that knows a patch by its own name."""

    def __init__(self, rr_unit_ms: float = sig.RR_UNIT_MS) -> None:
        self._rr_unit_ms = rr_unit_ms

    def identify(self, advertisement: Advertisement) -> str | None:
        """Give ``hr-NAME`` for whoever advertises the Heart Rate service under a name, or None.

        Makers put a serial number into the name: ``TICKR 1A2B`` is ``hr-TICKR-1A2B``. Two straps
        that advertise the same name have the same id and cannot be told apart.
        """
        if sig.HEART_RATE_SERVICE not in advertisement.service_uuids:
            return None
        words = _NOT_IN_AN_ID.sub("-", advertisement.name).strip("-")
        return f"hr-{words}"[:_MAX_ID] if words else None

    def open(self, wish: Wish) -> "HeartRateDialogue":
        """Begin a link's dialogue; there is nothing to choose."""
        return HeartRateDialogue(self._rr_unit_ms)


class HeartyPatchDriver(HeartRateDriver):
    """HeartyPatch over Bluetooth: no ECG, and RR intervals in milliseconds against the standard."""

    model = "HeartyPatch"
    is_generic = False

    def __init__(self) -> None:
        super().__init__(rr_unit_ms=1.0)

    def identify(self, advertisement: Advertisement) -> str | None:
        """Give ``hr-NAME`` if the patch names itself a HeartyPatch, or None."""
        if not _MILLISECONDS.match(advertisement.name):
            return None
        return super().identify(advertisement)


class HeartRateDialogue:
    """One link to a strap."""

    first_frame_timeout_s = 10.0
    needs_bond = False
    listens: Sequence[Listen] = (
        Listen(sig.HEART_RATE_MEASUREMENT, Subscription.NOTIFY),
        Listen(sig.BATTERY_LEVEL, Subscription.NOTIFY, required=False),
    )

    def __init__(self, rr_unit_ms: float = sig.RR_UNIT_MS) -> None:
        self._rr_unit_ms = rr_unit_ms

    def start(self) -> Conversation[Signal | None]:
        """Give None: there is no ECG; to be subscribed is all that starts the heart rate."""
        yield from ()
        return None

    def stop(self) -> Conversation[None]:
        """Ask for nothing."""
        yield from ()

    def decode(self, characteristic: str, data: bytes) -> Sequence[Packet]:
        """Read one notification.

        Raises
        ------
        NotificationError
            For bytes that are not what the services say, or a characteristic that is not among
            `listens`.
        """
        if characteristic == sig.HEART_RATE_MEASUREMENT:
            return (sig.decode_heart_rate(data, self._rr_unit_ms),)
        if characteristic == sig.BATTERY_LEVEL:
            return (sig.decode_battery(data),)
        msg = f"characteristic {characteristic} is not one of a heart rate strap"
        raise NotificationError(msg)

    def replay(self, hole: Hole) -> None:
        """Give None: nothing is stored."""

    def identify_patch(self) -> None:
        """Give None: the services have no command for it."""
