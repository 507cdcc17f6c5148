"""The report of an event: what happened, and the signal from before until after it."""

from dataclasses import dataclass

from ecgcore.compose import Composed, composed
from ecgcore.events import RhythmLabel
from ecgcore.report import Localised, ReportKind, Statement, Strip, report_id
from ecgcore.report_input import ReportInput
from ecgcore.report_kinds import (
    EventContext,
    EventReport,
    LabelledBeat,
    Notification,
    RateRange,
    Trigger,
    Urgency,
)
from ecgcore.report_strips import strip_of
from ecgcore.sample_runs import joined, longest_between
from ecgcore.stored import StoredBeat, StoredRhythm

_R = RhythmLabel
_URGENCY = {
    **dict.fromkeys((_R.VF, _R.ASYSTOLE, _R.VT, _R.COMPLETE_AVB), Urgency.HIGH),
    **dict.fromkeys(
        (_R.NSVT, _R.SVT, _R.PAUSE, _R.MOBITZ2, _R.AVB_2TO1, _R.AFIB, _R.AFLUTTER),
        Urgency.MEDIUM,
    ),
    **dict.fromkeys(
        (_R.AVB1, _R.MOBITZ1, _R.BIGEMINY, _R.TRIGEMINY, _R.COUPLET, _R.TRIPLET, _R.AIVR),
        Urgency.LOW,
    ),
}
"""By the rhythm (report rules, section 6.2); what is not here is worth no notification."""
_LONG_PAUSE_S = 6.0
_ORDER = tuple(Urgency)


@dataclass(frozen=True, slots=True)
class Happened:
    """The event itself, by counters of the stretch around it."""

    trigger: Trigger
    onset: int
    end: int
    """Exclusive."""
    context: EventContext | None = None
    notified: tuple[Notification, ...] = ()


@dataclass(frozen=True, slots=True)
class EventConfig:
    """How much signal an event is shown with."""

    pre_s: float = 30.0
    post_s: float = 60.0


def compose_event(given: ReportInput, happened: Happened) -> EventReport:
    """Make the report of an event.

    Parameters
    ----------
    given : ReportInput
        The stretch from before until after the event; all of it is shown.
    """
    parts = composed(given)
    whole = _whole_strip(given)
    strips = (*((whole,) if whole else ()), *(s for s in parts.strips if s.id != "main"))
    statements = tuple(_shown_by(s, whole) for s in parts.statements)
    within = [b for b in given.beats if happened.onset <= b.sample < happened.end]
    onset_ns, end_ns = given.time_ns(happened.onset), given.time_ns(happened.end)
    device = given.device
    return EventReport(
        report_id=report_id(device.device_id, device.boot_id, ReportKind.EVENT, happened.onset),
        **{**parts.fields, "strips": strips, "statements": statements},
        trigger=happened.trigger,
        onset_ns=onset_ns,
        end_ns=end_ns,
        duration_s=(end_ns - onset_ns) / 1e9,
        rate=_rate(within),
        first_beat=_labelled(within[0]) if within else None,
        last_beat=_labelled(within[-1]) if within else None,
        context=happened.context or _context(given, onset_ns),
        symptom_rhythm=_symptom_rhythm(happened.trigger, parts),
        urgency=_urgency(given, happened),
        notified=happened.notified,
    )


def _whole_strip(given: ReportInput) -> Strip | None:
    run = longest_between(joined(given.runs), given.window.start, given.window.end)
    length_s = (given.end_ns - given.start_ns) / 1e9
    return None if run is None else strip_of(given, run, 0, "event", length_s + 1.0)


def _shown_by(statement: Statement, whole: Strip | None) -> Statement:
    """Point to the whole strip where the usual one would be."""
    ids = ("event",) if whole is not None else ()
    shown = tuple(id_ for id_ in statement.strip_ids if not id_.startswith("main"))
    return statement.model_copy(update={"strip_ids": shown or ids})


def _rate(beats: list[StoredBeat]) -> RateRange:
    rr_ms = [beat.rr_ms for beat in beats if beat.rr_ms is not None]
    if not rr_ms:
        return RateRange(low=None, mean=None, high=None)
    return RateRange(
        low=60_000.0 / max(rr_ms),
        mean=60_000.0 * len(rr_ms) / sum(rr_ms),
        high=60_000.0 / min(rr_ms),
    )


def _labelled(beat: StoredBeat) -> LabelledBeat:
    return LabelledBeat(label=str(beat.label or ""), at_ns=beat.utc_ns)


def _context(given: ReportInput, onset_ns: int) -> EventContext:
    return EventContext(
        hour_of_day=onset_ns // 3_600_000_000_000 % 24 if given.is_time_known else None
    )


def _symptom_rhythm(trigger: Trigger, parts: Composed) -> Localised:
    found = parts.statements[0].text if parts.statements else None
    en = "no automatic statement" if found is None else found.en
    zh = "无自动结论" if found is None else found.zh
    if trigger.symptom is None:
        return Localised(en=f"Without a symptom told: {en}", zh=f"未报告症状：{zh}")
    return Localised(en=f"“{trigger.symptom}”: {en}", zh=f"“{trigger.symptom}”：{zh}")


def _urgency(given: ReportInput, happened: Happened) -> Urgency:
    """Give the class of the most urgent rhythm that touches the event."""
    found = (
        urgency_of(given, each)
        for each in given.rhythms
        if each.start < happened.end and each.end > happened.onset
    )
    return min(found, key=_ORDER.index, default=Urgency.INFO)


def urgency_of(given: ReportInput, rhythm: StoredRhythm) -> Urgency:
    """Give the class of one rhythm."""
    length_s = (given.time_ns(rhythm.end) - given.time_ns(rhythm.start)) / 1e9
    if rhythm.label is RhythmLabel.PAUSE and length_s >= _LONG_PAUSE_S:
        return Urgency.HIGH
    return _URGENCY.get(rhythm.label, Urgency.INFO)
