"""What a placer is: it says where a notification's samples lie, whatever a patch counts with."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeVar

import msgspec

from devices.driver import Samples
from ecgcore.errors import StateError
from ecgcore.types import GapReason

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a notification's samples belong."""

    boot_id: int
    first_counter: int
    gap_before: int
    gap_reason: GapReason
    device_time_ns: int
    """Of the first sample."""
    device_span_ns: int
    """From the first sample to one after the last."""
    is_new_boot: bool
    last_sample_ns: int
    """Device time of the last sample, as it is fitted to UTC."""
    is_gap_estimated: bool = False
    """Whether the length of the gap is a guess, because the patch neither counts nor times."""


class Rejected(Enum):
    """Why a notification was dropped."""

    DUPLICATE = "duplicate"
    """Seen before: Bluetooth stacks can deliver twice after a reconnect."""
    LATE = "late"
    """Older than what was already placed."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the count stands."""

    boot_id: int
    counter: int
    """Of the next sample."""


class Interruption:
    """What interrupted the stream before the next notification.

    Parameters
    ----------
    has_memory : bool
        Whether counting goes on from an earlier run: then the gateway was down.
    """

    def __init__(self, *, has_memory: bool) -> None:
        self.reason = GapReason.GATEWAY_DOWN if has_memory else GapReason.NONE
        self.is_new_link = has_memory
        """Over another link may come another run of the device clock."""

    def note(self, reason: GapReason, *, is_same_link: bool) -> None:
        """Name a cause; the first one counts."""
        self.is_new_link |= not is_same_link
        if self.reason is GapReason.NONE:
            self.reason = reason

    def end(self) -> None:
        """Note that the stream goes on."""
        self.reason, self.is_new_link = GapReason.NONE, False


def read_count(stored: bytes, kind: type[_T]) -> _T:
    """Read what a placer's `dump` gave.

    Raises
    ------
    StateError
        If it is not of that kind.
    """
    try:
        return msgspec.json.decode(stored, type=kind)
    except msgspec.DecodeError as error:
        msg = f"stored count of a patch: {error}"
        raise StateError(msg) from error


class Placer(Protocol):
    """Places one notification after another; pure.

    One run of the count from 0 is a *boot*. It survives link loss and a restart of the gateway;
    a patch whose count or clock is not where it should be begins a new one.
    """

    @property
    def position(self) -> Position | None:
        """Where the count stands; None before the first sample."""
        ...

    def interrupt(self, reason: GapReason, *, is_same_link: bool = False) -> None:
        """Name the cause of samples missing before the next notification; the first one counts.

        Over another link may come another run of the device clock.
        """
        ...

    def place(self, samples: Samples, arrival_ns: int, new_boot_id: int) -> Placed | Rejected:
        """Place samples, at least one.

        Parameters
        ----------
        arrival_ns : int
            UTC at which the notification came.
        new_boot_id : int
            Used if a new boot begins here; unique for the patch, 0 to 2**32 - 1.
        """
        ...

    def dump(self) -> bytes:
        """Give what a later run needs to go on counting; only after the first sample."""
        ...
