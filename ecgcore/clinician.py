"""The report in a clinician's words: statements by group, then the numbers."""

from collections.abc import Iterable, Sequence
from enum import IntEnum

from ecgcore.report import (
    Comparison,
    Localised,
    Recording,
    ReportMeasurement,
    Statement,
)
from ecgcore.rounding import shown, with_unit
from ecgcore.statements import RHYTHM_IDS


class Group(IntEnum):
    """Groups of statements, in the order they are read (AHA/ACC/HRS 2007, part II)."""

    TECHNICAL = 0
    RHYTHM = 1
    CONDUCTION = 2
    AXIS_VOLTAGE = 3
    CHAMBERS = 4
    ST_T_QT = 5
    INFARCTION = 6
    COMPARISON = 7
    OVERALL = 8


_OF_CODES = (
    (range(1, 4), Group.OVERALL),
    (range(4, 17), Group.TECHNICAL),
    (range(20, 80), Group.RHYTHM),
    (range(80, 112), Group.CONDUCTION),
    (range(120, 132), Group.AXIS_VOLTAGE),
    (range(140, 145), Group.CHAMBERS),
    (range(145, 156), Group.ST_T_QT),
    (range(160, 175), Group.INFARCTION),
    (range(180, 191), Group.RHYTHM),
    (range(200, 232), Group.ST_T_QT),
    (range(400, 407), Group.COMPARISON),
    (range(500, 504), Group.CHAMBERS),
)
_TECHNICAL_IDS = frozenset({"incomplete", "poor_quality", "uninterpretable"})
_LABELS = {
    "hr_mean": "HR",
    "rr_mean": "RR",
    "p_dur": "P",
    "pr_int": "PR",
    "qrs_dur": "QRS",
    "qt_int": "QT",
    "qtc_fridericia": "QTcF",
    "p_axis": "P axis",
    "qrs_axis": "QRS axis",
    "t_axis": "T axis",
    "sdnn": "SDNN",
    "rmssd": "RMSSD",
    "pvc_burden": "PVC burden",
    "pac_burden": "PAC burden",
    "af_burden": "AF burden",
}


def group_of(statement: Statement) -> Group:
    """Give the group of a statement, by its code or, without one, by its id."""
    code = statement.aha_code
    if code is not None:
        found = next((group for codes, group in _OF_CODES if code in codes), None)
        if found is not None:
            return found
    return Group.TECHNICAL if statement.id in _TECHNICAL_IDS else Group.RHYTHM


_CLASSES = {
    "class_prob_normal": Localised(en="normal", zh="正常"),
    "class_prob_afib": Localised(en="atrial fibrillation", zh="心房颤动"),
    "class_prob_other": Localised(en="other rhythm", zh="其他心律"),
    "class_prob_noise": Localised(en="too noisy", zh="噪声过大"),
}
"""Of a short recording, as `cloud.embedding` tells them."""


def in_order(statements: Iterable[Statement]) -> list[Statement]:
    """Give statements group by group, the most serious first in each."""
    return sorted(statements, key=group_of)


def clinician_text(
    statements: Sequence[Statement],
    measurements: Sequence[ReportMeasurement],
    comparison: Sequence[Comparison],
    recording: Recording,
    sqi: float,
) -> Localised:
    """Write a line for each statement, one for the numbers, one for changes, one for quality."""
    ordered = in_order(statements)
    en = [f"{s.text.en} ({s.certainty}; {evidence_of(s)})." for s in ordered]
    zh = [f"{s.text.zh}（{evidence_of(s)}）。" for s in ordered]
    if values := "; ".join(_values(measurements)):
        en.append(f"{values}.")
        zh.append(f"{values}。")
    if chances := _chances(measurements):
        en.append(f"Learned model: {chances.en}.")
        zh.append(f"学习模型：{chances.zh}。")
    if changes := "; ".join(_changes(comparison)):
        en.append(f"Since the last report: {changes}.")
        zh.append(f"与上次报告相比：{changes}。")
    quality = f"SQI {sqi:.2f}, {100 * recording.coverage:.1f} %"
    is_judged = any(s.id in RHYTHM_IDS for s in statements)
    en.append(f"{quality} of the signal present." + ("" if is_judged else " Rhythm not judged."))
    zh.append(f"{quality} 的信号存在。" + ("" if is_judged else "未判读节律。"))
    return Localised(en="\n".join(en), zh="\n".join(zh))


def evidence_of(statement: Statement) -> str:
    """Give the numbers that a statement rests on."""
    return ", ".join(
        f"{e.key} {_rounded(e.value)}, limit {_rounded(e.threshold)}" for e in statement.evidence
    )


def _rounded(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def label_of(key: str) -> str:
    """Give a value's usual short name."""
    return _LABELS.get(key, key)


def _chances(measurements: Sequence[ReportMeasurement]) -> Localised | None:
    """Tell the chances that a model gives, and whether the rules agree; None without them."""
    values = {m.key: m.value for m in measurements if m.value is not None}
    agrees = next((m.text for m in measurements if m.key == "rule_vs_model"), None)
    told = [(words, values.get(key)) for key, words in _CLASSES.items()]
    known = [(words, value) for words, value in told if value is not None]
    if not known or agrees is None:
        return None
    is_same = agrees == "agree"
    en = ", ".join(f"{words.en} {100.0 * value:.0f} %" for words, value in known)
    zh = "，".join(f"{words.zh} {100.0 * value:.0f} %" for words, value in known)
    return Localised(
        en=f"{en}; {'agrees' if is_same else 'disagrees'} with the rules",
        zh=f"{zh}；与规则{'一致' if is_same else '不一致'}",
    )


def _values(measurements: Sequence[ReportMeasurement]) -> list[str]:
    found = [
        (label, next((m for m in measurements if m.key == key and m.value is not None), None))
        for key, label in _LABELS.items()
    ]
    return [
        f"{label} {with_unit(m.value, m.unit)} (n={m.n})"
        for label, m in found
        if m is not None and m.value is not None
    ]


def _changes(comparison: Sequence[Comparison]) -> list[str]:
    return [
        f"{label_of(c.key)} {shown(c.previous, c.unit)} → {with_unit(c.value, c.unit)}"
        for c in comparison
    ]
