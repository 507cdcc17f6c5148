"""One boot of one device inside the engine: frames in, rows out. Pure: no I/O, no clock."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

import msgspec

from cloud.ordering import FrameOrder, Verdict
from cloud.rhythm_now import RhythmNow
from ecgcore.blocks import BlockHasher
from ecgcore.errors import StateError
from ecgcore.events import (
    BeatClassified,
    BeatDetected,
    BeatLabel,
    BlockClosed,
    Event,
    RhythmBegan,
    RhythmEnded,
    WindowClosed,
    WindowKind,
)
from ecgcore.live import LiveConfig, LivePipeline
from ecgcore.parameters import Preset
from ecgcore.types import EcgChunk, Gap, GapReason, leads_of
from ecgcore.wire.frame import Frame, encode_frame
from ecgcore.wire.messages import Numbers

_REGULAR_RR_SPREAD = 0.10
"""Median absolute successive difference over the median RR, below which beats come evenly (own)."""
_MIN_REGULAR_RR = 4
_STALE_S = 30.0
"""The next 10-s window closes some 25 s after the last one's end at the latest, so a window that
ended longer ago tells nothing of now."""


class Arrived(NamedTuple):
    """A frame and the bytes it came in, which are what is stored and shown."""

    frame: Frame
    body: bytes


class TimedRhythm(NamedTuple):
    """A begin or end of a rhythm and its UTC, ns."""

    event: RhythmBegan | RhythmEnded
    start_ns: int
    end_ns: int | None
    """None while it goes on."""


@dataclass(slots=True)
class Findings:
    """What one commit stores of one boot."""

    frames: list[Arrived] = field(default_factory=list)
    beats: list[tuple[BeatClassified, int]] = field(default_factory=list)
    """With the device's UTC offset, ns."""
    rhythms: list[TimedRhythm] = field(default_factory=list)
    windows: list[tuple[WindowClosed, int]] = field(default_factory=list)
    blocks: list[BlockClosed] = field(default_factory=list)
    holes: list[Gap] = field(default_factory=list)
    resent: list[Frame] = field(default_factory=list)
    late: list[Arrived] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    """Of the analysis, which then started anew; nothing else is missing for it."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """One boot as the store knows it."""

    fs_mhz: int
    lsb_pv: int
    lead_mask: int
    next_counter: int
    through_ns: int
    checkpoint_counter: int
    state: bytes | None
    """Of the moment before `checkpoint_counter`; None before the first checkpoint."""
    frames: tuple[Frame, ...]
    """In counter order, from the checkpoint on."""
    holes: tuple[Gap, ...]
    n_beats: int
    n_gaps: int
    gap_samples: int
    n_pvc: int = 0
    n_pac: int = 0
    rhythm: RhythmNow = field(default_factory=RhythmNow)


@dataclass(slots=True)
class Totals:
    """Counts since the boot's first sample, for the pages."""

    beats: int = 0
    pvc: int = 0
    pac: int = 0
    gaps: int = 0
    gap_samples: int = 0
    last_gap: GapReason = GapReason.NONE


class DeviceStream:
    """Order, analysis and block hashes of one boot."""

    def __init__(self, first: Frame, max_pending: int, preset: Preset) -> None:
        self._preset = preset
        self.device = first.device
        self.boot_id = first.boot_id
        self.order = FrameOrder(max_pending)
        self.totals = Totals()
        self.through_ns = first.utc_ns
        self._offset_ns = first.utc_ns - first.device_time_ns
        self._format = _format(first)
        self._start_anew()
        self._rr_ms: tuple[float, ...] = ()
        self._window: WindowClosed | None = None
        self._rhythm = RhythmNow()
        self._abandoned: list[RhythmEnded] = []
        self._period_ns = first.period_ns
        self._through = first.first_counter
        """Counter to which `through_ns` belongs."""
        self._lead_off = False

    def accept(self, arrived: Arrived, findings: Findings) -> str | None:
        """Take an arriving frame, or say how it contradicts what is stored."""
        if _format(arrived.frame) != self._format:
            return "rate, LSB or leads are not those of its recording"
        arrived = self._without_stored_gap(arrived)
        verdict = self.order.accept(arrived.frame)
        if verdict is Verdict.NEW:
            findings.frames.append(arrived)
        elif verdict is Verdict.RESENT:
            findings.resent.append(arrived.frame)
        elif verdict is Verdict.LATE:
            findings.late.append(arrived)
        return "overlaps samples that are stored already" if verdict is Verdict.OVERLAP else None

    def _without_stored_gap(self, arrived: Arrived) -> Arrived:
        """Shorten a gap that reaches back over samples we have.

        A gateway whose spool was full names a gap for what it evicted; it cannot know that some of
        that had been stored when the word of it was lost.
        """
        frame = arrived.frame
        stored_to = self.order.taken_to(frame.first_counter)
        if not frame.start < stored_to <= frame.first_counter or frame.end <= stored_to:
            return arrived
        shorter = replace(frame, gap_before=frame.first_counter - stored_to)
        return Arrived(shorter, encode_frame(shorter))

    def advance(self, findings: Findings, most: int | None = None) -> bool:
        """Analyse what is in order now; say whether there was more than `most` frames and gaps."""
        abandoned, self._abandoned = self._abandoned, []
        self._collect(abandoned, findings)
        items = self.order.ready(most)
        for item in items:
            self._take(item, findings)
        return len(items) == most

    @property
    def params_digest(self) -> str:
        """Digest of every parameter behind the findings."""
        return self._pipeline.digest

    def numbers(self) -> Numbers:
        """Give the latest values for the pages."""
        window = self._window
        if window is not None and self.order.next - window.end > _STALE_S * self._config.fs_hz:
            window = None
        hr = None if window is None else _measured(window, "hr_mean")
        reasons = () if window is None else tuple(str(r) for r in window.quality_reasons)
        rhythm, event = self._rhythm.base, self._rhythm.newest_event
        return Numbers(
            device=self.device,
            boot_id=self.boot_id,
            newest_ns=self.through_ns,
            safe_through_ns=self.through_ns,
            hr_bpm=hr,
            hr_reason=_null_reason(window, "hr_mean") if window or not self._window else "gap",
            regular=None if hr is None else _is_regular(self._rr_ms),
            rhythm=None if rhythm is None else str(rhythm.label),
            rhythm_confidence=None if rhythm is None else rhythm.confidence,
            rhythm_since_ns=None if rhythm is None else rhythm.start_ns,
            patterns=tuple(str(each.label) for each in self._rhythm.patterns),
            newest_event=None if event is None else str(event.label),
            newest_event_ns=None if event is None else event.start_ns,
            pvc=self.totals.pvc,
            pac=self.totals.pac,
            pauses=self._rhythm.pauses,
            af_s=self._rhythm.fibrillating_s(self.through_ns),
            sqi=0.0 if window is None else window.sqi,
            quality_reasons=reasons,
            lead_off=self._lead_off,
            beats=self.totals.beats,
            gaps=self.totals.gaps,
            gap_samples=self.totals.gap_samples,
            last_gap_reason=self.totals.last_gap.name.lower() if self.totals.gaps else None,
        )

    def dump(self) -> bytes:
        """Give the analysis' state at the next counter in order."""
        return msgspec.msgpack.encode((self._pipeline.dump(), self._hasher.dump()))

    def resume(self, recalled: Recalled) -> None:
        """Go on where the last commit left this boot.

        The analysis restarts at the checkpoint and runs over the frames stored since; what it finds
        there was committed with them, so it is dropped. A memory of another algorithm version or
        parameter set is no use: then the analysis starts anew at the checkpoint.

        Raises
        ------
        StateError
            If the store contradicts itself; the boot then goes on without a memory.
        """
        self._format = (recalled.fs_mhz, recalled.lsb_pv, recalled.lead_mask)
        self._start_anew()
        try:
            has_memory = self._remember(recalled)
        except StateError:
            self._start_anew()
            has_memory = False
            raise
        finally:
            self._go_on_after(recalled)
            if not has_memory:
                self._abandoned = self._rhythm.abandon(recalled.next_counter)

    def _start_anew(self) -> None:
        fs_mhz, _, lead_mask = self._format
        self._config = LiveConfig(
            fs_hz=fs_mhz / 1000,
            leads=tuple(lead.label for lead in leads_of(lead_mask)),
            keys=self._preset.live_keys,
            parameters=self._preset.parameters,
        )
        self._pipeline = LivePipeline(self._config)
        self._hasher = BlockHasher(fs_mhz)

    def _remember(self, recalled: Recalled) -> bool:
        """Restore and replay; False if the analysis had to start anew."""
        has_memory = recalled.state is None
        if recalled.state is not None:
            pipeline, hasher = _parts(recalled.state)
            self._hasher = BlockHasher.restore(recalled.fs_mhz, hasher)
            with suppress(StateError):
                self._pipeline = LivePipeline.restore(self._config, pipeline)
                has_memory = True
        self._replay(recalled)
        return has_memory

    def _go_on_after(self, recalled: Recalled) -> None:
        self.order.next = self._through = recalled.next_counter
        self.order.missing = list(recalled.holes)
        self.order.pending = {f.start: f for f in recalled.frames if f.start >= self.order.next}
        self.through_ns = recalled.through_ns
        self.totals = replace(
            self.totals,
            beats=recalled.n_beats,
            pvc=recalled.n_pvc,
            pac=recalled.n_pac,
            gaps=recalled.n_gaps + len(recalled.holes),
            gap_samples=recalled.gap_samples + sum(hole.n_samples for hole in recalled.holes),
        )
        self._rhythm = recalled.rhythm

    def _replay(self, recalled: Recalled) -> None:
        # With the checkpoint's counter as `next`, a named hole is a frame-less step of its own.
        holes = {hole.start: hole for hole in recalled.holes}
        frames = {frame.start: frame for frame in recalled.frames}
        at = recalled.checkpoint_counter
        while at < recalled.next_counter:
            item = holes.get(at) or frames.get(at)
            if item is None:
                msg = f"{self.device}.{self.boot_id:08x}: nothing stored accounts for counter {at}"
                raise StateError(msg)
            self._take(item, Findings())
            at = item.end

    def _take(self, item: Frame | Gap, findings: Findings) -> None:
        if isinstance(item, Gap):
            findings.holes.append(item)
            gap: Gap | None = item
        else:
            self._offset_ns = item.utc_ns - item.device_time_ns
            self._period_ns = item.period_ns
            self.through_ns = item.end_utc_ns
            self._through = item.end
            self._lead_off = item.lead_off != 0
            gap = item.gap()
        pieces: list[EcgChunk | Gap] = []
        if gap is not None:
            self._count(gap)
            self._collect(self._hasher.push_gap(gap), findings)
            pieces.append(gap)
        if isinstance(item, Frame) and item.n_samples:
            self._collect(self._hasher.push_samples(item.first_counter, item.adc), findings)
            pieces.append(item.chunk())
        self._analyse(pieces, findings)

    def _analyse(self, pieces: list[EcgChunk | Gap], findings: Findings) -> None:
        try:
            for piece in pieces:
                self._collect(self._pipeline.push(piece), findings)
        except Exception as failure:
            # One patient's signal must not stop the others; the samples are stored all the same.
            self._pipeline = LivePipeline(self._config)
            findings.failures.append(failure)
            self._collect(self._rhythm.abandon(self.order.next), findings)

    def _count(self, gap: Gap) -> None:
        self.totals.gaps += 1
        self.totals.gap_samples += gap.n_samples
        self.totals.last_gap = gap.reason

    def _collect(self, events: Sequence[Event], findings: Findings) -> None:
        for event in events:
            if isinstance(event, BeatDetected):
                if event.rr_ms is not None:
                    self._rr_ms = (*self._rr_ms, event.rr_ms)[-16:]
            elif isinstance(event, BeatClassified):
                self._count_beat(event.label)
                findings.beats.append((event, self._offset_ns))
            elif isinstance(event, RhythmBegan | RhythmEnded):
                self._collect_rhythm(event, findings)
            elif isinstance(event, WindowClosed):
                findings.windows.append((event, self._offset_ns))
                if event.kind is WindowKind.S10:
                    self._window = event
            elif isinstance(event, BlockClosed):
                findings.blocks.append(event)

    def _count_beat(self, label: BeatLabel) -> None:
        self.totals.beats += label is not BeatLabel.NOISE
        self.totals.pvc += label is BeatLabel.VENTRICULAR
        self.totals.pac += label is BeatLabel.SUPRAVENTRICULAR

    def _collect_rhythm(self, event: RhythmBegan | RhythmEnded, findings: Findings) -> None:
        """Rhythms reach back further than frames' clocks are kept: counted back from the newest."""
        start_ns = self._utc_ns(event.start)
        if isinstance(event, RhythmBegan):
            self._rhythm.begin(event, start_ns)
            findings.rhythms.append(TimedRhythm(event, start_ns, None))
        else:
            end_ns = self._utc_ns(event.end)
            self._rhythm.end(event, (end_ns - start_ns) / 1e9)
            findings.rhythms.append(TimedRhythm(event, start_ns, end_ns))

    def _utc_ns(self, counter: int) -> int:
        return self.through_ns - round((self._through - counter) * self._period_ns)


def _format(frame: Frame) -> tuple[int, int, int]:
    """Give what is one for a whole recording: rate (mHz), LSB (pV), lead mask."""
    return frame.fs_mhz, frame.lsb_pv, frame.lead_mask


def _parts(state: bytes) -> tuple[bytes, bytes]:
    try:
        return msgspec.msgpack.decode(state, type=tuple[bytes, bytes])
    except msgspec.MsgspecError as error:
        msg = f"checkpoint: {error}"
        raise StateError(msg) from error


def _measured(window: WindowClosed, key: str) -> float | None:
    return next((m.value for m in window.measurements if m.key == key), None)


def _null_reason(window: WindowClosed | None, key: str) -> str | None:
    if window is None:
        return "too_short"
    return next((m.null_reason for m in window.measurements if m.key == key), None)


def _is_regular(rr_ms: tuple[float, ...]) -> bool | None:
    if len(rr_ms) < _MIN_REGULAR_RR:
        return None
    middle = sorted(rr_ms)[len(rr_ms) // 2]
    steps = sorted(abs(b - a) for a, b in pairwise(rr_ms))
    return steps[len(steps) // 2] < _REGULAR_RR_SPREAD * middle
