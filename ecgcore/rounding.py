"""Numbers as people read them (report rules, section 7)."""

from ecgcore.lead_set import PATCH_LEAD
from ecgcore.report import ReportMeasurement

_UNITS = {"uV": "µV", "deg": "°", "1": "", "uV.s": "µV·s", "mV.ms": "mV·ms", "mV/s": "mV/s"}
_WHOLE = frozenset({"/min", "ms", "deg", "d", "a"})
_LEAST_PCT = 0.1


def shown(value: float, unit: str) -> str:
    """Give a number without its unit: rates, intervals and angles whole, ST to 10 uV, % to 0.1."""
    if unit in _WHOLE:
        text = f"{value:.0f}"
    elif unit == "uV":
        text = f"{10 * round(value / 10)}"
    elif unit == "%":
        return f"< {_LEAST_PCT}" if 0.0 < value < _LEAST_PCT else f"{value:.1f}"
    elif unit == "mV":
        text = f"{value:.2f}"
    else:
        text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.removeprefix("-") if float(text) == 0.0 else text


def unit_shown(unit: str) -> str:
    """Give a UCUM unit as people write it."""
    return _UNITS.get(unit, unit)


def with_unit(value: float, unit: str) -> str:
    """Give a number with its unit."""
    said = unit_shown(unit)
    return shown(value, unit) + (said if said in ("", "°") else f" {said}")


def lead_shown(measured: ReportMeasurement) -> str:
    """Give the lead of a value where it tells something."""
    return "" if measured.lead in (None, PATCH_LEAD) else str(measured.lead)


def value_shown(measured: ReportMeasurement, none: str = "–") -> str:
    """Give a value of any kind, with its unit where it is a number."""
    if measured.text is not None:
        return measured.text
    if measured.vector is not None:
        return " ".join(none if at is None else shown(at, measured.unit) for at in measured.vector)
    return none if measured.value is None else with_unit(measured.value, measured.unit)


def range_shown(m: ReportMeasurement) -> str:
    """Give a reference range, with one limit or two; nothing without."""
    low, high = (
        None if limit is None else shown(limit, m.unit) for limit in (m.ref_low, m.ref_high)
    )
    if low is not None and high is not None:
        return f"{low}–{high}"
    if low is not None:
        return f"≥ {low}"
    return "" if high is None else f"≤ {high}"
