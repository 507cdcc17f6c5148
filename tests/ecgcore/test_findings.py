"""Rules over a healthy 12-lead ECG made up of numbers, and over what is changed in it."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.catalogue import catalogue
from ecgcore.events import Measurement, NullReason, RhythmLabel
from ecgcore.findings import Facts, Findings, examine, find
from ecgcore.findings_rules import rules
from ecgcore.measured import Said, measurement_of
from ecgcore.person import Person, Sex
from ecgcore.report import Certainty, Statement
from ecgcore.statements import RhythmFound, rhythm
from ecgcore.vocabulary import UNSAID, vocabulary

LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")
CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
LEADS = (*LIMB, *CHEST)
MAN = Person(Sex.MALE, 50.0)
WOMAN = Person(Sex.FEMALE, 50.0)
NO_WAVE = NullReason.NOT_APPLICABLE
Key: TypeAlias = tuple[str, str | None]
R_MV = dict(zip(LEADS, (0.8, 1.0, 0.3, 0.1, 0.3, 0.6, 0.2, 0.5, 0.8, 1.2, 1.3, 1.0), strict=True))
S_MV = dict(zip(LEADS, (0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.8, 1.0, 0.7, 0.4, 0.2, 0.1), strict=True))
OF_ALL = {
    "hr_mean": 70.0,
    "rr_longest": 900.0,
    "p_fraction": 1.0,
    "p_dur": 100.0,
    "pr_int": 160.0,
    "qrs_dur": 92.0,
    "qtc_fridericia": 410.0,
    "qtc_wide": NO_WAVE,
    "p_axis": 50.0,
    "qrs_axis": 45.0,
    "einthoven_resid": 0.002,
    "low_voltage_limb": 1.1,
    "low_voltage_chest": 1.5,
    "lvh_sokolow": 2.1,
    "lvh_cornell": 1.0,
    "lvh_cornell_product": 92.0,
    "lvh_peguero": 1.4,
    "lvh_ravl": 0.3,
    "lvh_gubner": 0.9,
    "lvh_romhilt": 1.0,
    "rvh_rv1": 0.2,
    "rvh_sokolow": 0.4,
    "ptf_v1": 1000.0,
    "lead_reversal": "none",
    "pvc_count": 0.0,
    "pac_count": 0.0,
    "sgarbossa": 0.0,
    "early_repol": 0.0,
}
OF_LEAD = {
    "qrs_pp": 1.0,
    "q_amp": NO_WAVE,
    "q_dur": NO_WAVE,
    "r_dur": 30.0,
    "s_dur": 25.0,
    "rp_amp": NO_WAVE,
    "r_peak_time": 35.0,
    "qrs_area": 20.0,
    "st_j0": 10.0,
    "st_j60": 20.0,
    "st_slope": 1.0,
    "t_amp": 0.3,
    "t_peak_symmetry": 1.4,
    "u_amp": 0.02,
    "pr_level": 0.0,
    "p_amp_pos": 0.1,
    "p_peak_gap": 0.0,
    "st_over_s": -0.05,
    "delta_confidence": 0.0,
    "osborn": 0.0,
    "elec_alternans_qrs": 1.0,
}
SINUS = RhythmFound(RhythmLabel.SINUS_RHYTHM, 1, 10.0, 0.95, 0, 10**10)


def healthy(leads: tuple[str, ...] = LEADS) -> dict[Key, Said]:
    found: dict[Key, Said] = {(key, None): value for key, value in OF_ALL.items()}
    for lead in leads:
        found |= {(key, lead): value for key, value in OF_LEAD.items()}
        found |= {("r_amp", lead): R_MV[lead], ("s_amp", lead): S_MV[lead]}
        if lead in ("aVR", "V1"):
            found |= {("t_amp", lead): -0.2, ("qrs_area", lead): -20.0}
    return found


def measured(values: Mapping[Key, Said]) -> tuple[Measurement, ...]:
    return tuple(
        measurement_of(key, value, 10, 0.95, lead) for (key, lead), value in values.items()
    )


def facts(changes: Mapping[Key, Said] | None = None, **others: object) -> Facts:
    plain = Facts(
        measurements=measured(healthy() | dict(changes or {})),
        sqi=0.95,
        coverage=1.0,
        start_ns=0,
        end_ns=10**10,
        leads=LEADS,
        person=MAN,
        rhythms=(SINUS,),
    )
    return replace(plain, **others)  # type: ignore[arg-type]  # fields of Facts


def of_all(**values: Said) -> dict[Key, Said]:
    return {(key, None): value for key, value in values.items()}


def in_leads(leads: str, **values: Said) -> dict[Key, Said]:
    return {(key, lead): value for lead in leads.split() for key, value in values.items()}


def said(found: Findings | tuple[Statement, ...]) -> dict[str, Statement]:
    statements = found.statements if isinstance(found, Findings) else found
    return {each.id: each for each in statements}


RBBB = of_all(qrs_dur=140.0) | in_leads("V1", rp_amp=0.6) | in_leads("I V6", s_dur=60.0)
LBBB = (
    of_all(qrs_dur=150.0, qtc_wide=410.0)
    | in_leads("V5 V6", r_peak_time=80.0)
    | in_leads("V1 V2 V3", qrs_area=-60.0)
)
STE_INFERIOR = in_leads("II III aVF", st_j0=150.0)
LVH = of_all(lvh_sokolow=3.6)

CASES: list[tuple[str, dict[Key, Said], list[str]]] = [
    ("nothing", {}, ["sinus_rhythm", "normal_ecg"]),
    ("fast", of_all(hr_mean=101.0), ["rate_high"]),
    ("slow", of_all(hr_mean=49.0), ["rate_low"]),
    ("long PR", of_all(pr_int=201.0), ["avb1"]),
    ("short PR", of_all(pr_int=119.0), ["short_pr"]),
    (
        "delta waves",
        of_all(pr_int=110.0, qrs_dur=115.0) | in_leads("V4 V5", delta_confidence=80.0),
        ["preexcitation", "short_pr"],
    ),
    ("RBBB", RBBB, ["rbbb"]),
    ("RBBB without S in V6", RBBB | in_leads("V6", s_dur=20.0), ["ivcd"]),
    ("incomplete RBBB", RBBB | of_all(qrs_dur=115.0), ["irbbb"]),
    ("LBBB", LBBB, ["lbbb"]),
    ("LBBB but Q in V6", LBBB | in_leads("V6", q_amp=0.2, q_dur=20.0), ["ivcd"]),
    ("incomplete LBBB", LBBB | of_all(qrs_dur=115.0, qtc_wide=NO_WAVE), ["ilbbb"]),
    (
        "LAFB",
        of_all(qrs_axis=-50.0) | in_leads("aVL", q_amp=0.1, q_dur=20.0, r_peak_time=46.0),
        ["lafb", "lad"],
    ),
    (
        "LPFB",
        of_all(qrs_axis=100.0)
        | in_leads("I aVL", r_amp=0.2, s_amp=0.6)
        | in_leads("III aVF", q_amp=0.1, q_dur=20.0),
        ["lpfb", "rad"],
    ),
    ("wide", of_all(qrs_dur=125.0), ["ivcd"]),
    ("long QT", of_all(qtc_fridericia=455.0), ["long_qt"]),
    ("short QT", of_all(qtc_fridericia=355.0), ["short_qt"]),
    ("left axis", of_all(qrs_axis=-31.0), ["lad"]),
    ("right axis", of_all(qrs_axis=91.0), ["rad"]),
    ("superior axis", of_all(qrs_axis=-91.0), ["superior"]),
    (
        "no axis",
        of_all(qrs_axis=-60.0) | in_leads("I aVF", qrs_area=-1.0),
        ["indeterminate"],
    ),
    ("low limb leads", of_all(low_voltage_limb=0.49), ["low_voltage"]),
    ("low chest leads", of_all(low_voltage_chest=0.99), ["low_voltage"]),
    ("poor R", in_leads("V3", r_amp=0.3) | in_leads("V2", r_amp=0.2), ["poor_r_prog"]),
    ("Sokolow", LVH, ["lvh"]),
    ("Cornell", of_all(lvh_cornell=2.9), ["lvh"]),
    ("strain", LVH | in_leads("V5 V6", st_j60=-80.0, t_amp=-0.05), ["t_abn", "lvh_st_t", "lvh"]),
    (
        "tall R in V1",
        of_all(rvh_rv1=0.8, qrs_axis=100.0) | in_leads("V1", r_amp=0.8, s_amp=0.3),
        ["rvh", "rad"],
    ),
    ("P in V1", of_all(ptf_v1=5000.0), ["lae"]),
    ("notched P", of_all(p_dur=125.0) | in_leads("II", p_peak_gap=45.0), ["lae"]),
    ("tall P", in_leads("II", p_amp_pos=0.26), ["rae"]),
    ("STE", STE_INFERIOR, ["ste_udmi", "consider_acute_ischaemia"]),
    ("STE in one lead", in_leads("II", st_j0=150.0), []),
    ("STE in leads apart", in_leads("V2 V5", st_j0=260.0), []),
    ("STE of a man's V2, V3", in_leads("V2 V3", st_j0=199.0), []),
    ("STE beside LVH", STE_INFERIOR | LVH, ["lvh"]),
    ("STE beside LBBB", STE_INFERIOR | LBBB, ["lbbb"]),
    (
        "STD",
        in_leads("V4 V5 V6", st_j0=-80.0, st_j60=-90.0, st_slope=-0.2),
        ["consider_acute_ischaemia", "std_udmi"],
    ),
    ("STD that rises", in_leads("V4 V5 V6", st_j0=-80.0, st_j60=-60.0, st_slope=1.5), []),
    ("inverted T", in_leads("V4 V5", t_amp=-0.15), ["twi_udmi"]),
    ("inverted T over deep S", in_leads("V2 V3", t_amp=-0.15), []),
    ("flat T", in_leads("V5 V6", t_amp=0.04), ["t_abn"]),
    (
        "LBBB with points",
        LBBB | of_all(sgarbossa=5.0),
        ["sgarbossa", "consider_acute_ischaemia", "lbbb"],
    ),
    ("points without LBBB", of_all(sgarbossa=5.0), []),
    ("inferior Q", in_leads("III aVF", q_amp=0.2, q_dur=45.0), ["mi_inferior"]),
    ("narrow Q", in_leads("III aVF", q_amp=0.2, q_dur=25.0), []),
    ("QS", in_leads("V2 V3", q_amp=0.8, q_dur=70.0, r_amp=NO_WAVE), ["mi_anteroseptal"]),
    (
        "QS far round",
        in_leads("V2 V3 V4 V5", q_amp=0.8, q_dur=70.0, r_amp=NO_WAVE),
        ["mi_extensive"],
    ),
    ("lateral Q", in_leads("I aVL", q_amp=0.2, q_dur=45.0), ["mi_lateral"]),
    ("V beats", of_all(pvc_count=2.0), ["pvc"]),
    ("S beats", of_all(pac_count=1.0), ["pac"]),
    ("tall T", in_leads("V2 V3", t_amp=1.1), ["t_tall"]),
    (
        "tall T that falls as it rose",
        in_leads("V2 V3", t_amp=1.1, t_peak_symmetry=1.0),
        ["t_tall", "suggests_hyperkalaemia"],
    ),
    (
        "U waves over flat T",
        in_leads("V3 V4", t_amp=0.04, u_amp=0.15),
        ["t_abn", "u_prominent", "suggests_hypokalaemia"],
    ),
    (
        "ST high nearly everywhere, PR low",
        in_leads("I II V2 V3 V4 V5 V6", st_j0=120.0, pr_level=-90.0),
        ["ste_udmi", "consider_acute_ischaemia", "suggests_pericarditis"],
    ),
    ("J waves", in_leads("II aVF", osborn=1.0), ["osborn"]),
    ("alternans", in_leads("V4", elec_alternans_qrs=12.0), ["alternans"]),
]


@pytest.mark.parametrize(("changes", "ids"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_is_stated(changes: dict[Key, Said], ids: list[str]) -> None:
    found = said(find(facts(changes)))
    expected = set(ids) | {"sinus_rhythm"}
    # A change that no rule minds leaves a normal ECG.
    assert set(found) == (expected | {"normal_ecg"} if not ids else expected)
    assert list(found) == [id_ for id_ in vocabulary().terms if id_ in found]


def test_every_statement_carries_numbers_and_the_rules_that_made_it() -> None:
    for _, changes, _ in CASES:
        for each in find(facts(changes)):
            assert each.evidence
            assert each.rules == rules().name
            assert not any(word in each.text.en.lower() for word in UNSAID)


def test_evidence_is_the_value_the_limit_and_the_lead() -> None:
    ste = said(find(facts(STE_INFERIOR)))["ste_udmi"]
    told = {(e.lead, e.value, e.threshold) for e in ste.evidence}
    assert told == {(lead, 150.0, 100.0) for lead in ("II", "III", "aVF")}
    assert ste.text.en.endswith(", inferior II aVF III")
    assert ste.text.zh.endswith("，下壁 II aVF III")
    assert (ste.aha_code, ste.modifiers, ste.snomed) == (145, (363,), "164931005")


@pytest.mark.parametrize(
    ("person", "least_uv"),
    [
        (MAN, 200.0),
        (Person(Sex.MALE, 39.0), 250.0),
        (Person(Sex.MALE), 250.0),
        (WOMAN, 150.0),
        (Person(None, 50.0), 200.0),
    ],
)
def test_st_limits_of_v2_and_v3_are_those_of_sex_and_age(person: Person, least_uv: float) -> None:
    for level, is_said in ((least_uv, True), (least_uv - 1.0, False)):
        found = said(find(facts(in_leads("V2 V3", st_j0=level), person=person)))
        assert ("ste_udmi" in found) is is_said


def test_limits_of_voltage_depend_on_sex_and_age() -> None:
    changes = of_all(lvh_cornell=2.1)
    assert "lvh" not in said(find(facts(changes)))
    assert "Cornell" in said(find(facts(changes, person=WOMAN)))["lvh"].text.en
    young = facts(LVH, person=Person(Sex.MALE, 30.0))
    assert "lvh" not in said(find(young))
    unknown = examine(facts(LVH, person=Person()))
    assert "lvh" not in said(unknown)
    told = {each.rule: each.absent for each in unknown.unjudged}
    assert [(a.key, a.reason) for a in told["lvh_sokolow"]] == [("age_years", "not_known")]


def test_criteria_are_named_and_two_are_surer() -> None:
    one = said(find(facts(LVH)))["lvh"]
    assert one.text.en == "Left ventricular hypertrophy by voltage, Sokolow-Lyon"
    assert one.certainty is Certainty.POSSIBLE
    two = said(find(facts(LVH | of_all(lvh_cornell=3.0))))["lvh"]
    assert two.text.en.endswith(", Sokolow-Lyon, Cornell")
    assert two.certainty is Certainty.PROBABLE


def test_points_without_voltage_are_no_hypertrophy() -> None:
    points = of_all(lvh_romhilt=6.0)
    assert "lvh" not in said(find(facts(points)))
    assert "Romhilt-Estes" in said(find(facts(points | LVH)))["lvh"].text.en


def test_a_longer_qt_is_surer() -> None:
    certainty = {
        qtc: said(find(facts(of_all(qtc_fridericia=qtc))))["long_qt"]
        for qtc in (450.0, 480.0, 500.0)
    }
    assert [each.certainty for each in certainty.values()] == ["possible", "probable", "probable"]
    assert certainty[500.0].text.en.endswith(", marked")
    # A wide QRS is allowed for, and the QT of a fast heart is not judged.
    wide = of_all(qtc_fridericia=490.0, qtc_wide=430.0, qrs_dur=150.0)
    assert "long_qt" not in said(find(facts(wide)))
    assert "long_qt" not in said(find(facts(of_all(qtc_fridericia=490.0, hr_mean=130.0))))


def test_early_repolarisation_makes_infarction_one_to_consider() -> None:
    found = said(find(facts(STE_INFERIOR | of_all(early_repol=1.0))))
    assert found["ste_udmi"].certainty is Certainty.CONSIDER
    assert "consider_acute_ischaemia" not in found


@pytest.mark.parametrize("lead", ["II", "CHEST"])
@given(changes=st.sampled_from([case[1] for case in CASES]))
def test_one_lead_is_never_sure_of_what_takes_twelve(lead: str, changes: dict[Key, Said]) -> None:
    values = {
        (key, None if of is None else lead): value
        for (key, of), value in (healthy() | changes).items()
        if of in (None, "II")
    }
    groups = {"conduction", "axis", "chambers", "st_t", "infarct", "secondary"}
    for each in find(facts(measurements=measured(values), leads=(lead,))):
        assert each.id not in ("ste_udmi", "std_udmi", "twi_udmi", "normal_ecg")
        if vocabulary()[each.id].group in groups and each.id not in (
            "short_pr",
            "long_qt",
            "short_qt",
        ):
            assert each.certainty is Certainty.CONSIDER
            assert each.text.en.endswith("12-lead ECG advised")


def test_a_change_of_st_in_a_patch_is_never_an_infarction() -> None:
    values = {("d_st", "CHEST"): -120.0, ("hr_mean", None): 70.0}
    minute = facts(measurements=measured(values), leads=("CHEST",), end_ns=60 * 10**9)
    found = said(find(minute))
    assert set(found) == {"sinus_rhythm", "st_trend_patch"}
    trend = found["st_trend_patch"]
    assert trend.certainty is Certainty.CONSIDER
    assert [(e.key, e.value, e.threshold, e.lead) for e in trend.evidence] == [
        ("d_st", -120.0, 100.0, "CHEST"),
        ("sqi", 0.95, 0.8, None),
    ]
    for other in (replace(minute, sqi=0.79), replace(minute, end_ns=59 * 10**9)):
        assert "st_trend_patch" not in said(find(other))


def test_leads_that_contradict_each_other_are_told_first_and_silence_voltage() -> None:
    changes = of_all(einthoven_resid=0.2, qrs_axis=-60.0) | LVH | RBBB
    changes |= in_leads("III aVF", q_amp=0.2, q_dur=45.0)
    found = examine(facts(changes))
    assert list(said(found)) == ["lead_mismatch", "sinus_rhythm", "rbbb", "mi_inferior"]
    assert said(found)["mi_inferior"].certainty is Certainty.CONSIDER
    assert said(found)["rbbb"].certainty is Certainty.PROBABLE
    kept = {each.says: each.because for each in found.suppressed}
    assert kept["lad"] == kept["lvh"] == "lead_mismatch"


def test_a_class_is_compared_with_a_word() -> None:
    found = said(find(facts(of_all(lead_reversal="arms"))))
    assert found["lead_reversal"].evidence[0].text == "arms"
    assert "normal_ecg" not in found
    chest = said(find(facts(of_all(lead_reversal="chest", qrs_axis=-40.0))))
    assert set(chest) == {"sinus_rhythm", "chest_reversal", "lad"}


def test_poor_signal_says_no_more_than_that() -> None:
    for sqi, id_ in ((0.69, "poor_quality"), (0.49, "uninterpretable")):
        assert list(said(find(facts(STE_INFERIOR, sqi=sqi)))) == [id_]


def test_what_is_not_measured_is_told_and_not_taken_for_normal() -> None:
    values = healthy()
    del values["qrs_dur", None]
    values["pr_int", None] = NullReason.NO_P_WAVE
    found = examine(facts(measurements=measured(values)))
    told = {each.rule: {(a.key, a.reason) for a in each.absent} for each in found.unjudged}
    assert told["avb1"] == {("pr_int", "no_p_wave")}
    assert told["ivcd"] == {("qrs_dur", "not_measured")}
    assert "normal_ecg" not in said(found)
    # R' and S decide already that there is no RBBB.
    assert "rbbb" not in told
    right_chest = examine(facts()).unjudged
    assert {a.reason for u in right_chest if u.rule == "ste_posterior" for a in u.absent} == {
        "lead_missing"
    }


def test_a_wave_that_is_not_there_is_small_only_where_the_qrs_was_measured() -> None:
    values = healthy() | LBBB
    assert "lbbb" in said(find(facts(measurements=measured(values))))
    values["qrs_pp", "V6"] = NO_WAVE
    found = examine(facts(measurements=measured(values)))
    assert "lbbb" not in said(found)
    assert "lbbb" in {each.rule for each in found.unjudged}


@pytest.mark.parametrize(
    ("label", "seconds", "of_s", "is_told"),
    [
        (RhythmLabel.UNDETERMINED, 1.0, 10, False),
        (RhythmLabel.UNDETERMINED, 5.0, 10, True),
        (RhythmLabel.UNDETERMINED, 29.0, 60, False),
        (RhythmLabel.SINUS_TACHY, 1.5, 10, False),
        (RhythmLabel.SINUS_TACHY, 9.9, 60, False),
        (RhythmLabel.SINUS_TACHY, 10.0, 60, True),
        (RhythmLabel.NSVT, 1.0, 60, True),
    ],
)
def test_a_brief_sinus_rhythm_or_unknown_one_is_not_told_beside_a_longer_one(
    label: RhythmLabel, seconds: float, of_s: int, is_told: bool
) -> None:
    brief = RhythmFound(label, 1, seconds, 0.5, 0, 10**9)
    af = RhythmFound(RhythmLabel.AFIB, 1, of_s - seconds, 0.95, 0, 10**9)
    told = [each.id for each in rhythm((brief, af), of_s, rules())]
    assert (label in told) is is_told
    assert [each.id for each in rhythm((brief,), of_s, rules())] == [label]


@pytest.mark.parametrize(
    ("rate", "modifier", "words"), [(120.0, 346, "rapid"), (50.0, 347, "slow"), (80.0, None, "all")]
)
def test_the_rate_in_fibrillation_is_a_modifier(
    rate: float, modifier: int | None, words: str
) -> None:
    af = RhythmFound(RhythmLabel.AFIB, 1, 10.0, 0.95, 0, 10**10)
    changes = of_all(hr_mean=rate, pr_int=NullReason.AF)
    found = said(find(facts(changes, rhythms=(af,))))["afib"]
    assert found.modifiers == (() if modifier is None else (modifier,))
    assert words in found.text.en
    assert found.certainty is Certainty.PROBABLE


def test_a_limit_that_is_set_holds_and_changes_the_digest() -> None:
    stricter = rules().with_limits({"pr_long": 210.0, "qtc_long.men": 460.0})
    assert stricter.name != rules().name
    changes = of_all(pr_int=205.0, qtc_fridericia=455.0)
    assert {"avb1", "long_qt"} <= set(said(find(facts(changes))))
    assert not {"avb1", "long_qt"} & set(said(find(facts(changes), stricter)))


@given(
    st.dictionaries(st.sampled_from(sorted(healthy(), key=str)), st.floats(-500, 500), max_size=8)
)
def test_any_numbers_give_findings_in_order_with_true_evidence(values: dict[Key, float]) -> None:
    changes = {k: v for k, v in values.items() if catalogue()[k[0]].unit is not None}
    found = find(facts(changes))
    ids = [each.id for each in found]
    assert ids == [id_ for id_ in vocabulary().terms if id_ in ids]
    merged = healthy() | changes
    for each in found:
        for e in each.evidence:
            if (e.key, e.lead) in merged:
                assert e.value == merged[e.key, e.lead]
            assert math.isfinite(e.threshold)


def test_normal_stands_alone() -> None:
    for name, changes, ids in CASES:
        assert ("normal_ecg" in said(find(facts(changes)))) is (ids == [] or name == "nothing")
