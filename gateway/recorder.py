"""One patch's samples become frames: placed, timed, counted. Pure; the session feeds it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from devices.driver import Counting, Hole, Missing, Samples, Signal
from ecgcore.errors import StateError
from ecgcore.types import FrameFlag, GapReason
from ecgcore.wire.frame import Frame
from gateway.arrival import ArrivalPlacer
from gateway.clock import ClockConfig, ClockState, DeviceClock
from gateway.counting import CountingPlacer
from gateway.holes import Holes, HolesConfig
from gateway.marks import Marks
from gateway.mending import Counters, Mending, MendingConfig, Recorded
from gateway.placing import Placed, Placer, Position, Rejected
from gateway.reassembly import Reassembler

__all__ = ["Counters", "Recorded", "Recorder", "RecorderConfig"]

_ANY_ELECTRODE = 1


@dataclass(frozen=True, slots=True)
class RecorderConfig:
    """Constants of one patch."""

    device: str
    signal: Signal
    speed: float = 1.0
    """Of UTC against wall time; a rig stretches every delay by it."""
    holes: HolesConfig = field(default_factory=HolesConfig)


@dataclass(frozen=True, slots=True)
class _Stored:
    signal: Signal
    placer: bytes
    clock: ClockState
    holes: Holes = field(default_factory=Holes)
    marks: dict[str, tuple[int, int]] = field(default_factory=dict)


MakePlacer = Callable[[Signal, float, bytes | None], Placer]
PLACERS: Mapping[Counting, MakePlacer] = {
    Counting.TIMESTAMPS: Reassembler.of,
    Counting.COUNTER: CountingPlacer.of,
    Counting.ARRIVAL: ArrivalPlacer.of,
}
"""How a patch's samples are placed, by what it counts with."""


class Recorder:
    """Turns one patch's `Samples` into frames.

    Parameters
    ----------
    config : RecorderConfig
    new_boot_id : Callable[[], int]
        Draws an id, 0 to 2**32 - 1, for each run of the device clock.
    stored : bytes or None
        What `dump` gave after the last frame that is durable; counting goes on from there.

    Raises
    ------
    StateError
        If `stored` cannot be read.
    """

    def __init__(
        self, config: RecorderConfig, new_boot_id: Callable[[], int], stored: bytes | None = None
    ) -> None:
        self._config = config
        self._new_boot_id = new_boot_id
        self._former: Recorder | None = None
        """Of another signal, with holes that nothing will fill any more."""
        state = _read(stored) if stored else None
        if state and state.signal != config.signal:
            # Another rate or another lead is another recording.
            if state.holes.open:
                self._former = Recorder(replace(config, signal=state.signal), new_boot_id, stored)
            state = None
        make_placer = PLACERS[config.signal.counting]
        self._placer = make_placer(config.signal, config.speed, state.placer if state else None)
        self._clock = self._new_clock(state.clock if state else None)
        self._marks = Marks(state.marks if state else None)
        self._past_resets = 0
        self._counters = Counters()
        self._mending = self._new_mending(state.holes if state else Holes())

    @property
    def counters(self) -> Counters:
        """Totals so far."""
        self._counters.clock_resets = self._past_resets + self._clock.n_resets
        return self._counters

    @property
    def signal(self) -> Signal:
        """What the patch streams."""
        return self._config.signal

    @property
    def position(self) -> Position | None:
        """Running boot and counter of its next sample; None before the first sample."""
        return self._placer.position

    @property
    def missing_pct(self) -> float | None:
        """What the rate lacks all the time, in percent, if only the rate tells of loss.

        None for patches that count or time their samples, and until the rate is sure.
        """
        if not isinstance(self._placer, ArrivalPlacer) or self._placer.missing_share is None:
            return None
        return 100 * self._placer.missing_share

    @property
    def clock(self) -> DeviceClock:
        """The fit of the running boot."""
        return self._clock

    def interrupt(self, reason: GapReason, *, is_same_link: bool = False) -> None:
        """Name the cause of samples missing before the next notification."""
        self._placer.interrupt(reason, is_same_link=is_same_link)

    def record(
        self,
        samples: Samples,
        arrival_ns: int,
        *,
        is_lead_off: bool,
        mark: tuple[str, int] | None = None,
    ) -> Iterator[Recorded]:
        """Give the frames of one notification, each with the state right behind it.

        Of a patch that stores what it samples, what is missing becomes a hole, what comes behind a
        hole is held, and what is older than the newest sample fills holes.

        Parameters
        ----------
        is_lead_off : bool
            What is known of the electrodes otherwise, for samples that do not tell.
        mark : tuple[str, int] or None
            The relay that keeps the notification, and its running number there.
        """
        if mark and self._marks.is_repeat(*mark):
            self._reject(Rejected.DUPLICATE)
            return
        if self._former:
            yield from self._former.give_up(arrival_ns, everything=True)
            self._former = None
        if self._mending and samples.boot is not None and samples.first_counter is not None:
            fills = self._mending.take_old(samples, samples.first_counter, arrival_ns)
            if fills is not None:
                yield from fills
                return
            if self.position and samples.boot != self.position.boot_id:
                # Not worth the wait: another boot goes on behind it.
                yield from self.give_up(arrival_ns, everything=True)
        frame = self.take(samples, arrival_ns, is_lead_off=is_lead_off)
        if frame is None:
            return
        if self._mending:
            yield self._mending.behind_holes(frame)
        else:
            yield Recorded(frame, self.dump())

    def name(self, missing: Missing, arrival_ns: int) -> Iterator[Recorded]:
        """Give the frames that name what the patch says it does not have."""
        if self._mending:
            yield from self._mending.name(missing, arrival_ns)

    def ask(self, n_samples: int) -> Hole | None:
        """Give what to ask the patch for next, at most so much; None: nothing is missing."""
        return self._mending.ask(n_samples) if self._mending else None

    def awaits(self, hole: Hole) -> bool:
        """Tell whether any of this has not come, and may."""
        return self._mending is not None and self._mending.awaits(hole)

    def give_up(self, now_ns: int, *, everything: bool = False) -> Iterator[Recorded]:
        """Give the frames that name what was waited for long enough."""
        if self._mending:
            yield from self._mending.give_up(now_ns, everything=everything)

    def take(self, samples: Samples, arrival_ns: int, *, is_lead_off: bool) -> Frame | None:
        """Give the frame of one notification; None if it was dropped (and counted).

        Parameters
        ----------
        is_lead_off : bool
            What is known of the electrodes otherwise, for samples that do not tell.
        """
        n_samples = int(samples.adc.shape[1])
        if not n_samples:
            return None
        placed = self._placer.place(samples, arrival_ns, self._new_boot_id())
        if isinstance(placed, Rejected):
            self._reject(placed)
            return None
        if placed.is_new_boot:
            self._restart_clock()
        offset_ns = self._clock.push(placed.last_sample_ns, arrival_ns)
        self._count(placed, n_samples)
        lead_off = samples.lead_off
        if lead_off is None:
            lead_off = _ANY_ELECTRODE if is_lead_off else 0
        return self._frame(samples, placed, offset_ns, arrival_ns, lead_off)

    def dump(self) -> bytes:
        """Give what a later run needs to go on counting.

        Raises
        ------
        StateError
            Before the first frame.
        """
        if self.position is None or self._clock.state is None:
            msg = f"{self._config.device}: nothing recorded yet"
            raise StateError(msg)
        return msgspec.json.encode(
            _Stored(
                self.signal,
                self._placer.dump(),
                self._clock.state,
                self._mending.holes if self._mending else Holes(),
                self._marks.known,
            )
        )

    def _new_mending(self, holes: Holes) -> Mending | None:
        if not self.signal.is_stored or not isinstance(self._placer, CountingPlacer):
            return None
        config = MendingConfig(self._config.device, self.signal, self._config.holes)
        return Mending(
            config,
            holes,
            placer=self._placer,
            clock=lambda: self._clock,
            counters=self._counters,
            dump=self.dump,
        )

    def _frame(
        self,
        samples: Samples,
        placed: Placed,
        offset_ns: int,
        arrival_ns: int,
        lead_off: int,
    ) -> Frame:
        signal = self._config.signal
        is_refitted = (
            self._clock.has_stepped
            or placed.is_gap_estimated
            or (placed.is_new_boot and self._counters.boots > 1)
        )
        return Frame(
            device=self._config.device,
            boot_id=placed.boot_id,
            first_counter=placed.first_counter,
            adc=samples.adc,
            lead_mask=signal.lead_mask,
            fs_mhz=signal.fs_mhz,
            lsb_pv=signal.lsb_pv,
            device_time_ns=placed.device_time_ns,
            device_span_ns=placed.device_span_ns,
            utc_ns=placed.device_time_ns + offset_ns,
            arrival_ns=arrival_ns,
            gap_before=placed.gap_before,
            gap_reason=placed.gap_reason,
            lead_off=lead_off,
            flags=FrameFlag.DISCONTINUITY if is_refitted else FrameFlag.NONE,
        )

    def _count(self, placed: Placed, n_samples: int) -> None:
        self._counters.frames += 1
        self._counters.samples += n_samples
        self._counters.gaps += placed.gap_before > 0
        self._counters.gap_samples += placed.gap_before
        self._counters.boots += placed.is_new_boot

    def _reject(self, why: Rejected) -> None:
        if why is Rejected.DUPLICATE:
            self._counters.duplicates += 1
        else:
            self._counters.late += 1

    def _restart_clock(self) -> None:
        if self._clock.state is not None:
            self._past_resets += self._clock.n_resets + 1
            self._clock = self._new_clock(None)

    def _new_clock(self, state: ClockState | None) -> DeviceClock:
        default, speed = ClockConfig(), self._config.speed
        config = ClockConfig(
            step_ns=round(default.step_ns * speed), late_ns=round(default.late_ns * speed)
        )
        return DeviceClock(config, state)


def _read(stored: bytes) -> _Stored:
    try:
        return msgspec.json.decode(stored, type=_Stored)
    except msgspec.DecodeError as error:
        msg = f"stored state of a patch: {error}"
        raise StateError(msg) from error
