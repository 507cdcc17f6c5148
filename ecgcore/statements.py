"""Rules that turn numbers into statements, each with the number it rests on.

Only what one lead and the beats can support is said: how good the signal is, whether the rate lies
outside 50 to 100, whether a beat is missing for long. No rhythm is named.
"""

from collections.abc import Iterable, Sequence

from ecgcore.events import USABLE_SQI
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
