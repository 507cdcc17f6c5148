"""One recording of many: read, measured, and what went wrong said rather than raised."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cloud.evaluation.archive import read_leads
from ecgcore.errors import ConfigError
from ecgcore.events import Measurement
from ecgcore.extraction import Extraction, ExtractionConfig, extract

COLUMNS = (
    *("record", "key", "lead", "value", "text", "unit", "dimension", "n", "sqi", "null_reason"),
    *("start_s", "end_s", "algorithm", "parameters"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One value of one recording."""

    record: str
    key: str
    lead: str | None
    """None: over all leads."""
    value: float | None
    """Of a yes or no, 1 or 0."""
    text: str | None
    """A class, a text, or numbers with spaces between them."""
    unit: str
    """UCUM."""
    dimension: str
    n: int
    """Beats or intervals behind it."""
    sqi: float
    null_reason: str | None
    start_s: float
    end_s: float
    algorithm: str
    parameters: str
    """Digest of all parameters."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recording: rows, or the error."""

    record: str
    rows: tuple[Row, ...] = ()
    error: str | None = None

    @property
    def null_reasons(self) -> Counter[str]:
        """How often each reason stands for a value."""
        return Counter(row.null_reason for row in self.rows if row.null_reason is not None)


def records_in(paths: Iterable[Path]) -> list[Path]:
    """Give the records that paths name, without extension: records, headers, or folders of them.

    Raises
    ------
    ConfigError
        If a path is none of these; it is named.
    """
    found: list[Path] = []
    for path in paths:
        record = path.with_suffix("") if path.suffix in (".hea", ".dat", ".mat") else path
        if path.is_dir():
            inside = sorted(each.with_suffix("") for each in path.rglob("*.hea"))
            if not inside:
                msg = f"{path}: no record in it (no .hea file)"
                raise ConfigError(msg)
            found += inside
        elif record.with_name(f"{record.name}.hea").is_file():
            found.append(record)
        else:
            msg = f"{path}: neither a folder nor a record (there is no {record.name}.hea)"
            raise ConfigError(msg)
    return list(dict.fromkeys(found))


def work(record: Path, config: ExtractionConfig) -> Outcome:
    """Measure one recording."""
    try:
        given = read_leads(record)
        found = extract(given.ecg_mv, given.fs_hz, given.names, config, given.person)
    except (ConfigError, ValueError) as error:
        return Outcome(str(record), error=str(error))
    return Outcome(str(record), tuple(_rows(str(record), found)))


def _rows(record: str, found: Extraction) -> Iterator[Row]:
    for each in found.measurements:
        yield Row(
            record=record,
            key=each.key,
            lead=each.lead,
            value=each.value,
            text=text_of(each),
            unit=each.unit,
            dimension=each.dim.value,
            n=each.n,
            sqi=round(each.sqi, 4),
            null_reason=None if each.null_reason is None else each.null_reason.value,
            start_s=0.0,
            end_s=found.duration_s,
            algorithm=found.algorithm,
            parameters=found.parameters,
        )


def text_of(measured: Measurement) -> str | None:
    """Give what stands in the column `text`: a class, a text, or a vector as numbers."""
    if measured.vector is None:
        return measured.text
    return " ".join(f"{each:.6g}" for each in measured.vector)


def as_dicts(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Give rows as plain dictionaries, in the order of `COLUMNS`."""
    return [asdict(row) for row in rows]
