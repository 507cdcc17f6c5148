"""Beat classes by a small network over what `ecgcore.beat_features` measures.

The network (one hidden layer, ``models/beat_class.npz``) gives the probabilities of N, S, V and F;
its card says what it was trained on and how it was judged. A paced beat is not told from a
ventricular one by its shape alone and stays V unless the network knows better.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from ecgcore.beat_features import BeatFeatures, BeatFeaturesState, HeldBeat
from ecgcore.events import BeatLabel
from ecgcore.models import load
from ecgcore.second import DelineatedBeat, LabelledBeat, SignalSecond
from ecgcore.types import FloatArray

CLASSES = (
    BeatLabel.NORMAL,
    BeatLabel.SUPRAVENTRICULAR,
    BeatLabel.VENTRICULAR,
    BeatLabel.FUSION,
)


@dataclass(frozen=True, slots=True)
class BeatClassConfig:
    """Which network."""

    model: str = "beat_class"


@dataclass(slots=True)
class BeatClassState:
    """What is remembered of the patient."""

    features: BeatFeaturesState = field(default_factory=BeatFeaturesState)


class BeatClassifier:
    """Labels each beat once the next one is there, or a few seconds later where none comes."""

    max_delay_s = 6

    def __init__(
        self,
        config: BeatClassConfig,
        fs_hz: float,
        n_leads: int,
        state: BeatClassState | None = None,
    ) -> None:
        del n_leads  # the first lead tells
        self.state = state or BeatClassState()
        self._features = BeatFeatures(fs_hz, self.state.features)
        self._network = _network(config.model)

    def push(
        self, second: SignalSecond, delineated: Sequence[DelineatedBeat]
    ) -> list[LabelledBeat]:
        """Take the next second and its beats; give those that are certain now."""
        return [self._labelled(*each) for each in self._features.push(second, list(delineated))]

    def finish(self, delineated: Sequence[DelineatedBeat]) -> list[LabelledBeat]:
        """End the run, as before a gap."""
        return [self._labelled(*each) for each in self._features.finish(list(delineated))]

    def _labelled(self, held: HeldBeat, features: FloatArray) -> LabelledBeat:
        probabilities = self._network.probabilities(features)
        best = int(np.argmax(probabilities))
        beat, label = held.beat, CLASSES[best]
        is_ventricular = label is BeatLabel.VENTRICULAR
        return LabelledBeat(
            peak=beat.peak,
            waves=beat.waves,
            lead_waves=beat.lead_waves,
            label=label,
            confidence=float(probabilities[best]),
            cluster=held.shape_id if is_ventricular else None,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Network:
    mean: FloatArray
    scale: FloatArray
    w1: FloatArray
    b1: FloatArray
    w2: FloatArray
    b2: FloatArray

    def probabilities(self, features: FloatArray) -> FloatArray:
        hidden = np.maximum((features - self.mean) / self.scale @ self.w1 + self.b1, 0.0)
        logits = hidden @ self.w2 + self.b2
        odds = np.exp(logits - logits.max())
        return np.asarray(odds / odds.sum())


@cache
def _network(name: str) -> _Network:
    return _Network(**load(name))
