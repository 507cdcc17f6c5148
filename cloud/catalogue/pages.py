"""The pages of `docs/biomarkers/`, made from the registry alone."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from cloud.catalogue.wording import (
    DIMENSION_NAMES,
    codes_of,
    needs_of,
    range_of,
    source_of,
    unit_of,
)
from ecgcore.catalogue import Catalogue, Entry, catalogue, lack_of
from ecgcore.events import Dimension, NullReason
from ecgcore.live import measured_live
from ecgcore.parameters import PRESETS, Preset, preset

_MADE = (
    "Made from [`ecgcore/catalogue.toml`](../../ecgcore/catalogue.toml) by "
    "`ecgomics catalogue --pages docs/biomarkers`; change the rows there, not here."
)

_QUESTIONS = {
    Dimension.STRUCTURAL: (
        "When, and of what shape: rates, intervals, durations, presence and form of waves, axes, "
        "loops."
    ),
    Dimension.INTENSITY: (
        "How much: amplitudes, areas, slopes, voltages put together, energy, spectrum, noise, "
        "quality."
    ),
    Dimension.FUNCTIONAL: (
        "How it behaves over time: variability, reflexes, breathing, repolarisation, rhythm, "
        "latent values."
    ),
    Dimension.COMPARATIVE: (
        "Beside something else: another wave, lead or beat, the own past, a population, another "
        "measurement or a model."
    ),
}

_COLUMNS = (
    "id",
    "key",
    "what it is",
    "unit",
    "scope",
    "needs",
    "normal",
    "codes",
    "source",
    "since",
)

_LACKS = (NullReason.LEAD_MISSING, NullReason.TOO_SHORT, NullReason.FS_TOO_LOW)

_HOW_TO_READ = """\
## How to read a row

- **id**: of the catalogue; keys that are defined together share one. A **key** that ends in `*` is
  a family.
- **unit**: [UCUM](https://ucum.org); `1` has no dimension. *Its biomarker's*: the unit of the value
  it is about.
- **scope**: one value a lead or one over all leads (global); of a beat, of the averaged beat, or of
  a window.
- **statistics**: every number of a beat has also `key.mean`, `key.median`, `key.sd`, `key.min`,
  `key.max` and `key.iqr` over the window (as `pr_int.sd`), each with n, the beats behind it. They
  have no rows here: unit and needs are those of the key, ranges and codes do not go with them.
  Counted are accepted beats of class N that have the wave, if at least half of the class do;
  premature, ventricular and paced beats are left out (but `coupling_int` and `comp_pause`, which
  are of premature beats). The key by itself is the value of the averaged beat, or where there is no
  such value the median of the beats.
- **needs**: the fewest leads (*X, Y, Z or 8*: three orthogonal ones, or I, II, V1-V6 through a
  transform), and where there is a limit seconds of signal, accepted beats (NN intervals for
  variability) and sampling rate. What is not there is null with a reason.
- **normal**: of adults, at rest where that matters. A value on a limit is flagged as normal.
- **codes**: LOINC, MDC (ISO/IEEE 11073-10101, partition:code; one lead's code is the base plus the
  lead's number: I 1, II 2, V1 to V6 3 to 8, III 61, aVR 62, aVL 63, aVF 64), AHA/ACC/HRS 2007
  statements. A blank is a code nobody is sure of.
- **source**: of the definition, and of the range where that is another. V: read there. K: known,
  not read again, to be checked before clinical wording. O: our own choice.
- **since**: first version that measures it; blank: not measured yet.

## What holds for all

- P amplitudes count from the level at P onset, those of QRS, ST, T and U from the level at QRS
  onset: the median of the 12 ms before.
- Global intervals run from the earliest onset to the latest end over the leads.
- RR is the time between consecutive QRS complexes, NN an RR whose beats are both normal and of good
  quality. No interval and no slope is formed across lost samples.
- Angles lie above -180 and up to 180 degrees.
- What other implementations give, and who is right where they differ: cross-checks of
  [heart-rate variability](cross-checks-hrv.md) and of [all the rest](cross-checks.md).
"""


_OF_THE_PAST = "Now and the own past"
"""Group of what no single recording carries."""


def pages_of(registry: Catalogue) -> dict[str, str]:
    """Give each page's text by its file name."""
    pages = {
        f"{name}.md": _page(dimension, registry) for dimension, name in DIMENSION_NAMES.items()
    }
    return {"README.md": _index(registry), **pages}


def write_pages(registry: Catalogue, folder: Path) -> None:
    """Write all pages into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages_of(registry).items():
        (folder / name).write_text(text, "utf-8")


def _page(dimension: Dimension, registry: Catalogue) -> str:
    name, entries = DIMENSION_NAMES[dimension], registry.select(dimension=dimension)
    lines = [
        f"# {name.capitalize()} biomarkers",
        "",
        f"{_QUESTIONS[dimension]} How to read a row stands in [the overview](README.md).",
        "",
        _MADE,
    ]
    for group, rows in groupby(entries, key=lambda entry: entry.group):
        note = [registry.notes[group], ""] if group in registry.notes else []
        lines += ["", f"## {group}", "", *note, *_table(_COLUMNS, map(_row, rows))]
    return "\n".join(lines) + "\n"


def _row(entry: Entry) -> tuple[str, ...]:
    return (
        entry.id,
        f"`{entry.key}`",
        entry.definition,
        unit_of(entry),
        ", ".join(entry.scope),
        needs_of(entry),
        range_of(entry),
        codes_of(entry),
        source_of(entry),
        entry.since or "",
    )


def _index(registry: Catalogue) -> str:
    lines = [
        "# Biomarkers",
        "",
        f"{_count(registry.entries)}. Not a medical device.",
        "",
        _MADE,
        "",
        *_table(
            ("", "what it asks", "ids", "keys", "measured"),
            (_summary(dimension, registry) for dimension in Dimension),
        ),
        "",
        _HOW_TO_READ,
        "## What a recording can carry",
        "",
        "Keys that this version measures, by what a recording of each preset has: leads, rate and "
        "length. The others are null with the reason named. `live`: measured as the stream comes, "
        "in windows of 10 s, 60 s, five minutes, an hour and a day. "
        f"*{_OF_THE_PAST}* is not counted: it takes more than one recording, and a report gives "
        "it.",
        "",
        *_coverage(),
        "",
        "## Sources",
        "",
        *_table(("tag", "is"), registry.sources.items()),
    ]
    return "\n".join(lines) + "\n"


def _coverage() -> list[str]:
    """Give what recordings of each preset can carry, of what this version measures."""
    columns = ("preset", "recording", *(d.value for d in Dimension), "in all", *_LACKS, "live")
    return _table(columns, map(_coverage_row, map(preset, PRESETS)))


def _coverage_row(given: Preset) -> tuple[str, ...]:
    kind = given.recording
    lacks = {
        entry: lack_of(entry, len(kind.leads), kind.length_s, kind.fs_hz)
        for entry in catalogue().select(measured=True)
        if entry.group != _OF_THE_PAST
    }
    carried = [entry for entry, lack in lacks.items() if lack is None]
    return (
        f"`{given.name}`",
        f"{_n_leads(len(kind.leads))}, {kind.fs_hz:g} Hz, {_length(kind.length_s)}",
        *(str(sum(entry.dimension is d for entry in carried)) for d in Dimension),
        str(len(carried)),
        *(str(sum(lack is each for lack in lacks.values())) for each in _LACKS),
        str(len(measured_live() & set(given.live_keys))) if given.name == "patch" else "",
    )


def _n_leads(n: int) -> str:
    return "1 lead" if n == 1 else f"{n} leads"


def _length(length_s: float) -> str:
    return f"{length_s / 3600.0:g} h" if length_s >= 3600.0 else f"{length_s:g} s"


def _count(entries: Sequence[Entry]) -> str:
    n_ids = len({entry.id for entry in entries})
    n_measured = sum(entry.is_measured for entry in entries)
    return f"{n_ids} ids with {len(entries)} keys, of which this version measures {n_measured}"


def _summary(dimension: Dimension, registry: Catalogue) -> tuple[str, ...]:
    name, entries = DIMENSION_NAMES[dimension], registry.select(dimension=dimension)
    return (
        f"[{name}]({name}.md)",
        _QUESTIONS[dimension],
        str(len({entry.id for entry in entries})),
        str(len(entries)),
        str(sum(entry.is_measured for entry in entries)),
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    head = [_line(columns), _line(["---"] * len(columns))]
    return head + [_line([cell.replace("|", "\\|") for cell in row]) for row in rows]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
