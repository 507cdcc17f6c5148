"""Where a notification's samples lie in the patch's own count, and what is missing before them.

Theory of operation: patches such as the Polar H10 number nothing; each notification carries only
the device time of its last sample. The samples between two notifications follow from the time
between them and the sample period, and the period from the stream itself: device time over
samples, from an anchor 5 to 10 minutes back, so that it follows the warming patch. With two
notifications the period is known to the timestamps' precision; after 30 s, timestamps true to
50 us place the samples behind a ten-minute outage exactly (see the tests). Until then, inside a
live link, losses are counted in whole notifications, because the nominal rate may be 5 % off.

A patch that rounds its times (Movesense: to ms) streams packets of one size. Inside a live link a
step that fits whole packets, to the rounding, is packets lost by the radio; any other step is the
patch's own loss, and its length true to the rounding. The nominal rate of such a patch is trusted
until its times tell it better.

A *boot* is one run of the device clock and one count from 0. It survives link loss and a restart
of the gateway; a device clock that is not where it should be begins a new one.
"""

from dataclasses import dataclass, field
from typing import Self

import msgspec

from devices.driver import Samples, Signal
from ecgcore.errors import StateError
from ecgcore.types import GapReason
from gateway.placing import Interruption, Placed, Position, Rejected, read_count

_NS = 1_000_000_000
_RECENT = 16
_ANCHOR_NS = 300 * _NS
# Two crystals of 50 ppm, and the fit of the envelope.
_OFFSET_DRIFT = 2e-4
# One notification late, and as much again for the host.
_OVERTAKEN = 2.5
# Rates are true to some percent; what is tighter overlaps.
_TIGHTEST = 0.8
# Time stamps rounded to no more than this place samples by themselves.
_EXACT_NS = 100_000
# Two stamps, each a step off: rounded down, or told late by a busy patch.
_ROUNDED_STAMPS = 2
# What is left of the rate's error once it has been told by the times.
_RATE_ERROR = 1e-4


@dataclass(frozen=True, slots=True)
class ReassemblyConfig:
    """Constants of one patch."""

    nominal_period_ns: float
    offset_tolerance_ns: int = 2 * _NS
    """How far the device clock may seem to have moved against UTC over an interruption."""
    late_ns: int = 5 * _NS
    """Inside a live link a notification may come this much out of order; it is dropped."""
    longest_silence_ns: int = 120 * _NS
    """Device time that leaps further is checked against UTC inside a live link, too."""
    stamp_step_ns: int = 1
    """The patch rounds its times to this."""

    @property
    def is_rounded(self) -> bool:
        """Whether a time stamp says less than which sample it is of."""
        return self.stamp_step_ns > _EXACT_NS

    def tolerance_ns(self, step_ns: int) -> float:
        """Give how far two time stamps may be off together, with the rate between them."""
        return _ROUNDED_STAMPS * self.stamp_step_ns + _RATE_ERROR * step_ns


@dataclass(slots=True)
class Boot:
    """What is remembered of the running boot; plain data."""

    boot_id: int
    counter: int
    """Of the next sample."""
    last_ns: int
    """Device time of the last sample."""
    offset_ns: int
    """Lower envelope of arrival minus device time."""
    anchor_ns: int
    anchor_counter: int
    newer_anchor_ns: int
    newer_anchor_counter: int
    recent_ns: list[int] = field(default_factory=list)
    """Device times of the last notifications, against repeats."""


class Reassembler:
    """Places one notification after another (a `gateway.placing.Placer`).

    Parameters
    ----------
    config : ReassemblyConfig
    boot : Boot or None
        As stored by an earlier run of the gateway; None begins with a new boot.
    """

    def __init__(self, config: ReassemblyConfig, boot: Boot | None = None) -> None:
        self._config = config
        self._interruption = Interruption(has_memory=boot is not None)
        self.boot = boot

    @classmethod
    def of(cls, signal: Signal, speed: float, stored: bytes | None) -> Self:
        """Begin for a patch, or go on from what `dump` gave.

        Parameters
        ----------
        speed : float
            Of UTC against wall time; a rig stretches every delay by it.

        Raises
        ------
        StateError
            If `stored` cannot be read.
        """
        return cls(_config(signal, speed), read_count(stored, Boot) if stored else None)

    @property
    def position(self) -> Position | None:
        """Where the count stands; None before the first sample."""
        return Position(self.boot.boot_id, self.boot.counter) if self.boot else None

    def place(self, samples: Samples, arrival_ns: int, new_boot_id: int) -> Placed | Rejected:
        """Place samples that carry the device time of the last one.

        Raises
        ------
        StateError
            If they carry none: the driver promised timestamps.
        """
        if samples.last_sample_ns is None:
            msg = "samples without timestamp from a patch that counts by them"
            raise StateError(msg)
        n_samples = int(samples.adc.shape[1])
        return self.push(n_samples, samples.last_sample_ns, arrival_ns, new_boot_id)

    def dump(self) -> bytes:
        """Give what a later run needs to go on counting."""
        return msgspec.json.encode(self.boot)

    @property
    def period_ns(self) -> float:
        """Best knowledge of the sample period on the device clock."""
        boot = self.boot
        if boot is None or boot.counter == boot.anchor_counter:
            return self._config.nominal_period_ns
        span_ns = boot.last_ns - boot.anchor_ns
        if self._config.is_rounded and self._config.tolerance_ns(0) > _RATE_ERROR * span_ns:
            return self._config.nominal_period_ns
        return span_ns / (boot.counter - boot.anchor_counter)

    def interrupt(self, reason: GapReason, *, is_same_link: bool = False) -> None:
        """Name the cause of samples missing before the next notification; the first one counts.

        Over another link may come another run of the device clock.
        """
        self._interruption.note(reason, is_same_link=is_same_link)

    def push(
        self, n_samples: int, last_ns: int, arrival_ns: int, new_boot_id: int
    ) -> Placed | Rejected:
        """Place `n_samples` > 0 samples, the last one taken at device time `last_ns`.

        Parameters
        ----------
        arrival_ns : int
            UTC at which the notification came.
        new_boot_id : int
            Used if a new boot begins here; unique for the patch, 0 to 2**32 - 1.
        """
        boot = self.boot
        if boot is None:
            return self._begin(n_samples, last_ns, arrival_ns, new_boot_id)
        span_ns = n_samples * self._config.nominal_period_ns
        if self._is_reset(boot, last_ns, arrival_ns) or self._is_set_back(
            boot, span_ns, last_ns, arrival_ns
        ):
            return self._begin(n_samples, last_ns, arrival_ns, new_boot_id)
        if last_ns in boot.recent_ns:
            return Rejected.DUPLICATE
        if last_ns <= boot.last_ns:
            return Rejected.LATE
        return self._continue(boot, n_samples, last_ns, arrival_ns)

    def _is_reset(self, boot: Boot, last_ns: int, arrival_ns: int) -> bool:
        step_ns = last_ns - boot.last_ns
        is_repeat = last_ns in boot.recent_ns
        in_reach = -self._config.late_ns <= step_ns <= self._config.longest_silence_ns
        if not self._interruption.is_new_link and (in_reach or is_repeat):
            # No host clock here: a backlog or an NTP step must not end a boot.
            return False
        # A patch that was restarted can pass through the very times it had before.
        moved_ns = abs(arrival_ns - last_ns - boot.offset_ns)
        allowed_ns = self._config.offset_tolerance_ns + _OFFSET_DRIFT * max(step_ns, 0)
        return moved_ns > allowed_ns or (step_ns < 0 and not is_repeat)

    def _is_set_back(self, boot: Boot, span_ns: float, last_ns: int, arrival_ns: int) -> bool:
        """Tell whether the device clock was set back within reach of what may come late."""
        if last_ns < boot.anchor_ns:
            # Before all that is placed; what was only overtaken is not this late.
            return arrival_ns - last_ns - boot.offset_ns > _OVERTAKEN * span_ns
        # Samples cannot lie where others are.
        if last_ns > boot.last_ns:
            return last_ns - boot.last_ns < _TIGHTEST * span_ns
        return any(0 < abs(last_ns - known_ns) < span_ns / 2 for known_ns in boot.recent_ns)

    def _begin(self, n_samples: int, last_ns: int, arrival_ns: int, boot_id: int) -> Placed:
        self.boot = Boot(
            boot_id=boot_id,
            counter=n_samples,
            last_ns=last_ns,
            offset_ns=arrival_ns - last_ns,
            anchor_ns=last_ns,
            anchor_counter=n_samples,
            newer_anchor_ns=last_ns,
            newer_anchor_counter=n_samples,
            recent_ns=[last_ns],
        )
        self._interruption.end()
        period_ns = self._config.nominal_period_ns
        first_ns = last_ns - round((n_samples - 1) * period_ns)
        span_ns = round(n_samples * period_ns)
        return Placed(
            boot_id,
            0,
            0,
            GapReason.NONE,
            first_ns,
            span_ns,
            is_new_boot=True,
            last_sample_ns=last_ns,
        )

    def _continue(self, boot: Boot, n_samples: int, last_ns: int, arrival_ns: int) -> Placed:
        step_ns = last_ns - boot.last_ns
        missing, reason = self._missing(boot, n_samples, step_ns)
        is_period_known = missing or self._config.is_rounded
        period_ns = self.period_ns if is_period_known else step_ns / n_samples
        placed = Placed(
            boot_id=boot.boot_id,
            first_counter=boot.counter + missing,
            gap_before=missing,
            gap_reason=reason if missing else GapReason.NONE,
            device_time_ns=last_ns - round((n_samples - 1) * period_ns),
            device_span_ns=round(n_samples * period_ns),
            is_new_boot=False,
            last_sample_ns=last_ns,
        )
        self._advance(boot, missing + n_samples, last_ns, arrival_ns)
        self._interruption.end()
        return placed

    def _missing(self, boot: Boot, n_samples: int, step_ns: int) -> tuple[int, GapReason]:
        exact = step_ns / self.period_ns - n_samples
        if self._interruption.reason:
            return max(round(exact), 0), self._interruption.reason
        whole = n_samples * round(exact / n_samples)
        if self._config.is_rounded:
            off_ns = abs(exact - whole) * self.period_ns
            is_whole = off_ns <= self._config.tolerance_ns(step_ns)
            reason = GapReason.RADIO_LOSS if is_whole else GapReason.SENSOR_OVERFLOW
        else:
            is_whole = boot.counter == boot.anchor_counter
            reason = GapReason.RADIO_LOSS
        # Less time than samples is jitter of the timestamps.
        return max(whole if is_whole else round(exact), 0), reason

    def _advance(self, boot: Boot, n_samples: int, last_ns: int, arrival_ns: int) -> None:
        leak_ns = round(_OFFSET_DRIFT * (last_ns - boot.last_ns))
        boot.offset_ns = min(boot.offset_ns + leak_ns, arrival_ns - last_ns)
        boot.counter += n_samples
        boot.last_ns = last_ns
        boot.recent_ns = [*boot.recent_ns[1 - _RECENT :], last_ns]
        if last_ns - boot.newer_anchor_ns > _ANCHOR_NS:
            boot.anchor_ns, boot.anchor_counter = boot.newer_anchor_ns, boot.newer_anchor_counter
            boot.newer_anchor_ns, boot.newer_anchor_counter = last_ns, boot.counter


def _config(signal: Signal, speed: float) -> ReassemblyConfig:
    default = ReassemblyConfig(1e12 / signal.fs_mhz)
    return ReassemblyConfig(
        default.nominal_period_ns,
        offset_tolerance_ns=round(default.offset_tolerance_ns * speed),
        late_ns=round(default.late_ns * speed),
        longest_silence_ns=round(default.longest_silence_ns * speed),
        stamp_step_ns=signal.timestamp_step_ns,
    )
