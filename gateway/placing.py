"""What a placer is: it says where a notification's samples lie, whatever a patch counts with."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from devices.driver import Samples
from ecgcore.types import GapReason


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
