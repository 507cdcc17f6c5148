"""The representative beat lead by lead and lead beside lead, against hearts drawn by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.average_leads import CHEST, TWELVE
from ecgcore.average_signal import AverageSignal
from ecgcore.average_waves import (
    AverageWavesConfig,
    p_peak_gap_ms,
    st_over_s,
    st_t_concordance,
    wave_times_ms,
)
from ecgcore.events import BeatLabel, NullReason
from ecgcore.lead_likeness import (
    LEADS_BESIDE,
    LeadLikenessConfig,
    correlations,
    lead_matrix,
    patch_beside,
    patch_leads,
)
from ecgcore.lead_spread import LEAD_SPREAD, LeadSpreadConfig, lead_spread
from ecgcore.person import UNKNOWN, Person, Sex
from ecgcore.rhythm import RhythmConfig
from ecgcore.st_groups import StGroupsConfig, limit_in_v2_v3_uv, sgarbossa, ste_contiguous
from ecgcore.structure import AVERAGE_GLOBAL, StructureConfig, measure_structure
from ecgcore.types import FloatArray
from tests.ecgcore.recordings import (
    AF_SHARE,
    NO_P,
    POINTS_MS,
    USUAL,
    averaged,
    places,
    recorded,
    triangle,
    values,
)

WAVES, ST = AverageWavesConfig(), StGroupsConfig()
QRS = triangle(260, 300, 350, 1.0)
FLAT = np.zeros(800)


def one(ecg_mv: FloatArray, points_ms: tuple[float, ...] = POINTS_MS) -> AverageSignal:
    return averaged({"II": ecg_mv}, points_ms)


def twelve(
    qrs_mv: dict[str, float] | None = None,
    st_uv: dict[str, float] | None = None,
    points_ms: tuple[float, ...] = POINTS_MS,
    label: BeatLabel = BeatLabel.NORMAL,
) -> AverageSignal:
    """Give QRS and ST levels of leads; a QRS upward of 1 mV and 0 uV unless told."""
    end = round(points_ms[4])
    leads = {}
    for lead in TWELVE:
        shape = triangle(260, 300, end, (qrs_mv or {}).get(lead, 1.0))
        shape[end:600] += 1e-3 * (st_uv or {}).get(lead, 0.0)
        leads[lead] = shape
    return averaged(leads, points_ms, label)


def test_peaks_of_a_notched_p_wave() -> None:
    notched = triangle(100, 130, 155, 0.12) + triangle(145, 172, 200, 0.10)
    drawn = {"p_peak_gap": 42.0}
    assert p_peak_gap_ms(one(QRS + notched), "II", WAVES) == pytest.approx(
        drawn["p_peak_gap"], abs=1.0
    )
    assert p_peak_gap_ms(one(QRS - notched), "II", WAVES) == pytest.approx(42.0, abs=1.0)
    single, biphasic = triangle(100, 150, 200, 0.1), notched * np.sign(150.5 - np.arange(800))
    for p in (single, biphasic, 0.2 * notched):
        assert p_peak_gap_ms(one(QRS + p), "II", WAVES) is NullReason.NOT_APPLICABLE
    assert p_peak_gap_ms(one(QRS, NO_P), "II", WAVES) is NullReason.NO_P_WAVE


def test_times_of_waves() -> None:
    ecg_mv = triangle(100, 150, 200, 0.1) + triangle(260, 270, 280, -0.2)
    ecg_mv += triangle(280, 300, 320, 0.8) + triangle(320, 335, 350, -0.4)
    found = wave_times_ms(one(ecg_mv), "II", WAVES)
    drawn = {"wave_times": (-160.0, -110.0, 10.0, 40.0, 75.0, 270.0)}
    assert found == pytest.approx(drawn["wave_times"], abs=1.0)
    qs = wave_times_ms(one(triangle(260, 300, 350, -1.0), NO_P), "II", WAVES)
    nan = math.nan
    assert qs == pytest.approx((nan, nan, 40.0, nan, nan, 270.0), abs=1.0, nan_ok=True)
    unknown = (*POINTS_MS[:2], *[nan] * 3, *POINTS_MS[5:])
    assert wave_times_ms(one(QRS, unknown), "II", WAVES) is NullReason.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("qrs_mv", "st_uv", "side"), [(1.0, 100.0, 1.0), (-1.0, 100.0, -1.0), (1.0, 40.0, 0.0)]
)
def test_st_on_the_side_of_the_qrs(qrs_mv: float, st_uv: float, side: float) -> None:
    found = st_t_concordance(twelve({"II": qrs_mv}, {"II": st_uv}), "II", WAVES)
    drawn = {"st_t_concordance": side}
    assert found == drawn["st_t_concordance"]


def test_elevation_over_s() -> None:
    of = twelve({"V2": -2.0, "V3": -2.0}, {"V2": 500.0, "V3": 90.0, "V4": 500.0})
    drawn = {"st_over_s": -0.25}
    assert st_over_s(of, "V2", WAVES) == pytest.approx(drawn["st_over_s"], rel=0.01)
    # Too low, and where the QRS points upward.
    assert st_over_s(of, "V3", WAVES) is NullReason.NOT_APPLICABLE
    assert st_over_s(of, "V4", WAVES) is NullReason.NOT_APPLICABLE
    assert st_over_s(one(-QRS), "II", WAVES) is NullReason.LEAD_MISSING


def test_the_row_of_chest_leads() -> None:
    of = twelve(st_uv={"III": 150.0, "aVL": -70.0})
    for lead, ratio in zip(CHEST, (0.5, 1.0, 2.0, 4.0, 8.0, 10.0), strict=True):
        down = triangle(310, 330, 350, -1.0)
        of.beat.ecg_mv[of.leads.index(lead)] = triangle(260, 285, 310, ratio) + down
    drawn = {
        "rs_v1": 0.5,
        "rs_v2": 1.0,
        "rs_v3": 2.0,
        "rs_v4": 4.0,
        "rs_v5": 8.0,
        "rs_v6": 10.0,
        "reverse_prog": 0.0,
        "st_reciprocal": 220.0,
    }
    assert set(drawn) == set(LEADS_BESIDE)
    for key, value in drawn.items():
        assert LEADS_BESIDE[key](of) == pytest.approx(value, rel=1e-3), key
        assert LEADS_BESIDE[key](one(QRS)) is NullReason.LEAD_MISSING, key
    falling = twelve({"V1": 0.2, "V2": 0.5, "V3": 0.4, "V4": 1.0})
    assert LEADS_BESIDE["reverse_prog"](falling) == 1.0
    assert LEADS_BESIDE["rs_v1"](falling) is NullReason.NOT_APPLICABLE


def test_correlations_agree_with_numpy_and_a_flat_lead_has_none() -> None:
    rows = np.random.default_rng(4).normal(size=(4, 50))
    assert correlations(rows) == pytest.approx(np.corrcoef(rows))
    rows[2] = 1.0
    assert np.isnan(correlations(rows)[2]).all()
    found = lead_matrix(averaged({"I": QRS, "II": -2.0 * QRS}))
    drawn = {"lead_corr_matrix": (1.0, -1.0, -1.0, 1.0)}
    assert found == pytest.approx(drawn["lead_corr_matrix"])
    assert lead_matrix(one(QRS)) is NullReason.LEAD_MISSING


@given(st.integers(2, 6), st.integers(0, 1000))
def test_correlations_are_symmetric_and_bounded(n: int, seed: int) -> None:
    found = correlations(np.random.default_rng(seed).normal(size=(n, 20)))
    assert found == pytest.approx(found.T)
    assert np.diag(found) == pytest.approx(np.ones(n))
    assert (np.abs(found) <= 1.0).all()


def test_a_patch_beside_the_lead_it_is_most_like() -> None:
    config = LeadLikenessConfig()
    other = triangle(430, 530, 590, 1.0)
    of = averaged({"chest": -0.5 * QRS, "I": QRS + 0.1 * other, "V2": QRS, "III": other})
    assert patch_leads(of, config) == ("chest",)
    found = patch_beside(of, "chest", config)
    drawn = {"patch_vs_12": (4.0, -1.0, -0.5)}
    assert found == pytest.approx(drawn["patch_vs_12"])
    alone = averaged({"CHEST": QRS, "I": QRS})
    assert patch_beside(alone, "CHEST", config) is NullReason.LEAD_MISSING
    flat = averaged({"CHEST": FLAT, "I": QRS, "II": QRS})
    assert patch_beside(flat, "CHEST", config) is NullReason.NOT_APPLICABLE


def test_leads_that_end_at_different_times() -> None:
    away = dict(zip(TWELVE, range(0, 60, 5), strict=True))
    own = {
        lead: USUAL
        | {
            "qrs": (-40.0, 0.0, 50.0 + 0.4 * ms),
            "t": (180.0, 280.0 - 0.2 * ms, 360.0 + ms),
            "p": (-200.0, -160.0, -120.0 + 0.5 * ms),
        }
        for lead, ms in away.items()
    }
    beats = places(recorded([500.0, 1300.0, 2100.0], leads=TWELVE, lead_waves_ms=own))
    found = lead_spread(beats, twelve(), LeadSpreadConfig())
    drawn = {
        "qt_disp": 55.0,
        "qtc_disp": 55.0 / 0.8 ** (1 / 3),
        "jt_disp": 0.6 * 55.0,
        "tpe_disp": 1.2 * 55.0,
        "qrs_disp": 0.4 * 55.0,
        "p_disp": 0.5 * 55.0,
        # All begin together: half the variance of the ends.
        "onset_scatter": float(np.std(list(away.values()), ddof=1)) / 2**0.5,
    }
    assert set(drawn) == set(LEAD_SPREAD)
    for key, value in drawn.items():
        assert found[key] == pytest.approx(value), key


def test_a_dispersion_needs_eight_leads_with_the_wave() -> None:
    config = LeadSpreadConfig()
    seven = recorded([500.0, 1300.0], leads=TWELVE[:7])
    missing = lead_spread(places(seven), twelve(), config)
    assert set(missing.values()) == {NullReason.LEAD_MISSING}
    no_p = {name: USUAL[name] for name in ("qrs", "t")}
    lead_waves = dict.fromkeys(TWELVE[:5], no_p)
    found = lead_spread(
        places(recorded([500.0, 1300.0], leads=TWELVE, lead_waves_ms=lead_waves)), twelve(), config
    )
    assert found["p_disp"] is NullReason.NO_P_WAVE
    assert found["qt_disp"] == pytest.approx(0.0)
    no_t = {name: USUAL[name] for name in ("qrs",)}
    found = lead_spread(places(recorded([500.0], "", [no_t], leads=TWELVE)), twelve(), config)
    for key in ("qt_disp", "qtc_disp", "onset_scatter"):
        assert found[key] is NullReason.NOT_APPLICABLE, key


@pytest.mark.parametrize(
    ("person", "limit_uv"),
    [
        (Person(Sex.MALE, 60.0), 200.0),
        (Person(Sex.MALE, 39.9), 250.0),
        (Person(Sex.FEMALE, 20.0), 150.0),
        (Person(Sex.FEMALE, None), 150.0),
        (Person(Sex.MALE, None), 250.0),
        (Person(None, 60.0), 200.0),
        (UNKNOWN, 250.0),
    ],
)
def test_limits_in_v2_and_v3(person: Person, limit_uv: float) -> None:
    assert limit_in_v2_v3_uv(person, ST) == limit_uv


@pytest.mark.parametrize(
    ("st_uv", "group"),
    [
        ({}, "none"),
        ({"II": 120.0, "aVF": 130.0, "III": 110.0}, "inferior"),
        # Not neighbours.
        ({"II": 120.0, "III": 130.0}, "none"),
        ({"I": 110.0, "aVL": 110.0}, "lateral"),
        ({"V5": 110.0, "V6": 110.0}, "lateral"),
        ({"V4": 110.0, "V5": 110.0}, "anterior"),
        # Below the limit of a man of 60 in V2 and V3.
        ({"V1": 120.0, "V2": 180.0, "V3": 180.0, "V4": 120.0}, "none"),
        ({"V1": 120.0, "V2": 210.0, "V3": 210.0, "V4": 120.0}, "anterior"),
        # The larger group; of equal ones the one that is raised more.
        ({"V1": 110.0, "V2": 210.0, "II": 150.0, "aVF": 150.0, "III": 150.0}, "inferior"),
        ({"V5": 300.0, "V6": 300.0, "II": 150.0, "aVF": 150.0}, "lateral"),
        (dict.fromkeys(TWELVE, -200.0), "none"),
    ],
)
def test_groups_of_raised_leads(st_uv: dict[str, float], group: str) -> None:
    drawn = {"ste_contiguous": group}
    found = ste_contiguous(twelve(st_uv=st_uv), Person(Sex.MALE, 60.0), ST)
    assert found == drawn["ste_contiguous"]


WIDE_MS = (*POINTS_MS[:4], 400.0, *POINTS_MS[5:])
DOWN = dict.fromkeys(("V1", "V2", "V3", "aVR"), -1.0)


def test_no_group_where_conduction_lifts_st() -> None:
    wide, paced = twelve(points_ms=WIDE_MS), twelve(label=BeatLabel.PACED)
    assert ste_contiguous(wide, UNKNOWN, ST) is NullReason.WIDE_QRS
    assert ste_contiguous(paced, UNKNOWN, ST) is NullReason.PACED
    assert ste_contiguous(one(QRS), UNKNOWN, ST) is NullReason.LEAD_MISSING
    assert sgarbossa(one(QRS), ST) is NullReason.LEAD_MISSING


@pytest.mark.parametrize(
    ("st_uv", "points"),
    [
        ({}, 0.0),
        ({"V5": 110.0}, 5.0),
        ({"V2": -110.0}, 3.0),
        # Depression where the QRS points upward is no sign.
        ({"V5": -110.0}, 0.0),
        ({"V3": 400.0}, 0.0),
        ({"V3": 520.0}, 2.0),
        ({"V3": 520.0, "V1": -120.0, "I": 150.0}, 10.0),
    ],
)
def test_points_of_sgarbossa(st_uv: dict[str, float], points: float) -> None:
    drawn = {"sgarbossa": points}
    for of in (
        twelve(DOWN, st_uv, WIDE_MS),
        twelve(DOWN, st_uv, label=BeatLabel.PACED),
    ):
        assert sgarbossa(of, ST) == drawn["sgarbossa"]


def test_points_are_of_left_bundle_branch_block_alone() -> None:
    assert sgarbossa(twelve(DOWN), ST) is NullReason.NOT_APPLICABLE
    assert sgarbossa(twelve(points_ms=WIDE_MS), ST) is NullReason.NOT_APPLICABLE


def test_u_waves_from_the_first_one_on() -> None:
    with_u = USUAL | {"u": (380.0, 420.0, 470.0, 0.05)}
    beats_ms = [500.0 + 800.0 * k for k in range(12)]
    config, rhythm = StructureConfig(), RhythmConfig()
    # The first beats are never judged.
    of = recorded(beats_ms, "", [USUAL] * 7 + [with_u] * 3 + [USUAL, with_u])
    found = values(list(measure_structure(of, config, rhythm, AF_SHARE)))
    drawn = {"qu_int": 510.0, "u_amp": 0.05}
    for key, value in drawn.items():
        assert (found[key, "II"].value, found[key, "II"].n) == (pytest.approx(value), 4), key
    rare = recorded(beats_ms, "", [with_u] + [USUAL] * 4 + [with_u] + [USUAL] * 4 + [with_u])
    found = values(list(measure_structure(rare, config, rhythm, AF_SHARE)))
    assert found["u_amp", "II"].null_reason is NullReason.NOT_APPLICABLE


def test_all_that_rests_on_the_averaged_beat_shares_its_reason() -> None:
    of = recorded([500.0, 1300.0], average=NullReason.TOO_FEW_BEATS)
    found = values(list(measure_structure(of, StructureConfig(), RhythmConfig(), AF_SHARE)))
    for key in AVERAGE_GLOBAL:
        assert found[key, None].null_reason is NullReason.TOO_FEW_BEATS, key
    whole = replace(of, average=averaged({"II": QRS}))
    found = values(list(measure_structure(whole, StructureConfig(), RhythmConfig(), AF_SHARE)))
    assert {found[key, None].null_reason for key in AVERAGE_GLOBAL} == {NullReason.LEAD_MISSING}
    assert found["wave_times", "II"].vector is not None
