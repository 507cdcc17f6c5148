"""Every figure of the representative beat against a heart drawn by hand.

Each lead is a sum of the same three waves, P, QRS and T, times the lead's own factors; so the loops
of QRS and T are straight lines, whose directions and areas follow from the factors alone.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from ecgcore.average import AverageBeat
from ecgcore.average_leads import LEADS_TOGETHER
from ecgcore.average_signal import AverageSignal
from ecgcore.averaged import (
    GLOBAL,
    LEAD_INTERVALS,
    LEAD_RATIOS,
    measure_average,
    unmeasured,
)
from ecgcore.events import BeatLabel, Measurement, NullReason
from ecgcore.morphology import KEYS
from ecgcore.types import FloatArray
from ecgcore.vector import EIGHT, INVERSE_DOWER, KORS, Transform

FS_HZ = 1000.0
RR_S = 0.8
LEADS = (*EIGHT, "III", "aVR", "aVL", "aVF")
# Factors of P, QRS and T in V1 to V6, I and II.
P = np.array([0.2, 0.3, 0.5, 0.6, 0.6, 0.5, 0.6, 1.0])
QRS = np.array([-0.5, -0.3, 0.2, 1.0, 1.3, 1.0, 0.8, 0.9])
T = np.array([-0.2, 0.6, 0.9, 1.0, 0.9, 0.7, 0.5, 0.8])
POINTS_MS = (100.0, 200.0, 260.0, 300.0, 350.0, 430.0, 530.0, 590.0)
# Heights in mV and areas in uV.s of the waves by themselves: triangles.
QRS_MV, T_MV, QRS_UV_S, T_UV_S, P_UV_S = 1.0, 0.4, 45.0, 32.0, 5.0


def triangle(first_ms: float, top_ms: float, last_ms: float, height_mv: float) -> FloatArray:
    at_ms = np.arange(0.0, 800.0)
    return height_mv * np.interp(at_ms, [first_ms, top_ms, last_ms], [0.0, 1.0, 0.0], 0.0, 0.0)


def of_twelve(eight: FloatArray) -> FloatArray:
    in_i, in_ii = eight[6], eight[7]
    derived = [in_ii - in_i, -(in_i + in_ii) / 2, in_i - in_ii / 2, in_ii - in_i / 2]
    return np.array([*eight, *derived])


def signal(
    leads: tuple[str, ...] = LEADS,
    points_ms: tuple[float, ...] = POINTS_MS,
    label: BeatLabel = BeatLabel.NORMAL,
    rr_s: float = RR_S,
) -> AverageSignal:
    waves = [
        np.outer(of_twelve(P), triangle(100.0, 150.0, 200.0, 0.1)),
        np.outer(of_twelve(QRS), triangle(260.0, 300.0, 350.0, QRS_MV)),
        np.outer(of_twelve(T), triangle(430.0, 530.0, 590.0, T_MV)),
    ]
    chosen = [LEADS.index(lead) for lead in leads]
    points = np.tile(np.array(points_ms), (len(leads), 1))
    beat = AverageBeat(sum(waves)[chosen], 300, points, label, 9, rr_s)
    return AverageSignal(beat, FS_HZ, leads)


def measured(of: AverageSignal) -> dict[tuple[str, str | None], Measurement]:
    return {(each.key, each.lead): each for each in measure_average(of, 0.9)}


def axis_deg(factors: FloatArray) -> float:
    twelve = of_twelve(factors)
    return math.degrees(math.atan2(twelve[11] * 2 / math.sqrt(3), twelve[6]))


def angle_deg(one: FloatArray, other: FloatArray) -> float:
    size = np.linalg.norm(one) * np.linalg.norm(other)
    return math.degrees(math.acos(float(one @ other) / float(size)))


VQ, VT = KORS @ QRS, KORS @ T
QTCF_MS = 330.0 / RR_S ** (1 / 3)
GRADIENT_MV_MS = VQ * QRS_UV_S + VT * T_UV_S


def test_the_vector_is_made_as_the_parameter_says() -> None:
    by_dower = measured(replace(signal(), transform=Transform.DOWER))
    expected = angle_deg(INVERSE_DOWER @ QRS, INVERSE_DOWER @ T)
    assert expected != pytest.approx(angle_deg(VQ, VT), abs=0.5)
    found = by_dower["qrst_angle_spatial_mean", None].value
    assert found == pytest.approx(expected, abs=0.5)


def test_every_value_over_all_leads() -> None:
    drawn = {
        "p_dur": 100.0,
        "pr_int": 160.0,
        "pr_seg": 60.0,
        "qrs_dur": 90.0,
        "qt_int": 330.0,
        "jt_int": 240.0,
        "tpe_int": 60.0,
        "t_dur": 160.0,
        "st_dur": 80.0,
        "qtc_bazett": 330.0 / RR_S**0.5,
        "qtc_fridericia": QTCF_MS,
        "qtc_framingham": 330.0 + 154.0 * 0.2,
        "qtc_hodges": 330.0 + 1.75 * 15.0,
        "qtc_rautaharju": 330.0 * 195.0 / 180.0,
        "qtc_dmitrienko": 330.0 / RR_S**0.413,
        "jtc": QTCF_MS - 90.0,
        "jtpc": 180.0 / RR_S**0.58,
        "tpe_qt": 60.0 / 330.0,
        "tpe_qtc": 60.0 / QTCF_MS,
        "iceb": 330.0 / 90.0,
        "icebc": QTCF_MS / 90.0,
        "macruz": 100.0 / 60.0,
        "jt_qt": 240.0 / 330.0,
        "qt_rr": 330.0 / 800.0,
        "pr_rr": 160.0 / 800.0,
        "p_axis": axis_deg(P),
        "qrs_axis": axis_deg(QRS),
        "t_axis": axis_deg(T),
        "qrst_angle_frontal": abs(axis_deg(QRS) - axis_deg(T)),
        "qrst_angle_spatial_mean": angle_deg(VQ, VT),
        "qrst_angle_spatial_peak": angle_deg(VQ, VT),
        "tcrt": math.cos(math.radians(angle_deg(VQ, VT))),
        "qrs_azimuth": math.degrees(math.atan2(VQ[2], VQ[0])),
        "qrs_elevation": math.degrees(math.asin(VQ[1] / np.linalg.norm(VQ))),
        "t_azimuth": math.degrees(math.atan2(VT[2], VT[0])),
        "t_elevation": math.degrees(math.asin(VT[1] / np.linalg.norm(VT))),
        "qrs_planarity": 1.0,
        "qrs_loop_area": 0.0,
        "t_loop_area": 0.0,
        "t_roundness": 0.0,
        "qrs_vm": QRS_MV * float(np.linalg.norm(VQ)),
        "t_vm": T_MV * float(np.linalg.norm(VT)),
        "st_vm": 0.0,
        "vg_magnitude": float(np.linalg.norm(GRADIENT_MV_MS)),
        "sai_qrst": float((np.abs(VQ) * QRS_UV_S + np.abs(VT) * T_UV_S).sum()),
    }
    found = measured(signal())
    for key, value in drawn.items():
        assert found[key, None].value == pytest.approx(value, rel=1e-3, abs=1e-6), key
        assert found[key, None].n == 9
    # What has its own test below.
    assert set(GLOBAL) - set(drawn) == {"qtc_wide", "st_axis", *LEADS_TOGETHER}


def test_every_value_of_leads_together() -> None:
    # In V1 and V2 the QRS is one wave down: a QS of 0.5 and 0.3 mV; aVR too, III just up.
    drawn = {
        "lvh_sokolow": 0.5 + 1.3,
        "lvh_sokolow_product": 1.8 * 90.0,
        "lvh_cornell": 0.8 - 0.45,
        "lvh_gubner": 0.8,
        "lvh_lewis": 0.8 - 0.1,
        "lvh_ravl": 0.35,
        "lvh_peguero": 0.85,
        "qrs_sum12": float(np.abs(of_twelve(QRS)).sum()),
        "rvh_sokolow": 0.0,
        "rvh_rv1": 0.0,
        "low_voltage_limb": 0.9,
        "low_voltage_chest": 1.3,
        "ste_sum": 0.0,
        "std_sum": 0.0,
        "ptf_v1": 0.0,
        # Heights 0, 0, 0.2 and 1.0.
        "r_progression": (1.5 * 1.0 + 0.5 * 0.2) / 5.0,
        # No R in V2, no S in V3: half-way.
        "transition_zone": 2.5,
        # The waves are straight lines in the space of the leads.
        "qrs_pca_ratio": 0.0,
        "t_pca_ratio": 0.0,
        "t_residuum": 0.0,
    }
    found = measured(signal())
    for key, value in drawn.items():
        assert found[key, None].value == pytest.approx(value, rel=1e-3, abs=1e-6), key
    # There is no R in V1.
    assert found["activation_delay", None].null_reason is NullReason.NOT_APPLICABLE
    assert set(LEADS_TOGETHER) - set(drawn) == {"activation_delay"}


def test_leads_together_where_waves_differ() -> None:
    of = signal()
    of.beat.ecg_mv[LEADS.index("V1")] = triangle(260, 280, 300, 0.3) + triangle(300, 330, 350, -0.9)
    of.beat.ecg_mv[LEADS.index("V1")] += triangle(100, 140, 160, 0.05)
    of.beat.ecg_mv[LEADS.index("V1")] += triangle(160, 180, 200, -0.08)
    of.beat.ecg_mv[:, 350:430] += np.where(np.arange(12) < 4, 0.2, -0.1)[:, np.newaxis]
    found = measured(of)
    drawn = {
        "activation_delay": 40.0 - 20.0,
        "rvh_rv1": 0.3,
        "lvh_sokolow": 0.9 + 1.3,
        "ptf_v1": 80.0 * 40.0,
        "ste_sum": 4 * 200.0,
        "std_sum": -8 * 100.0,
    }
    for key, value in drawn.items():
        assert found[key, None].value == pytest.approx(value, rel=0.05), key


def test_two_loops_across_have_a_second_share() -> None:
    of = signal()
    across = triangle(430, 450, 470, 0.2) - triangle(550, 570, 590, 0.2)
    of.beat.ecg_mv[LEADS.index("V2")] += across
    eight = of.beat.ecg_mv[:8, 430:591]
    values = np.linalg.eigvalsh(np.cov(eight))[::-1]
    drawn = {
        "t_pca_ratio": 100.0 * values[1] / values[0],
        "t_residuum": 100.0 * values[3:].sum() / values.sum(),
    }
    found = measured(of)
    for key, value in drawn.items():
        assert found[key, None].value == pytest.approx(value, abs=1e-6), key
    assert drawn["t_pca_ratio"] > 1.0


def test_qt_of_a_wide_qrs() -> None:
    assert measured(signal())["qtc_wide", None].null_reason is NullReason.NOT_APPLICABLE
    wide = signal(points_ms=(*POINTS_MS[:4], 400.0, *POINTS_MS[5:]))
    drawn = {"qtc_wide": (330.0 - 0.485 * 140.0) / RR_S ** (1 / 3)}
    assert measured(wide)["qtc_wide", None].value == pytest.approx(drawn["qtc_wide"])


def test_the_axis_of_st_needs_a_shift() -> None:
    flat = signal()
    assert measured(flat)["st_axis", None].null_reason is NullReason.NOT_APPLICABLE
    flat.beat.ecg_mv[:, 351:430] += 0.2 * of_twelve(T)[:, np.newaxis]
    shifted = measured(AverageSignal(flat.beat, FS_HZ, LEADS))
    drawn = {"st_axis": axis_deg(T)}
    assert shifted["st_axis", None].value == pytest.approx(drawn["st_axis"])


def test_every_value_of_a_lead() -> None:
    found = measured(signal())
    drawn = {
        "jtp_int": 180.0,
        "qtp_int": 270.0,
        "tpe_int": 60.0,
        "r_t_ratio": 1.3 * QRS_MV / (0.9 * T_MV),
    }
    for key, value in drawn.items():
        assert found[key, "V5"].value == pytest.approx(value, rel=1e-3), key
    assert found["r_s_ratio", "V5"].null_reason is NullReason.NOT_APPLICABLE
    assert {key for key, lead in found if lead == "V1"} == {*KEYS, *LEAD_INTERVALS, *LEAD_RATIOS}


def test_ratios_of_waves() -> None:
    of = signal(("V2",))
    of.beat.ecg_mv[0] = triangle(260, 270, 280, -0.2) + triangle(280, 300, 320, 0.8)
    of.beat.ecg_mv[0] += triangle(320, 335, 350, -0.4)
    found = measured(of)
    drawn = {"r_s_ratio": 2.0, "q_r_ratio": 0.25}
    for key, value in drawn.items():
        assert found[key, "V2"].value == pytest.approx(value, rel=1e-3), key


def test_one_lead_has_no_axis_and_no_vector() -> None:
    found = measured(signal(("II",)))
    for key in ("p_axis", "qrs_axis", "t_axis", "st_axis", "qrst_angle_frontal", "qrs_vm", "st_vm"):
        assert found[key, None].null_reason is NullReason.LEAD_MISSING, key
    assert found["tpe_int", None].value == pytest.approx(60.0)


def test_without_p_wave_nothing_of_it() -> None:
    found = measured(signal(points_ms=(math.nan, math.nan, *POINTS_MS[2:])))
    for key in ("p_dur", "pr_int", "pr_seg", "macruz", "pr_rr", "p_axis"):
        assert found[key, None].null_reason is NullReason.NO_P_WAVE, key
    assert found["p_area", "II"].null_reason is NullReason.NO_P_WAVE
    assert found["qt_int", None].value == pytest.approx(330.0)


def test_without_t_wave_no_qt() -> None:
    found = measured(signal(points_ms=(*POINTS_MS[:5], *[math.nan] * 3)))
    for key in ("qt_int", "qtc_bazett", "tpe_int", "jtpc", "iceb", "t_axis", "qrs_azimuth"):
        assert found[key, None].null_reason is NullReason.NOT_APPLICABLE, key
    assert found["qrs_dur", None].value == pytest.approx(90.0)


def test_a_paced_beat_has_no_pr() -> None:
    found = measured(signal(label=BeatLabel.PACED))
    for key in ("p_dur", "pr_int", "pr_seg", "p_axis"):
        assert found[key, None].null_reason is NullReason.PACED, key


def test_without_an_interval_nothing_is_corrected() -> None:
    found = measured(signal(rr_s=math.nan))
    for key in ("qtc_fridericia", "qtc_hodges", "jtc", "jtpc", "qt_rr", "icebc"):
        assert found[key, None].null_reason is NullReason.TOO_FEW_BEATS, key


def test_no_beat_gives_every_row_with_its_reason() -> None:
    rows = tuple(unmeasured(NullReason.TOO_FEW_BEATS, ("I", "II"), 0.4))
    keys = {(each.key, each.lead) for each in rows}
    assert keys == set(measured(signal(("I", "II"))))
    assert {each.null_reason for each in rows} == {NullReason.TOO_FEW_BEATS}
