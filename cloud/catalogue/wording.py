"""What the registry holds, in words for tables and pages."""

from collections.abc import Iterator

from ecgcore.catalogue import Entry, Kind
from ecgcore.events import Dimension

DIMENSION_NAMES = {
    Dimension.STRUCTURAL: "structural",
    Dimension.INTENSITY: "intensity",
    Dimension.FUNCTIONAL: "functional",
    Dimension.COMPARATIVE: "comparative",
}

_KIND_WORDS = {
    Kind.SAME_UNIT: "its biomarker's",
    Kind.BOOL: "true or false",
    Kind.VECTOR: "vector",
    Kind.MATRIX: "matrix",
}


def unit_of(entry: Entry) -> str:
    """Give the unit, or what the value is where it is no number."""
    if entry.kind is Kind.NUMBER:
        return entry.unit or ""
    word = _KIND_WORDS.get(entry.kind, str(entry.kind))
    if entry.kind is Kind.SAME_UNIT:
        return word if entry.unit == "1" else f"{word} {entry.unit}"
    return f"{word}, {entry.unit}" if entry.unit else word


def needs_of(entry: Entry) -> str:
    """Give what must be there before a value can be given."""
    leads = "X, Y, Z or 8 leads" if entry.leads == "X" else _counted(entry.leads, "lead")
    parts = [
        leads,
        _duration(entry.least_s),
        _counted(entry.least_beats, "beat"),
        f"{entry.least_fs_hz} Hz" if entry.least_fs_hz else "",
    ]
    return "; ".join(filter(None, [", ".join(filter(None, parts)), entry.needs]))


def range_of(entry: Entry) -> str:
    """Give what is normal: limits for all, for men, for women, then what is said beside them."""
    return "; ".join(_range_parts(entry))


def codes_of(entry: Entry) -> str:
    """Give what others call it."""
    aha = ", ".join(str(number) for number in entry.aha)
    parts = [
        f"LOINC {entry.loinc}" if entry.loinc else "",
        f"MDC {entry.mdc}" if entry.mdc else "",
        f"MDC per lead {entry.mdc_lead_base} + lead" if entry.mdc_lead_base else "",
        f"AHA {aha}" if aha else "",
        entry.code_note or "",
    ]
    return "; ".join(filter(None, parts))


def source_of(entry: Entry) -> str:
    """Give the sources of the definition and of the range, with how well each is known."""
    own = " ".join(filter(None, (entry.source, entry.status)))
    of_range = " ".join(filter(None, (entry.range_source, entry.range_status)))
    if not of_range or (entry.range_source is None and entry.range_status == entry.status):
        return own
    return f"{own}; range {of_range}"


def _range_parts(entry: Entry) -> Iterator[str]:
    for who, low, high in (
        ("", entry.low, entry.high),
        ("men ", entry.low_men, entry.high_men),
        ("women ", entry.low_women, entry.high_women),
    ):
        if low is not None and high is not None:
            yield f"{who}{low:g} to {high:g}"
        elif low is not None:
            yield f"{who}at least {low:g}"
        elif high is not None:
            yield f"{who}at most {high:g}"
    if entry.normal:
        yield entry.normal


def _counted(n: int | str | None, noun: str) -> str:
    if not n:
        return ""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _duration(n_s: int | None) -> str:
    if not n_s:
        return ""
    for unit, length_s in (("h", 3600), ("min", 60)):
        if n_s > length_s and n_s % length_s == 0:
            return f"{n_s // length_s} {unit}"
    return f"{n_s} s"
