"""Samples as reports show them: runs without a gap, cut and joined."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecgcore.types import Int32Array


@dataclass(frozen=True, slots=True, eq=False)
class SampleRun:
    """Consecutive samples of all leads."""

    first_counter: int
    adc: Int32Array
    """shape (n_leads, n_samples)"""

    @property
    def n_samples(self) -> int:
        """Of each lead."""
        return int(self.adc.shape[1])

    @property
    def end(self) -> int:
        """Counter after the last sample."""
        return self.first_counter + self.n_samples

    def clipped(self, start: int, end: int) -> "SampleRun":
        """Give what lies between two counters; nothing of it may be left."""
        first = min(max(start, self.first_counter), self.end)
        last = max(min(end, self.end), first)
        adc = self.adc[:, first - self.first_counter : last - self.first_counter]
        return replace(self, first_counter=first, adc=adc)


def joined(runs: Iterable[SampleRun]) -> list[SampleRun]:
    """Join runs that follow each other without a gap."""
    groups: list[list[SampleRun]] = []
    for run in runs:
        if groups and groups[-1][-1].end == run.first_counter:
            groups[-1].append(run)
        else:
            groups.append([run])
    return [
        replace(group[0], adc=np.concatenate([run.adc for run in group], axis=1))
        for group in groups
    ]


def longest_between(runs: Sequence[SampleRun], start: int, end: int) -> SampleRun | None:
    """Give the longest run of samples between two counters, None where there are none."""
    pieces = (run.clipped(start, end) for run in runs)
    longest = max(pieces, key=lambda piece: piece.n_samples, default=None)
    return longest if longest is not None and longest.n_samples else None
