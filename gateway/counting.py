"""Where samples lie that the patch itself numbers, and what is missing before them.

Theory of operation. A patch that names its boots and numbers each sample leaves nothing to find
out: boot and counter of the wire are the patch's own, so the same sample has the same name whoever
received it, and what it sampled before anybody listened is missing, too.

A patch without name for its boots begins a drawn one at 0 with the first sample received. Its
numbers may come round (`Signal.counter_modulus`); then they tell what is missing but for whole
turns, and the turns come from the arrivals: inside a live link by `gateway.turns`, after an
interruption to the nearest turn.
"""

from dataclasses import dataclass, field
from typing import Self

import msgspec

from devices.driver import Samples, Signal
from ecgcore.errors import StateError
from ecgcore.types import GapReason
from ecgcore.wire.frame import MAX_GAP_SAMPLES
from gateway.placing import Interruption, Placed, Position, Rejected, read_count
from gateway.turns import Turns, TurnsConfig

_NS = 1_000_000_000
_RECENT = 16
_ANCHOR_NS = 300 * _NS
# Inside a live link notifications may be so much out of order.
_LATE_NS = 5 * _NS
# A crystal is never that far off: a clock that was set, or a counter that is not one.
_MAX_RATE_ERROR = 0.1


@dataclass(slots=True)
class Count:
    """What is remembered of the running boot; plain data."""

    boot_id: int
    patch_boot: int | None
    """The patch's own name of the boot."""
    origin: int
    """The patch's number of our sample 0."""
    counter: int
    """Of the next sample."""
    last_ns: int
    """Device time of the last sample."""
    arrival_ns: int
    anchor_ns: int
    anchor_counter: int
    newer_anchor_ns: int
    newer_anchor_counter: int
    recent: list[int] = field(default_factory=list)
    """First counters of the last notifications, against repeats."""


class CountingPlacer:
    """Places one notification after another (a `gateway.placing.Placer`).

    Parameters
    ----------
    signal : Signal
    speed : float
        Of UTC against wall time; a rig stretches every delay by it.
    count : Count or None
        As stored by an earlier run of the gateway; None begins with a new boot.
    """

    def __init__(self, signal: Signal, speed: float = 1.0, count: Count | None = None) -> None:
        self._nominal_ns = 1e12 / signal.fs_mhz
        self._modulus = signal.counter_modulus
        self._late_ns = round(_LATE_NS * speed)
        self._turns = Turns(TurnsConfig.of(self._modulus or 1, self._nominal_ns, speed))
        self._interruption = Interruption(has_memory=count is not None)
        self.count = count

    @classmethod
    def of(cls, signal: Signal, speed: float, stored: bytes | None) -> Self:
        """Begin for a patch, or go on from what `dump` gave.

        Raises
        ------
        StateError
            If `stored` cannot be read.
        """
        return cls(signal, speed, read_count(stored, Count) if stored else None)

    @property
    def position(self) -> Position | None:
        """Where the count stands; None before the first sample."""
        return Position(self.count.boot_id, self.count.counter) if self.count else None

    def dump(self) -> bytes:
        """Give what a later run needs to go on counting."""
        return msgspec.json.encode(self.count)

    def interrupt(self, reason: GapReason, *, is_same_link: bool = False) -> None:
        """Name the cause of samples missing before the next notification; the first one counts."""
        self._interruption.note(reason, is_same_link=is_same_link)

    def place(self, samples: Samples, arrival_ns: int, new_boot_id: int) -> Placed | Rejected:
        """Place samples that carry the number of the first one.

        Raises
        ------
        StateError
            If they carry none: the driver promised numbers.
        """
        if samples.first_counter is None:
            msg = "samples without number from a patch that counts by them"
            raise StateError(msg)
        n_samples = int(samples.adc.shape[1])
        count = self.count
        if samples.boot is not None and samples.first_counter > MAX_GAP_SAMPLES:
            # Nothing samples that long: the number is wrong, and believing it would end the boot.
            return Rejected.LATE
        if count is None or samples.boot != count.patch_boot:
            return self._begin(samples, samples.first_counter, arrival_ns, new_boot_id)
        at = self._counter_of(count, samples.first_counter, n_samples, arrival_ns)
        if at < count.counter:
            if self._is_restart(count, at):
                return self._begin(samples, samples.first_counter, arrival_ns, new_boot_id)
            return Rejected.DUPLICATE if at in count.recent else Rejected.LATE
        if at - count.counter > MAX_GAP_SAMPLES:
            return Rejected.LATE
        return self._continue(count, samples, at, arrival_ns)

    def device_ns(self, counter: int) -> int:
        """Give the device time of a sample of the running boot.

        Raises
        ------
        StateError
            Before the first sample.
        """
        if self.count is None:
            msg = "no boot yet"
            raise StateError(msg)
        behind = self.count.counter - 1 - counter
        return self.count.last_ns - round(behind * self.period_ns)

    @property
    def period_ns(self) -> float:
        """Best knowledge of the sample period on the device clock."""
        count = self.count
        if count is None or count.counter == count.anchor_counter:
            return self._nominal_ns
        measured = (count.last_ns - count.anchor_ns) / (count.counter - count.anchor_counter)
        return self._plausible(measured)

    def skip_to(self, counter: int) -> None:
        """Count what the patch itself says that it never stored."""
        if self.count is not None and counter > self.count.counter:
            self.count.last_ns = self.device_ns(counter - 1)
            self.count.counter = counter

    def _plausible(self, period_ns: float) -> float:
        is_near = abs(period_ns / self._nominal_ns - 1) <= _MAX_RATE_ERROR
        return period_ns if is_near else self._nominal_ns

    def _counter_of(self, count: Count, number: int, n_samples: int, arrival_ns: int) -> int:
        if self._modulus is None:
            return number - count.origin
        residue = (number - count.origin - count.counter) % self._modulus
        if self._interruption.reason is GapReason.NONE:
            return count.counter + self._turns.place(count.counter, residue, n_samples, arrival_ns)
        silence_ns = arrival_ns - count.arrival_ns
        return count.counter + self._turns.over(residue, n_samples, silence_ns)

    def _is_restart(self, count: Count, at: int) -> bool:
        """Tell whether a patch without boots went back because it was restarted."""
        if count.patch_boot is not None or self._modulus is not None or at in count.recent:
            return False
        is_far = (count.counter - at) * self._nominal_ns > self._late_ns
        return self._interruption.is_new_link or is_far

    def _begin(self, samples: Samples, number: int, arrival_ns: int, new_boot_id: int) -> Placed:
        has_boot = samples.boot is not None
        # What a patch that numbers from its boot on had before we listened is missing.
        missing = number if has_boot else 0
        n_samples = int(samples.adc.shape[1])
        last_ns = self._last_ns(samples, missing + n_samples)
        self.count = Count(
            boot_id=new_boot_id if samples.boot is None else samples.boot,
            patch_boot=samples.boot,
            origin=0 if has_boot else number,
            counter=missing + n_samples,
            last_ns=last_ns,
            arrival_ns=arrival_ns,
            anchor_ns=last_ns,
            anchor_counter=missing + n_samples,
            newer_anchor_ns=last_ns,
            newer_anchor_counter=missing + n_samples,
            recent=[missing],
        )
        reason = GapReason.LINK_LOST if missing else GapReason.NONE
        return self._placed(self.count, missing, missing, n_samples, reason, is_new_boot=True)

    def _continue(self, count: Count, samples: Samples, at: int, arrival_ns: int) -> Placed:
        n_samples = int(samples.adc.shape[1])
        missing = at - count.counter
        reason = (self._interruption.reason or GapReason.RADIO_LOSS) if missing else GapReason.NONE
        last_ns = self._last_ns(samples, at + n_samples)
        steady_ns = (last_ns - count.last_ns) / (missing + n_samples)
        count.counter, count.last_ns = at + n_samples, last_ns
        count.arrival_ns = arrival_ns
        count.recent = [*count.recent[1 - _RECENT :], at]
        if last_ns - count.newer_anchor_ns > _ANCHOR_NS:
            count.anchor_ns, count.anchor_counter = (
                count.newer_anchor_ns,
                count.newer_anchor_counter,
            )
            count.newer_anchor_ns, count.newer_anchor_counter = last_ns, count.counter
        return self._placed(
            count, at, missing, n_samples, reason, period_ns=self._plausible(steady_ns)
        )

    def _last_ns(self, samples: Samples, end: int) -> int:
        if samples.last_sample_ns is not None:
            return samples.last_sample_ns
        # Without a clock of its own the patch's count is one.
        return round((end - 1) * self._nominal_ns)

    def _placed(
        self,
        count: Count,
        at: int,
        missing: int,
        n_samples: int,
        reason: GapReason,
        *,
        period_ns: float | None = None,
        is_new_boot: bool = False,
    ) -> Placed:
        self._interruption.end()
        period_ns = self._nominal_ns if period_ns is None else period_ns
        return Placed(
            boot_id=count.boot_id,
            first_counter=at,
            gap_before=missing,
            gap_reason=reason,
            device_time_ns=count.last_ns - round((n_samples - 1) * period_ns),
            device_span_ns=round(n_samples * period_ns),
            is_new_boot=is_new_boot,
            last_sample_ns=count.last_ns,
        )
