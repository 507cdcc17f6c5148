"""The subjects of a Holter report, in their order, and what each shows."""

from dataclasses import dataclass

from ecgcore.events import BeatLabel, RhythmLabel
from ecgcore.report import Localised

_R = RhythmLabel


@dataclass(frozen=True, slots=True)
class Section:
    """One subject: keys of the registry, and what strips are taken of."""

    id: str
    title: Localised
    keys: tuple[str, ...]
    rhythms: tuple[RhythmLabel, ...] = ()
    beats: tuple[BeatLabel, ...] = ()


SECTIONS = (
    Section(
        "af",
        Localised(en="Atrial fibrillation", zh="心房颤动"),
        ("af_burden", "af_episodes", "af_longest", "af_hr_mean", "af_hr_max"),
        (_R.AFIB, _R.AFLUTTER),
    ),
    Section(
        "svt",
        Localised(en="Supraventricular tachycardia", zh="室上性心动过速"),
        ("svt_runs", "svt_longest", "svt_fastest"),
        (_R.SVT,),
    ),
    Section(
        "ventricular",
        Localised(en="Ventricular ectopy", zh="室性异位心律"),
        (
            *("pvc_count", "pvc_burden", "pvc_per_h", "v_couplets", "v_triplets", "bigeminy_s"),
            *("trigeminy_s", "vt_runs", "vt_longest", "vt_fastest", "pvc_morphs"),
        ),
        (_R.VF, _R.VT, _R.NSVT, _R.TRIPLET, _R.COUPLET, _R.BIGEMINY, _R.TRIGEMINY),
        (BeatLabel.VENTRICULAR,),
    ),
    Section(
        "supraventricular",
        Localised(en="Supraventricular ectopy", zh="室上性异位心律"),
        ("pac_count", "pac_burden", "pac_per_h"),
        (),
        (BeatLabel.SUPRAVENTRICULAR,),
    ),
    Section(
        "pauses",
        Localised(en="Pauses", zh="停搏间歇"),
        ("pause_count", "pause_longest", "rr_longest"),
        (_R.ASYSTOLE, _R.PAUSE),
    ),
    Section(
        "av_block",
        Localised(en="AV conduction", zh="房室传导"),
        ("pr_int", "avb_grade", "dropped_p"),
        (_R.COMPLETE_AVB, _R.MOBITZ2, _R.AVB_2TO1, _R.MOBITZ1),
    ),
    Section("st", Localised(en="ST", zh="ST段"), ("st_j60", "stt_lability")),
    Section("qt", Localised(en="QT", zh="QT"), ("qt_int", "qtc_fridericia", "sdqt")),
    Section(
        "hrv",
        Localised(en="Heart rate variability", zh="心率变异性"),
        ("sdnn", "sdann5", "rmssd", "hti", "hrt_to", "hrt_ts", "dc"),
    ),
)
