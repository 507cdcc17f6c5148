"""The answer to the paper's call: measured as any recording is, nested as the paper does."""

from typing import Any

import numpy as np

from cloud.paper.call import PaperCall
from cloud.paper.filters import FILTERS, FilterConfig
from cloud.paper.nesting import as_json, nested, null_reasons
from ecgcore.extraction import ExtractionConfig, extract
from ecgcore.lead_set import disclaimers_of

LEAD = "ECG"
"""The call does not tell which lead it is."""


def answer(call: PaperCall) -> dict[str, Any]:
    """Measure a recording.

    Raises
    ------
    ValueError
        If the samples are no voltages of a body.
    """
    ecg_mv = (np.array(call.ecgData, float) - call.zero) / call.gain
    fs_hz = call.ecgSampleRate
    filtered = FILTERS[call.filter](ecg_mv, fs_hz, FilterConfig())
    found = extract(filtered[np.newaxis], fs_hz, (LEAD,), ExtractionConfig())
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
