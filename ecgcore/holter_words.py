"""The words of a Holter report: what many hours add to those of a stretch."""

from collections.abc import Iterable

from ecgcore.report import Localised, Narrative, ReportMeasurement
from ecgcore.report_kinds import HolterRate, HolterSection, Wear
from ecgcore.rounding import with_unit
from ecgcore.wording import name_of

_RARE_PCT, _FREQUENT_PCT = 1.0, 5.0
"""Words for ectopy as patch reports use them."""


def holter_narrative(
    base: Narrative, wear: Wear, rate: HolterRate, sections: Iterable[HolterSection]
) -> Narrative:
    """Put wear, rate and ectopy before the words of the whole stretch."""
    sections = list(sections)
    worn = Localised(
        en=f"The patch was worn for {wear.worn_h:.1f} h; {wear.analysable_h:.1f} h could be read.",
        zh=f"佩戴 {wear.worn_h:.1f} 小时，其中 {wear.analysable_h:.1f} 小时可分析。",
    )
    spoken = [worn, *_range(rate)]
    lines = [worn, *(line for each in sections if (line := _line(each)) is not None)]
    return Narrative(
        headline=base.headline,
        patient=Localised(
            en=" ".join((*(each.en for each in spoken), base.patient.en)),
            zh="".join((*(each.zh for each in spoken), base.patient.zh)),
        ),
        clinician=Localised(
            en="\n".join((*(each.en for each in lines), base.clinician.en)),
            zh="\n".join((*(each.zh for each in lines), base.clinician.zh)),
        ),
    )


def _range(rate: HolterRate) -> list[Localised]:
    if rate.low is None or rate.high is None:
        return []
    low, high = f"{rate.low.value:.0f}", f"{rate.high.value:.0f}"
    return [
        Localised(
            en=f"Your heart rate went from {low} to {high} a minute.",
            zh=f"心率最低 {low} 次/分，最高 {high} 次/分。",
        )
    ]


def _line(section: HolterSection) -> Localised | None:
    known = [m for m in section.values if m.value is not None]
    if not known:
        return None
    word = _ectopy_word(section.values)
    en = "; ".join(f"{name_of(m.key).en} {_value(m)}" for m in known)
    zh = "；".join(f"{name_of(m.key).zh} {_value(m)}" for m in known)
    return Localised(
        en=f"{section.title.en}{'' if word is None else f' ({word.en})'}: {en}.",
        zh=f"{section.title.zh}{'' if word is None else f'（{word.zh}）'}：{zh}。",
    )


def _value(m: ReportMeasurement) -> str:
    return "–" if m.value is None else with_unit(m.value, m.unit)


def _ectopy_word(values: Iterable[ReportMeasurement]) -> Localised | None:
    """Say rare, occasional or frequent, where there is any."""
    burden = next((m.value for m in values if m.key in ("pvc_burden", "pac_burden")), None)
    if not burden:
        return None
    if burden < _RARE_PCT:
        return Localised(en="rare", zh="偶见")
    if burden <= _FREQUENT_PCT:
        return Localised(en="occasional", zh="间发")
    return Localised(en="frequent", zh="频发")
