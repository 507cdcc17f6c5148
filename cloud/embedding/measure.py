"""Embeddings of one lead and what is told from them, as values of the catalogue."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cloud.embedding.classify import uncertainty
from cloud.embedding.model import Model
from cloud.embedding.population import (
    N_BEAT_AXES,
    beat_loadings,
    drift_of,
    neighbours_of,
    novelty_of,
)
from cloud.evaluation.analysis import UNREADABLE, Analysis, analyse
from cloud.evaluation.archive import Lead
from cloud.evaluation.beat_figures import places_of
from cloud.evaluation.episodes import merged
from cloud.evaluation.recording import figures_of
from ecgcore.drift import DriftConfig, emb_drift_self
from ecgcore.embedding_input import Segments, beats_of, segments_of
from ecgcore.events import NullReason, RhythmLabel
from ecgcore.measured import Said
from ecgcore.rhythm import AF_SHARE
from ecgcore.types import FloatArray

WORDS = {"N": "normal", "A": "afib", "O": "other", "~": "noise"}
"""Of the classes, in keys."""
AGREE, DISAGREE = "agree", "disagree"
STRETCH_S = 60.0
"""What a class is told of; the last stretch takes what is left over."""
MOST_OWN = 360
"""Windows before one that its drift is measured from: an hour."""
KEYS = (
    *("emb_record", "emb_window_mean", "emb_drift", "emb_drift_self", "novelty"),
    *(f"class_prob_{word}" for word in WORDS.values()),
    "class_prob_entropy",
    *(f"dx_similarity_{word}" for word in WORDS.values()),
    "rule_vs_model",
    "emb_beat",
    *(f"pca_beat_{axis + 1}" for axis in range(N_BEAT_AXES)),
)
"""All that can be told."""
_NORMAL = (RhythmLabel.SINUS_RHYTHM, RhythmLabel.SINUS_ARRHYTHMIA)


@dataclass(frozen=True, slots=True)
class Told:
    """A value, and the stretch of the lead it tells of."""

    key: str
    value: Said
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class EmbeddedLead:
    """One lead, its beats and rhythms, and the embeddings of its windows."""

    ecg_mv: FloatArray
    """shape (n_samples,), NaN where there is no sample"""
    fs_hz: float
    found: Analysis
    segments: Segments
    embeddings: FloatArray
    """shape (n_windows, size)"""

    @property
    def duration_s(self) -> float:
        """Missing samples counted."""
        return self.ecg_mv.size / self.fs_hz


def embedded_leads(
    ecg_mv: FloatArray, fs_hz: float, found: Sequence[Analysis], model: Model
) -> list[EmbeddedLead]:
    """Embed all leads, shape (n_leads, n_samples), in common batches."""
    segments = [segments_of(lead, fs_hz, model.encoder.config) for lead in ecg_mv]
    embeddings = model.encoder.embed_together([each.values for each in segments])
    return [
        EmbeddedLead(*each)
        for each in zip(ecg_mv, [fs_hz] * len(found), found, segments, embeddings, strict=True)
    ]


def of_windows(lead: EmbeddedLead, model: Model) -> Iterator[Told]:
    """Tell of each window its embedding, its novelty and how far it is from the one before."""
    config, starts_s = model.encoder.config, lead.segments.starts_s.tolist()
    if not starts_s:
        reason = _why_none(lead, model)
        for key in ("emb_record", "novelty", "emb_window_mean"):
            yield Told(key, reason, 0.0, lead.duration_s)
        return
    for at_s, embedding in zip(starts_s, lead.embeddings.tolist(), strict=True):
        yield Told("emb_record", tuple(embedding), at_s, at_s + config.length_s)
    if model.population is not None:
        novelty = novelty_of(lead.embeddings, model.population)
        for at_s, value in zip(starts_s, novelty.tolist(), strict=True):
            yield Told("novelty", value, at_s, at_s + config.length_s)
    for at_s, value in zip(starts_s[1:], drift_of(lead.embeddings).tolist(), strict=True):
        yield Told("emb_drift", value, at_s, at_s + config.length_s)
    yield from _of_own_past(lead, config.length_s)


def _of_own_past(lead: EmbeddedLead, length_s: float) -> Iterator[Told]:
    """Hold each window against those before it, as soon as they are enough."""
    drift = DriftConfig()
    for k in range(drift.least_n, len(lead.embeddings)):
        past = lead.embeddings[max(k - MOST_OWN, 0) : k]
        away = emb_drift_self(lead.embeddings[k], past, drift)
        value = away if isinstance(away, NullReason) else away.cosine
        at_s = float(lead.segments.starts_s[k])
        yield Told("emb_drift_self", value, at_s, at_s + length_s)
    if len(lead.embeddings) <= drift.least_n:
        yield Told("emb_drift_self", NullReason.TOO_SHORT, 0.0, lead.duration_s)


def of_stretches(lead: EmbeddedLead, model: Model) -> Iterator[Told]:
    """Tell of the lead its mean embedding, and of each minute what it is like and its class."""
    if not len(lead.embeddings):
        return
    mean = tuple(lead.embeddings.mean(axis=0).tolist())
    yield Told("emb_window_mean", mean, 0.0, lead.duration_s)
    for first, end in stretches_of(lead.ecg_mv.size, lead.fs_hz):
        stretch = _stretch(lead, first, end, model.encoder.config.length_s)
        if len(stretch.embeddings):
            for key, value in _of_stretch(stretch, model).items():
                yield Told(key, value, first / lead.fs_hz, end / lead.fs_hz)


def stretches_of(n_samples: int, fs_hz: float) -> list[tuple[int, int]]:
    """Cut a lead into stretches as long as the recordings that classes were learned from."""
    n_stretches = max(round(n_samples / fs_hz // STRETCH_S), 1)
    starts = [round(k * STRETCH_S * fs_hz) for k in range(n_stretches)]
    return list(zip(starts, [*starts[1:], n_samples], strict=True))


def _stretch(lead: EmbeddedLead, first: int, end: int, length_s: float) -> EmbeddedLead:
    """Take a part of a lead, its beats found anew as if there were no other."""
    if (first, end) == (0, lead.ecg_mv.size):
        return lead
    ecg_mv, at_s = lead.ecg_mv[first:end], lead.segments.starts_s - first / lead.fs_hz
    inside = (at_s > -0.5 / lead.fs_hz) & (at_s + length_s < (end - first + 0.5) / lead.fs_hz)
    return EmbeddedLead(
        ecg_mv,
        lead.fs_hz,
        analyse(Lead("", ecg_mv, lead.fs_hz)),
        Segments(at_s[inside], lead.segments.values[inside]),
        lead.embeddings[inside],
    )


def _of_stretch(lead: EmbeddedLead, model: Model) -> dict[str, Said]:
    mean, values = lead.embeddings.mean(axis=0), dict[str, Said]()
    if model.population is not None:
        shares = neighbours_of(mean, model.population).shares
        values = {f"dx_similarity_{WORDS[label]}": share for label, share in shares.items()}
    return values | _of_class(lead, mean, model)


def _of_class(lead: EmbeddedLead, mean: FloatArray, model: Model) -> dict[str, Said]:
    if model.classifier is None:
        return {}
    keys = [*(f"class_prob_{word}" for word in (*WORDS.values(), "entropy")), "rule_vs_model"]
    # Its figures know no gaps.
    if np.isnan(lead.ecg_mv).any():
        return dict.fromkeys(keys, NullReason.GAP)
    figures = figures_of(lead.found, lead.ecg_mv, lead.fs_hz)
    if figures is None:
        return dict.fromkeys(keys, NullReason.TOO_FEW_BEATS)
    chances = model.classifier.chances(figures, mean)
    likeliest = max(chances, key=lambda label: chances[label])
    is_same = rules_say(lead) == likeliest
    return {
        **{f"class_prob_{WORDS[label]}": chance for label, chance in chances.items()},
        "class_prob_entropy": uncertainty(chances),
        "rule_vs_model": AGREE if is_same else DISAGREE,
    }


def rules_say(lead: EmbeddedLead) -> str:
    """Give the class that the rhythm stage's rules mean: ~ where most could not be read."""

    def share(*labels: RhythmLabel) -> float:
        spans = merged(lead.found.spans_of(*labels))
        return sum(end - first for first, end in spans) / lead.ecg_mv.size

    if share(*UNREADABLE) > 0.5:
        return "~"
    if share(RhythmLabel.AFIB) > AF_SHARE:
        return "A"
    is_even = share(*_NORMAL) > 0.5 and not set(lead.found.beats.classes) & set("SVF")
    return "N" if is_even else "O"


def of_beats(lead: EmbeddedLead, model: Model) -> Iterator[Told]:
    """Tell of each beat its embedding and its loadings on the population's axes.

    A beat too near to an end or a gap has neither.
    """
    config = model.encoder.config
    places_s = places_of(lead.found) / lead.fs_hz
    beats, is_whole = beats_of(lead.ecg_mv, lead.fs_hz, places_s, config)
    embeddings = model.encoder.embed(beats)
    loadings = None if model.population is None else beat_loadings(beats, model.population)
    for k, at_s in enumerate(places_s[is_whole].tolist()):
        span = at_s - config.beat_before_s, at_s + config.beat_after_s
        yield Told("emb_beat", tuple(embeddings[k].tolist()), *span)
        if loadings is not None:
            for axis in range(N_BEAT_AXES):
                yield Told(f"pca_beat_{axis + 1}", float(loadings[k, axis]), *span)


def _why_none(lead: EmbeddedLead, model: Model) -> NullReason:
    if lead.duration_s < model.encoder.config.length_s:
        return NullReason.TOO_SHORT
    return NullReason.GAP if np.isnan(lead.ecg_mv).any() else NullReason.LOW_SQI
