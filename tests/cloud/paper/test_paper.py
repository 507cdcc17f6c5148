"""The paper's call: what it takes, what it gives, and that its filters do what they say."""

import json
import re

import numpy as np
import pytest
from pydantic import ValidationError

from cloud.paper import call
from cloud.paper.answer import answer
from cloud.paper.call import PaperCall
from cloud.paper.nesting import TOP_KEYS, nested
from cloud.paper.worker import reply
from ecgcore import pipeline
from ecgcore.events import Dimension, Measurement
from tests.strategies import ecg_of

FS_HZ = 250.0
SUB_GROUPS = {
    *("heart_rate_related", "wavefrom_related", "frequency_domain_relate", "mental_related"),
    *("hrv_related", "medical_image_related", "electrocardiogram_diagnosis_related"),
    *("demographic_related", "blood_test_related", "disease_related"),
}


def asked(duration_s: float = 12.0, **changes: object) -> dict[str, object]:
    """A heart at 75 a minute as counts of a converter."""
    rpeaks_s = [0.5 + 0.8 * n for n in range(int(duration_s / 0.8))]
    counts = np.rint(2000 + 500 * ecg_of(rpeaks_s, FS_HZ, duration_s, noise_mv=0.005))
    given = {"ecgData": counts.tolist(), "ecgSampleRate": FS_HZ, "zero": 2000, "gain": 500}
    return {**given, **changes}


@pytest.mark.parametrize("filter_", ["MeanDecomposition", "BandPass"])
def test_the_answer_has_our_keys_under_the_papers_groups(filter_: str) -> None:
    found = answer(PaperCall.model_validate(asked(filter=filter_)))
    assert set(found) == {*TOP_KEYS.values(), "meta"}
    assert {group for top in TOP_KEYS.values() for group in found[top]} == SUB_GROUPS
    rate = found["Structural_ECGomics"]["heart_rate_related"]["hr_mean"]
    assert rate == pytest.approx(75.0, abs=0.2)
    assert found["Functional_ECGomics"]["hrv_related"]["sdnn"] is None
    assert found["meta"]["null_reasons"]["sdnn"] == "too_short"
    # The gain was used: 1.1 mV, of which either filter takes a little.
    r_amp = found["Intensity_ECGomics"]["wavefrom_related"]["r_amp"]
    assert r_amp == pytest.approx(1.1, abs=0.15)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inputType": "xml"}, "inputType.*'raw'"),
        ({"ecgData": []}, "ecgData.*at least 1"),
        ({"ecgData": [[1.0]]}, "ecgData.*valid number"),
        ({"ecgData": [0.0] * 2500}, "ecgData: 10 s of samples; more than 10 and at most 300"),
        ({"ecgData": [0.0] * 75_001}, "ecgData: 300.004 s of samples"),
        ({"ecgData": [float("nan")] * 3000}, "ecgData.*finite"),
        ({"ecgSampleRate": 99}, "ecgSampleRate.*greater than or equal to 100"),
        ({"ecgSampleRate": 1001}, "ecgSampleRate.*less than or equal to 1000"),
        ({"gain": 0}, "gain.*greater than 0"),
        ({"zero": "x"}, "zero.*valid number"),
        ({"filter": "Wavelet"}, "filter.*'MeanDecomposition' or 'BandPass'"),
        ({"fs": 250}, "fs.*not permitted"),
    ],
)
def test_what_is_not_allowed_is_named_with_what_is(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PaperCall.model_validate(asked(**changes))
    told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in refused.value.errors())
    assert re.search(said, told), told


def test_parameters_change_what_is_measured_and_its_digest() -> None:
    usual = answer(PaperCall.model_validate(asked()))
    told = {"preset": "patch", "average": {"least_beats": 100}}
    found = answer(PaperCall.model_validate(asked(parameters=told)))
    assert found["meta"]["parameters"] != usual["meta"]["parameters"]
    assert usual["Intensity_ECGomics"]["wavefrom_related"]["qrs_pp"] is not None
    assert found["Intensity_ECGomics"]["wavefrom_related"]["qrs_pp"] is None
    assert found["meta"]["null_reasons"]["qrs_pp"] == "too_few_beats"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"hrv": {"nn_reject": 3}}, "parameters: hrv.nn_reject = 3: .*allowed: 0 to 1"),
        ({"hrvv": {}}, "parameters: hrvv: there is no such parameter"),
        ({"preset": "ward"}, "preset 'ward': there are patch"),
    ],
)
def test_parameters_that_cannot_be_are_the_callers_error(
    parameters: dict[str, object], said: str
) -> None:
    call_ = PaperCall.model_validate(asked(parameters=parameters))
    assert re.search(said, reply(call_.model_dump_json().encode())["error"])


def test_its_limits_are_those_of_the_pipeline() -> None:
    assert (call.MIN_FS_HZ, call.MAX_FS_HZ) == (pipeline.MIN_FS_HZ, pipeline.MAX_FS_HZ)


def test_samples_that_are_no_ecg_are_an_error_of_the_caller() -> None:
    huge = asked(gain=1e-6)
    said = reply(PaperCall.model_validate(huge).model_dump_json().encode())
    assert said["error"].startswith("ecgData: ")


def test_zero_and_filter_take_the_baseline() -> None:
    plain = asked()
    counts = np.array(plain["ecgData"])
    wander = 250 * np.sin(2 * np.pi * 0.1 * np.arange(counts.size) / FS_HZ)
    groups = [
        answer(PaperCall.model_validate({**plain, "ecgData": each.tolist()}))
        for each in (counts, counts + wander)
    ]
    still, moved = (g["Intensity_ECGomics"]["wavefrom_related"]["r_amp"] for g in groups)
    assert moved == pytest.approx(still, abs=0.03)


def test_leads_are_told_apart_and_keys_without_a_group_left_out() -> None:
    def of(key: str, value: float, lead: str | None) -> Measurement:
        return Measurement(key, value, "1", Dimension.INTENSITY, lead=lead)

    found = nested([of("r_amp", 1.0, "I"), of("r_amp", 2.0, "V5"), of("sqi", 1.0, None)])
    assert found["Intensity_ECGomics"]["wavefrom_related"] == {"r_amp_I": 1.0, "r_amp_V5": 2.0}
