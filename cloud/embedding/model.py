"""An encoder with what lies beside it, ready to use."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cloud.embedding.card import SHIPPED
from cloud.embedding.classify import Classifier
from cloud.embedding.encoder import Encoder, load
from cloud.embedding.population import Population


@dataclass(frozen=True, slots=True)
class Model:
    """An encoder, and the arrays of its card; None where the card names none."""

    encoder: Encoder
    population: Population | None
    classifier: Classifier | None

    @property
    def name(self) -> str:
        """Id, version and layer, as they stand beside every value."""
        card = self.encoder.card
        return f"{card.name}/{card.output.layer}"


def load_model(card_path: Path = SHIPPED) -> Model:
    """Load a model by its card.

    Raises
    ------
    ConfigError
        If the card, the model or an array beside it is not in order.
    """
    encoder = load(card_path)
    card = encoder.card
    population = classifier = None
    if card.population is not None:
        population = Population.of(_arrays(encoder.folder / card.population.file))
    if card.classifier is not None:
        classifier = Classifier.of(_arrays(encoder.folder / card.classifier.file))
    return Model(encoder, population, classifier)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return {
            name: each.astype(np.float64) if each.dtype.kind == "f" else each
            for name, each in file.items()
        }
