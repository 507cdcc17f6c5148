"""Samples of a patch that stores them: what is missing may still come. Pure.

Theory of operation: what is missing before a notification becomes a hole (`gateway.holes`) instead
of a gap, and frames behind it are held. What is older than the newest sample, live or replayed,
fills holes; what fills none was there already. The patch's word that it has samples no more, giving
up, and another boot name what is left: a frame without samples that carries the gap.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from devices.driver import Hole, Missing, Samples, Signal
from ecgcore.errors import StateError
from ecgcore.types import FrameFlag, GapReason, Int32Array
from ecgcore.wire.frame import MAX_GAP_SAMPLES, Frame
from gateway.clock import DeviceClock
from gateway.counting import CountingPlacer
from gateway.holes import Holes, HolesConfig, Piece
from gateway.placing import Position


@dataclass(slots=True)
class Counters:
    """Since the start of the gateway."""

    frames: int = 0
    samples: int = 0
    gaps: int = 0
    gap_samples: int = 0
    replayed_samples: int = 0
    """Those among `samples` that came out of a patch's memory."""
    duplicates: int = 0
    """Notifications seen before."""
    late: int = 0
    """Notifications older than what was already placed."""
    boots: int = 0
    clock_resets: int = 0


@dataclass(frozen=True, slots=True)
class Recorded:
    """A frame on its way into the spool."""

    frame: Frame
    state: bytes
    """What a later run needs to go on right behind it."""
    is_held: bool = False
    """Behind a hole that may still be filled."""
    releases_to: int | None = None
    """As in `gateway.spool.Entry`."""


@dataclass(frozen=True, slots=True)
class MendingConfig:
    """Constants of one patch."""

    device: str
    signal: Signal
    holes: HolesConfig


class Mending:
    """The holes of one patch, and the frames that fill or name them.

    Parameters
    ----------
    holes : Holes
        As they are stored with every frame.
    clock : Callable[[], DeviceClock]
        The fit of the running boot.
    counters : Counters
        Counted up.
    dump : Callable[[], bytes]
        Gives the recorder's state as it is at the moment.
    """

    def __init__(
        self,
        config: MendingConfig,
        holes: Holes,
        *,
        placer: CountingPlacer,
        clock: Callable[[], DeviceClock],
        counters: Counters,
        dump: Callable[[], bytes],
    ) -> None:
        self._config = config
        self.holes = holes
        self._placer = placer
        self._clock = clock
        self._counters = counters
        self._dump = dump

    def take_old(self, samples: Samples, first: int, arrival_ns: int) -> Iterator[Recorded] | None:
        """Give the frames of samples that are not new; None: they are, and to be placed."""
        position = self._placer.position
        if position and self._fills(samples, first, position):
            return self._fill(samples, first, arrival_ns)
        if samples.is_replayed:
            self._counters.late += 1
            return iter(())
        return None

    def behind_holes(self, frame: Frame) -> Recorded:
        """Give a frame as it is placed, its gap a hole."""
        self.holes.add(frame.start, frame.first_counter, frame.gap_reason, frame.arrival_ns)
        self._counters.gaps -= frame.gap_before > 0
        self._counters.gap_samples -= frame.gap_before
        frame = replace(frame, gap_before=0, gap_reason=GapReason.NONE)
        return Recorded(frame, self._dump(), is_held=bool(self.holes.open))

    def name(self, missing: Missing, arrival_ns: int) -> Iterator[Recorded]:
        """Give the frames that name what the patch says it does not have."""
        position, hole = self._placer.position, missing.hole
        if position is None or hole.boot != position.boot_id:
            return
        for piece in self.holes.take(hole.first_counter, hole.end, arrival_ns):
            reason = piece.reason if missing.was_sampled else GapReason.SENSOR_OVERFLOW
            yield self._gap(piece, reason, arrival_ns)
        is_new = position.counter <= hole.first_counter < hole.end <= MAX_GAP_SAMPLES
        if is_new and not missing.was_sampled:
            yield self._skip(hole, position, arrival_ns)

    def ask(self, n_samples: int) -> Hole | None:
        """Give what to ask the patch for next, at most so much; None: nothing is missing."""
        position, wanted = self._placer.position, self.holes.ask(n_samples)
        if wanted is None or position is None:
            return None
        first, end = wanted
        return Hole(position.boot_id, first, end - first)

    def awaits(self, hole: Hole) -> bool:
        """Tell whether any of this has not come, and may."""
        position = self._placer.position
        is_running = position is not None and position.boot_id == hole.boot
        return is_running and self.holes.has(hole.first_counter, hole.end)

    def give_up(self, now_ns: int, *, everything: bool = False) -> Iterator[Recorded]:
        """Give the frames that name what was waited for long enough."""
        hopeless = self.holes.hopeless(now_ns, self._config.holes)
        if everything:
            hopeless = [(hole.first, hole.end) for hole in self.holes.open]
        for first, end in hopeless:
            for piece in self.holes.take(first, end, now_ns):
                yield self._gap(piece, piece.reason, now_ns)

    def _fills(self, samples: Samples, first: int, position: Position) -> bool:
        end = first + int(samples.adc.shape[1])
        is_old = samples.is_replayed or first < position.counter
        return samples.boot == position.boot_id and is_old and self.holes.has(first, end)

    def _fill(self, samples: Samples, first: int, arrival_ns: int) -> Iterator[Recorded]:
        end = first + int(samples.adc.shape[1])
        for piece in self.holes.take(first, end, arrival_ns):
            adc = samples.adc[:, piece.first - first : piece.end - first]
            self._counters.frames += 1
            self._counters.samples += piece.end - piece.first
            self._counters.replayed_samples += piece.end - piece.first
            frame = replace(
                self._frame(piece.first, adc, arrival_ns),
                lead_off=samples.lead_off or 0,
                flags=FrameFlag.REPLAY,
            )
            yield Recorded(frame, self._dump(), piece.is_held, piece.releases_to)

    def _skip(self, hole: Hole, position: Position, arrival_ns: int) -> Recorded:
        """Name samples that the patch itself missed just now."""
        self.holes.add(position.counter, hole.first_counter, GapReason.RADIO_LOSS, arrival_ns)
        self._placer.skip_to(hole.end)
        is_held = bool(self.holes.open)
        piece = Piece(hole.first_counter, hole.end, GapReason.SENSOR_OVERFLOW, is_held, None)
        return self._gap(piece, piece.reason, arrival_ns)

    def _gap(self, piece: Piece, reason: GapReason, arrival_ns: int) -> Recorded:
        n_samples = piece.end - piece.first
        self._counters.gaps += 1
        self._counters.gap_samples += n_samples
        nothing = np.zeros((self._config.signal.lead_mask.bit_count(), 0), np.int32)
        frame = replace(
            self._frame(piece.end, nothing, arrival_ns), gap_before=n_samples, gap_reason=reason
        )
        return Recorded(frame, self._dump(), piece.is_held, piece.releases_to)

    def _frame(self, first_counter: int, adc: Int32Array, arrival_ns: int) -> Frame:
        """Give a frame of the running boot, timed by what is known of its clock now."""
        position, signal = self._placer.position, self._config.signal
        if position is None:
            msg = f"{self._config.device}: nothing recorded yet"
            raise StateError(msg)
        device_ns = self._placer.device_ns(first_counter)
        return Frame(
            device=self._config.device,
            boot_id=position.boot_id,
            first_counter=first_counter,
            adc=adc,
            lead_mask=signal.lead_mask,
            fs_mhz=signal.fs_mhz,
            lsb_pv=signal.lsb_pv,
            device_time_ns=device_ns,
            device_span_ns=round(adc.shape[1] * self._placer.period_ns),
            utc_ns=device_ns + self._clock().offset_ns(device_ns),
            arrival_ns=arrival_ns,
        )
