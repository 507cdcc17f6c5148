"""Stored frames held against the account of the patch: every sample once, every hole named."""

from collections.abc import Sequence

import numpy as np

from ecgcore.types import GapReason, Int64Array
from ecgcore.wire.frame import Frame
from simulators.lab.account import Account
from simulators.lab.signals import number_of

# Of what a fault takes away.
_REASONS = {
    "loss": {GapReason.RADIO_LOSS},
    "reorder": {GapReason.RADIO_LOSS},
    "corrupt": {GapReason.RADIO_LOSS},
    "clock_reset": {GapReason.RADIO_LOSS},
    "silence": {GapReason.RADIO_LOSS, GapReason.LINK_LOST},
    "weak_signal": {GapReason.RADIO_LOSS, GapReason.LINK_LOST},
}
_UV_PV = 1_000_000
_FIRST = number_of(1, 0, 1 << 40)


class Truth:
    """What there was of each start of a patch, by sample."""

    def __init__(self, account: Account, start: int) -> None:
        runs = [run for run in account.runs if run.start == start]
        ends = [samples.stop for run in runs for samples in run.sent]
        ends += [touched.samples.stop for run in runs for touched in run.touched]
        self.is_clean = np.zeros(max(ends, default=0), bool)
        self.touched_by = np.full(self.is_clean.size, "", dtype="U16")
        for run in runs:
            for samples in run.sent:
                self.is_clean[samples.start : samples.stop] = True
            for touched in run.touched:
                self.touched_by[touched.samples.start : touched.samples.stop] = touched.kind
                self.is_clean[touched.samples.start : touched.samples.stop] = False
        self.stored = np.zeros(self.is_clean.size, int)

    def reasons_of(self, start: int, end: int) -> set[GapReason]:
        """Give what may be said of samples that are missing."""
        kinds = set(np.unique(self.touched_by[start:end]).tolist())
        # What no fault took was never sent: there was no link, or no stream on it.
        return {reason for kind in kinds for reason in _REASONS.get(kind, {GapReason.LINK_LOST})}


def assert_ledger(frames: Sequence[Frame], account: Account, *, may_split: int = 0) -> None:
    """Check frames of one patch, in the order of their arrival.

    Parameters
    ----------
    may_split : int
        How often the gateway may take one run of the patch's clock for two: when its own clock
        was set, it cannot know.
    """
    truths = {run.start: Truth(account, run.start) for run in account.runs}
    boots = list(dict.fromkeys(frame.boot_id for frame in frames))
    for boot in boots:
        _check_boot([frame for frame in frames if frame.boot_id == boot], truths)
    for start, truth in truths.items():
        lost = np.flatnonzero(truth.is_clean & (truth.stored == 0))
        assert not lost.size, f"start {start}: {lost.size} clean samples lost, first {lost[0]}"
        twice = np.flatnonzero(truth.stored > 1)
        assert not twice.size, f"start {start}: {twice.size} samples twice, first {twice[0]}"
        invented = np.flatnonzero((truth.stored > 0) & ~truth.is_clean & (truth.touched_by == ""))
        assert not invented.size, f"start {start}: {invented.size} samples nobody sent"
    n_runs = sum(bool(run.sent) for run in account.runs)
    assert n_runs <= len(boots) <= n_runs + may_split, f"{len(boots)} boots for {n_runs} runs"


def _check_boot(frames: list[Frame], truths: dict[int, Truth]) -> None:
    at, base = 0, None
    for frame in frames:
        assert frame.start == at, f"boot {frame.boot_id}: {frame.start} follows {at}"
        at = frame.end
        if not frame.n_samples:
            continue
        values = _numbers(frame)
        start, first = divmod(int(values[0]), _FIRST)
        base = first - frame.first_counter if base is None else base
        numbers = values - start * _FIRST - base
        in_order = numbers.tolist() == list(range(frame.first_counter, frame.end))
        assert in_order, f"boot {frame.boot_id}: counter {frame.first_counter} has {numbers[:3]}"
        assert (frame.adc == frame.adc[0]).all(), f"boot {frame.boot_id}: leads differ"
        truth = truths[start]
        truth.stored[first : first + frame.n_samples] += 1
        if frame.gap_before:
            possible = truth.reasons_of(first - frame.gap_before, first)
            assert frame.gap_reason in possible, (
                f"gap of {frame.gap_before} at {first}: {frame.gap_reason.name}, not {possible}"
            )


def _numbers(frame: Frame) -> Int64Array:
    """Give the sample numbers, which the patch was given as microvolts."""
    return np.rint(frame.adc[0].astype(float) * frame.lsb_pv / _UV_PV).astype(np.int64)
