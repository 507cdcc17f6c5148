"""A model in ONNX Runtime: many windows in, of whichever patients, their embeddings out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cloud.embedding.card import SHIPPED, Card, read_card
from ecgcore.embedding_input import EmbeddingInputConfig, SegmentArray
from ecgcore.errors import ConfigError
from ecgcore.types import FloatArray

MOST_BATCH = 64
"""Windows in one call: beyond that nothing is gained, and memory stays small."""


@dataclass(frozen=True)
class Encoder:
    """A loaded model; the same windows give the same embeddings, however they are batched."""

    card: Card
    folder: Path
    session: Any
    """Of ONNX Runtime, with one thread."""

    @property
    def config(self) -> EmbeddingInputConfig:
        """How its input is made."""
        return self.card.input.config()

    def embed(self, windows: SegmentArray) -> FloatArray:
        """Embed windows of any patients.

        Parameters
        ----------
        windows : SegmentArray, shape (n, n_samples)
            As `ecgcore.embedding_input` makes them.

        Returns
        -------
        FloatArray, shape (n, card.output.size)
        """
        size = self.card.output.size
        most = self.card.output.most_batch or MOST_BATCH
        parts = [self._run(windows[at : at + most]) for at in range(0, len(windows), most)]
        return np.concatenate(parts) if parts else np.zeros((0, size))

    def embed_together(self, of_each: Sequence[SegmentArray]) -> list[FloatArray]:
        """Embed the windows of many patients in common batches; give back those of each."""
        lengths = [len(windows) for windows in of_each]
        if not sum(lengths):
            return [np.zeros((0, self.card.output.size)) for _ in of_each]
        found = self.embed(np.concatenate(of_each))
        return np.split(found, np.cumsum(lengths)[:-1])

    def _run(self, windows: SegmentArray) -> FloatArray:
        given = windows[:, np.newaxis] if self.card.input.has_channel_axis else windows
        (out,) = self.session.run([self.card.output.name], {self.card.input.name: given})
        if self.card.output.pool == "mean":
            out = out.mean(axis=1)
        return np.asarray(out, np.float64)


def load(card_path: Path = SHIPPED) -> Encoder:
    """Load a model by its card.

    Raises
    ------
    ConfigError
        If the card or its files are not in order, or the model takes or gives something else than
        the card says.
    """
    card = read_card(card_path)
    try:
        import onnxruntime as ort
    except ModuleNotFoundError as error:
        msg = "embeddings need onnxruntime: pip install 'ecgomics[cloud]'"
        raise ConfigError(msg) from error
    options = ort.SessionOptions()
    # One patient more must not take another core from the engine.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    path = card_path.parent / card.model.file
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has an own exception for each of a dozen reasons
        msg = f"card {card_path}: {card.model.file} is no model that can be run: {error}"
        raise ConfigError(msg.splitlines()[0]) from error
    encoder = Encoder(card, card_path.parent, session)
    _check(encoder, card_path)
    return encoder


def _check(encoder: Encoder, card_path: Path) -> None:
    """Run the model once and hold what it takes and gives against the card."""
    card, session = encoder.card, encoder.session
    for kind, name, there in (
        ("input", card.input.name, [each.name for each in session.get_inputs()]),
        ("output", card.output.name, [each.name for each in session.get_outputs()]),
    ):
        if name not in there:
            msg = f"card {card_path}: the model has no {kind} {name}, but {', '.join(there)}"
            raise ConfigError(msg)
    lengths = [encoder.config.n_samples]
    if card.input.takes_beats:
        lengths.append(encoder.config.n_beat_samples)
    for length in lengths:
        try:
            shape = encoder.embed(np.zeros((1, length), np.float32)).shape
        except Exception as error:  # as above
            msg = f"card {card_path}: the model does not take {length} samples: {error}"
            raise ConfigError(msg.splitlines()[0]) from error
        if shape != (1, card.output.size):
            given = " x ".join(str(each) for each in shape[1:])
            says = f"the card says {card.output.size}"
            msg = f"card {card_path}: the model gives {given} numbers, {says}"
            raise ConfigError(msg)
