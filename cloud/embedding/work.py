"""One recording of many, embedded: rows of the same table as `ecgomics extract` writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from cloud.embedding.card import Card
from cloud.embedding.measure import (
    EmbeddedLead,
    Told,
    embedded_leads,
    of_beats,
    of_stretches,
    of_windows,
)
from cloud.embedding.model import Model, load_model
from cloud.evaluation.analysis import analyse
from cloud.evaluation.archive import Lead, read_leads
from cloud.extraction.work import Outcome, Row, text_of
from ecgcore.errors import ConfigError
from ecgcore.measured import measurement_of

_model = cache(load_model)


@dataclass(frozen=True, slots=True)
class EmbedOptions:
    """What a user may choose."""

    card: Path
    """Of the model."""
    has_beats: bool = False
    """Whether single beats are embedded as well."""


def work(record: Path, options: EmbedOptions) -> Outcome:
    """Embed one recording, each lead on its own."""
    model = _model(options.card)
    try:
        given = read_leads(record)
        found = [analyse(Lead(given.name, lead, given.fs_hz)) for lead in given.ecg_mv]
        leads = embedded_leads(given.ecg_mv, given.fs_hz, found, model)
    except (ConfigError, ValueError) as error:
        return Outcome(str(record), error=str(error))
    rows = (
        row
        for name, lead in zip(given.names, leads, strict=True)
        for row in _rows(str(record), name, lead, model, options)
    )
    return Outcome(str(record), tuple(rows))


def _digest_of(key: str, card: Card) -> str:
    """Give the digest of the file that a value rests on most: encoder, population or classifier."""
    of_classifier = key.startswith("class_prob_") or key == "rule_vs_model"
    of_population = key == "novelty" or key.startswith(("dx_similarity_", "pca_beat_"))
    part = card.classifier if of_classifier else card.population if of_population else None
    return (part or card.model).sha256


def _rows(
    record: str, name: str, lead: EmbeddedLead, model: Model, options: EmbedOptions
) -> Iterator[Row]:
    sqi = float(np.mean(lead.found.sqi)) if lead.found.sqi else 0.0
    told: list[Told] = [*of_windows(lead, model), *of_stretches(lead, model)]
    if options.has_beats:
        told += of_beats(lead, model)
    for each in told:
        measured = measurement_of(each.key, each.value, 1, sqi, name)
        yield Row(
            record=record,
            key=each.key,
            lead=name,
            value=measured.value,
            text=text_of(measured),
            unit=measured.unit,
            dimension=measured.dim.value,
            n=measured.n,
            sqi=round(sqi, 4),
            null_reason=None if measured.null_reason is None else measured.null_reason.value,
            start_s=round(each.start_s, 4),
            end_s=round(each.end_s, 4),
            algorithm=model.name,
            parameters=_digest_of(each.key, model.encoder.card)[:16],
        )
