"""The strips of a report, and what needs one of its own: long intervals and rhythms."""

from collections.abc import Sequence

import numpy as np

from ecgcore.events import PATTERNS
from ecgcore.report import ReportEvent, Strip
from ecgcore.report_input import ReportInput
from ecgcore.sample_runs import SampleRun, joined, longest_between
from ecgcore.statements import GOOD_SQI, LONG_INTERVAL_MS, RhythmFound
from ecgcore.stored import StoredBeat, StoredRhythm

STRIP_S = 10.0
_MAX_EVENTS = 3
_MAX_STRIPS = 8
"""Beside those of other leads."""


def main_strips(given: ReportInput) -> list[Strip]:
    """Give the best ten seconds of every lead, the latest of equals; the first lead's is `main`."""
    runs = joined(given.runs)
    parts = sorted(given.parts or (given.window,), key=lambda p: (p.sqi, p.end), reverse=True)
    for part in parts:
        run = longest_between(runs, part.start, part.end)
        if run is not None:
            return [
                strip_of(given, run, lead, "main" if not lead else f"main-{name}")
                for lead, name in enumerate(given.device.leads)
            ]
    return []


def long_intervals_of(given: ReportInput, strips: list[Strip]) -> list[ReportEvent]:
    """Give the first long intervals as events, and add a strip of each."""
    if given.window.sqi < GOOD_SQI:
        return []
    runs = joined(given.runs)
    long = [b for b in given.beats if b.rr_ms is not None and b.rr_ms >= LONG_INTERVAL_MS]
    return [
        _long_interval(given, runs, beat, number, strips)
        for number, beat in enumerate(long[:_MAX_EVENTS], start=1)
    ]


def rhythms_of(given: ReportInput, strips: list[Strip]) -> list[RhythmFound]:
    """Gather the rhythms by their name, and add a strip of each that the main one does not show."""
    runs = joined(given.runs)
    found = []
    clear = clear_rhythms(given)
    for label in dict.fromkeys(each.label for each in clear):
        alike = [each for each in clear if each.label is label]
        longest = max(alike, key=lambda each: each.end - each.start)
        found.append(
            RhythmFound(
                label=label,
                n=len(alike),
                duration_s=sum(
                    (given.time_ns(e.end) - given.time_ns(e.start)) / 1e9 for e in alike
                ),
                confidence=longest.confidence,
                start_ns=given.time_ns(longest.start),
                end_ns=given.time_ns(longest.end),
                strip_ids=_strip_ids_of(given, runs, longest, strips),
            )
        )
    return found


def clear_rhythms(given: ReportInput) -> list[StoredRhythm]:
    """Give the stretches of rhythm whose signal was good: what is named in noise is not stated."""
    if not given.parts:
        return list(given.rhythms)
    start = np.array([part.start for part in given.parts])
    end = np.array([part.end for part in given.parts])
    sqi = np.array([part.sqi for part in given.parts])

    def is_clear(each: StoredRhythm) -> bool:
        shared = np.clip(np.minimum(end, each.end) - np.maximum(start, each.start), 0, None)
        return float(shared @ sqi) >= GOOD_SQI * float(shared.sum())

    return [each for each in given.rhythms if is_clear(each)]


def strip_between(
    given: ReportInput,
    runs: Sequence[SampleRun],
    start: int,
    end: int,
    id_: str,
    most_s: float = STRIP_S,
) -> Strip | None:
    """Give the longest samples of the first lead between two counters, at most so many seconds."""
    run = longest_between(runs, start, end)
    return None if run is None else strip_of(given, run, 0, id_, most_s)


def strip_of(
    given: ReportInput, run: SampleRun, lead: int, id_: str, most_s: float = STRIP_S
) -> Strip:
    """Give the beginning of one lead of a run."""
    most = round(most_s * given.device.fs_nominal_hz)
    return Strip(
        id=id_,
        lead=given.device.leads[lead],
        first_counter=run.first_counter,
        start_ns=given.time_ns(run.first_counter),
        fs_hz=given.device.fs_nominal_hz,
        lsb_pv=given.device.lsb_pv,
        samples=tuple(run.adc[lead, :most].tolist()),
    )


def _long_interval(
    given: ReportInput,
    runs: Sequence[SampleRun],
    beat: StoredBeat,
    number: int,
    strips: list[Strip],
) -> ReportEvent:
    rr_ms = beat.rr_ms or 0.0
    start = beat.sample - round(rr_ms * given.device.fs_nominal_hz / 1000)
    half = round(STRIP_S * given.device.fs_nominal_hz / 2)
    middle = (start + beat.sample) // 2
    strip = strip_between(given, runs, middle - half, middle + half, f"event-{number}")
    strips += [] if strip is None else [strip]
    return ReportEvent(
        id=f"long-interval-{number}",
        kind="long_interval",
        start_ns=beat.utc_ns - round(rr_ms * 1e6),
        end_ns=beat.utc_ns,
        start_counter=start,
        end_counter=beat.sample,
        strip_ids=() if strip is None else (strip.id,),
    )


def _strip_ids_of(
    given: ReportInput, runs: Sequence[SampleRun], shown: StoredRhythm, strips: list[Strip]
) -> tuple[str, ...]:
    if (
        shown.label not in PATTERNS
        and shown.end - shown.start == given.window.end - given.window.start
    ):
        return tuple(strip.id for strip in strips[:1])
    if len(strips) - len(given.device.leads) + 1 > _MAX_STRIPS:
        return ()
    half = round(STRIP_S * given.device.fs_nominal_hz / 2)
    middle = (shown.start + min(shown.end, shown.start + 2 * half)) // 2
    strip = strip_between(given, runs, middle - half, middle + half, f"rhythm-{shown.label}")
    if strip is None:
        return ()
    if strips and _shows(strips[0], strip):
        return (strips[0].id,)
    strips.append(strip)
    return (strip.id,)


def _shows(one: Strip, other: Strip) -> bool:
    end, other_end = (each.first_counter + len(each.samples) for each in (one, other))
    return one.first_counter <= other.first_counter and other_end <= end
