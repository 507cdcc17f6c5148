"""The table on disk: CSV, JSON or Parquet, written as recordings come, there only when whole."""

import csv
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cloud.extraction.work import COLUMNS, Row, as_dicts
from ecgcore.errors import ConfigError


class Writer(ABC):
    """Takes the rows of one recording after another."""

    @abstractmethod
    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""


@contextmanager
def opened(path: Path) -> Iterator[Writer]:
    """Open a table by the extension of its name; it takes its name when all went well.

    Raises
    ------
    ConfigError
        If the extension is unknown or the place cannot be written to.
    """
    make = _KINDS.get(path.suffix)
    if make is None:
        msg = f"--out {path}: the name has to end in {', '.join(_KINDS)}"
        raise ConfigError(msg)
    part = path.with_name(f".{path.name}.part")
    try:
        writer = make(part)
    except OSError as error:
        msg = f"--out {path}: {error.strerror}"
        raise ConfigError(msg) from error
    try:
        yield writer
        writer.close()
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


class _Csv(Writer):
    """Comma-separated, a header first; an empty cell is no value."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", newline="", encoding="utf-8")
        self._rows = csv.DictWriter(self._file, COLUMNS)
        self._rows.writeheader()

    def write(self, rows: Sequence[Row]) -> None:
        self._rows.writerows(as_dicts(rows))

    def close(self) -> None:
        self._file.close()


class _Json(Writer):
    """One array of objects, a line each."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._before = "[\n"

    def write(self, rows: Sequence[Row]) -> None:
        for row in as_dicts(rows):
            self._file.write(self._before + json.dumps(row, allow_nan=False))
            self._before = ",\n"

    def close(self) -> None:
        self._file.write("[]\n" if self._before == "[\n" else "\n]\n")
        self._file.close()


class _Parquet(Writer):
    """Apache Parquet, zstd; words as dictionaries, so that long tables stay small."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        word = pa.dictionary(pa.int32(), pa.string())
        numbers = {"value": pa.float64(), "n": pa.int32(), "sqi": pa.float32()}
        numbers |= {"start_s": pa.float64(), "end_s": pa.float64()}
        self._schema = pa.schema([(name, numbers.get(name, word)) for name in COLUMNS])
        self._table: Callable[..., Any] = pa.Table.from_pylist
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, rows: Sequence[Row]) -> None:
        if rows:
            self._writer.write_table(self._table(as_dicts(rows), schema=self._schema))

    def close(self) -> None:
        self._writer.close()


_KINDS: dict[str, Callable[[Path], Writer]] = {
    ".csv": _Csv,
    ".json": _Json,
    ".parquet": _Parquet,
}
