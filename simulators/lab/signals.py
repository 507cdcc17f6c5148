"""What the patches of a scenario record: hearts, records, numbers; nothing when off the skin."""

from collections.abc import Iterable

import numpy as np

from ecgcore.types import FloatArray, Int32Array, Lead, SampleIndex
from simulators.heart.heart import Disturbance, Heart, HeartConfig
from simulators.heart.noise import SignalFault
from simulators.replay import load_record
from simulators.scenario.plan import Planned, Timetable
from simulators.scenario.schema import PatchGroup
from simulators.source import MultiSource, Source

# Prime, so that the numbers of two starts never run alike.
_NUMBERS_PER_START = 500_009
_OFF_SKIN_UV = 5


class Numbers:
    """The sample's index as its value in every lead; another range of numbers for each start."""

    def __init__(self, start: int, n_leads: int, modulus: int, step_uv: int = 1) -> None:
        self.n_leads = n_leads
        self._first = start * _NUMBERS_PER_START
        self._modulus = modulus
        self._step_uv = step_uv

    def read_uv(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give ``(first + index) % modulus`` times the step, shape (n_leads, n_samples)."""
        index = np.arange(start, start + n_samples, dtype=np.int64) + self._first
        numbers = (index % self._modulus * self._step_uv).astype(np.int32)
        return np.tile(numbers, (self.n_leads, 1))

    def rpeaks(self, start: SampleIndex, end: SampleIndex) -> FloatArray | None:
        """Give None: numbers have no beats."""
        return None


def number_of(start: int, sample: SampleIndex, modulus: int) -> int:
    """Give the value of a sample of a start."""
    return (start * _NUMBERS_PER_START + sample) % modulus


class Spread:
    """One lead, recorded by all electrodes alike."""

    def __init__(self, source: Source, n_leads: int) -> None:
        self.n_leads = n_leads
        self._source = source

    def read_uv(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give samples in microvolts, shape (n_leads, n_samples)."""
        return np.tile(self._source.read_uv(start, n_samples), (self.n_leads, 1))

    def rpeaks(self, start: SampleIndex, end: SampleIndex) -> FloatArray | None:
        """Give what the lead's source knows."""
        return self._source.rpeaks(start, end)


class OffSkin:
    """A source that lies flat while the plan has the electrodes off."""

    def __init__(self, source: MultiSource, plan: Timetable, fs_hz: float, start_s: float) -> None:
        self.n_leads = source.n_leads
        self._source = source
        self._plan = plan
        self._fs_hz = fs_hz
        self._start_s = start_s

    def read_uv(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give samples in microvolts, shape (n_leads, n_samples)."""
        worn_uv = self._source.read_uv(start, n_samples)
        index = np.arange(start, start + n_samples)
        time_s = self._start_s + index / self._fs_hz
        for each in self._plan.of("lead_off"):
            is_off = (time_s >= each.start_s) & (time_s < each.end_s)
            worn_uv = np.where(is_off, _OFF_SKIN_UV * (index % 2), worn_uv).astype(np.int32)
        return worn_uv

    def rpeaks(self, start: SampleIndex, end: SampleIndex) -> FloatArray | None:
        """Give the R peaks that are seen."""
        peaks = self._source.rpeaks(start, end)
        if peaks is None:
            return None
        time_s = self._start_s + peaks / self._fs_hz
        seen = np.ones(peaks.size, dtype=bool)
        for each in self._plan.of("lead_off"):
            seen &= (time_s < each.start_s) | (time_s >= each.end_s)
        return np.asarray(peaks[seen])


def disturbances_of(plan: Iterable[Planned], seed: int) -> list[Disturbance]:
    """Give the faults of the signal among those of a patch."""
    return [
        Disturbance(each.fault, each.start_s, each.end_s, (seed, each.number))
        for each in plan
        if isinstance(each.fault, SignalFault)
    ]


def signal_of(
    group: PatchGroup,
    *,
    leads: tuple[Lead, ...],
    fs_hz: float,
    seed: tuple[int, int],
    start_s: float,
    disturbances: list[Disturbance],
) -> MultiSource:
    """Give what a patch of a group records.

    Parameters
    ----------
    seed : tuple of int
        The scenario's, and the patch's number.
    start_s : float
        Moment of the scenario at sample 0.

    Raises
    ------
    ConfigError
        If its record cannot be used.
    """
    if group.record is not None:
        return Spread(load_record(group.record, fs_hz), len(leads))
    config = HeartConfig(fs_hz, leads, group.rhythm, group.ectopy, seed, start_s)
    return Heart(config, disturbances)
