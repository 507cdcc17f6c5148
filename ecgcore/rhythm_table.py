"""The table of biomarkers of rhythm and conduction, and of the rate over long times."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ecgcore.av_conduction import AvConfig, dropped_p, pr_trend_ms
from ecgcore.conduction import ConductionConfig
from ecgcore.events import Measurement, NullReason
from ecgcore.long_rate import LongRateConfig, measure_long_rate
from ecgcore.measured import Said, measurement_of
from ecgcore.pvc_shape import PvcConfig, measure_pvc
from ecgcore.recorded import Recorded
from ecgcore.rhythm import RhythmConfig
from ecgcore.rhythm_burden import BurdenConfig, measure_burden, tally_of
from ecgcore.rhythm_context import (
    ContextConfig,
    is_sinus_arrhythmia,
    symptom_rhythms,
    table_of,
    triggers,
)

CONDUCTION = ("dropped_p", "pr_trend")
CONTEXT_KEYS = ("sinus_arrhythmia", "trigger_hr_context", "symptom_rhythm_table")


@dataclass(frozen=True, slots=True)
class RhythmTableConfig:
    """All parameters of the table."""

    burden: BurdenConfig = field(default_factory=BurdenConfig)
    av: AvConfig = field(default_factory=AvConfig)
    pvc: PvcConfig = field(default_factory=PvcConfig)
    context: ContextConfig = field(default_factory=ContextConfig)
    long_rate: LongRateConfig = field(default_factory=LongRateConfig)


def measure_rhythm(
    recorded: Recorded, config: RhythmTableConfig, rhythm: RhythmConfig
) -> Iterator[Measurement]:
    """Give every row of the table.

    Parameters
    ----------
    rhythm : RhythmConfig
        By which rhythms and blocks were named.
    """
    tally = tally_of(recorded.events, recorded.fs_hz, config.burden)
    burden = measure_burden(tally, config.burden, recorded.sqi)
    yield from burden
    reasons = {each.key: each.null_reason for each in burden}
    rows = [
        *_conduction(recorded, reasons["avb_grade"], config.av, rhythm.conduction),
        *_pvc(recorded, reasons["pvc_count"], config.pvc),
        *_context(recorded, reasons["rhythm_class"], config.context),
    ]
    n = len(recorded.beats)
    rows += [
        (key, value, n) for key, value in measure_long_rate(recorded, config.long_rate).items()
    ]
    for key, said, n_behind in rows:
        yield measurement_of(key, said, n_behind, recorded.sqi, None)


def _conduction(
    recorded: Recorded,
    reason: NullReason | None,
    config: AvConfig,
    conduction: ConductionConfig,
) -> list[tuple[str, Said, int]]:
    """Give what rests on P waves, unless no grade of block could be told."""
    n = len(recorded.beats)
    if reason is not None:
        return [(key, reason, 0) for key in CONDUCTION]
    return [
        ("dropped_p", float(dropped_p(recorded, config, conduction)), n),
        ("pr_trend", pr_trend_ms(recorded, config), n),
    ]


def _pvc(
    recorded: Recorded, reason: NullReason | None, config: PvcConfig
) -> list[tuple[str, Said, int]]:
    found = measure_pvc(recorded, config)
    return [(key, reason or value, n) for key, (value, n) in found.items()]


def _context(
    recorded: Recorded, reason: NullReason | None, config: ContextConfig
) -> list[tuple[str, Said, int]]:
    events, marks = triggers(recorded, config), symptom_rhythms(recorded, config)
    return [
        ("sinus_arrhythmia", reason or is_sinus_arrhythmia(recorded, config), len(recorded.beats)),
        ("trigger_hr_context", reason or table_of(events), len(events)),
        ("symptom_rhythm_table", table_of(marks), len(marks)),
    ]
