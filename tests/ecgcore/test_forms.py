"""Forms, flags and indices of beats drawn by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.average_signal import AverageSignal
from ecgcore.average_twelve import noise_mv
from ecgcore.events import BeatLabel, Measurement, NullReason
from ecgcore.extraction import ExtractionConfig, analyse
from ecgcore.form_config import FormConfig
from ecgcore.forms import FORM_KEYS, measure_forms
from ecgcore.global_forms import GLOBAL_FORMS, global_forms
from ecgcore.lead_forms import LEAD_FORMS, lead_forms
from ecgcore.measured import Said
from ecgcore.person import UNKNOWN, Person, Sex
from ecgcore.recorded import Recorded
from ecgcore.stored import Window
from tests.ecgcore.drawn_beats import (
    NO_P_MS,
    POINTS_MS,
    Triangle,
    beat_of,
    changed,
    drawn,
    heart,
    twelve,
)
from tests.strategies import ecg_of

CONFIG = FormConfig()
P_UP: Triangle = (100, 150, 200, 0.1)
T_UP: Triangle = (430, 510, 590, 0.4)


def of_lead(lead: str, *waves: Triangle, signal: AverageSignal | None = None) -> dict[str, Said]:
    """Measure one lead by itself, or within a beat."""
    signal = signal or beat_of({lead: drawn(waves)})
    return {key: said for (key, of), said in lead_forms(signal, CONFIG).items() if of == lead}


def of_all(signal: AverageSignal, person: Person = UNKNOWN) -> dict[str, Said]:
    return global_forms(signal, person, CONFIG)


def test_every_form_of_a_usual_lead() -> None:
    found = of_lead(
        "V5", P_UP, (260, 270, 280, -0.1), (280, 300, 320, 1.0), (320, 330, 345, -0.3), T_UP
    )
    expected: dict[str, Said] = {
        "p_form": "upright",
        "pr_form": "horizontal",
        "qrs_pattern": "qRs",
        "qrs_polarity": "positive",
        "st_form": "horizontal",
        "t_form": "upright",
        "fqrs": 0.0,
        "delta_confidence": 0.0,
        "osborn": 0.0,
        # A rise and a fall that are straight make a triangle, whatever their lengths.
        "t_flatness": 0.4,
        "t_notch": 0.0,
        "q_pathologic": NullReason.LEAD_MISSING,
    }
    for key, said in expected.items():
        assert found[key] == (pytest.approx(said, abs=0.05) if said == 0.4 else said), key
    hermite = [found[key] for key in LEAD_FORMS if key.startswith("hermite_")]
    assert 0.9 < sum(each**2 for each in hermite if isinstance(each, float)) <= 1.0 + 1e-9


@pytest.mark.parametrize(
    ("waves", "form"),
    [
        ([(430, 510, 590, 0.4)], "upright"),
        ([(430, 510, 590, -0.4)], "inverted"),
        ([(430, 470, 510, 0.3), (510, 550, 590, -0.2)], "biphasic_up_down"),
        ([(430, 470, 510, -0.2), (510, 550, 590, 0.3)], "biphasic_down_up"),
        ([(430, 510, 590, 0.045)], "flat"),
        ([(430, 470, 530, 0.3), (490, 550, 590, 0.3)], "notched"),
        # Lower than a tenth of R.
        ([(430, 510, 590, 0.08), (260, 300, 350, 1.0)], "flat"),
    ],
)
def test_forms_of_t(waves: list[Triangle], form: str) -> None:
    assert of_lead("V4", *waves)["t_form"] == form


@pytest.mark.parametrize(
    ("waves", "form"),
    [
        ([(100, 150, 200, -0.1)], "inverted"),
        ([(100, 125, 150, 0.06), (150, 175, 200, -0.06)], "biphasic_up_down"),
        ([(100, 125, 150, 0.1), (150, 175, 200, 0.12)], "notched"),
        ([(100, 150, 200, 0.015)], NullReason.NO_P_WAVE),
    ],
)
def test_forms_of_p(waves: list[Triangle], form: Said) -> None:
    assert of_lead("V1", *waves)["p_form"] == form


def test_forms_of_segments() -> None:
    at_ms = np.arange(800.0)
    # From J on up by 2 mV/s, bent either way; from the end of P down by 1 mV/s.
    rise = np.clip((at_ms - 350.0) / 80.0, 0.0, 1.0)
    for bend, form in ((2.0, "upsloping_concave"), (0.5, "upsloping_convex"), (1.0, "upsloping")):
        lead = drawn([(260, 300, 340, 1.0)]) + 0.16 * rise**bend
        assert of_lead("V2", signal=beat_of({"V2": lead}))["st_form"] == form
    fall = -0.06 * np.clip((at_ms - 200.0) / 60.0, 0.0, 1.0)
    assert of_lead("II", signal=beat_of({"II": drawn([P_UP]) + fall}))["pr_form"] == "downsloping"


def test_notch_of_t_over_its_peak() -> None:
    # Two equal tops, the dip between them half as deep as they are high.
    found = of_lead("V3", (430, 470, 550, 0.4), (470, 550, 590, 0.4 / 1.0))
    whole = drawn([(430, 470, 550, 0.4), (470, 550, 590, 0.4)])
    dip = 1.0 - whole[470:551].min() / whole.max()
    assert found["t_notch"] == pytest.approx(dip, abs=0.05)


def test_score_of_a_symmetric_t() -> None:
    expected = {"mcs": 1.6 * 0.4}
    assert of_all(beat_of(heart()))["mcs"] == pytest.approx(expected["mcs"], abs=0.06)


def test_axes_of_the_beginning_and_the_end() -> None:
    # First along I with nothing in aVF, last along aVF with nothing in I.
    first, last = drawn([(260, 280, 300, 0.5)]), drawn([(310, 330, 350, 0.5)])
    eight = dict.fromkeys(("V1", "V2", "V3", "V4", "V5", "V6"), first)
    found = of_all(beat_of(twelve({**eight, "I": first, "II": 0.5 * first + last})))
    expected = {"qrs_init_axis": 0.0, "qrs_term_axis": 90.0}
    for key, deg in expected.items():
        assert found[key] == pytest.approx(deg, abs=1e-6), key


def test_fragments_of_a_narrow_qrs_and_their_territory() -> None:
    notched: list[Triangle] = [(260, 280, 310, 0.8), (290, 320, 340, 0.8)]
    leads = changed(heart(), II=notched, aVF=notched, V1=[(260, 270, 280, 0.2)], V4=notched)
    signal = beat_of(leads)
    assert [of_lead(lead, signal=signal)["fqrs"] for lead in ("II", "aVF", "V4", "V5", "I")] == [
        *(1.0, 1.0, 1.0, 0.0, 0.0),
    ]
    assert of_all(signal)["fqrs_territory"] == "inferior"
    both = beat_of(changed(leads, V5=notched))
    assert of_all(both)["fqrs_territory"] == "anterior_inferior"
    assert of_all(beat_of(heart()))["fqrs_territory"] == "none"


def test_the_right_bundles_pattern_is_no_fragment() -> None:
    waves: list[Triangle] = [(260, 270, 280, 0.3), (280, 300, 320, -0.6), (320, 335, 350, 0.4)]
    assert of_lead("V1", *waves)["qrs_pattern"] == "rSr'"
    assert [of_lead(lead, *waves)["fqrs"] for lead in ("V1", "V2", "V3")] == [0.0, 0.0, 1.0]


def test_noise_makes_no_fragments_and_no_notches() -> None:
    noise = np.random.default_rng(3).normal(0.0, 0.015, 800)
    lead = heart()["V5"] + noise
    assert noise_mv(lead) == pytest.approx(0.015, rel=0.15)
    found = of_lead("V5", signal=beat_of({"V5": lead}))
    assert (found["fqrs"], found["p_form"], found["t_form"]) == (0.0, "upright", "upright")


def test_pathologic_q_waves() -> None:
    q: list[Triangle] = [(260, 280, 300, -0.3), (300, 320, 340, 0.5)]
    qs: list[Triangle] = [(260, 300, 340, -0.8)]
    low: list[Triangle] = [(260, 280, 300, -0.08), (300, 320, 340, 0.5)]
    leads = changed(heart(), III=q, aVF=q, II=low, I=q, V1=qs, V2=qs, V3=[(260, 300, 350, 1.0)])
    signal = beat_of(leads)
    found = {lead: of_lead(lead, signal=signal)["q_pathologic"] for lead in leads}
    told = {"II": 0.0, "III": 1.0, "aVF": 1.0, "aVL": 0.0, "V2": 1.0, "V3": 0.0, "V4": 0.0}
    # In lead I alone of its group.
    assert found | told | {"I": 0.0} == found
    assert found["V1"] is found["aVR"] is NullReason.NOT_APPLICABLE
    wide = beat_of(leads, (*POINTS_MS[:4], 390.0, *POINTS_MS[5:]))
    assert of_lead("III", signal=wide)["q_pathologic"] is NullReason.WIDE_QRS


def test_posterior_r_and_coved_st() -> None:
    tall: list[Triangle] = [(260, 290, 310, 0.6), (310, 325, 345, -0.4), T_UP]
    expected = {"r_v1_posterior": 1.0}
    assert of_all(beat_of(changed(heart(), V1=tall, V2=tall)))["r_v1_posterior"] == 1.0
    assert of_all(beat_of(changed(heart(), V1=tall)))["r_v1_posterior"] == 0.0
    assert of_all(beat_of(heart()))["brugada1"] == 0.0
    coved: list[Triangle] = [(260, 280, 300, 0.2), (340, 349, 440, 0.4), (440, 510, 590, -0.3)]
    expected |= {"brugada1": 1.0}
    assert of_all(beat_of(changed(heart(), V1=coved)))["brugada1"] == expected["brugada1"]
    upright: list[Triangle] = [*coved[:2], (440, 510, 590, 0.3)]
    assert of_all(beat_of(changed(heart(), V1=upright)))["brugada1"] == 0.0


def test_notches_and_slurs_at_the_end_of_r() -> None:
    notch: list[Triangle] = [(260, 290, 320, 1.0), (318, 335, 350, 0.2)]
    # From 0.3 mV on it falls at a fifth of the speed.
    slur = np.interp(np.arange(800.0), [260, 290, 311, 350], [0.0, 1.0, 0.2, 0.0], 0.0, 0.0)
    straight = of_all(beat_of(heart()))["early_repol"]
    assert straight == 0.0
    assert of_all(beat_of(changed(heart(), II=notch, aVF=notch)))["early_repol"] == 1.0
    assert of_all(beat_of({**heart(), "V5": slur, "V6": slur}))["early_repol"] == 1.0
    assert of_all(beat_of(changed(heart(), II=notch)))["early_repol"] == 0.0
    cold = beat_of(changed(heart(), II=notch), (*POINTS_MS[:7], 760.0), rr_s=1.2)
    assert of_lead("II", signal=cold)["osborn"] == 1.0
    assert of_lead("V5", signal=cold)["osborn"] == 0.0
    warm = beat_of(changed(heart(), II=notch))
    assert of_lead("II", signal=warm)["osborn"] == 0.0


def test_a_slow_start_is_a_delta_wave_if_pr_is_short() -> None:
    at_ms = np.arange(800.0)
    delta = np.interp(at_ms, [210, 260, 285, 330], [0.0, 0.2, 1.0, 0.0], 0.0, 0.0)
    short = (130.0, 200.0, 210.0, 285.0, 330.0, *POINTS_MS[5:])
    long = (70.0, *short[1:])
    expected = {"delta_confidence": 100.0}
    found = lead_forms(beat_of({"V4": delta}, short), CONFIG)
    assert found["delta_confidence", "V4"] == pytest.approx(expected["delta_confidence"])
    assert lead_forms(beat_of({"V4": delta}, long), CONFIG)["delta_confidence", "V4"] == 0.0
    # Found only where it is steep, it still begins where it does.
    late = (130.0, 190.0, 245.0, *short[3:])
    assert lead_forms(beat_of({"V4": delta}, late), CONFIG)["delta_confidence", "V4"] == 100.0
    sharp = drawn([(210, 285, 330, 1.0)])
    assert lead_forms(beat_of({"V4": sharp}, short), CONFIG)["delta_confidence", "V4"] == 0.0


def test_products_and_points_of_large_chambers() -> None:
    leads = changed(
        heart(), aVL=[(260, 300, 340, 1.2)], V3=[(260, 280, 300, 0.2), (300, 320, 340, -1.0)]
    )
    signal = beat_of(leads)
    men, women = of_all(signal, Person(Sex.MALE)), of_all(signal, Person(Sex.FEMALE))
    assert men["lvh_cornell_product"] == pytest.approx(2.2 * 90.0, rel=1e-3)
    assert women["lvh_cornell_product"] == pytest.approx(3.0 * 90.0, rel=1e-3)
    assert of_all(signal)["lvh_cornell_product"] is NullReason.NOT_APPLICABLE
    # Duration alone.
    assert of_all(beat_of(heart()))["lvh_romhilt"] == 1.0
    strained: list[Triangle] = [(260, 312, 340, 3.2), (345, 420, 430, -0.1), (430, 510, 590, -0.3)]
    left: list[Triangle] = [(260, 300, 340, -1.0)]
    atrium: list[Triangle] = [(130, 165, 200, -0.1)]
    whole = changed(heart(), V5=strained, V1=atrium, aVF=left, I=[(260, 300, 340, 1.0)])
    expected = {"lvh_romhilt": 3.0 + 3.0 + 3.0 + 2.0 + 1.0 + 1.0}
    assert of_all(beat_of(whole))["lvh_romhilt"] == expected["lvh_romhilt"]


def test_large_atria() -> None:
    expected = {"rae_index": 1.0, "lae_index": 1.0}
    usual = of_all(beat_of(heart()))
    assert (usual["rae_index"], usual["lae_index"]) == (0.0, 0.0)
    peaked = of_all(beat_of(changed(heart(), II=[(100, 150, 200, 0.3)])))
    assert peaked["rae_index"] == expected["rae_index"]
    deep = of_all(beat_of(changed(heart(), V1=[(140, 170, 200, -0.1)])))
    assert deep["lae_index"] == expected["lae_index"]
    # 140 ms long, with tops 60 ms apart.
    wide = (60.0, *POINTS_MS[1:])
    two: list[Triangle] = [(60, 100, 140, 0.15), (120, 160, 200, 0.15)]
    assert of_all(beat_of(changed(heart(), II=two), wide))["lae_index"] == 1.0
    assert of_all(beat_of(changed(heart(), II=two)))["lae_index"] == 0.0


def test_limb_leads_that_follow_are_made() -> None:
    whole = heart()
    eight = {lead: whole[lead] for lead in whole if lead not in ("III", "aVR", "aVL", "aVF")}
    one, other = of_all(beat_of(whole)), of_all(beat_of(eight))
    for key, said in one.items():
        same = pytest.approx(said, rel=1e-9) if type(said) is float else said
        assert other[key] == same, key
    alone = of_all(beat_of({"II": whole["II"]}))
    missing = set(GLOBAL_FORMS)
    assert {key for key in missing if alone[key] is NullReason.LEAD_MISSING} == missing


@given(st.sets(st.sampled_from(list(heart())), min_size=1))
def test_any_leads_give_every_key(leads: set[str]) -> None:
    whole = heart()
    signal = beat_of({lead: whole[lead] for lead in whole if lead in leads})
    found, complete = of_all(signal), of_all(beat_of(whole))
    assert set(found) == set(GLOBAL_FORMS)
    for key, said in found.items():
        assert said is NullReason.LEAD_MISSING or said == complete[key], key
    assert {key for key, _ in lead_forms(signal, CONFIG)} == set(LEAD_FORMS)


def test_what_is_not_there_has_no_form() -> None:
    no_p = beat_of(heart(), NO_P_MS)
    for key in ("p_form", "pr_form", "delta_confidence"):
        assert of_lead("II", signal=no_p)[key] is NullReason.NO_P_WAVE, key
    for key in ("rae_index", "lae_index"):
        assert of_all(no_p)[key] is NullReason.NO_P_WAVE, key
    assert of_all(no_p)["lead_reversal"] == "none"
    nothing = beat_of(heart(), [math.nan] * 8)
    found = of_lead("II", signal=nothing)
    assert {found[key] for key in LEAD_FORMS if key[:2] not in ("p_", "pr")} == {
        NullReason.NOT_APPLICABLE
    }
    paced = beat_of(heart(), label=BeatLabel.PACED)
    keys = ("p_form", "pr_form", "fqrs", "delta_confidence", "q_pathologic", "osborn")
    assert {of_lead("II", signal=paced)[key] for key in keys} == {NullReason.PACED}
    assert of_all(paced)["early_repol"] is NullReason.PACED
    flat = beat_of({"II": np.zeros(800)})
    assert of_lead("II", signal=flat)["qrs_pattern"] is NullReason.NOT_APPLICABLE


def recorded(seconds: float = 12.0) -> Recorded:
    one = ecg_of([0.6 + 0.8 * k for k in range(int(seconds / 0.8))], 250.0, seconds, noise_mv=0.005)
    return analyse(np.stack([one, 0.7 * one]), 250.0, ("II", "V5"), ExtractionConfig())


def values(of: Recorded) -> dict[tuple[str, str | None], Measurement]:
    return {(each.key, each.lead): each for each in measure_forms(of, CONFIG)}


def test_the_family_gives_every_key_of_a_recording() -> None:
    of = recorded()
    found = values(of)
    assert {key for key, _ in found} == set(FORM_KEYS)
    assert found["qrs_pattern", "II"].text is not None
    assert found["p_present", "V5"].value == 1.0
    assert found["u_present", "II"].text == "absent"
    assert found["pace_spike_count", None].value == 0.0
    assert found["lead_reversal", None].null_reason is NullReason.LEAD_MISSING
    assert found["t_form", "II"].n >= 10
    few = replace(of, average=NullReason.TOO_FEW_BEATS)
    assert values(few)["t_form", "II"].null_reason is NullReason.TOO_FEW_BEATS
    noisy = replace(of, window=_of_quality(of.window, 0.1))
    assert {each.null_reason for each in values(noisy).values()} == {NullReason.LOW_SQI}


def _of_quality(window: Window, sqi: float) -> Window:
    return replace(window, sqi=sqi)
