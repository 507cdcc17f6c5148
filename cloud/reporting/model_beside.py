"""What the learned model makes of a short recording, to stand beside what the rules state."""

from collections.abc import Iterable
from functools import cache

import numpy as np

from cloud.embedding.measure import STRETCH_S, embedded_leads, of_stretches
from cloud.embedding.model import Model, load_model
from cloud.evaluation.analysis import analyse
from cloud.evaluation.archive import Lead, Leads
from ecgcore.events import Measurement
from ecgcore.measured import measurement_of

USUAL_LEADS = ("I", "II")
"""Looked at first, in this order; the model learned from lead I."""


def with_model(measured: Iterable[Measurement], leads: Leads) -> tuple[Measurement, ...]:
    """Put the chances of the model's classes in place of what was said of them before."""
    of_model = model_measurements(leads)
    known = {each.key for each in of_model}
    return (*(each for each in measured if each.key not in known), *of_model)


def model_measurements(leads: Leads) -> tuple[Measurement, ...]:
    """Give the chances of the classes, and whether the rules agree with the likeliest.

    Nothing for more than a minute and a half, which the model has not learned from.
    """
    if leads.ecg_mv.shape[1] > 1.5 * STRETCH_S * leads.fs_hz:
        return ()
    at = next((leads.names.index(name) for name in USUAL_LEADS if name in leads.names), 0)
    name, ecg_mv = leads.names[at], leads.ecg_mv[at]
    found = analyse(Lead(name, ecg_mv, leads.fs_hz))
    (lead,) = embedded_leads(ecg_mv[np.newaxis], leads.fs_hz, [found], _model())
    sqi = float(np.mean(found.sqi)) if found.sqi else 0.0
    return tuple(
        measurement_of(each.key, each.value, 1, sqi, name)
        for each in of_stretches(lead, _model())
        if each.key.startswith("class_prob_") or each.key == "rule_vs_model"
    )


@cache
def _model() -> Model:
    return load_model()
