from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ecgcore.events import BeatClassified, RhythmBegan, RhythmLabel
from ecgcore.pipeline import Pipeline, PipelineConfig
from ecgcore.types import Lead
from simulators.heart.heart import Disturbance, Heart, HeartConfig
from simulators.scenario.faults import Fault, Posture
from simulators.scenario.rhythms import Ectopy, Rhythm
from tests.strategies import stream_of

FS_HZ = 130.0
_RHYTHM: TypeAdapter[Rhythm] = TypeAdapter(Rhythm)
_FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)


def rhythm(kind: str, **given: Any) -> Rhythm:
    return _RHYTHM.validate_python({"kind": kind, **given})


def disturbance(kind: str, number: int, **given: Any) -> Disturbance:
    fault = _FAULT.validate_python({"kind": kind, **given})
    return Disturbance(fault, 3.3, 12.7, (5, number))  # type: ignore[arg-type]  # of the signal


def heart(
    program: Sequence[Rhythm] = (),
    ectopy: Sequence[Ectopy] = (),
    leads: tuple[Lead, ...] = (Lead.CHEST,),
    disturbances: list[Disturbance] | None = None,
) -> Heart:
    config = HeartConfig(FS_HZ, leads, tuple(program), tuple(ectopy), (5,))
    return Heart(config, disturbances)


SINUS = rhythm("sinus")
EVERYTHING = [
    rhythm("atrial_fibrillation", at=2, **{"for": 3}),
    rhythm("ventricular_tachycardia", at=5, **{"for": 2}),
    rhythm("ventricular_fibrillation", at=7, **{"for": 2}),
    rhythm("atrial_flutter", at=10),
    rhythm("av_block", degree="wenckebach", at=14),
]
NOISE = [
    disturbance("wander", 1),
    disturbance("mains", 2),
    disturbance("muscle", 3),
    disturbance("motion", 4),
    disturbance("posture", 5),
]


@given(st.lists(st.integers(0, 20 * 130), max_size=12))
def test_any_cut_gives_the_same_bits(cuts: list[int]) -> None:
    leads = (Lead.I, Lead.II, Lead.V1)
    whole = heart(EVERYTHING, leads=leads, disturbances=NOISE).read_uv(0, 20 * 130)
    pieces = heart(EVERYTHING, leads=leads, disturbances=NOISE)
    edges = sorted({0, *cuts, 20 * 130})
    read = [pieces.read_uv(start, end - start) for start, end in pairwise(edges)]
    assert (np.concatenate(read, axis=1) == whole).all()
    # What was left out changes nothing.
    assert (
        heart(EVERYTHING, leads=leads, disturbances=NOISE).read_uv(900, 50) == whole[:, 900:950]
    ).all()


@pytest.mark.parametrize("lead", [Lead.CHEST, Lead.II, Lead.V5])
def test_r_peaks_lie_where_they_are_said_to(lead: Lead) -> None:
    config = HeartConfig(1000.0, (lead,), (SINUS,), seed=(3,), breath_mv=0, noise_mv=0)
    one = Heart(config)
    ecg_mv = one.read_mv(0, 30_000)[0]
    peaks = [peak for peak in one.rpeaks(0, 30_000) if 100 < peak < 29_900]
    assert len(peaks) > 25
    for peak in peaks:
        start = round(peak) - 60
        assert start + int(np.argmax(ecg_mv[start : start + 120])) == pytest.approx(peak, abs=2)


def test_limb_leads_obey_einthoven() -> None:
    leads = (Lead.I, Lead.II, Lead.III, Lead.AVR, Lead.AVL, Lead.AVF)
    config = HeartConfig(FS_HZ, leads, (SINUS,), breath_mv=0, noise_mv=0)
    one, two, three, avr, avl, avf = Heart(config).read_mv(0, 1300)
    assert np.allclose(three, two - one)
    assert np.allclose(avr + avl + avf, 0)


def test_posture_turns_the_axis_and_keeps_its_length() -> None:
    def qrs(degrees: float) -> tuple[float, float]:
        turn = [Disturbance(Posture(kind="posture", degrees=degrees), -9, 99, (1, 1))]
        config = HeartConfig(FS_HZ, (Lead.I, Lead.AVF), (SINUS,), breath_mv=0, noise_mv=0)
        ecg_mv = Heart(config, turn).read_mv(0, 1300)
        return float(ecg_mv[0].max()), float(ecg_mv[1].max())

    (one, foot), (one_turned, foot_turned) = qrs(0), qrs(40)
    assert one_turned < 0.6 * one
    assert foot_turned > 1.2 * foot


def test_truth_is_of_the_program() -> None:
    program = [SINUS, rhythm("ventricular_tachycardia", at=20, **{"for": 10})]
    one = heart(program, [Ectopy(kind="pvc", pattern="bigeminy", at=40, **{"for": 20})])
    classes = Counter(name for at, name in one.beats(0, round(60 * FS_HZ)))
    assert set(classes) == {"N", "V"}
    during = [name for at, name in one.beats(round(21 * FS_HZ), round(30 * FS_HZ))]
    assert set(during) == {"V"}
    bigeminy = [name for at, name in one.beats(round(42 * FS_HZ), round(58 * FS_HZ))]
    assert all({a, b} == {"N", "V"} for a, b in pairwise(bigeminy))
    assert [(e.start_s, e.end_s, e.rhythm.kind) for e in one.episodes(60)] == [
        (0.0, 20.0, "sinus"),
        (20.0, 30.0, "ventricular_tachycardia"),
        (30.0, 60.0, "sinus"),
    ]


L = RhythmLabel


@pytest.mark.parametrize(
    ("program", "ectopy", "label"),
    [
        ([rhythm("atrial_fibrillation", at=60)], None, L.AFIB),
        ([rhythm("ventricular_tachycardia", at=60, **{"for": 20})], None, L.NSVT),
        ([rhythm("ventricular_fibrillation", at=60)], None, L.VF),
        ([rhythm("pause", at=60, **{"for": 4})], None, L.PAUSE),
        ([rhythm("pause", at=60, **{"for": 10})], None, L.ASYSTOLE),
        ([rhythm("av_block", degree="wenckebach", at=60)], None, L.MOBITZ1),
        ([], Ectopy(kind="pvc", pattern="bigeminy", at=60), L.BIGEMINY),
        ([], Ectopy(kind="pvc", pattern="trigeminy", at=60), L.TRIGEMINY),
        ([], Ectopy(kind="pvc", pattern="couplet", at=60, per_hour=400), L.COUPLET),
        ([], Ectopy(kind="pvc", pattern="run", at=60, per_hour=200), L.NSVT),
    ],
)
def test_the_pipeline_names_what_the_program_plays(
    program: list[Rhythm], ectopy: Ectopy | None, label: RhythmLabel
) -> None:
    one = heart([SINUS, *program], [ectopy] if ectopy else [])
    n_samples = round(150 * FS_HZ)
    pipeline = Pipeline(PipelineConfig(FS_HZ))
    stream = stream_of(one.read_mv(0, n_samples), FS_HZ)
    events = [event for item in stream for event in pipeline.push(item)]
    begun = {(e.label, e.start / FS_HZ) for e in events if isinstance(e, RhythmBegan)}
    assert not [at for name, at in begun if name is label and at < 55]
    assert [at for name, at in begun if name is label and 55 < at < 145], begun
    if ectopy:
        found = Counter(e.label.value for e in events if isinstance(e, BeatClassified))
        # Of the last seconds not all is named yet.
        least, most = (
            sum(name == "V" for _, name in one.beats(0, round(end_s * FS_HZ)))
            for end_s in (140, 150)
        )
        assert 0.9 * least <= found["V"] <= most
