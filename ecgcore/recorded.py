"""A recording and all that was found in it: what its biomarkers are measured from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from ecgcore.average_signal import AverageSignal
from ecgcore.events import (
    BeatClassified,
    BeatLabel,
    Event,
    NullReason,
    RhythmEnded,
    RhythmLabel,
)
from ecgcore.measured import unusable
from ecgcore.occasion import UNKNOWN_OCCASION, Occasion
from ecgcore.person import UNKNOWN, Person
from ecgcore.stored import Window
from ecgcore.types import FloatArray

_E = TypeVar("_E", bound=Event)


@dataclass(frozen=True, eq=False)
class Recorded:
    """One stretch of signal with its events, its quality and its representative beat."""

    ecg_mv: FloatArray
    """shape (n_leads, n_samples), NaN where there is no sample; sample k has counter k"""
    fs_hz: float
    leads: tuple[str, ...]
    """Names, as I, II, V1."""
    events: tuple[Event, ...]
    """All that the pipeline told, in its order."""
    window: Window
    """The whole stretch as one window: quality, coverage, what the window's table gives."""
    average: AverageSignal | NullReason
    """The representative beat, or why there is none."""
    person: Person = UNKNOWN
    occasion: Occasion = UNKNOWN_OCCASION
    past: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Earlier values by key, one a day of the last 14 days, or those of a table of people; what
    wellness figures are set against. `night_ln_rmssd` is ln_rmssd of the nights."""

    @property
    def n_samples(self) -> int:
        """Of each lead, missing ones counted."""
        return int(self.ecg_mv.shape[1])

    @property
    def duration_s(self) -> float:
        """Wall time, missing samples counted."""
        return self.n_samples / self.fs_hz

    @property
    def sqi(self) -> float:
        """Mean quality; missing seconds count as 0."""
        return self.window.sqi

    @cached_property
    def beats(self) -> tuple[BeatClassified, ...]:
        """The beats, noise left out."""
        classified = self.of_kind(BeatClassified)
        return tuple(beat for beat in classified if beat.label is not BeatLabel.NOISE)

    @cached_property
    def rr_ms(self) -> FloatArray:
        """The interval that ends at each beat, shape (n_beats,); NaN where none could be formed."""
        return np.array([beat.rr_ms for beat in self.beats], float)

    def is_label(self, label: BeatLabel) -> np.ndarray:
        """Tell which beats are of a class, shape (n_beats,)."""
        return np.array([beat.label is label for beat in self.beats], bool)

    @cached_property
    def rhythms(self) -> tuple[RhythmEnded, ...]:
        """Stretches of base rhythms and of patterns over them, in the order they ended."""
        return self.of_kind(RhythmEnded)

    def of_kind(self, kind: type[_E]) -> tuple[_E, ...]:
        """Give the events of one kind."""
        return tuple(event for event in self.events if isinstance(event, kind))

    def share_of(self, labels: Iterable[RhythmLabel]) -> float:
        """Give the share of the stretch that rhythms take, 0 to 1."""
        wanted: Sequence[RhythmLabel] = tuple(labels)
        n = sum(each.end - each.start for each in self.rhythms if each.label in wanted)
        return n / self.n_samples

    @property
    def unusable(self) -> NullReason | None:
        """Why nothing that rests on beats can be given, if so."""
        return unusable(self.sqi, self.window.coverage)
