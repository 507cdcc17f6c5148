"""`python -m cloud.training.rpeak --data DIR`: train the network that judges QRS candidates.

The detector itself runs over annotated leads, with noise, flat stretches and changes of gain added,
and the network learns from what it saw. Its own decisions shape what it sees later (level, rhythm,
templates), so that is repeated: first the annotations decide, then each network in turn.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import wfdb
from scipy.signal import butter, sosfilt

from ecgcore import qrs
from ecgcore import qrs_places as q
from ecgcore.rpeak import RPeakConfig, fresh_memory, plan_of
from ecgcore.types import Float32Array, FloatArray

MODEL = Path(__file__).parents[2] / "ecgcore" / "models" / "rpeak.npz"
BEATS = list("NLRBAaJSVrFejnE/fQ?")
_REACH = 12
"""Cells between an annotated beat and its candidate at most."""
_ROUNDS = ((2, 3, 3e-3), (2, 3, 3e-3), (5, 9, 3e-3), (2, 3, 8e-4))
"""Of each: spoilt parts of a long lead, epochs, highest step. The last sees whole leads too."""
_MAX_S = 600.0


@dataclass(frozen=True, slots=True)
class Lead:
    """One lead of an annotated recording, or a mixture of its leads."""

    group: str
    """Leads of one group are never on both sides of a validation."""
    fs_hz: float
    ecg_mv: FloatArray
    """shape (n_samples,)"""
    beats: FloatArray
    """Samples of the QRS complexes."""
    unsure: tuple[tuple[int, int], ...] = ()
    """Stretches that are not learnt from."""
    other_mv: FloatArray | None = None
    """Another lead with the same beats, to mix in; None if there is none."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the network saw: features, whether that was a beat, how much it counts."""

    features: Float32Array
    is_beat: Float32Array
    weight: Float32Array


def read_leads(folder: Path) -> list[Lead]:
    """Read what there is of mitdb, qtdb and ludb."""
    leads = []
    for name in ("mitdb", "qtdb"):
        for path in sorted((folder / name).glob("*.atr")):
            leads += _read_long(str(path.with_suffix("")))
    for path in sorted((folder / "ludb").glob("*.hea")):
        leads += _read_ludb(str(path.with_suffix("")))
    return leads


def _read_long(path: str) -> list[Lead]:
    record, notes = wfdb.rdrecord(path), wfdb.rdann(path, "atr")
    symbols = np.array(notes.symbol)
    beats = notes.sample[np.isin(symbols, BEATS)].astype(np.float64)
    flutter = tuple(zip(notes.sample[symbols == "["], notes.sample[symbols == "]"], strict=True))
    group = Path(path).name.removeprefix("sele").removeprefix("sel")
    rows = _rows(record.p_signal)
    return [
        Lead(group, float(record.fs), lead, beats, flutter, rows[i - 1])
        for i, lead in enumerate(rows)
    ]


def _read_ludb(path: str) -> list[Lead]:
    record = wfdb.rdrecord(path)
    leads = []
    rows = _rows(record.p_signal)
    for i, (name, lead) in enumerate(zip(record.sig_name, rows, strict=True)):
        notes = wfdb.rdann(path, name)
        beats = notes.sample[np.array(notes.symbol) == "N"].astype(np.float64)
        reach = round(0.3 * record.fs)
        outside = (0, int(beats[0]) - reach), (int(beats[-1]) + reach, lead.size)
        leads.append(
            Lead("ludb" + Path(path).name, float(record.fs), lead, beats, outside, rows[i - 5])
        )
    return leads


def _rows(signal: FloatArray) -> FloatArray:
    return np.ascontiguousarray(np.nan_to_num(signal).T)


class Spoiler:
    """Makes hard cases of clean leads."""

    def __init__(self, noises: Sequence[FloatArray], rng: np.random.Generator) -> None:
        self._noises = noises
        self._rng = rng

    def spoil(self, lead: Lead) -> Lead:
        """Give a random part of a lead, louder or softer, upside down, flat in places, noisy."""
        rng = self._rng
        n = min(lead.ecg_mv.size, round(rng.uniform(0.2, 1.0) * _MAX_S * lead.fs_hz))
        start = int(rng.integers(0, lead.ecg_mv.size - n + 1))
        ecg_mv = lead.ecg_mv[start : start + n] * np.exp(rng.uniform(-1.0, 1.0))
        ecg_mv = ecg_mv * rng.choice([-1.0, 1.0])
        if lead.other_mv is not None and rng.random() < 0.5:
            ecg_mv = ecg_mv + rng.normal(0.0, 0.7) * lead.other_mv[start : start + n]
        beats = lead.beats[(lead.beats >= start) & (lead.beats < start + n)] - start
        unsure = [(a - start, b - start) for a, b in lead.unsure]
        signal_mv = _height_mv(ecg_mv, beats, lead.fs_hz)
        if rng.random() < 0.3:
            ecg_mv = ecg_mv * self._gains(n, lead.fs_hz)
        if rng.random() < 0.2 and beats.size > 1:
            each = np.exp(rng.normal(0.0, rng.uniform(0.1, 0.5), beats.size))
            ecg_mv = ecg_mv * np.interp(np.arange(n), beats, each)
        if rng.random() < 0.3 and n > 30 * lead.fs_hz:
            beats = self._flatten(ecg_mv, beats, unsure, lead.fs_hz)
        if rng.random() < 0.6:
            ecg_mv = ecg_mv + self._noise(n, lead.fs_hz, signal_mv)
        # The annotated rate is varied too, as another heart would.
        fs_hz = lead.fs_hz * np.exp(rng.uniform(-0.15, 0.15))
        return Lead(lead.group, fs_hz, ecg_mv, beats, tuple(unsure))

    def _gains(self, n: int, fs_hz: float) -> FloatArray:
        rng = self._rng
        at = np.sort(rng.integers(0, n, int(rng.integers(1, 5))))
        gains = np.exp(rng.uniform(-1.3, 1.3, at.size + 1))
        long = np.repeat(gains, np.diff([0, *at, n]))
        return np.asarray(long)

    def _flatten(
        self, ecg_mv: FloatArray, beats: FloatArray, unsure: list[tuple[int, int]], fs_hz: float
    ) -> FloatArray:
        """Put a standstill or a loose electrode in."""
        rng = self._rng
        n = round(rng.uniform(2.0, 15.0) * fs_hz)
        start = int(rng.integers(0, ecg_mv.size - n))
        ecg_mv[start : start + n] = ecg_mv[start] + rng.choice([0.0, 0.0, 3.0, -3.0])
        edge = round(0.15 * fs_hz)
        unsure += [(start - edge, start + edge), (start + n - edge, start + n + edge)]
        return np.asarray(beats[(beats < start) | (beats >= start + n)])

    def _noise(self, n: int, fs_hz: float, signal_mv: float) -> FloatArray:
        rng = self._rng
        noise = self._of_kind(n, fs_hz)
        second = round(fs_hz)
        pieces = noise[: n // second * second].reshape(-1, second) if n >= second else noise[None]
        rms = float(np.mean(pieces.std(axis=1))) + 1e-9
        snr_db = rng.choice([rng.uniform(12.0, 30.0), rng.uniform(-3.0, 14.0)])
        noise = noise * signal_mv / (np.sqrt(8.0 * 10.0 ** (snr_db / 10.0)) * rms)
        if rng.random() < 0.4:
            at = np.cumsum(rng.uniform(3.0, 120.0, 200) * fs_hz)
            is_on = np.searchsorted(at, np.arange(n)) % 2 == 0
            noise = np.cumsum(np.diff(noise, prepend=noise[0]) * is_on)
        return np.asarray(noise)

    def _of_kind(self, n: int, fs_hz: float) -> FloatArray:
        rng = self._rng
        kind = rng.random()
        if kind < 0.75:
            return self._recorded(n)
        white = rng.standard_normal(n)
        if kind < 0.8:
            return np.asarray(white)
        if kind < 0.87:
            slow = np.exp(np.interp(np.arange(n), np.arange(0, n + 2 * n, 300), _walk(rng, n)))
            return np.asarray(
                sosfilt(butter(2, [15.0, 60.0], "bandpass", fs=fs_hz, output="sos"), white) * slow
            )
        if kind < 0.95:
            band = np.sort(rng.uniform(0.5, 30.0, 2)) + np.array([0.0, 2.0])
            return np.asarray(sosfilt(butter(1, band, "bandpass", fs=fs_hz, output="sos"), white))
        jumps = rng.standard_normal(n) * (rng.random(n) < 0.5 / fs_hz)
        return np.asarray(
            sosfilt(butter(1, 0.3, "highpass", fs=fs_hz, output="sos"), np.cumsum(jumps))
        )

    def _recorded(self, n: int) -> FloatArray:
        rng = self._rng
        noise = self._noises[int(rng.integers(len(self._noises)))]
        if rng.random() < 0.5:
            noise = self._noises[int(rng.integers(2))]
        if rng.random() < 0.3:
            other = self._noises[int(rng.integers(len(self._noises)))]
            other = np.resize(np.roll(other, int(rng.integers(other.size))), noise.size)
            noise = noise + rng.uniform(-1.0, 1.0) * other
        noise = np.roll(noise, int(rng.integers(noise.size)))[:: rng.choice([-1, 1])]
        return np.asarray(np.resize(noise, n) * rng.choice([-1.0, 1.0]))


def _walk(rng: np.random.Generator, n: int) -> FloatArray:
    return np.asarray(rng.standard_normal(len(range(0, 3 * n, 300))))


def _height_mv(ecg_mv: FloatArray, beats: FloatArray, fs_hz: float) -> float:
    """Give the usual peak-to-peak height of a QRS."""
    reach = round(0.05 * fs_hz)
    heights = [np.ptp(ecg_mv[max(b - reach, 0) : b + reach + 1]) for b in beats[:300].astype(int)]
    return float(np.mean(heights)) if heights else 1.0


def run(lead: Lead, net: Float32Array, by_script: bool) -> tuple[FloatArray, Float32Array]:
    """Run the detector over a lead; give the rows found and what the network saw."""
    memory, counts = fresh_memory(lead.fs_hz)
    plan = plan_of(RPeakConfig(), lead.fs_hz)
    found = np.empty((lead.ecg_mv.size // 20 + 64, q.N_FOUND))
    trace = np.empty((int(8 * lead.ecg_mv.size / lead.fs_hz) + 64, q.N_TRACE), np.float32)
    script = np.rint(lead.beats / plan[q.STEP]).astype(np.int64) if by_script else counts[:0]
    n = qrs.trace_push(lead.ecg_mv, memory, counts, plan, net, found, 0, trace, script)
    return found[:n], trace[: counts[q.N_TRACED]]


def labelled(lead: Lead, trace: Float32Array) -> Seen:
    """Say which candidates are beats: of each beat the one that stands nearest to it."""
    step = lead.fs_hz / q.CELL_HZ
    cells = trace[:, q.N_FEATURES].astype(np.float64)
    is_beat = np.zeros(cells.size, np.float32)
    weight = np.ones(cells.size, np.float32)
    for beat in lead.beats / step:
        first, last = np.searchsorted(cells, [beat - _REACH, beat + _REACH])
        if first < last:
            nearest = first + int(np.argmin(np.abs(cells[first:last] - beat)))
            is_beat[nearest] = 1.0
    for start, end in lead.unsure:
        weight[(cells * step >= start) & (cells * step < end)] = 0.0
    return Seen(trace[:, : q.N_FEATURES], is_beat, weight)


def joined(parts: Sequence[Seen]) -> Seen:
    """Put them one after the other."""
    return Seen(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.is_beat for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )


def model_of() -> torch.nn.Sequential:
    """Give an untrained network."""
    sizes = (q.N_FEATURES, q.N_HIDDEN_1, q.N_HIDDEN_2, 1)
    layers: list[torch.nn.Module] = []
    for a, b in pairwise(sizes):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def train(model: torch.nn.Sequential, seen: Seen, n_epochs: int, rate: float) -> None:
    """Lower the cross-entropy."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-3)
    features, is_beat, weight = map(torch.from_numpy, (seen.features, seen.is_beat, seen.weight))
    n_steps = n_epochs * (is_beat.numel() // 1024)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=n_steps + 1)
    for _ in range(n_epochs):
        order = torch.randperm(is_beat.numel())
        for at in range(0, is_beat.numel() - 1023, 1024):
            some = order[at : at + 1024]
            logits = model(features[some]).squeeze(1)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, is_beat[some], weight[some]
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no type for it
            optimiser.step()
            schedule.step()


def flat(model: torch.nn.Sequential) -> Float32Array:
    """Give the weights in the order of `ecgcore.qrs`."""
    linear = [layer for layer in model if isinstance(layer, torch.nn.Linear)]
    rows = [p.detach().numpy() for layer in linear for p in (layer.weight.T, layer.bias)]
    return np.concatenate([row.ravel() for row in rows]).astype(np.float32)


def fit(
    leads: Sequence[Lead],
    noises: Sequence[FloatArray],
    seed: int,
    n_rounds: int = len(_ROUNDS),
) -> torch.nn.Sequential:
    """Train in rounds, each on what the detector saw with the network of the one before."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    model, spoiler = model_of(), Spoiler(noises, rng)
    for k in range(n_rounds):
        n_times, n_epochs, rate = _ROUNDS[k]
        parts = []
        for lead in leads:
            is_long = lead.ecg_mv.size > 60 * lead.fs_hz
            cases = [spoiler.spoil(lead) for _ in range(n_times if is_long else 1)]
            if is_long and k == n_rounds - 1:
                cases.append(lead)
            for case in cases:
                _, trace = run(case, flat(model), k == 0)
                parts.append(labelled(case, trace))
        seen = joined(parts)
        train(model, seen, n_epochs, rate)
        print(f"round {k}: {seen.is_beat.size} candidates", flush=True)
    return model


def save(model: torch.nn.Sequential, path: Path = MODEL) -> None:
    """Write the weights."""
    linear = [layer for layer in model if isinstance(layer, torch.nn.Linear)]
    arrays = {}
    for i, layer in enumerate(linear):
        arrays[f"w{i}"] = layer.weight.T.detach().numpy().astype(np.float32)
        arrays[f"b{i}"] = layer.bias.detach().numpy().astype(np.float32)
    np.savez(path, **arrays)  # type: ignore[arg-type]  # taken for allow_pickle


def main() -> None:
    """Train and write `ecgcore/models/rpeak.npz`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    noises = [
        lead
        for name in ("em", "bw")
        for lead in _rows(wfdb.rdrecord(str(given.data / "nstdb" / name)).p_signal)
    ]
    save(fit(read_leads(given.data), noises, given.seed))


if __name__ == "__main__":
    main()
