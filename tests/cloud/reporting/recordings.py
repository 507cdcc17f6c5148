"""Recordings whose values are known, as reports are made from them."""

from datetime import UTC, datetime
from functools import cache

import numpy as np

from cloud.evaluation.archive import Leads
from cloud.reporting.reading import analysed, input_of
from ecgcore.compose import compose
from ecgcore.extraction import ExtractionConfig
from ecgcore.person import Person, Sex
from ecgcore.report import Report, ReportKind
from tests.strategies import ecg_of

FS_HZ = 250.0
TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
_OF_HEART = (0.6, 1.0, 0.4, -0.8, 0.1, 0.7, -0.5, 0.4, 0.8, 1.3, 1.2, 0.9)
START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CREATED_NS = 1_772_400_000_000_000_000


def recording(
    names: tuple[str, ...], duration_s: float = 10.0, start: datetime | None = START
) -> Leads:
    """A heart at 75 a minute, larger or smaller in each lead."""
    rpeaks_s = [0.5 + 0.8 * n for n in range(int((duration_s - 1) / 0.8) + 1)]
    heart_mv = ecg_of(rpeaks_s, FS_HZ, duration_s, noise_mv=0.005)
    scale = np.array(_OF_HEART[: len(names)] if len(names) > 1 else (1.0,))
    ecg_mv = scale[:, np.newaxis] * heart_mv
    return Leads("p1", ecg_mv, FS_HZ, names, Person(Sex.FEMALE, 51.0), start)


@cache
def spot(names: tuple[str, ...] = TWELVE, duration_s: float = 10.0, timed: bool = True) -> Report:
    """Its report."""
    leads = recording(names, duration_s, START if timed else None)
    config = ExtractionConfig()
    given = input_of(leads, analysed(leads, config), ReportKind.SPOT, CREATED_NS, config)
    return compose(given)
