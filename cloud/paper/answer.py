"""The answer to the paper's call: measured as any recording is, nested as the paper does."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from cloud.paper.call import Filter, PaperCall
from cloud.paper.nesting import as_json, nested, null_reasons
from ecgcore.extraction import ExtractionConfig, extract
from ecgcore.lead_set import disclaimers_of
from ecgcore.parameters import adapted
from ecgcore.prefilter import FilterConfig, FilterMethod

LEAD = "ECG"
"""The call does not tell which lead it is."""
FILTERS: Mapping[Filter, FilterConfig] = MappingProxyType(
    {
        "MeanDecomposition": FilterConfig(FilterMethod.MEAN_DECOMPOSITION),
        "BandPass": FilterConfig(FilterMethod.BANDPASS, high_pass_hz=0.5, low_pass_hz=40.0),
    }
)


def _config_of(call: PaperCall) -> ExtractionConfig:
    config = adapted(call.parameters, "parameters").parameters
    return config if "filter" in call.parameters else replace(config, filter=FILTERS[call.filter])


def answer(call: PaperCall) -> dict[str, Any]:
    """Measure a recording.

    Raises
    ------
    ValueError
        If the samples are no voltages of a body.
    ConfigError
        If a parameter does not exist or may not have its value.
    """
    ecg_mv = (np.array(call.ecgData, float) - call.zero) / call.gain
    config = _config_of(call)
    found = extract(ecg_mv[np.newaxis], call.ecgSampleRate, (LEAD,), config)
    return as_json(
        nested(found.measurements),
        sqi=found.sqi,
        n_beats=found.n_beats,
        duration_s=found.duration_s,
        filter=call.filter,
        algorithm=found.algorithm,
        parameters=found.parameters,
        null_reasons=null_reasons(found.measurements),
        disclaimers=[each.en for each in disclaimers_of((LEAD,))],
    )
