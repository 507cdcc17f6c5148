"""The encoder and what it is trained by: heads, views, losses."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from cloud.training.encoder_data import CONFIG
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class NetConfig:
    """Its size."""

    channels: tuple[int, int, int] = (24, 48, 96)
    """After each halving of the rate."""
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    kernel: int = 3
    hidden: int = 128
    """Of what the heads share; it is left behind, for the layer before tells more."""

    @property
    def embedding(self) -> int:
        """Numbers in an embedding: mean, spread and highest of each channel over time."""
        return 3 * self.channels[-1]


class Encoder(nn.Module):
    """Windows of any length, shape (n, 1, time), to embeddings, shape (n, embedding)."""

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        one, two, three = config.channels
        self.stem = nn.Sequential(
            _block(1, one, 9, 2), _block(one, two, 7, 2), _block(two, three, 7, 2)
        )
        self.context = nn.ModuleList(
            _block(three, three, config.kernel, 1, each) for each in config.dilations
        )

    def forward(self, windows: Tensor) -> Tensor:
        """Embed."""
        x = self.stem(windows)
        for block in self.context:
            x = x + block(x)
        mean = x.mean(dim=2)
        spread = ((x - mean[:, :, None]) ** 2).mean(dim=2).add(1e-4).sqrt()
        return torch.cat([mean, spread, x.amax(dim=2)], dim=1)


def _block(n_in: int, n_out: int, kernel: int, stride: int, dilation: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(
            n_in, n_out, kernel, stride, kernel // 2 * dilation, dilation=dilation, bias=False
        ),
        nn.BatchNorm1d(n_out),
        nn.ReLU(),
    )


class Heads(nn.Module):
    """What an embedding has to say: the measures of its recording and window, and whose it is."""

    def __init__(self, config: NetConfig, n_strip: int, n_window: int, n_shape: int) -> None:
        super().__init__()
        n_in = config.hidden
        self.shared = nn.Sequential(nn.Linear(config.embedding, n_in), nn.ReLU())
        self.strip = nn.Linear(n_in, n_strip)
        self.window = nn.Linear(n_in, n_window)
        self.shape = nn.Linear(n_in, n_shape)
        self.beat = nn.Linear(n_in, n_shape)
        self.whose = nn.Sequential(nn.Linear(n_in, 128), nn.ReLU(), nn.Linear(128, 64))


def known_mse(said: Tensor, target: Tensor) -> Tensor:
    """Mean squared error where the target is known."""
    known = torch.isfinite(target)
    error = (said - torch.where(known, target, 0.0)) * known
    return (error**2).sum() / known.sum().clamp(min=1)


def same_recording_loss(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """InfoNCE of the two views of each recording against those of the others, both ways."""
    one, other = nn.functional.normalize(one, dim=1), nn.functional.normalize(other, dim=1)
    likeness = one @ other.T / temperature
    at = torch.arange(len(one))
    return 0.5 * (
        nn.functional.cross_entropy(likeness, at) + nn.functional.cross_entropy(likeness.T, at)
    )


@dataclass(frozen=True, slots=True)
class ViewConfig:
    """How views differ from the signal; shares are of the views."""

    gain_log_sd: float = 0.2
    wander_share: float = 0.3
    noise_share: float = 0.5
    noise_log_low: float = -4.0
    noise_log_high: float = -1.0
    """Natural logarithm of the noise's root mean square over the window's."""
    smooth_share: float = 0.3


class Views:
    """Draws windows and changes them as patches and arms do."""

    def __init__(self, config: ViewConfig, noise: FloatArray, seed: int) -> None:
        self.config = config
        self.noise = noise.astype(np.float32)
        self.rng = np.random.default_rng(seed)

    def __call__(self, windows: FloatArray) -> FloatArray:
        """Change windows, shape (n, time)."""
        c, rng = self.config, self.rng
        n, length = windows.shape
        x = windows / (np.sqrt((windows**2).mean(axis=1, keepdims=True)) + 1e-6)
        smooth = rng.random(n) < c.smooth_share
        x[smooth, 1:-1] = 0.25 * x[smooth, :-2] + 0.5 * x[smooth, 1:-1] + 0.25 * x[smooth, 2:]
        x += self._level(c.noise_share, n) * self._noises(n, length)
        x += self._level(c.noise_share, n) * rng.standard_normal((n, length), np.float32)
        time = np.arange(length, dtype=np.float32) / CONFIG.fs_hz
        wander_hz = rng.uniform(0.1, 0.7, (n, 1)).astype(np.float32)
        phase = rng.uniform(0.0, 6.28, (n, 1)).astype(np.float32)
        x += self._level(c.wander_share, n) * np.sin(6.2832 * wander_hz * time + phase)
        sign = np.where(rng.random((n, 1)) < 0.5, -1.0, 1.0)
        gain = np.exp(c.gain_log_sd * rng.standard_normal((n, 1)))
        rms = np.sqrt((x**2).mean(axis=1, keepdims=True)) + 1e-6
        return np.clip(x / rms * sign * gain, -CONFIG.clip_rms, CONFIG.clip_rms).astype(np.float32)

    def _level(self, share: float, n: int) -> FloatArray:
        c = self.config
        level = np.exp(self.rng.uniform(c.noise_log_low, c.noise_log_high, (n, 1)))
        return np.where(self.rng.random((n, 1)) < share, level, 0.0).astype(np.float32)

    def _noises(self, n: int, length: int) -> FloatArray:
        """Stretches of recorded electrode noise, root mean square 1."""
        at = self.rng.integers(0, self.noise.size - length, n)
        found = self.noise[at[:, None] + np.arange(length)]
        return found / (found.std(axis=1, keepdims=True) + 1e-6)
