"""The report in plain words, in English and Chinese, with numbers rounded for people."""

from collections.abc import Sequence
from dataclasses import dataclass

from ecgcore.clinician import clinician_text
from ecgcore.events import USABLE_SQI
from ecgcore.lead_set import LeadSet, lead_set_of
from ecgcore.report import (
    Comparison,
    Localised,
    Narrative,
    Recording,
    ReportMeasurement,
    Statement,
)
from ecgcore.statements import GOOD_SQI, HARMLESS, RHYTHM_IDS
from ecgcore.vocabulary import vocabulary

_RATES = frozenset({"rate_high", "rate_low"})
_EXTRA_BEATS = frozenset({"pvc", "pac"})
_MISSING_WORTH_SAYING_S = 1.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What the words are made from."""

    recording: Recording
    sqi: float
    measurements: Sequence[ReportMeasurement]
    statements: Sequence[Statement]
    leads: tuple[str, ...]
    comparison: Sequence[Comparison] = ()

    def measurement(self, key: str) -> ReportMeasurement | None:
        """Give a measurement that has a value."""
        found = (m for m in self.measurements if m.key == key and m.value is not None)
        return next(found, None)


def narrate(facts: Facts) -> Narrative:
    """Put the facts into words."""
    return Narrative(
        headline=_headline(facts),
        patient=_patient(facts),
        clinician=clinician_text(
            facts.statements, facts.measurements, facts.comparison, facts.recording, facts.sqi
        ),
    )


def _headline(facts: Facts) -> Localised:
    rate = facts.measurement("hr_mean")
    if rate is None or rate.value is None:
        return Localised(en="Heart rate not measurable", zh="心率无法测量")
    return Localised(en=f"Heart rate {rate.value:.0f}/min", zh=f"心率 {rate.value:.0f} 次/分")


def _patient(facts: Facts) -> Localised:
    sentences = [_rate_sentence(facts), *_rhythm_sentence(facts), *_other_sentence(facts)]
    sentences.append(_quality_sentence(facts))
    if (missing_s := _missing_s(facts.recording)) >= _MISSING_WORTH_SAYING_S:
        sentences.append(
            Localised(
                en=f"{missing_s:.0f} s of the signal are missing.",
                zh=f"缺失 {missing_s:.0f} 秒信号。",
            )
        )
    sentences += [_action_sentence(facts), _CAVEAT]
    return Localised(
        en=" ".join(sentence.en for sentence in sentences),
        zh="".join(sentence.zh for sentence in sentences),
    )


def _rate_sentence(facts: Facts) -> Localised:
    rate = facts.measurement("hr_mean")
    if rate is None or rate.value is None:
        return Localised(
            en="Your heart rate could not be measured.", zh="这段时间内无法测出您的心率。"
        )
    said = next((s.id for s in facts.statements if s.id in _RATES), None)
    en, zh = {
        "rate_high": (", which is faster than usual at rest", "，比静息时通常的速度快"),
        "rate_low": (", which is slower than usual at rest", "，比静息时通常的速度慢"),
        None: ("", ""),
    }[said]
    return Localised(
        en=f"Your heart beat {rate.value:.0f} times a minute{en}.",
        zh=f"您的心脏每分钟跳动 {rate.value:.0f} 次{zh}。",
    )


def _rhythm_sentence(facts: Facts) -> list[Localised]:
    """Say the most serious rhythm that was found, if any was."""
    found = [s for s in facts.statements if s.id in RHYTHM_IDS]
    if not found:
        return []
    if found[0].id in HARMLESS:
        if any(s.id in _EXTRA_BEATS for s in facts.statements):
            en = "Single extra beats were seen, and no other rhythm disturbance was recognised."
            return [Localised(en=en, zh="可见单个早搏，未识别到其他心律失常。")]
        return [Localised(en="No rhythm disturbance was recognised.", zh="未识别到心律失常。")]
    name = found[0].text
    return [
        Localised(
            en=f"The recording may show: {_lowered(name.en)}.", zh=f"记录中可能有：{name.zh}。"
        )
    ]


def _other_sentence(facts: Facts) -> list[Localised]:
    """Say that there is more, which its name alone would not explain to a patient."""
    said = HARMLESS | RHYTHM_IDS | _RATES | _EXTRA_BEATS | vocabulary().ids_of(["technical"])
    n = len({statement.id for statement in facts.statements} - said)
    if not n:
        return []
    en = "One more finding is" if n == 1 else f"{n} more findings are"
    return [
        Localised(en=f"{en} listed for your doctor to look at.", zh=f"另有 {n} 项发现供医生查看。")
    ]


def _lowered(text: str) -> str:
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _quality_sentence(facts: Facts) -> Localised:
    if facts.sqi < USABLE_SQI:
        return Localised(en="The signal was too disturbed to judge.", zh="信号干扰过大，无法判断。")
    if facts.sqi < GOOD_SQI:
        return Localised(en="The signal was disturbed in places.", zh="信号部分受到干扰。")
    return Localised(en="The signal was clear.", zh="信号清晰。")


def _action_sentence(facts: Facts) -> Localised:
    if facts.sqi < GOOD_SQI:
        return _CHECK_PATCH if lead_set_of(facts.leads) is LeadSet.PATCH else _CHECK_ELECTRODES
    if any(s.id not in HARMLESS for s in facts.statements):
        return Localised(
            en="Talk to your doctor if this is unusual for you; seek help now if you have chest "
            "pain, faint or struggle for breath.",
            zh="如果这对您来说不寻常，请咨询医生；如有胸痛、晕厥或呼吸困难，请立即求助。",
        )
    # "Nothing needed" would be a promise that one lead and an automatic reading cannot make.
    return Localised(
        en="Talk to your doctor if you feel unwell; seek help now if you have chest pain, faint or "
        "struggle for breath.",
        zh="如感不适，请咨询医生；如有胸痛、晕厥或呼吸困难，请立即求助。",
    )


_CHECK_PATCH = Localised(
    en="Check that the patch sits well on your skin, then ask for a new report.",
    zh="请检查贴片是否贴好，然后重新生成报告。",
)
_CHECK_ELECTRODES = Localised(
    en="Check that all electrodes sit well on your skin, then record again.",
    zh="请检查所有电极是否贴好，然后重新记录。",
)
_CAVEAT = Localised(
    en="This report was made automatically, is unconfirmed and is not a diagnosis.",
    zh="本报告由系统自动生成，未经确认，不构成诊断。",
)


def _missing_s(recording: Recording) -> float:
    return recording.wall_s * (1 - recording.coverage)
