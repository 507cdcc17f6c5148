"""Rules that turn what was found into statements, each with the number it rests on.

A single patch lead never makes a rhythm "definite": its certainty follows from the confidence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ecgcore.events import USABLE_SQI, RhythmLabel
from ecgcore.report import (
    Certainty,
    Evidence,
    Localised,
    Recording,
    ReportEvent,
    ReportMeasurement,
    Source,
    Statement,
)

GOOD_SQI = 0.7
"""Below it only technical statements are made."""
_MIN_COVERAGE = 0.8
_RATE_LOW = 50.0
_RATE_HIGH = 100.0
LONG_INTERVAL_MS = 3000.0


_PROBABLE = 0.9
_POSSIBLE = 0.7


@dataclass(frozen=True, slots=True)
class RhythmFound:
    """All stretches of one rhythm in a recording."""

    label: RhythmLabel
    n: int
    duration_s: float
    """Of all together."""
    confidence: float
    """Of the longest."""
    start_ns: int
    end_ns: int
    """Of the longest, UTC."""
    strip_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wording:
    """How a rhythm is stated: words and the code of the AHA/ACC/HRS list, where it has one."""

    en: str
    zh: str
    aha_code: int | None = None


_RHYTHMS = {
    RhythmLabel.VF: _Wording("Ventricular fibrillation", "心室颤动", 74),
    RhythmLabel.ASYSTOLE: _Wording("Asystole", "心脏停搏"),
    RhythmLabel.VT: _Wording("Ventricular tachycardia", "室性心动过速", 70),
    RhythmLabel.COMPLETE_AVB: _Wording("Complete AV block", "完全性房室传导阻滞", 88),
    RhythmLabel.PAUSE: _Wording("Pause", "停搏间歇"),
    RhythmLabel.NSVT: _Wording("Nonsustained ventricular tachycardia", "非持续性室性心动过速", 71),
    RhythmLabel.MOBITZ2: _Wording("AV block, Mobitz type II", "二度II型房室传导阻滞", 84),
    RhythmLabel.AVB_2TO1: _Wording("2:1 AV block", "2:1房室传导阻滞", 85),
    RhythmLabel.AFIB: _Wording("Atrial fibrillation", "心房颤动", 50),
    RhythmLabel.AFLUTTER: _Wording("Atrial flutter", "心房扑动", 51),
    RhythmLabel.SVT: _Wording("Supraventricular tachycardia", "室上性心动过速", 55),
    RhythmLabel.AIVR: _Wording("Accelerated idioventricular rhythm", "加速性室性自主心律", 64),
    RhythmLabel.MOBITZ1: _Wording("AV block, Mobitz type I", "二度I型房室传导阻滞", 83),
    RhythmLabel.AVB1: _Wording("Prolonged PR interval", "PR间期延长", 82),
    RhythmLabel.BIGEMINY: _Wording("Ventricular bigeminy", "室性二联律", 60),
    RhythmLabel.TRIGEMINY: _Wording("Ventricular trigeminy", "室性三联律", 60),
    RhythmLabel.TRIPLET: _Wording("Ventricular triplet", "室性三连发", 60),
    RhythmLabel.COUPLET: _Wording("Ventricular couplet", "成对室性早搏", 60),
    RhythmLabel.JUNCTIONAL: _Wording("Junctional rhythm", "交界性心律", 38),
    RhythmLabel.PACED: _Wording("Paced rhythm", "起搏心律"),
    RhythmLabel.SINUS_TACHY: _Wording("Sinus tachycardia", "窦性心动过速", 21),
    RhythmLabel.SINUS_BRADY: _Wording("Sinus bradycardia", "窦性心动过缓", 22),
    RhythmLabel.SINUS_ARRHYTHMIA: _Wording("Sinus arrhythmia", "窦性心律不齐", 23),
    RhythmLabel.SINUS_RHYTHM: _Wording("Sinus rhythm", "窦性心律", 20),
    RhythmLabel.UNDETERMINED: _Wording("Rhythm undetermined", "心律无法确定"),
}
"""Most serious first. Noise and lead-off are no rhythm: the quality says it."""

RHYTHM_IDS = frozenset(str(label) for label in _RHYTHMS)
"""Ids of statements about rhythm."""
HARMLESS = frozenset(
    {
        RhythmLabel.SINUS_RHYTHM,
        RhythmLabel.SINUS_ARRHYTHMIA,
        RhythmLabel.SINUS_BRADY,
        RhythmLabel.SINUS_TACHY,
        RhythmLabel.UNDETERMINED,
    }
)
"""Rhythms that alone give nobody a reason to call; fast and slow rates are said by the rate."""


def rhythm(found: Iterable[RhythmFound]) -> list[Statement]:
    """State the rhythms, most serious first."""
    by_label = {each.label: each for each in found}
    return [
        _rhythm_statement(by_label[label], words)
        for label, words in _RHYTHMS.items()
        if label in by_label
    ]


def _rhythm_statement(found: RhythmFound, words: _Wording) -> Statement:
    more_en = f", {found.n} times" if found.n > 1 else ""
    more_zh = f"，共{found.n}次" if found.n > 1 else ""
    length = f"{found.duration_s:.0f}" if found.duration_s >= 10 else f"{found.duration_s:.1f}"
    return Statement(
        id=str(found.label),
        text=Localised(
            en=f"{words.en}{more_en}, {length} s in all", zh=f"{words.zh}{more_zh}，共{length}秒"
        ),
        aha_code=words.aha_code,
        certainty=_certainty(found.confidence),
        source=Source.RULE,
        evidence=(Evidence(key="rhythm_confidence", value=found.confidence, threshold=_POSSIBLE),),
        start_ns=found.start_ns,
        end_ns=found.end_ns,
        strip_ids=found.strip_ids,
    )


def _certainty(confidence: float) -> Certainty:
    if confidence >= _PROBABLE:
        return Certainty.PROBABLE
    return Certainty.POSSIBLE if confidence >= _POSSIBLE else Certainty.CONSIDER


def technical(recording: Recording, sqi: float, strip_ids: Sequence[str]) -> list[Statement]:
    """Say what is wrong with the signal, worst first; empty for a good one."""
    found: list[Statement] = []

    def say(id_: str, en: str, zh: str, aha_code: int | None, evidence: Evidence) -> None:
        text = Localised(en=en, zh=zh)
        found.append(_rule(id_, text, aha_code, evidence, recording, strip_ids))

    if sqi < USABLE_SQI:
        evidence = Evidence(key="sqi", value=sqi, threshold=USABLE_SQI)
        say("uninterpretable", "Signal cannot be interpreted", "信号无法判读", 4, evidence)
    elif sqi < GOOD_SQI:
        evidence = Evidence(key="sqi", value=sqi, threshold=GOOD_SQI)
        say("poor_quality", "Poor signal quality", "信号质量差", 15, evidence)
    if recording.coverage < _MIN_COVERAGE:
        evidence = Evidence(key="coverage", value=recording.coverage, threshold=_MIN_COVERAGE)
        say("incomplete", "Part of the signal is missing", "部分信号缺失", None, evidence)
    return found


def rate(
    heart_rate: ReportMeasurement | None, recording: Recording, strip_ids: Sequence[str]
) -> list[Statement]:
    """Say that the mean rate lies outside 50 to 100 per minute, without naming a rhythm."""
    if heart_rate is None or heart_rate.value is None:
        return []
    if heart_rate.value > _RATE_HIGH:
        id_, limit, text = "rate_high", _RATE_HIGH, Localised(en="Heart rate high", zh="心率偏快")
    elif heart_rate.value < _RATE_LOW:
        id_, limit, text = "rate_low", _RATE_LOW, Localised(en="Heart rate low", zh="心率偏慢")
    else:
        return []
    evidence = Evidence(key="hr_mean", value=heart_rate.value, threshold=limit)
    return [_rule(id_, text, None, evidence, recording, strip_ids)]


def long_intervals(events: Iterable[ReportEvent]) -> list[Statement]:
    """Say for each long interval that no beat was found in it; a missed beat is possible."""
    return [_long_interval(event) for event in events]


def _long_interval(event: ReportEvent) -> Statement:
    length_ms = (event.end_ns - event.start_ns) / 1e6
    seconds = f"{length_ms / 1000:.1f}"
    return Statement(
        id="long_interval",
        text=Localised(en=f"No beat found for {seconds} s", zh=f"{seconds} 秒内未检出心搏"),
        certainty=Certainty.POSSIBLE,
        source=Source.RULE,
        evidence=(Evidence(key="rr_longest", value=length_ms, threshold=LONG_INTERVAL_MS),),
        start_ns=event.start_ns,
        end_ns=event.end_ns,
        strip_ids=event.strip_ids,
    )


def _rule(
    id_: str,
    text: Localised,
    aha_code: int | None,
    evidence: Evidence,
    recording: Recording,
    strip_ids: Sequence[str],
) -> Statement:
    return Statement(
        id=id_,
        text=text,
        aha_code=aha_code,
        certainty=Certainty.DEFINITE,
        source=Source.RULE,
        evidence=(evidence,),
        start_ns=recording.start_ns,
        end_ns=recording.end_ns,
        strip_ids=tuple(strip_ids),
    )
