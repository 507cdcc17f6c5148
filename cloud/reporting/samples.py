"""A report of each kind for a sample patient: `python -m cloud.reporting.samples docs/samples`.

The patient is a synthetic heart (`cloud.reporting.sample_heart`): no person's data is in the files.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cloud.evaluation.archive import Leads
from cloud.reporting.fhir.terms import Version
from cloud.reporting.making import event_report, holter_report, live_summary, spot_report
from cloud.reporting.rendering import rendered
from cloud.reporting.sample_heart import TWELVE, Plan, by_hour, signal_of
from ecgcore.compose_holter import HolterConfig
from ecgcore.compose_trend import compose_trend
from ecgcore.extraction import ExtractionConfig
from ecgcore.person import Person, Sex
from ecgcore.report_kinds import AnyReport, LiveSummary

NAME = "sample-patient"
_START = datetime(2026, 3, 2, 7, 40, tzinfo=UTC)
_CREATED_NS = 1_772_600_000_000_000_000
_PATCH_HZ, _CART_HZ = 130.0, 250.0
_HOURS = (62, 74, 82, 78, 76, 80, 84, 79, 75, 88, 92, 80, 74, 70, 66, 62, 58, 55, 53, 52)
_HOURLY_BPM = (*_HOURS, 51, 53, 56, 60, 64)
_DAY_S = 24 * 3600.0
_SYMPTOMS = ((9.02 * 3600.0, "palpitations"), (30_000.0, "dizzy"))


def _recorded(plan: Plan, fs_hz: float, leads: tuple[str, ...], start: datetime) -> Leads:
    person = Person(Sex.FEMALE, 64.0)
    return Leads(NAME, signal_of(plan, fs_hz, leads), fs_hz, leads, person, start)


def spot_recording() -> Leads:
    """Give ten seconds, twelve leads, one ventricular beat."""
    plan = Plan(10.0, lambda _: 68.0, seed=4, ectopic=((5.0, 6.6, 1),))
    return _recorded(plan, _CART_HZ, TWELVE, _START)


def event_recording() -> Leads:
    """Give two minutes of a patch with a run of ventricular beats."""
    plan = Plan(120.0, lambda _: 76.0, seed=5, runs=((45.0, 7),))
    return _recorded(plan, _PATCH_HZ, ("CHEST",), _START)


def holter_recording(duration_s: float = _DAY_S) -> Leads:
    """Give a day of a patch: ectopy, fibrillation, a run, a pause by night, a loose patch."""
    plan = Plan(
        duration_s,
        by_hour(_HOURLY_BPM),
        seed=6,
        ectopic=((3600.0, 5400.0, 9), (20_000.0, 24_000.0, 14), (34_000.0, 34_060.0, 2)),
        fibrillating=((32_400.0, 33_900.0),),
        runs=((30_000.0, 5),),
        pauses=((70_000.0, 3.4),),
        loud=((50_000.0, 50_400.0, 0.9),),
    )
    return _recorded(plan, _PATCH_HZ, ("CHEST",), _START)


def trend_recordings() -> list[Leads]:
    """Give a minute every other day for three weeks; the rate rises in the last one."""
    rates = (64, 66, 63, 65, 64, 67, 65, 66, 78, 82, 84)
    return [
        _recorded(
            Plan(60.0, lambda _, bpm=bpm: float(bpm), seed=20 + k),  # type: ignore[misc]
            _PATCH_HZ,
            ("CHEST",),
            _START + timedelta(days=2 * k),
        )
        for k, bpm in enumerate(rates)
    ]


def samples(config: ExtractionConfig) -> Iterator[tuple[str, AnyReport]]:
    """Make a report of each kind."""
    yield "spot", spot_report(spot_recording(), _CREATED_NS, config)
    minute = replace(event_recording(), ecg_mv=event_recording().ecg_mv[:, : round(60 * _PATCH_HZ)])
    yield "live", live_summary(minute, _CREATED_NS, config)
    yield "event", event_report(event_recording(), _CREATED_NS, config, symptom="palpitations")
    holter = HolterConfig(prescribed_h=24.0)
    yield "holter", holter_report(holter_recording(), _CREATED_NS, config, holter, _SYMPTOMS)
    reports = [spot_report(each, _CREATED_NS, config) for each in trend_recordings()]
    yield "trend", compose_trend(reports, _CREATED_NS)


def write(folder: Path) -> None:
    """Write each as JSON, PDF, and FHIR of both releases."""
    folder.mkdir(parents=True, exist_ok=True)
    versions: tuple[Version, ...] = ("r4", "r5")
    found = dict(samples(ExtractionConfig()))
    for name, report in found.items():
        (folder / f"{name}.json").write_bytes(rendered(report, "json"))
        for version in versions:
            path = folder / f"{name}.fhir-{version}.json"
            path.write_bytes(rendered(report, "fhir", fhir_version=version))
        if not isinstance(report, LiveSummary):
            (folder / f"{name}.pdf").write_bytes(rendered(report, "pdf", "en"))
    # One is enough to show the other language.
    (folder / "spot.zh.pdf").write_bytes(rendered(found["spot"], "pdf", "zh"))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
