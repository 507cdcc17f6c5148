"""Stored frames of patches that cannot be counted exactly, held against what each of them allows.

Whatever a patch tells or not: no sample is invented, none stored twice, each lies where its frame
says that it follows, and what is given up lies beside a hole. How far the *count* may be off is the
driver's own bound, as `docs/devices.md` says it.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgcore.types import GapReason, Int64Array
from ecgcore.wire.frame import Frame
from simulators.lab.account import Account, Run
from simulators.lab.kinds import PatchKind
from simulators.lab.signals import number_of
from tests.scenarios.ledger import Truth

_NS = 1_000_000_000
_OVER = (GapReason.LINK_LOST, GapReason.GATEWAY_DOWN)


@dataclass(frozen=True, slots=True)
class Bound:
    """What a kind of patch allows."""

    outage: int
    """How many samples the length of an outage may be off."""
    given_up: int = 0
    """How far from a hole a received sample may be given up."""
    untold: int = 0
    """How many samples in a row may be missing inside a link without a gap."""
    sent_share: float = 1.0
    """Share of what is sampled that the patch sends: an outage is counted in these."""
    in_order: bool = True
    """Whether what was overtaken is seen to be late."""


@dataclass(frozen=True, slots=True)
class _Located:
    run: Run
    first: int
    """Sample of the run."""
    at: int
    """The same on one grid for all runs."""


def assert_bounded(
    frames: Sequence[Frame], account: Account, kind: PatchKind, bound: Bound
) -> None:
    """Check frames of one patch, in the order of their arrival; the host clock was never set."""
    truths = {run.start: Truth(account, run.start) for run in account.runs}
    before: tuple[Frame, _Located] | None = None
    n_sampled = 0
    for frame in (piece for each in frames if each.n_samples for piece in _pieces(each, kind)):
        located = _locate(frame, account, kind)
        n_sampled += 1
        stored = truths[located.run.start].stored
        assert located.first + frame.n_samples <= stored.size, "samples nobody sent"
        stored[located.first : located.first + frame.n_samples] += 1
        if before and before[0].boot_id == frame.boot_id:
            _check_step(before, (frame, located), bound)
        before = frame, located
    assert n_sampled > 0
    for start, truth in truths.items():
        _check_truth(truth, bound.given_up, start)


def _numbers(frame: Frame, kind: PatchKind) -> Int64Array:
    step_pv = kind.number_step_uv * 1_000_000
    return np.rint(frame.adc[0].astype(float) * frame.lsb_pv / step_pv).astype(np.int64)


def _pieces(frame: Frame, kind: PatchKind) -> Iterator[Frame]:
    """Cut a frame where the numbers leap; whether they may, the count's bound says."""
    leaps = np.flatnonzero(np.diff(_numbers(frame, kind)) % kind.number_modulus != 1) + 1
    ends = [0, *leaps.tolist(), frame.n_samples]
    for start, end in itertools.pairwise(ends):
        yield replace(
            frame,
            first_counter=frame.first_counter + start,
            adc=frame.adc[:, start:end],
            gap_before=0 if start else frame.gap_before,
            gap_reason=GapReason.NONE if start else frame.gap_reason,
        )


def _locate(piece: Frame, account: Account, kind: PatchKind) -> _Located:
    """Find the samples by their numbers: these come round, the arrival tells which round."""
    run = [each for each in account.runs if each.power_on_utc_ns <= piece.arrival_ns][-1]
    modulus = kind.number_modulus
    taken = int((piece.arrival_ns - run.power_on_utc_ns) * run.fs_hz / _NS) + 1
    last = int(_numbers(piece, kind)[-1])
    end = taken - (number_of(run.start, taken - 1, modulus) - last) % modulus
    first = end - piece.n_samples
    since_s = (run.power_on_utc_ns - account.runs[0].power_on_utc_ns) / _NS
    return _Located(run, first, first + round(since_s * run.fs_hz))


def _check_step(
    before: tuple[Frame, _Located], after: tuple[Frame, _Located], bound: Bound
) -> None:
    frame, located = after
    assert frame.first_counter == before[0].end + frame.gap_before, f"{frame.start}: no such gap"
    missing = located.at - (before[1].at + before[0].n_samples)
    where = f"gap of {frame.gap_before} at {located.first} ({frame.gap_reason.name}), not {missing}"
    if frame.gap_reason in _OVER or before[1].run is not located.run:
        assert abs(round(missing * bound.sent_share) - frame.gap_before) <= bound.outage, where
    elif bound.in_order:
        assert 0 <= missing - frame.gap_before <= bound.untold, where


def _check_truth(truth: Truth, given_up: int, start: int) -> None:
    twice = np.flatnonzero(truth.stored > 1)
    assert not twice.size, f"start {start}: {twice.size} samples twice, first {twice[0]}"
    invented = np.flatnonzero((truth.stored > 0) & ~truth.is_clean & (truth.touched_by == ""))
    assert not invented.size, f"start {start}: {invented.size} samples nobody sent"
    lost = np.flatnonzero(truth.is_clean & (truth.stored == 0))
    far = lost[_distance(~truth.is_clean, lost) > given_up]
    assert not far.size, f"start {start}: {far.size} clean samples lost, first {far[0]}"


def _distance(is_hole: NDArray[np.bool_], samples: Int64Array) -> Int64Array:
    holes = np.concatenate([[-1], np.flatnonzero(is_hole), [is_hole.size]])
    after = np.searchsorted(holes, samples)
    return np.minimum(samples - holes[after - 1], holes[after] - samples)
