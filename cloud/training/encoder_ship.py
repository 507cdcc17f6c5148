"""`python -m cloud.training.encoder_ship --data DIR --trained DIR`: make the model that ships.

Takes the encoder that `cloud.training.encoder` trained, writes it as ONNX in whole numbers of eight
bits, and what embeddings and beats of the training recordings are like beside it.
"""

import argparse
import hashlib
import re
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from scipy.stats import rankdata
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cloud.embedding.population import N_BEAT_AXES, latent_correlations
from cloud.training.encoder_data import CONFIG, EXPERT, Measured, gathered, windows_of
from cloud.training.encoder_judge import means_of
from cloud.training.encoder_net import Encoder, NetConfig
from ecgcore.embedding_input import SegmentArray, beats_of
from ecgcore.types import FloatArray

FOLDER = Path(__file__).parents[1] / "embedding" / "models" / "ecgomics-encoder"
N_CALIBRATION = 1024
N_AXES = 48
N_SHOWN = {"N": 150, "A": 120, "O": 150, "~": 60}
N_BEATS = 20_000
SEED = 1
INPUT, OUTPUT = "ecg", "embedding"
PAGE = Path(__file__).parents[2] / "docs" / "models" / "ecgomics-encoder-latents.md"
LATENTS_HEAD = """# What the latents of ecgomics-encoder stand for

Written by `python -m cloud.training.encoder_ship`. Over the recordings the encoder was trained on:
how well a linear readout of the mean embedding tells each expert biomarker (R2 of its ranks, the
readout on held-out fifths), and the three latents that go with it most (Pearson's r,
`latent_to_expert_r`). Latents 0 to 95 are means over time of the last layer's channels, 96 to 191
their spreads, 192 to 287 their highest values. The names of the biomarkers are those of
`cloud/training/encoder_data.py`.

| biomarker | recordings | R2 | latents (r) |
| --- | ---: | ---: | --- |"""


class _Windows(CalibrationDataReader):
    """Feeds windows to the calibration."""

    def __init__(self, windows: SegmentArray) -> None:
        self._left = iter(np.array_split(windows[:, None], 16))

    def get_next(self) -> dict[str, SegmentArray] | None:
        batch = next(self._left, None)
        return None if batch is None else {INPUT: batch}


def export(encoder: Encoder, windows: SegmentArray, whole: Path, small: Path) -> None:
    """Write the encoder as it is, and in eight bits."""
    torch.onnx.export(
        encoder.eval(),
        (torch.zeros(2, 1, CONFIG.n_samples),),
        str(whole),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_axes={INPUT: {0: "batch", 2: "time"}, OUTPUT: {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(str(whole), str(ready), skip_symbolic_shape=True)
        chosen = np.random.default_rng(SEED).choice(len(windows), N_CALIBRATION, replace=False)
        quantize_static(
            str(ready),
            str(small),
            _Windows(windows[chosen]),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
    model = onnx.load(str(small))
    del model.metadata_props[:]
    model.producer_name, model.doc_string = "cloud.training.encoder_ship", ""
    onnx.save(model, str(small))


def embeddings_of(model: Path, windows: SegmentArray) -> FloatArray:
    """Embed windows by the model that ships."""
    session = InferenceSession(str(model), providers=["CPUExecutionProvider"])
    parts = np.array_split(windows[:, None], len(windows) // 64 + 1)
    return np.concatenate([session.run([OUTPUT], {INPUT: part})[0] for part in parts])


def population_of(
    found: list[Measured], embeddings: FloatArray, of: NDArray[np.int64]
) -> dict[str, NDArray[np.generic]]:
    """Make the arrays that `cloud.embedding.population` tells."""
    basis = PCA(N_AXES, random_state=SEED).fit(embeddings)
    left = embeddings - basis.inverse_transform(basis.transform(embeddings))
    n_rest = embeddings.shape[1] - N_AXES
    rest = float(np.sqrt((left**2).sum(axis=1).mean() / n_rest))
    spread = np.sqrt(basis.explained_variance_)
    along = basis.transform(embeddings) / spread
    squares = (along**2).sum(axis=1) + (left**2).sum(axis=1) / rest**2
    novelty = np.sqrt(squares / embeddings.shape[1])
    beats = _beats(found)
    beat_basis = PCA(N_BEAT_AXES, random_state=SEED).fit(beats)
    means = means_of(embeddings, of, len(found))
    has = np.isfinite(means[:, 0])
    expert = np.array([each.expert for each in found])
    shown = _shown(found, of)
    return {
        "centroid": basis.mean_.astype(np.float32),
        "axes": basis.components_.astype(np.float32),
        "spread": spread.astype(np.float32),
        "rest": np.float32(rest),
        "novelty": np.percentile(novelty, np.arange(101)).astype(np.float32),
        "beat_mean": beat_basis.mean_.astype(np.float32),
        "beat_axes": beat_basis.components_.astype(np.float32),
        "experts": np.array(EXPERT),
        "latent_r": latent_correlations(means[has], expert[has]).astype(np.float16),
        "shown": means[shown].astype(np.float16),
        "names": np.array([f"{found[k].source}/{found[k].name}" for k in shown]),
        "labels": np.array([found[k].label for k in shown]),
    }


def _beats(found: list[Measured]) -> SegmentArray:
    """Draw beats of all recordings, scaled as the product scales them."""
    each = [
        beats_of(np.asarray(one.signal, float), CONFIG.fs_hz, one.places_s, CONFIG)[0]
        for one in found
    ]
    beats = np.concatenate(each)
    drawn = np.random.default_rng(SEED).choice(len(beats), min(N_BEATS, len(beats)), replace=False)
    return beats[drawn]


def _shown(found: list[Measured], of: NDArray[np.int64]) -> NDArray[np.int64]:
    """Choose the labelled recordings that ship, so many of each label."""
    rng, has = np.random.default_rng(SEED), np.unique(of)
    labels = np.array([each.label for each in found])
    chosen = [
        rng.choice(of_label, min(n, of_label.size), replace=False)
        for label, n in N_SHOWN.items()
        if (of_label := has[labels[has] == label]).size
    ]
    return np.sort(np.concatenate(chosen))


def latents_page(
    found: list[Measured], embeddings: FloatArray, of: NDArray[np.int64], latent_r: FloatArray
) -> str:
    """Write which expert biomarkers explain which latent values, as a page."""
    means = means_of(embeddings, of, len(found))
    lines = [LATENTS_HEAD]
    for k, name in enumerate(EXPERT):
        values = np.array([each.expert[k] for each in found])
        known = np.isfinite(values) & np.isfinite(means[:, 0])
        if np.ptp(values[known]) == 0.0:
            continue
        # Heavy tails would decide alone.
        ranks = rankdata(values[known])
        said = cross_val_predict(
            make_pipeline(StandardScaler(), Ridge(100.0)),
            means[known],
            ranks,
            cv=KFold(5, shuffle=True, random_state=SEED),
        )
        told = 1.0 - np.sum((ranks - said) ** 2) / np.sum((ranks - ranks.mean()) ** 2)
        most = np.argsort(-np.abs(latent_r[k]))[:3]
        latents = ", ".join(f"{at} ({latent_r[k, at]:+.2f})" for at in most)
        lines.append(f"| `{name}` | {known.sum()} | {told:.2f} | {latents} |")
    return "\n".join(lines) + "\n"


def digested(card: Path) -> None:
    """Write the digests of a card's files into it."""

    def with_digest(part: re.Match[str]) -> str:
        digest = hashlib.sha256((card.parent / part[1]).read_bytes()).hexdigest()
        return f'file = "{part[1]}"\nsha256 = "{digest}"'

    text = card.read_text()
    card.write_text(re.sub(r'file = "(.+)"\nsha256 = ".*"', with_digest, text))


def main() -> None:
    """Export, measure the population, note the digests."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    given.add_argument("--trained", type=Path, required=True, help="Folder of the trained encoder.")
    given.add_argument("--strips", type=Path, help="The measured strips, if they were kept.")
    options = given.parse_args()
    found, _ = gathered(options.data, options.strips)
    windows, of = windows_of(found)
    encoder = Encoder(NetConfig())
    encoder.load_state_dict(torch.load(options.trained / "encoder.pt"))
    FOLDER.mkdir(parents=True, exist_ok=True)
    small = FOLDER / "model.onnx"
    export(encoder, windows, options.trained / "whole.onnx", small)
    embeddings = embeddings_of(small, windows)
    arrays = population_of(found, embeddings, of)
    PAGE.write_text(latents_page(found, embeddings, of, np.asarray(arrays["latent_r"], float)))
    np.savez_compressed(FOLDER / "population.npz", **arrays)  # type: ignore[arg-type] # numpy's stub takes names for options
    digested(FOLDER / "card.toml")


if __name__ == "__main__":
    main()
