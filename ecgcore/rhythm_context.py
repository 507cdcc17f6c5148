"""What surrounded events: the rate before each, and the rhythm around each mark of a symptom."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ecgcore.events import PATTERNS, BeatLabel, NullReason, RhythmLabel
from ecgcore.limits import Count, Milliseconds, Seconds, Share
from ecgcore.measured import Said
from ecgcore.occasion import MarkKind
from ecgcore.recorded import Recorded
from ecgcore.types import SampleIndex

_ORDINARY = (
    RhythmLabel.SINUS_RHYTHM,
    RhythmLabel.SINUS_BRADY,
    RhythmLabel.SINUS_TACHY,
    RhythmLabel.SINUS_ARRHYTHMIA,
    RhythmLabel.UNDETERMINED,
    RhythmLabel.NOISE,
    RhythmLabel.LEAD_OFF,
)


@dataclass(frozen=True, slots=True)
class ContextConfig:
    """How far is looked."""

    before_s: Seconds = 60.0
    """The rate before an event is the mean over so long."""
    around_s: Seconds = 45.0
    """On either side of a mark (catalogue F95)."""
    most_rows: Count = 200
    """Of a table; the first ones."""
    window_s: Seconds = 10.0
    span_ms: Milliseconds = 120.0
    span_share: Share = 0.1
    """Longest less shortest NN of a window, or its share of the mean, that is more than even."""
    least_beats: Count = 4
    af_share: Share = 0.5
    """Fibrillation or flutter that takes more of the recording leaves no sinus node to judge."""
    p_share: Share = 0.8
    """Of a window's beats; fewer with a P wave are no sinus rhythm that is sure."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """The onset of an event."""

    at_s: float
    """From sample 0."""
    event: RhythmLabel
    hr_before_bpm: float | None
    """Mean of the minute before."""
    hr_onset_bpm: float | None
    """Of the last interval that ended before it."""
    activity_mg: float | None
    local_h: float | None


@dataclass(frozen=True, slots=True)
class SymptomRhythm:
    """A mark and what the heart did around it."""

    at_s: float
    text: str
    rhythms: tuple[RhythmLabel, ...]
    """Base rhythms that have a name and patterns, from 45 s before to 45 s after, by start."""
    hr_bpm: float | None
    n_ventricular: int
    n_supraventricular: int


def triggers(recorded: Recorded, config: ContextConfig) -> tuple[Trigger, ...]:
    """Tell the context of every event: each pattern, and each base rhythm but those of the sinus.

    What was there when the recording began has no onset.
    """
    fs_hz, occasion = recorded.fs_hz, recorded.occasion
    beats = recorded.beats
    at = np.array([beat.sample for beat in beats], float)
    known = sorted(recorded.rhythms, key=lambda each: each.start)
    first_base = next((each for each in known if each.label not in PATTERNS), None)
    rows = []
    for each in known:
        start = each.start
        if each.label in _ORDINARY or each is first_base or not (at < start).any():
            continue
        inside = (at > start - config.before_s * fs_hz) & (at <= start)
        rr_ms = recorded.rr_ms[inside]
        second = int(start / fs_hz)
        has_activity = second < len(occasion.activity_mg)
        rows.append(
            Trigger(
                at_s=start / fs_hz,
                event=each.label,
                hr_before_bpm=_mean_bpm(rr_ms),
                hr_onset_bpm=_mean_bpm(rr_ms[-1:]),
                activity_mg=occasion.activity_mg[second] if has_activity else None,
                local_h=occasion.local_h(start / fs_hz),
            )
        )
    return tuple(rows[: config.most_rows])


def symptom_rhythms(recorded: Recorded, config: ContextConfig) -> tuple[SymptomRhythm, ...]:
    """Tell the rhythm around every mark of a symptom."""
    reach = round(config.around_s * recorded.fs_hz)
    marks = recorded.occasion.marked(MarkKind.SYMPTOM)[: config.most_rows]
    return tuple(
        _around(recorded, mark.sample, mark.text, mark.sample - reach, mark.sample + reach)
        for mark in marks
    )


def table_of(rows: Sequence[Trigger] | Sequence[SymptomRhythm]) -> Said:
    """Give a table as JSON text, a list of objects; without rows there is nothing to tell."""
    if not rows:
        return NullReason.NOT_APPLICABLE
    return json.dumps([_rounded(asdict(row)) for row in rows])


def is_sinus_arrhythmia(recorded: Recorded, config: ContextConfig) -> bool | NullReason:
    """Tell whether NN intervals are uneven under a constant P wave, in most windows of 10 s.

    A window counts if its beats are all normal ones and have P waves; these must be of one form.
    """
    rhythms = recorded.share_of([RhythmLabel.AFIB, RhythmLabel.AFLUTTER])
    if rhythms > config.af_share:
        return NullReason.AF
    if 2 * int(recorded.is_label(BeatLabel.PACED).sum()) > len(recorded.beats):
        return NullReason.PACED
    length = config.window_s * recorded.fs_hz
    number = np.array([int(beat.sample / length) for beat in recorded.beats])
    found: list[bool] = []
    n_sinus = 0
    for k in range(int(recorded.n_samples / length)):
        first, last = np.searchsorted(number, [k, k + 1])
        beats = recorded.beats[first:last]
        rr_ms = recorded.rr_ms[first + 1 : last]
        is_sinus = all(beat.label is BeatLabel.NORMAL for beat in beats)
        if len(beats) < config.least_beats or not is_sinus or not np.isfinite(rr_ms).all():
            continue
        n_sinus += 1
        forms = [beat.waves.p.form for beat in beats if beat.waves.p is not None]
        if len(forms) < config.p_share * len(beats):
            continue
        span_ms = float(rr_ms.max() - rr_ms.min())
        is_uneven = span_ms > min(config.span_ms, config.span_share * float(rr_ms.mean()))
        found.append(is_uneven and len(set(forms)) == 1)
    if found:
        return 2 * sum(found) > len(found)
    return recorded.unusable or (NullReason.NO_P_WAVE if n_sinus else NullReason.TOO_FEW_BEATS)


def _around(
    recorded: Recorded, at: SampleIndex, text: str, start: SampleIndex, end: SampleIndex
) -> SymptomRhythm:
    inside = [k for k, beat in enumerate(recorded.beats) if start <= beat.sample <= end]
    labels = [recorded.beats[k].label for k in inside]
    known = sorted(recorded.rhythms, key=lambda each: each.start)
    return SymptomRhythm(
        at_s=at / recorded.fs_hz,
        text=text,
        rhythms=tuple(
            dict.fromkeys(
                each.label
                for each in known
                if each.start <= end
                and each.end >= start
                and each.label is not RhythmLabel.UNDETERMINED
            )
        ),
        hr_bpm=_mean_bpm(recorded.rr_ms[inside]) if inside else None,
        n_ventricular=labels.count(BeatLabel.VENTRICULAR),
        n_supraventricular=labels.count(BeatLabel.SUPRAVENTRICULAR),
    )


def _mean_bpm(rr_ms: np.ndarray) -> float | None:
    known = rr_ms[np.isfinite(rr_ms)]
    return 60e3 / float(known.mean()) if known.size else None


def _rounded(row: dict[str, object]) -> dict[str, object]:
    return {
        key: round(value, 3) if isinstance(value, float) and math.isfinite(value) else value
        for key, value in row.items()
    }
