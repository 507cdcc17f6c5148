"""`python -m cloud.training.encoder --data DIR --out DIR`: train the encoder that ships.

Self-supervised: two windows of one recording, changed in gain, polarity, wander and noise, have to
tell what our own stages measure of the recording (intervals, what lies before the QRS, spectrum,
the average beat; no label), and to be more alike than windows of other recordings. Windows around
single beats go through the same net and have to tell the beat's shape.

`--folds K` leaves a K-th part of the recordings of cinc2017 out of each of K trainings and keeps
what each of these encoders says of the part it has not seen, for `cloud.training.encoder_judge`.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.preprocessing import QuantileTransformer

from cloud.evaluation.archive import read_leads
from cloud.training.encoder_data import (
    CONFIG,
    N_BEAT,
    N_RR,
    Measured,
    gathered,
)
from cloud.training.encoder_data import windows_of as product_windows
from cloud.training.encoder_net import (
    Encoder,
    Heads,
    NetConfig,
    ViewConfig,
    Views,
    known_mse,
    same_recording_loss,
)
from ecgcore.embedding_input import resampled
from ecgcore.irregularity import rr_figures
from ecgcore.types import FloatArray

HOP_S = 2.5
N_SHAPE = 16
LEAST_INTERVALS = 5
SEED = 1


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How long and how."""

    minutes: float = 30.0
    """Of the processor; the learning rate falls to nothing towards the end."""
    batch: int = 64
    """Recordings a step."""
    beats: int = 96
    """Single beats a step."""
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    whose_weight: float = 0.1
    beat_weight: float = 0.5
    temperature: float = 0.2
    uses_bf16: bool = True


@dataclass(frozen=True)
class Lessons:
    """All windows, targets and beats of some recordings."""

    windows: list[FloatArray]
    """Of each recording, shape (n, time)."""
    of_window: list[FloatArray]
    """shape (n, n_targets)"""
    strip: FloatArray
    shape: FloatArray
    beats: list[FloatArray]
    """Of each recording, shape (n, N_BEAT), in units of the recording's root mean square."""
    beat_shape: list[FloatArray]
    weight: FloatArray
    """How often a recording is drawn."""


def window_figures(places_s: FloatArray, start_s: float) -> FloatArray:
    """Measure the intervals inside a window; NaN with too few."""
    inside = places_s[(places_s >= start_s) & (places_s < start_s + CONFIG.length_s)]
    rr_s = np.diff(inside)
    if rr_s.size < LEAST_INTERVALS:
        return np.full(N_RR, np.nan)
    return rr_figures(rr_s)[:N_RR]


def windows_of(each: Measured) -> tuple[FloatArray, FloatArray]:
    """Cut a recording into overlapping windows with their targets."""
    length, hop = CONFIG.n_samples, round(HOP_S * CONFIG.fs_hz)
    signal = each.signal
    if signal.size < length:
        signal = np.pad(signal, (0, length - signal.size))
    starts = np.arange(0, signal.size - length + 1, hop)
    windows = signal[starts[:, None] + np.arange(length)]
    figures = [window_figures(each.places_s, at / CONFIG.fs_hz) for at in starts]
    return windows, np.array(figures)


def beats_of(each: Measured) -> FloatArray:
    """Cut the beats of a recording out, scaled by all of it."""
    first = np.round((each.places_s - CONFIG.beat_before_s) * CONFIG.fs_hz).astype(int)
    first = first[(first >= 0) & (first + N_BEAT <= each.signal.size)]
    rms = float(np.sqrt(np.mean(each.signal**2))) + 1e-6
    return np.asarray(each.signal[first[:, None] + np.arange(N_BEAT)] / rms, np.float32)


def upright(beats: FloatArray) -> FloatArray:
    """Turn beats, shape (n, N_BEAT), so that what stands out most points up."""
    most = np.take_along_axis(beats, np.abs(beats).argmax(axis=1)[:, None], axis=1)
    return np.asarray(beats * np.sign(most))


def evened(values: FloatArray) -> FloatArray:
    """Give each column the ranks of a normal distribution; NaN stays."""
    made = QuantileTransformer(n_quantiles=500, output_distribution="normal", random_state=SEED)
    spread = np.clip(made.fit_transform(values), -3.0, 3.0)
    return np.asarray(spread[:, np.nanstd(spread, axis=0) > 0.0], np.float32)


def lessons_of(found: list[Measured]) -> Lessons:
    """Make the targets of some recordings."""
    cut = [windows_of(each) for each in found]
    ends = np.cumsum([len(w) for w, _ in cut])[:-1]
    figures = np.split(evened(np.concatenate([f for _, f in cut])), ends)
    average = np.array([each.beat for each in found])
    is_known = np.isfinite(average[:, 0])
    basis = PCA(N_SHAPE, random_state=SEED).fit(average[is_known])
    scale = np.sqrt(basis.explained_variance_)
    shape = np.full((len(found), N_SHAPE), np.nan, np.float32)
    shape[is_known] = basis.transform(average[is_known]) / scale
    beats = [beats_of(each) for each in found]
    own = [basis.transform(upright(b)) / scale if len(b) else np.zeros((0, N_SHAPE)) for b in beats]
    sources = np.array([each.source for each in found])
    counts = {s: (sources == s).sum() for s in np.unique(sources)}
    share = np.array([1.0 if s == "cinc2017" else min(1.0, 700 / counts[s]) for s in sources])
    return Lessons(
        [w for w, _ in cut],
        figures,
        evened(np.array([each.expert for each in found])),
        np.clip(shape, -4.0, 4.0),
        beats,
        [np.clip(b, -6.0, 6.0).astype(np.float32) for b in own],
        share / share.sum(),
    )


def electrode_noise(data: Path) -> FloatArray:
    """Read noise of moving electrodes at the encoder's rate."""
    found = [read_leads(data / "nstdb" / name) for name in ("em", "bw")]
    return np.concatenate(
        [resampled(lead, each.fs_hz, CONFIG) for each in found for lead in each.ecg_mv]
    )


def trained(lessons: Lessons, noise: FloatArray, net: NetConfig, config: TrainConfig) -> Encoder:
    """Train for so many minutes of the processor."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    views, rng = Views(ViewConfig(), noise, SEED), np.random.default_rng(SEED)
    encoder = Encoder(net)
    n_window = lessons.of_window[0].shape[1]
    heads = Heads(net, lessons.strip.shape[1], n_window, N_SHAPE)
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(
        parameters, config.learning_rate, weight_decay=config.weight_decay
    )
    begun, step, smooth = time.process_time(), 0, np.zeros(5)
    with_beats = np.flatnonzero([len(b) > 0 for b in lessons.beats])
    while (gone := (time.process_time() - begun) / (60.0 * config.minutes)) < 1.0:
        rate = min(1.0, step / 100) * 0.5 * (1.0 + np.cos(np.pi * gone))
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * max(rate, 1e-3)
        parts = _step(encoder, heads, lessons, views, rng, config, with_beats)
        loss = parts[0] + parts[1] + parts[2] + config.beat_weight * parts[3]
        loss = loss + config.whose_weight * parts[4]
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        smooth = 0.98 * smooth + 0.02 * np.array([float(p) for p in parts])
        step += 1
        if step % 200 == 0:
            shown = " ".join(f"{v / (1 - 0.98**step):.3f}" for v in smooth)
            print(f"{100 * gone:.0f} % step {step}: {shown}", flush=True)
    return encoder.eval()


def _step(
    encoder: Encoder,
    heads: Heads,
    lessons: Lessons,
    views: Views,
    rng: np.random.Generator,
    config: TrainConfig,
    with_beats: NDArray[np.int64],
) -> list[torch.Tensor]:
    """Give the losses of one step: recording, window, average beat, single beat, whose."""
    chosen = rng.choice(lessons.weight.size, config.batch, replace=False, p=lessons.weight)
    at = [rng.integers(0, len(lessons.windows[k]), 2) for k in chosen]
    windows = np.concatenate(
        [[lessons.windows[k][a[v]] for k, a in zip(chosen, at, strict=True)] for v in (0, 1)]
    )
    figures = np.concatenate(
        [[lessons.of_window[k][a[v]] for k, a in zip(chosen, at, strict=True)] for v in (0, 1)]
    )
    twice = np.r_[chosen, chosen]
    x = torch.from_numpy(views(windows))[:, None]
    encoder.train()
    with torch.autocast("cpu", torch.bfloat16, enabled=config.uses_bf16):
        hidden = heads.shared(encoder(x))
    hidden = hidden.float()
    losses = [
        known_mse(heads.strip(hidden), torch.from_numpy(lessons.strip[twice])),
        known_mse(heads.window(hidden), torch.from_numpy(figures)),
        known_mse(heads.shape(hidden), torch.from_numpy(lessons.shape[twice])),
    ]
    of = rng.choice(with_beats, config.beats)
    beat = [rng.integers(0, len(lessons.beats[k])) for k in of]
    clean = np.array([lessons.beats[k][b] for k, b in zip(of, beat, strict=True)])
    shapes = np.array([lessons.beat_shape[k][b] for k, b in zip(of, beat, strict=True)])
    rms = np.sqrt((clean**2).mean(axis=1, keepdims=True))
    changed = (views(clean) * rms).astype(np.float32)
    # Running means: a batch of single beats is no batch of windows.
    encoder.eval()
    with torch.autocast("cpu", torch.bfloat16, enabled=config.uses_bf16):
        of_beats = heads.shared(encoder(torch.from_numpy(changed)[:, None]))
    losses.append(known_mse(heads.beat(of_beats.float()), torch.from_numpy(shapes)))
    whose = heads.whose(hidden)
    losses.append(
        same_recording_loss(whose[: config.batch], whose[config.batch :], config.temperature)
    )
    return losses


def embedded(encoder: Encoder, found: list[Measured]) -> tuple[FloatArray, NDArray[np.int64]]:
    """Embed the 10-s windows of recordings as the product cuts them; give whose each is."""
    windows, of = product_windows(found)
    with torch.no_grad():
        parts = np.array_split(windows[:, None], len(windows) // 64 + 1)
        return np.concatenate([encoder(torch.from_numpy(part)).numpy() for part in parts]), of


def folds_of(names: list[str], n_folds: int) -> NDArray[np.int64]:
    """Put each recording into a part, by its name alone."""
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(names))
    folds = np.empty(len(names), np.int64)
    folds[np.argsort(np.array(names))[order]] = np.arange(len(names)) % n_folds
    return folds


def main() -> None:
    """Gather, train, keep."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    given.add_argument("--out", type=Path, required=True, help="Folder for what is trained.")
    given.add_argument("--strips", type=Path, help="Keep the measured strips there, or take them.")
    given.add_argument("--minutes", type=float, default=TrainConfig().minutes)
    given.add_argument("--folds", type=int, default=0)
    given.add_argument("--only", type=int, help="One of the folds.")
    options = given.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    found, _ = gathered(options.data, options.strips)
    noise = electrode_noise(options.data)
    config, net = TrainConfig(minutes=options.minutes), NetConfig()
    cinc = [each for each in found if each.source == "cinc2017"]
    others = [each for each in found if each.source != "cinc2017"]
    if not options.folds:
        encoder = trained(lessons_of(found), noise, net, config)
        torch.save(encoder.state_dict(), options.out / "encoder.pt")
        return
    folds = folds_of([each.name for each in cinc], options.folds)
    for fold in range(options.folds) if options.only is None else [options.only]:
        seen = [each for each, f in zip(cinc, folds, strict=True) if f != fold]
        encoder = trained(lessons_of(seen + others), noise, net, config)
        torch.save(encoder.state_dict(), options.out / f"fold{fold}.pt")
        rows, of = embedded(encoder, cinc)
        np.savez(options.out / f"fold{fold}.npz", rows=rows, of=of, fold=folds)


if __name__ == "__main__":
    main()
