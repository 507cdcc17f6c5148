"""A minute of a patch at 130 Hz as a report is made from it: 72 beats a minute, all fine."""

from dataclasses import replace
from typing import Any

import numpy as np

from ecgcore.events import Dimension, Measurement, NullReason
from ecgcore.report import Algorithm, Device, ReportKind
from ecgcore.report_input import ReportInput
from ecgcore.sample_runs import SampleRun
from ecgcore.stored import StoredBeat, Window

FS_HZ = 130
START = 13_000
END = START + 60 * FS_HZ
START_NS = 1_700_000_000_000_000_000
PERIOD_NS = 1_000_000_000 / FS_HZ
END_NS = START_NS + 60 * 10**9
DEVICE = Device(
    device_id="polar-h10-0A1B2C3D",
    boot_id=7,
    model="Polar H10",
    leads=("CHEST",),
    fs_nominal_hz=130.0,
    lsb_pv=1_000_000,
)
ALGORITHM = Algorithm(name="ecgomics", version="1", params_digest="abc")


def time_ns(counter: int) -> int:
    return START_NS + round((counter - START) * PERIOD_NS)


def measured(key: str, value: float | None, unit: str = "ms", **more: Any) -> Measurement:
    return Measurement(key, value, unit, Dimension.STRUCTURAL, **more)


def window(sqi: float = 0.95, hr: float | None = 72.0, coverage: float = 1.0) -> Window:
    reason = None if hr is not None else NullReason.LOW_SQI
    return Window(
        start=START,
        end=END,
        sqi=sqi,
        coverage=coverage,
        n_beats=72,
        measurements=(
            measured("hr_mean", hr, "/min", n=71, sqi=sqi, null_reason=reason),
            measured("rr_longest", 840.4, n=71),
            measured("pr_int", None, null_reason=NullReason.NOT_MEASURED),
        ),
    )


def parts(sqis: list[float], coverage: float | None = None) -> tuple[Window, ...]:
    """The 10-s windows; a poor one is half missing unless `coverage` says otherwise."""
    covered = [min(1.0, 2 * sqi) if coverage is None else coverage for sqi in sqis]
    return tuple(
        Window(START + 1300 * i, START + 1300 * (i + 1), sqi, covered[i], 12)
        for i, sqi in enumerate(sqis)
    )


def run(start: int, end: int) -> SampleRun:
    """The counter is the signal."""
    return SampleRun(start, np.arange(start, end, dtype=np.int32)[np.newaxis])


def given(**changes: Any) -> ReportInput:
    plain = ReportInput(
        kind=ReportKind.SUMMARY,
        created_ns=END_NS + 1,
        patient_ref="p1",
        device=DEVICE,
        algorithm=ALGORITHM,
        window=window(),
        start_ns=START_NS,
        end_ns=END_NS,
        parts=parts([0.9, 0.95, 1.0, 0.95, 0.9, 0.9]),
        runs=tuple(run(at, min(at + 73, END)) for at in range(START, END, 73)),
    )
    return replace(plain, **changes)


def beat(sample: int, rr_ms: float | None) -> StoredBeat:
    return StoredBeat(sample, time_ns(sample), 1.0, rr_ms)
