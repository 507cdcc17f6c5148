"""`python -m cloud.training.delineate --data DIR`: train the network of `ecgcore.wave_net`.

Records are held out in groups to judge it (`--judge N` groups); the network that is kept has seen
all of them. LUDB and QTDB readers differ in habit; one input tells the network whose beat it sees,
and the network that is kept answers as QTDB's would.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cloud.training.wave_beats import FS_HZ, N_BEFORE, Index, WaveBeats, noise, read
from cloud.training.wave_scores import score
from ecgcore.types import Float32Array, FloatArray
from ecgcore.wave_net import (
    ARRAYS,
    DILATIONS,
    FROM_S,
    GRID_HZ,
    N_CHANNELS,
    N_GRID,
    N_TAPS,
    STRIDE,
    UNEVENNESS,
    UNKNOWN_S,
)

MODEL = Path(__file__).parents[2] / "ecgcore" / "models" / "delineate.npz"
N_PLACES = N_GRID // STRIDE
N_EPOCHS, N_PER_EPOCH, N_BATCH = 40, 16_000, 128
SEED = 1
QRS_S = 0.06
P_LOG_ODDS = 0.5
"""Where held-out P waves of LUDB's lead II are as likely as not; the erased ones are easier."""
HABIT = 0.75
"""Whose reader the network imitates: 0 LUDB's, 1 QTDB's."""
PLACES_S = torch.tensor(FROM_S + (np.arange(N_PLACES) * STRIDE + 1.5) / GRID_HZ).float()
GRID_S = torch.tensor(FROM_S + np.arange(N_GRID) / GRID_HZ).float()


class Depthwise(torch.autograd.Function):
    """Five dilated taps for each channel; on a CPU several times faster than `nn.Conv1d`."""

    @staticmethod
    def forward(ctx, x: Tensor, w: Tensor, reach: int) -> Tensor:  # type: ignore[no-untyped-def] # noqa: ANN001, D102 - torch's protocol
        wide = functional.pad(x, (2 * reach, 2 * reach))
        ctx.save_for_backward(wide, w)
        ctx.reach = reach
        n = x.shape[2]
        total = w[:, 0, None] * wide[:, :, :n]
        for k in range(1, 5):
            total.addcmul_(w[:, k, None], wide[:, :, k * reach : k * reach + n])
        return total

    @staticmethod
    def backward(ctx, g: Tensor) -> tuple[Tensor, Tensor, None]:  # type: ignore[no-untyped-def] # noqa: ANN001, D102 - torch's protocol
        (wide, w), reach, n = ctx.saved_tensors, ctx.reach, g.shape[2]
        for_w = [(g * wide[:, :, k * reach : k * reach + n]).sum((0, 2)) for k in range(5)]
        wide_g = functional.pad(g, (2 * reach, 2 * reach))
        for_x = w[:, 0, None] * wide_g[:, :, 4 * reach : 4 * reach + n]
        for k in range(1, 5):
            at = (4 - k) * reach
            for_x.addcmul_(w[:, k, None], wide_g[:, :, at : at + n])
        return for_x, torch.stack(for_w, 1), None


class Network(nn.Module):
    """The network of `ecgcore.wave_net`, with one more input: whose reader it imitates."""

    def __init__(self) -> None:
        super().__init__()
        c = N_CHANNELS
        self.first = nn.Conv1d(3, c, N_TAPS, STRIDE)
        self.place = nn.Parameter(torch.zeros(c, N_PLACES))
        self.context = nn.Linear(6, c)
        self.depthwise = nn.ModuleList(nn.Conv1d(c, c, 5, groups=c) for _ in DILATIONS)
        self.pointwise = nn.ModuleList(nn.Conv1d(c, c, 1) for _ in DILATIONS)
        self.head = nn.Conv1d(c, 21, 1)

    def forward(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give log shares of the places, points in s and log-odds of presence."""
        hidden = self.first(functional.pad(x, (4, 4))) + self.place
        hidden = functional.relu(hidden + self.context(context)[:, :, None])
        for reach, deep, mix in zip(DILATIONS, self.depthwise, self.pointwise, strict=True):
            inner = Depthwise.apply(hidden, deep.weight[:, 0], reach) + deep.bias[:, None]  # type: ignore[index, no-untyped-call]
            hidden = functional.relu(hidden + mix(functional.relu(inner)))
        out = self.head(hidden)
        shares = out[:, :9].log_softmax(2)
        at = PLACES_S + STRIDE / GRID_HZ * out[:, 9:18]
        return shares, (shares.exp() * at).sum(2), out[:, 18:].logsumexp(2) - 3.0


class Beats:
    """The beats as tensors, and how a batch of them is drawn."""

    def __init__(self, beats: WaveBeats, noise_mv: Float32Array) -> None:
        self.segment = torch.from_numpy(beats.segment)
        self.middle_s = torch.from_numpy(beats.middle_s).float()
        self.points_s = torch.from_numpy(beats.points_s).float()
        self.present = torch.from_numpy(beats.present).float()
        self.around = torch.from_numpy(beats.around).float()
        self.source = torch.from_numpy(beats.source)
        self.noise = torch.from_numpy(noise_mv)

    def plain(self, index: Tensor, habit: float) -> tuple[Tensor, Tensor]:
        """Give inputs and context of beats as they are."""
        x = self._on_grid(index, GRID_S.expand(len(index), -1))
        return channels_of(x), context_of(self.around[index], torch.full((len(index),), habit))

    def varied(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Give inputs, context, points and presence of beats moved, stretched and disturbed."""
        n = len(index)
        # The R peak of another lead lies elsewhere: some are moved far.
        moved_s = torch.randn(n, 1) * torch.where(torch.rand(n, 1) < 0.15, 0.035, 0.012)
        moved_s = moved_s.clamp(-0.08, 0.08)
        # The QRS, what is before it and what is after it are stretched each by its own factor, so
        # that long PQ and QT are as well known as usual ones.
        middle = torch.exp(0.05 * torch.randn(n, 1))
        before, after = (middle * torch.exp(0.12 * torch.randn(n, 1)) for _ in range(2))
        before, after = before.clamp(0.7, 1.45), after.clamp(0.7, 1.45)
        x = self._on_grid(
            index,
            bent(GRID_S.expand(n, -1), before, middle, after, torch.full((n, 1), QRS_S)) + moved_s,
        )
        near = QRS_S * middle
        points_s = self.points_s[index] - moved_s
        points_s = bent(points_s, 1 / before, 1 / middle, 1 / after, near)
        present = self.present[index].clone()
        for wave, share in ((0, 0.15), (2, 0.05)):
            x, points_s = erased(x, points_s, present, wave, share)
        x = self._disturbed(x)
        is_noise = torch.rand(n) < 0.04
        x = torch.where(is_noise[:, None], self._only_noise(n), x)
        points_s[is_noise], present[is_noise] = torch.nan, 0.0
        around = self.around[index]
        around[:, [0]] /= before
        around[:, [1]] /= after
        around[:, 0][torch.rand(n) < 0.05] = torch.nan
        around[:, 1][torch.rand(n) < 0.2] = torch.nan
        around[:, 2][torch.rand(n) < 0.1] = UNEVENNESS
        # Beats that tell only of presence are read in either habit.
        habit = torch.where(self.source[index] == 2, some(n, 0.5)[:, 0], self.source[index] == 1)
        return channels_of(x), context_of(around, habit.float()), points_s, present

    def _on_grid(self, index: Tensor, at_s: Tensor) -> Tensor:
        """Take segments at times against R, with Catmull-Rom between their samples."""
        segment = self.segment[index]
        at = N_BEFORE + (at_s - self.middle_s[index, None]) * FS_HZ
        low = at.floor().clamp(1, segment.shape[1] - 3).long()
        f = (at - low).clamp(0, 1)
        a, b, c, d = (torch.gather(segment, 1, low + k) for k in (-1, 0, 1, 2))
        return b + 0.5 * f * (c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a)))

    def _disturbed(self, x: Tensor) -> Tensor:
        """Add wander, noise, hum and a narrower band, each to some beats; turn some over."""
        n = len(x)
        near_r = x[:, 100:165]
        swing = (near_r.amax(1, keepdim=True) - near_r.amin(1, keepdim=True)).clamp_min(1e-3)
        rate_hz, phase = 0.1 + 0.6 * torch.rand(n, 1), torch.rand(n, 1)
        wander = torch.sin(2 * np.pi * (rate_hz * GRID_S + phase)) * torch.randn(n, 1).abs()
        x = x + 0.15 * swing * wander * some(n, 0.5)
        white, coloured = torch.randn(n, N_GRID), coloured_noise(n)
        level = between(n, 0.001, 0.03)
        x = x + swing * level * torch.where(some(n, 0.5), white, coloured) * some(n, 0.6)
        x = x + swing * between(n, 0.01, 0.3) * self._taken_noise(n) * some(n, 0.15)
        hum = torch.sin(2 * np.pi * ((50 + 10 * some(n, 0.5)) * GRID_S + torch.rand(n, 1)))
        x = x + 0.02 * torch.rand(n, 1) ** 2 * swing * hum * some(n, 0.25)
        narrow = functional.avg_pool1d(functional.pad(x, (1, 1), mode="replicate"), 3, 1)
        x = torch.where(some(n, 0.25), narrow, x)
        return x * torch.where(some(n, 0.2), -1.0, 1.0)

    def _only_noise(self, n: int) -> Tensor:
        u = torch.rand(n, 1)
        white, coloured = torch.randn(n, N_GRID), coloured_noise(n)
        mixed = torch.where(u < 0.7, self._taken_noise(n), coloured + 0.3 * white)
        return torch.where(u < 0.35, white, mixed)

    def _taken_noise(self, n: int) -> Tensor:
        start = torch.randint(0, self.noise.shape[1] - N_GRID, (n, 1))
        taken = self.noise[torch.randint(0, len(self.noise), (n, 1)), start + torch.arange(N_GRID)]
        taken = taken - taken.mean(1, keepdim=True)
        return taken / taken.std(1, keepdim=True, correction=0).clamp_min(1e-3)


def bent(at_s: Tensor, before: Tensor, middle: Tensor, after: Tensor, near: Tensor) -> Tensor:
    """Stretch time by `middle` up to `near` on either side of R and by others beyond."""
    inside = at_s.clamp(-near, near)
    beyond = at_s - inside
    return middle * inside + torch.where(beyond < 0, before, after) * beyond


def erased(
    x: Tensor, points_s: Tensor, present: Tensor, wave: int, share: float
) -> tuple[Tensor, Tensor]:
    """Take a wave out of some beats, so that its absence is learnt in an even rhythm too.

    A straight line with some noise takes its place; `present` changes in place.
    """
    onset, offset = points_s[:, [3 * wave]] - 0.012, points_s[:, [3 * wave + 2]] + 0.012
    if wave == 0:
        offset = torch.minimum(offset, points_s[:, [3]])
    is_chosen = some(len(x), share) & (offset - onset > 0.03) & (onset > GRID_S[0])
    is_chosen &= offset < GRID_S[-1]
    onset, offset = torch.where(is_chosen, onset, 0.0), torch.where(is_chosen, offset, 0.1)
    first, last = (((at - FROM_S) * GRID_HZ).long() for at in (onset, offset))
    a, b = torch.gather(x, 1, first), torch.gather(x, 1, last)
    line = a + (b - a) * (GRID_S - onset) / (offset - onset)
    swing = (x.amax(1, keepdim=True) - x.amin(1, keepdim=True)) * between(len(x), 0.0005, 0.01)
    is_inside = (onset <= GRID_S) & (offset >= GRID_S) & is_chosen
    present[is_chosen[:, 0], wave] = 0.0
    points_s = points_s.clone()
    points_s[is_chosen[:, 0], 3 * wave : 3 * wave + 3] = torch.nan
    return torch.where(is_inside, line + swing * torch.randn_like(x), x), points_s


def some(n: int, share: float) -> Tensor:
    """Choose rows, shape (n, 1)."""
    return torch.rand(n, 1) < share


def between(n: int, low: float, high: float) -> Tensor:
    """Draw levels, even in their logarithm, shape (n, 1)."""
    return torch.exp(torch.empty(n, 1).uniform_(np.log(low), np.log(high)))


def coloured_noise(n: int) -> Tensor:
    """Give noise below about 25 Hz with a standard deviation of 1, shape (n, N_GRID)."""
    return 3.0 * functional.avg_pool1d(torch.randn(n, 1, N_GRID + 8), 9, 1)[:, 0]


def channels_of(x: Tensor) -> Tensor:
    """Give the three input channels, as `ecgcore.wave_net` makes them."""
    near_r = x[:, 107:157]
    swing = (near_r.amax(1, keepdim=True) - near_r.amin(1, keepdim=True)).clamp_min(1e-6)
    scaled = (x - x.mean(1, keepdim=True)) / swing
    wide = functional.pad(scaled, (2, 2), mode="replicate")
    rise, tall = 30.0 * (wide[:, 4:] - wide[:, :-4]), 8.0 * scaled
    return torch.stack((scaled, rise / (1 + rise.abs()), tall / (1 + tall.abs())), 1)


def context_of(around: Tensor, habit: Tensor) -> Tensor:
    """Give the context as `ecgcore.wave_net` makes it, and whose reader is imitated."""
    before, after = around[:, 0], around[:, 1]
    is_unknown = before.isnan() | (before < UNKNOWN_S[0])
    before = torch.where(is_unknown, UNKNOWN_S[0], before)
    after = torch.where(after.isnan(), UNKNOWN_S[1], after).clamp_max(UNKNOWN_S[1])
    near, uneven = 1 / before.abs().clamp_min(0.25) - 1.2, 5 * around[:, 2] - 0.5
    return torch.stack((is_unknown.float(), before + 1, near, 2 * (after - 0.6), uneven, habit), 1)


def loss_of(answer: tuple[Tensor, Tensor, Tensor], points_s: Tensor, present: Tensor) -> Tensor:
    """Cross-entropy of the places, a robust distance of their mean, cross-entropy of presence."""
    shares, found_s, log_odds = answer
    is_known = (points_s > PLACES_S[0]) & (points_s < PLACES_S[-1])
    aim_s = torch.where(is_known, points_s, 0.0)
    aim = torch.exp(-0.5 * ((PLACES_S - aim_s[:, :, None]) / 0.012) ** 2)
    aim = aim / aim.sum(2, keepdim=True).clamp_min(1e-9)
    far = torch.sqrt(1 + ((found_s - aim_s) / 0.010) ** 2) - 1
    places = ((0.3 * -(aim * shares).sum(2) + far) * is_known).sum() / is_known.sum()
    is_sure = ~present.isnan()
    wrong = functional.binary_cross_entropy_with_logits(
        log_odds, torch.where(is_sure, present, 0.0), reduction="none"
    )
    return places + (wrong * is_sure).sum() / is_sure.sum()


def shares_of(beats: WaveBeats, index: Index) -> FloatArray:
    """Give how often each beat is drawn: each record by the root of its beats, lead II twice."""
    record, source = beats.record[index], beats.source[index]
    share = 1.0 / np.sqrt(np.bincount(record)[record])
    share[(source == 0) & (beats.lead[index] == 1)] *= 2.0
    for k, part in enumerate((0.5, 0.25, 0.25)):
        share[source == k] *= part / share[source == k].sum()
    return np.asarray(share)


def fit(beats: WaveBeats, tensors: Beats, index: Index, seed: int) -> Network:
    """Train one network on some of the beats."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network()
    share = shares_of(beats, index)
    n_steps = N_PER_EPOCH // N_BATCH
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 4e-3, N_EPOCHS * n_steps, pct_start=0.15
    )
    for epoch in range(N_EPOCHS):
        total = 0.0
        for drawn in rng.choice(index, (n_steps, N_BATCH), p=share):
            x, context, points_s, present = tensors.varied(torch.from_numpy(drawn))
            loss = loss_of(network(x, context), points_s, present)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1} loss {total / n_steps:.3f}", flush=True)
    return network.eval()


@torch.no_grad()
def answers_of(
    network: Network, tensors: Beats, index: Index, habit: float = HABIT
) -> tuple[FloatArray, FloatArray]:
    """Give the points (s) and log-odds of beats as they are, read as in QTDB."""
    answers = [
        network(*tensors.plain(torch.from_numpy(part), habit))
        for part in np.array_split(index, len(index) // 1000 + 1)
    ]
    return (
        np.concatenate([answer[1].numpy() for answer in answers]),
        np.concatenate([answer[2].numpy() for answer in answers]),
    )


def keep(network: Network) -> None:
    """Write the weights as `ecgcore.wave_net` reads them, the habit and the odds built in."""
    given = {key: value.detach().numpy() for key, value in network.state_dict().items()}
    blocks = range(len(DILATIONS))
    context, n = given["context.weight"], N_CHANNELS
    bias = given["first.bias"] + given["context.bias"] + HABIT * context[:, 5]
    head_bias = given["head.bias"].copy()
    head_bias[18] -= P_LOG_ODDS
    first = given["first.weight"].reshape(n, 3, 3, STRIDE).transpose(0, 2, 1, 3)
    arrays = {
        "first": first.reshape(n, 3, N_TAPS),
        "place": given["place"] + bias[:, np.newaxis],
        "context": context[:, :5],
        "depthwise": np.stack([given[f"depthwise.{k}.weight"][:, 0] for k in blocks]),
        "depthwise_bias": np.stack([given[f"depthwise.{k}.bias"] for k in blocks]),
        "pointwise": np.stack([given[f"pointwise.{k}.weight"][:, :, 0] for k in blocks]),
        "pointwise_bias": np.stack([given[f"pointwise.{k}.bias"] for k in blocks]),
        "head": given["head.weight"][:, :, 0],
        "head_bias": head_bias,
    }
    np.savez_compressed(MODEL, **{key: arrays[key].astype(np.float32) for key in ARRAYS})


def judge(beats: WaveBeats, tensors: Beats, n_groups: int) -> None:
    """Train without each group of records and print how its beats are read."""
    n_records = int(beats.record.max()) + 1
    group = np.random.default_rng(SEED).permutation(n_records)[beats.record] % n_groups
    points_s, log_odds = np.zeros((len(beats), 9)), np.zeros((len(beats), 3))
    for k in range(n_groups):
        network = fit(beats, tensors, np.flatnonzero(group != k), SEED)
        held_out = np.flatnonzero(group == k)
        points_s[held_out], log_odds[held_out] = answers_of(network, tensors, held_out)
    score(beats, points_s, log_odds)


def main() -> None:
    """Prepare, judge with held-out records, train, keep."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    given.add_argument("--judge", type=int, default=3, help="groups to hold out; 0: only train")
    options = given.parse_args()
    torch.set_num_threads(1)
    beats = read(options.data)
    tensors = Beats(beats, noise(options.data, GRID_HZ))
    if options.judge:
        judge(beats, tensors, options.judge)
    keep(fit(beats, tensors, np.arange(len(beats)), SEED))


if __name__ == "__main__":
    main()
