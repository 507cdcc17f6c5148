"""The frames of a virtual gateway: what its patch records, as it would be sent; pure.

A patch here is a counter on a clock; the value of a sample is its number. One frame a second. What
the plan takes away on the Bluetooth side is a named gap; a new start or a set clock is a new boot.
"""

from dataclasses import dataclass, field

import numpy as np

from ecgcore.types import FrameFlag, GapReason, Lead
from ecgcore.wire.frame import Frame, encode_frame
from simulators.scenario.plan import Timetable

_FS_HZ = 130
_FRAME_S = 1.0
_NS = 1_000_000_000
_LSB_PV = 1_000_000
_MODULUS = 1 << 23
_ANY_ELECTRODE = 1
_DEVICE_EPOCH_NS = 599_616_000 * _NS


@dataclass(frozen=True, slots=True)
class Spooled:
    """A frame on its way."""

    number: int
    """Of the frame, from 0."""
    boot_id: int
    end_counter: int
    at_s: float
    payload: bytes


@dataclass(slots=True)
class BootTruth:
    """What one boot was made of."""

    boot_id: int
    sent: list[tuple[int, int]] = field(default_factory=list)
    """Counters, as [start, end)."""
    gaps: list[tuple[int, int, GapReason]] = field(default_factory=list)


class FrameSource:
    """What one virtual gateway has to send.

    Parameters
    ----------
    device : str
    plan : Timetable
        Faults of its patch.
    start_ns : int
        UTC of the scenario's begin.
    first_boot_id : int
        Boots are numbered on from here.
    """

    def __init__(self, device: str, plan: Timetable, start_ns: int, first_boot_id: int) -> None:
        self.boots: list[BootTruth] = []
        self._device = device
        self._plan = plan
        self._start_ns = start_ns
        self._next_boot_id = first_boot_id
        self._n_frames = 0
        self._done_s = 0.0
        self._counter = 0
        self._missing = 0
        self._clock_ns = _DEVICE_EPOCH_NS

    def until(self, now_s: float) -> list[Spooled]:
        """Give the frames whose last sample was taken by now."""
        made = []
        while self._done_s + _FRAME_S <= now_s:
            start_s, self._done_s = self._done_s, self._done_s + _FRAME_S
            frame = self._second(start_s)
            if frame is not None:
                made.append(frame)
        return made

    def _second(self, start_s: float) -> Spooled | None:
        if self._plan.is_on("reboot", start_s):
            self._end_boot()
            return None
        if self._is_clock_set(start_s):
            self._end_boot()
        if not self.boots or self.boots[-1].boot_id != self._next_boot_id:
            self.boots.append(BootTruth(self._next_boot_id))
            self._counter = self._missing = 0
        if self._plan.is_on("silence", start_s) or self._plan.is_on("link_cut", start_s):
            # Before its first sample a boot has no gap.
            self._missing += _FS_HZ if self.boots[-1].sent else 0
            return None
        return self._frame(start_s)

    def _end_boot(self) -> None:
        if self.boots and self.boots[-1].boot_id == self._next_boot_id:
            self._next_boot_id += 1

    def _is_clock_set(self, start_s: float) -> bool:
        faults = (*self._plan.of("clock_reset"), *self._plan.of("clock_jump"))
        return any(start_s <= each.start_s < start_s + _FRAME_S for each in faults)

    def _frame(self, start_s: float) -> Spooled:
        boot = self.boots[-1]
        first = self._counter + self._missing
        if self._missing:
            boot.gaps.append((self._counter, first, GapReason.LINK_LOST))
        self._counter = first + _FS_HZ
        boot.sent.append((first, self._counter))
        numbers = (np.arange(first, self._counter) % _MODULUS).astype(np.int32)
        since_ns = round(start_s * _NS)
        frame = Frame(
            device=self._device,
            boot_id=boot.boot_id,
            first_counter=first,
            adc=numbers[np.newaxis],
            lead_mask=1 << Lead.CHEST,
            fs_mhz=_FS_HZ * 1000,
            lsb_pv=_LSB_PV,
            device_time_ns=self._clock_ns + since_ns,
            device_span_ns=round(_FRAME_S * _NS),
            utc_ns=self._start_ns + since_ns,
            arrival_ns=self._start_ns + since_ns + round(_FRAME_S * _NS),
            gap_before=self._missing,
            gap_reason=GapReason.LINK_LOST if self._missing else GapReason.NONE,
            lead_off=_ANY_ELECTRODE if self._plan.is_on("lead_off", start_s) else 0,
            flags=FrameFlag.NONE,
        )
        self._missing = 0
        self._n_frames += 1
        return Spooled(
            self._n_frames - 1, boot.boot_id, self._counter, start_s, encode_frame(frame)
        )
