"""What the world does to a patch between two moments: its battery, its crystal."""

from simulators.scenario.faults import BatteryDrain, ClockDrift
from simulators.scenario.plan import Timetable

_NS = 1_000_000_000


def battery_pct(plan: Timetable, at_s: float, full_pct: int) -> int:
    """Give the state of charge; what a drain took stays gone."""
    pct = float(full_pct)
    for each in plan.of("battery_drain"):
        if isinstance(each.fault, BatteryDrain) and each.start_s <= at_s:
            share = min((at_s - each.start_s) / (each.end_s - each.start_s), 1.0)
            pct = min(pct, full_pct + share * (each.fault.to_pct - full_pct))
    return round(pct)


def crystal_ns(plan: Timetable, start_ns: int, utc_ns: int) -> int:
    """Give the UTC that a patch goes by, whose crystal drifts while a fault says so."""
    ahead_ns = 0.0
    for each in plan.of("clock_drift"):
        if isinstance(each.fault, ClockDrift):
            began_ns = start_ns + round(each.start_s * _NS)
            ended_ns = start_ns + round(each.end_s * _NS)
            ahead_ns += max(min(utc_ns, ended_ns) - began_ns, 0) * each.fault.ppm * 1e-6
    return utc_ns + round(ahead_ns)
