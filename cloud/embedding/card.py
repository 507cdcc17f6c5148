"""The card of a model: what it takes and gives, what it was made from, how good it is.

A model is a folder with a `card.toml` and the files it names. A card that is incomplete, or whose
files are others than it says, is refused.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ecgcore.embedding_input import EmbeddingInputConfig
from ecgcore.errors import ConfigError

SHIPPED = Path(__file__).parent / "models" / "ecgomics-encoder" / "card.toml"
"""Of the encoder that comes with the package."""
_Positive = Annotated[float, Field(gt=0.0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Input(_Part):
    """How a lead is made ready, as `EmbeddingInputConfig` tells."""

    name: str
    """Of the model's input."""
    has_channel_axis: bool
    """Whether it is shaped (batch, 1, samples) rather than (batch, samples)."""
    fs_hz: _Positive
    length_s: _Positive
    low_hz: _Positive
    high_hz: _Positive
    scale: Literal["rms", "ranks"] = "rms"
    clip_rms: _Positive = 8.0
    beat_before_s: _Positive | None = None
    beat_after_s: _Positive | None = None
    """Window around an R peak; none if the model takes windows of one length alone."""

    @property
    def takes_beats(self) -> bool:
        """Whether single beats can be embedded."""
        return self.beat_before_s is not None and self.beat_after_s is not None

    def config(self, step_s: float | None = None) -> EmbeddingInputConfig:
        """Give the parameters of the input; windows do not overlap by default."""
        beat = (
            {"beat_before_s": self.beat_before_s, "beat_after_s": self.beat_after_s}
            if self.beat_before_s is not None and self.beat_after_s is not None
            else {}
        )
        return EmbeddingInputConfig(
            fs_hz=self.fs_hz,
            length_s=self.length_s,
            step_s=self.length_s if step_s is None else step_s,
            low_hz=self.low_hz,
            high_hz=self.high_hz,
            scale=self.scale,
            clip_rms=self.clip_rms,
            **beat,
        )


class Output(_Part):
    """What the model gives."""

    name: str
    """Of the model's output."""
    layer: str
    """Which layer of the network that is, in words."""
    size: int = Field(gt=0)
    """Of an embedding."""
    pool: Literal["none", "mean"] = "none"
    """mean: the output is shaped (batch, time, size), and the mean over time is the embedding."""
    most_batch: int = Field(default=0, ge=0)
    """Windows in one call; 0: any number."""


class File(_Part):
    """A file beside the card."""

    file: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Source(_Part):
    """What the model was trained on."""

    name: str
    n: str
    """How much of it."""
    licence: str


class Figure(_Part):
    """How good it is in one respect."""

    name: str
    value: str
    how: str
    """On what and by which command."""


class Card(_Part):
    """The card of a model."""

    id: str
    version: str
    summary: str
    licence: str
    model: File
    input: Input
    output: Output
    population: File | None = None
    """What the embeddings of many people are like; see `cloud.embedding.population`."""
    classifier: File | None = None
    """Classes of a recording from its embedding; see `cloud.embedding.classify`."""
    trained_on: tuple[Source, ...]
    figures: tuple[Figure, ...] = ()
    limits: tuple[str, ...]

    @property
    def name(self) -> str:
        """Id and version in one word."""
        return f"{self.id}@{self.version}"


def read_card(path: Path) -> Card:
    """Read a card; the files it names have to be what it says.

    Raises
    ------
    ConfigError
        If there is no card, it is incomplete, or a file beside it is missing or another one.
    """
    try:
        card = Card.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"card {path}: {error.strerror if isinstance(error, OSError) else 'not text'}"
        raise ConfigError(msg) from error
    except tomllib.TOMLDecodeError as error:
        msg = f"card {path}: {error}"
        raise ConfigError(msg) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(each) for each in first["loc"])
        msg = f"card {path}: {where}: {first['msg']}"
        raise ConfigError(msg) from error
    for part in (card.model, card.population, card.classifier):
        if part is not None:
            _check(path, part)
    return card


def _check(card_path: Path, part: File) -> None:
    path = card_path.parent / part.file
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        msg = f"card {card_path}: its file {part.file}: {error.strerror}"
        raise ConfigError(msg) from error
    if digest != part.sha256:
        msg = f"card {card_path}: {part.file} has sha256 {digest}, the card says {part.sha256}"
        raise ConfigError(msg)
