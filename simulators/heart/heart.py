"""The signal of a scenario's patch on its own sample grid, with its truth.

The signal is made in blocks, always whole and always the same way, and handed out in pieces: any
cut gives the same bits. A block is a second where the rate is a whole number of hertz.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from ecgcore.types import FloatArray, Int32Array, Lead, SampleIndex
from simulators.heart.activations import Activation, Row, activations
from simulators.heart.chambers import chamber_mv
from simulators.heart.noise import SignalFault, noise_mv, posture_degrees
from simulators.heart.waves import REACH_S, dipole_mv, lead_matrix, turned
from simulators.scenario.faults import Posture
from simulators.scenario.rhythms import Ectopy, Rhythm, segments_of

_BLOCKS_KEPT = 4
_BREATH_HZ = 0.25


@dataclass(frozen=True, slots=True)
class HeartConfig:
    """What a heart does and who looks at it."""

    fs_hz: float
    leads: tuple[Lead, ...]
    rhythm: tuple[Rhythm, ...] = ()
    ectopy: tuple[Ectopy, ...] = ()
    seed: tuple[int, ...] = (0,)
    start_s: float = 0.0
    """Moment of the program at sample 0; a patch that starts anew joins a heart that went on."""
    breath_mv: float = 0.04
    """Amplitude of the baseline's wander with each breath."""
    noise_mv: float = 0.008
    """Root mean square of skin and amplifier; no real lead is ever flat."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A fault of the signal, in seconds of the program."""

    fault: SignalFault
    start_s: float
    end_s: float
    seed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Episode:
    """A rhythm of the truth, in seconds of the program."""

    start_s: float
    end_s: float
    rhythm: Rhythm


class Heart:
    """Several leads of one heart.

    Parameters
    ----------
    config : HeartConfig
    disturbances : list of Disturbance or None
        Looked at anew for each block, so others may add to it; what was given out stays.
    """

    def __init__(self, config: HeartConfig, disturbances: list[Disturbance] | None = None) -> None:
        self.config = config
        self.n_leads = len(config.leads)
        self._disturbances = [] if disturbances is None else disturbances
        self._row = Row(activations(config.rhythm, config.ectopy, (*config.seed, 1)))
        self._matrix = lead_matrix(config.leads)
        self._phase = float(np.random.default_rng((*config.seed, 2)).uniform())
        self._block = round(config.fs_hz)
        self._blocks: OrderedDict[int, FloatArray] = OrderedDict()

    def read_mv(self, start: SampleIndex, n_samples: int) -> FloatArray:
        """Give samples in millivolts, shape (n_leads, n_samples)."""
        if not n_samples:
            return np.empty((len(self.config.leads), 0))
        first, last = start // self._block, (start + n_samples - 1) // self._block
        whole = np.concatenate([self._of_block(k) for k in range(first, last + 1)], axis=1)
        at = start - first * self._block
        return np.asarray(whole[:, at : at + n_samples])

    def read_uv(self, start: SampleIndex, n_samples: int) -> Int32Array:
        """Give samples in microvolts, shape (n_leads, n_samples)."""
        return np.rint(1000 * self.read_mv(start, n_samples)).astype(np.int32)

    def rpeaks(self, start: SampleIndex, end: SampleIndex) -> FloatArray:
        """Give where the R peaks lie in [start, end), in (fractional) samples."""
        return np.array([sample for sample, _ in self.beats(start, end)])

    def beats(self, start: SampleIndex, end: SampleIndex) -> list[tuple[float, str]]:
        """Give sample and class (N, S or V) of each beat in [start, end)."""
        return [
            (self._sample(fired), fired.what.value)
            for fired in self._row.between(self._time_s(start), self._time_s(end))
            if fired.is_beat
        ]

    def episodes(self, end_s: float) -> list[Episode]:
        """Give the rhythms up to a moment of the program."""
        return [
            Episode(start_s, min(stop_s, end_s), rhythm)
            for start_s, stop_s, rhythm in segments_of(self.config.rhythm)
            if start_s < end_s
        ]

    def _time_s(self, sample: float) -> float:
        return self.config.start_s + sample / self.config.fs_hz

    def _sample(self, fired: Activation) -> float:
        return (fired.time_s - self.config.start_s) * self.config.fs_hz

    def _of_block(self, number: int) -> FloatArray:
        if number not in self._blocks:
            self._blocks[number] = self._made(number)
            if len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        return self._blocks[number]

    def _made(self, number: int) -> FloatArray:
        grid = np.arange(number * self._block, (number + 1) * self._block)
        time_s = self.config.start_s + grid / self.config.fs_hz
        dipole = self._dipole_mv(time_s)
        active = [d for d in self._disturbances if self._touches(d, time_s)]
        for each in active:
            if isinstance(each.fault, Posture):
                degrees = posture_degrees(each.fault, (each.start_s, each.end_s), time_s)
                dipole = np.einsum("ijn,jn->in", turned(degrees), dipole)
        seen_mv = self._matrix @ dipole
        self._add_body(seen_mv, time_s, number)
        for each in active:
            for lead in range(len(self.config.leads)):
                span_s = (each.start_s, each.end_s)
                seen_mv[lead] += noise_mv(each.fault, span_s, time_s, lead, each.seed)
        return np.asarray(seen_mv)

    def _add_body(self, seen_mv: FloatArray, time_s: FloatArray, number: int) -> None:
        config = self.config
        seen_mv += config.breath_mv * np.sin(2 * np.pi * (_BREATH_HZ * time_s + self._phase))
        chance = np.random.default_rng((*config.seed, 3, number))
        seen_mv += config.noise_mv * chance.standard_normal(seen_mv.shape)

    def _dipole_mv(self, time_s: FloatArray) -> FloatArray:
        fired = self._row.between(time_s[0] - REACH_S, time_s[-1] + REACH_S)
        dipole = dipole_mv(fired, time_s)
        for start_s, end_s, rhythm in segments_of(self.config.rhythm):
            if start_s <= time_s[-1] and end_s >= time_s[0]:
                own = chamber_mv(rhythm, start_s, end_s, time_s, self._phase)
                dipole += 0.0 if own is None else own
        return dipole

    @staticmethod
    def _touches(disturbance: Disturbance, time_s: FloatArray) -> bool:
        return bool(disturbance.start_s <= time_s[-1] and disturbance.end_s >= time_s[0])
