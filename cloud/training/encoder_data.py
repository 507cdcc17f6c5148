"""Strips of open archives as the encoder sees them, each with what our own stages measure of it.

The targets rest on R peaks, spectra and averages alone: no label of a rhythm, a beat or a recording
enters them, nor what the stages say that learned from such labels of these recordings.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch

from cloud.evaluation.analysis import analyse
from cloud.evaluation.archive import Lead, read_leads
from cloud.evaluation.atrial_figures import atrial_figures
from cloud.evaluation.beat_figures import places_of, stretch_figures
from cloud.training import handheld
from ecgcore.disorder import DISORDER
from ecgcore.embedding_input import (
    EmbeddingInputConfig,
    SegmentArray,
    resampled,
    scaled,
    scales_of,
    starts_of,
)
from ecgcore.irregularity import FIGURES, LEAST_INTERVALS, N_RR_FIGURES, rr_figures
from ecgcore.lead_window import BANDS_HZ, measure_lead_window
from ecgcore.types import FloatArray

CONFIG = EmbeddingInputConfig()
STRIP_S = 30.0
LEADS_OF_TWELVE = ("I", "II", "V1", "V4")
STEP_S = {"mitdb": 60.0, "qtdb": 90.0, "polar_h10": 30.0}
"""From strip to strip of a long record."""
ARCHIVES = ("mitdb", "qtdb", "ludb", "ptbxl", "cinc2021", "polar_h10")
N_BEAT = CONFIG.n_beat_samples
N_RR = N_RR_FIGURES // 2
N_FIRST = N_RR - len(DISORDER)
LEAST_PEAKS = LEAST_INTERVALS + 1
_BANDS_HZ = ((1.0, 3.0), (3.0, 5.0), (5.0, 7.0), (7.0, 9.0), (9.0, 12.0), (12.0, 40.0))
N_RESIDUE = len(_BANDS_HZ) + 1


@dataclass(frozen=True, slots=True)
class Strip:
    """One lead of at most a minute."""

    source: str
    name: str
    label: str
    """Of cinc2017; kept for judging alone."""
    ecg_mv: FloatArray
    fs_hz: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What the encoder learns from."""

    source: str
    name: str
    label: str
    signal: FloatArray
    """At the encoder's rate, mV."""
    places_s: FloatArray
    """Of R peaks."""
    expert: FloatArray
    """shape (len(EXPERT),); NaN where not known"""
    beat: FloatArray
    """Average beat, shape (N_BEAT,), root mean square 1, its R upwards; NaN where not known."""


def strips(data: Path) -> Iterator[Strip]:
    """Read all strips."""
    for name, label, ecg_mv in handheld.recordings(data / "cinc2017.tar.xz", "NAO~"):
        yield Strip("cinc2017", name, label, ecg_mv, handheld.FS_HZ)
    for archive in ARCHIVES:
        for header in sorted((data / archive).rglob("*.hea")):
            record = read_leads(header.with_suffix(""))
            step_s = STEP_S.get(archive)
            for k, lead in enumerate(record.names):
                if step_s is None and lead not in LEADS_OF_TWELVE:
                    continue
                yield from _cut(
                    archive, f"{record.name}/{lead}", record.ecg_mv[k], record.fs_hz, step_s
                )


def _cut(
    source: str, name: str, ecg_mv: FloatArray, fs_hz: float, step_s: float | None
) -> Iterator[Strip]:
    length = min(round(STRIP_S * fs_hz), ecg_mv.size)
    step = ecg_mv.size if step_s is None else round(step_s * fs_hz)
    for at in range(0, ecg_mv.size - length + 1, step):
        strip = ecg_mv[at : at + length]
        if np.isfinite(strip).all() and np.ptp(strip) > 0.0:
            yield Strip(source, f"{name}/{at}", "", strip, fs_hz)


WINDOW_KEYS = (
    *(f"bp_{name}" for name in BANDS_HZ),
    *(f"bp_rel_{name}" for name in BANDS_HZ),
    *("f_dom", "f_med", "f_centroid", "sef95", "spectral_entropy"),
    *("powerline_ratio", "wander_pp", "k_sqi", "s_sqi", "p_sqi", "bas_sqi", "flat_frac"),
)
"""Of `ecgcore.lead_window`."""
EXPERT = (
    *FIGURES[:N_FIRST],
    *DISORDER,
    *("variation_least", "variation_quarter", "variation_median", "variation_most"),
    *("step_least", "step_median", "step_most", "rr_skewness", "step_kurtosis"),
    *("rr_median_s", "short_share", "long_share"),
    *("before_qrs_to_difference", "before_qrs_height", "before_qrs_alike_quarter"),
    *("before_qrs_alike_median", "before_qrs_alike_three_quarters"),
    *("before_qrs_alike_one_another", "before_qrs_difference", "before_qrs_highest_at"),
    *("qrs_alike", "qrs_mv"),
    *(f"residue_{low:g}_{high:g}_hz" for low, high in _BANDS_HZ),
    "residue_rms",
    *WINDOW_KEYS,
    *("sqi", "bad_share", "beats_per_s", "confidence"),
)


def measured(strip: Strip) -> tuple[Measured, FloatArray | None]:
    """Measure a strip; the second value are the figures of `cloud.evaluation.recording`."""
    from cloud.evaluation.recording import figures_of

    found = analyse(Lead(strip.name, strip.ecg_mv, strip.fs_hz))
    places = places_of(found)
    signal = resampled(strip.ecg_mv, strip.fs_hz, CONFIG)
    beat, residue = average_and_residue(signal, places / strip.fs_hz)
    rr_s = np.diff(places) / strip.fs_hz
    has_beats = places.size >= LEAST_PEAKS
    window = measure_lead_window(strip.ecg_mv, strip.fs_hz)
    expert = np.concatenate(
        (
            rr_figures(rr_s)[:N_RR] if has_beats else np.full(N_RR, np.nan),
            stretch_figures(rr_s) if has_beats else np.full(12, np.nan),
            atrial_figures(strip.ecg_mv, places, strip.fs_hz) if has_beats else np.full(10, np.nan),
            residue,
            [v if isinstance(v := window[key], float) else np.nan for key in WINDOW_KEYS],
            [
                float(np.mean(found.sqi)) if found.sqi else 0.0,
                float(np.mean(np.array(found.sqi) < 0.5)) if found.sqi else 1.0,
                places.size * strip.fs_hz / strip.ecg_mv.size,
                float(np.mean(found.confidence)) if found.confidence else 0.0,
            ],
        )
    )
    figures = figures_of(found, strip.ecg_mv, strip.fs_hz) if strip.source == "cinc2017" else None
    return (
        Measured(
            strip.source,
            strip.name,
            strip.label,
            signal.astype(np.float32),
            places / strip.fs_hz,
            expert,
            beat,
        ),
        figures,
    )


def average_and_residue(signal: FloatArray, places_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the median beat, and where the power of what it leaves over lies.

    Returns
    -------
    FloatArray, shape (N_BEAT,)
    FloatArray, shape (N_RESIDUE,)
        Shares of the power by band, and its root mean square over the QRS's height.
    """
    nothing = np.full(N_BEAT, np.nan), np.full(N_RESIDUE, np.nan)
    before = round(CONFIG.beat_before_s * CONFIG.fs_hz)
    first = np.round(places_s * CONFIG.fs_hz).astype(int) - before
    first = first[(first >= 0) & (first + N_BEAT <= signal.size)]
    if first.size < LEAST_PEAKS - 3:
        return nothing
    beats = signal[first[:, None] + np.arange(N_BEAT)]
    middle = np.median(beats, axis=0)
    rms = float(np.sqrt(np.mean(middle**2)))
    if rms < 1e-4:
        return nothing
    left = signal.copy()
    for at in first:
        left[at : at + N_BEAT] -= middle
    hz, power = welch(left, CONFIG.fs_hz, nperseg=min(256, left.size))
    total = float(power[hz >= 1.0].sum()) + 1e-12
    shares = [float(power[(hz >= low) & (hz < high)].sum()) / total for low, high in _BANDS_HZ]
    height = float(np.ptp(middle[before - 8 : before + 8])) + 1e-6
    # A lead worn the other way round looks the same.
    sign = 1.0 if middle[np.argmax(np.abs(middle))] > 0.0 else -1.0
    return sign * middle / rms, np.array([*shares, float(np.sqrt(np.mean(left**2))) / height])


def windows_of(found: list[Measured]) -> tuple[SegmentArray, NDArray[np.int64]]:
    """Cut recordings into windows as the product does; give whose each is."""
    windows, of = [], []
    for k, each in enumerate(found):
        signal = np.asarray(each.signal, float)
        at = starts_of(signal.size, CONFIG)
        cut = signal[at[:, None] + np.arange(CONFIG.n_samples)]
        scale = scales_of(cut)
        usable = np.isfinite(scale)
        windows.append(scaled(cut[usable], scale[usable], CONFIG))
        of.append(np.full(int(usable.sum()), k))
    return np.concatenate(windows), np.concatenate(of)


def gathered(data: Path, kept: Path | None) -> tuple[list[Measured], FloatArray]:
    """Measure all strips, or take what an earlier run kept.

    Returns
    -------
    list of Measured
    FloatArray, shape (n_cinc2017, n_figures)
        The figures of `cloud.evaluation.recording` of the recordings of cinc2017, which come
        first; NaN with too few beats.
    """
    if kept is not None and kept.exists():
        return _read(kept)
    pairs = [measured(strip) for strip in strips(data)]
    n_figures = next(f.size for _, f in pairs if f is not None)
    figures = np.array(
        [np.full(n_figures, np.nan) if f is None else f for m, f in pairs if m.source == "cinc2017"]
    )
    found = [m for m, _ in pairs]
    if kept is not None:
        _keep(kept, found, figures)
    return found, figures


def _keep(path: Path, found: list[Measured], figures: FloatArray) -> None:
    np.savez(
        path,
        source=[m.source for m in found],
        name=[m.name for m in found],
        label=[m.label for m in found],
        signal=np.concatenate([m.signal for m in found]),
        n_signal=[m.signal.size for m in found],
        places_s=np.concatenate([m.places_s for m in found]),
        n_places=[m.places_s.size for m in found],
        expert=np.array([m.expert for m in found]),
        beat=np.array([m.beat for m in found]),
        figures=figures,
    )


def _read(path: Path) -> tuple[list[Measured], FloatArray]:
    with np.load(path) as file:
        signals = np.split(file["signal"], np.cumsum(file["n_signal"])[:-1])
        places = np.split(file["places_s"], np.cumsum(file["n_places"])[:-1])
        rows = zip(
            *(file[k].tolist() for k in ("source", "name", "label")),
            signals,
            places,
            file["expert"],
            file["beat"],
            strict=True,
        )
        return [Measured(*row) for row in rows], file["figures"]
