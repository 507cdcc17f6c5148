"""Rows straight from the pages of a file, where the tree above them is broken. Pure.

A leaf page of a table tells by itself which rows are on it (sqlite.org/fileformat2.html, sections
1.6 and 2.1), so a damaged page above costs none of them. What is read may be a row that was
deleted long ago, or garbage: the caller asks for ids it knows of and verifies the content.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from typing import TypeAlias

Value: TypeAlias = int | bytes | str | None
_LEAF = 0x0D
_PAGE_SIZE_AT = 16
_LEAF_HEADER_BYTES = 8
_USUAL_BYTES = 4096
_FILE_HEADER_BYTES = 100
_INT_BYTES = (0, 1, 2, 3, 4, 6, 8)
_ZERO, _ONE = 8, 9
_FIRST_BLOB = 12
# What reading garbage as a row can end in.
_GARBAGE = (IndexError, ValueError)


@dataclass(frozen=True, slots=True)
class _Cell:
    page: int
    at: int


class Pages:
    """The rows on all leaf pages of a file, by id.

    Parameters
    ----------
    content : bytes or mmap
        Of the file, its write-ahead log folded in.
    n_columns : int
        Rows with another number of columns are left out.
    """

    def __init__(self, content: bytes | mmap, n_columns: int) -> None:
        self._content = content
        self._n_columns = n_columns
        size = int.from_bytes(content[_PAGE_SIZE_AT : _PAGE_SIZE_AT + 2], "big")
        # 1 stands for 65536; anything else than a power of two for a header that is gone.
        size = 1 << 16 if size == 1 else size
        self._page_bytes = size if size >= 512 and size.bit_count() == 1 else _USUAL_BYTES
        self._cells: dict[int, list[_Cell]] = {}
        for page in range(len(content) // self._page_bytes):
            for cell in self._leaf_cells(page):
                self._note(cell)

    @property
    def ids(self) -> set[int]:
        """Every id that is on some leaf page."""
        return set(self._cells)

    def rows(self, row_id: int) -> Iterator[list[Value]]:
        """Give what stands under an id: several rows where ids were used again."""
        for cell in self._cells.get(row_id, ()):
            try:
                row = _record(self._payload(cell))
            except _GARBAGE:
                continue
            if len(row) == self._n_columns:
                row[0] = row_id
                yield row

    def _leaf_cells(self, page: int) -> Iterator[_Cell]:
        start = page * self._page_bytes
        header = start + (_FILE_HEADER_BYTES if page == 0 else 0)
        if self._content[header] != _LEAF:
            return
        n_cells = int.from_bytes(self._content[header + 3 : header + 5], "big")
        pointers = header + _LEAF_HEADER_BYTES
        for at in range(pointers, min(pointers + 2 * n_cells, start + self._page_bytes - 1), 2):
            offset = int.from_bytes(self._content[at : at + 2], "big")
            if offset < self._page_bytes:
                yield _Cell(page, start + offset)

    def _note(self, cell: _Cell) -> None:
        try:
            _, at = _varint(self._content, cell.at)
            row_id, _ = _varint(self._content, at)
        except _GARBAGE:
            return
        self._cells.setdefault(row_id, []).append(cell)

    def _payload(self, cell: _Cell) -> bytes:
        n_bytes, at = _varint(self._content, cell.at)
        _, at = _varint(self._content, at)
        n_local = self._local_bytes(n_bytes)
        payload = self._content[at : at + n_local]
        if n_local == n_bytes:
            return payload
        chain = int.from_bytes(self._content[at + n_local : at + n_local + 4], "big")
        return payload + self._overflow(chain, n_bytes - n_local)

    def _local_bytes(self, n_bytes: int) -> int:
        """As much of a row as stands on its leaf page."""
        usable = self._page_bytes
        most, least = usable - 35, (usable - 12) * 32 // 255 - 23
        if n_bytes <= most:
            return n_bytes
        fitting = least + (n_bytes - least) % (usable - 4)
        return fitting if fitting <= most else least

    def _overflow(self, page: int, n_bytes: int) -> bytes:
        parts: list[bytes] = []
        n_most = self._page_bytes - 4
        while n_bytes > 0:
            start = (page - 1) * self._page_bytes
            if page <= 0 or start >= len(self._content) or n_bytes > len(self._content):
                msg = "chain of pages leads nowhere"
                raise ValueError(msg)
            parts.append(self._content[start + 4 : start + 4 + min(n_bytes, n_most)])
            page = int.from_bytes(self._content[start : start + 4], "big")
            n_bytes -= n_most
        return b"".join(parts)


def _record(payload: bytes) -> list[Value]:
    n_header, at = _varint(payload, 0)
    types = []
    while at < n_header:
        kind, at = _varint(payload, at)
        types.append(kind)
    row: list[Value] = []
    at = n_header
    for kind in types:
        n_bytes = _n_bytes(kind)
        if at + n_bytes > len(payload):
            msg = "row is cut off"
            raise ValueError(msg)
        row.append(_value(kind, payload[at : at + n_bytes]))
        at += n_bytes
    return row


def _n_bytes(kind: int) -> int:
    if kind >= _FIRST_BLOB:
        return (kind - _FIRST_BLOB) // 2
    return _INT_BYTES[kind] if kind < len(_INT_BYTES) else 0


def _value(kind: int, content: bytes) -> Value:
    if kind >= _FIRST_BLOB:
        return content.decode() if kind % 2 else content
    if kind in (_ZERO, _ONE):
        return kind - _ZERO
    if 1 <= kind < len(_INT_BYTES):
        return int.from_bytes(content, "big", signed=True)
    if kind == 0:
        return None
    msg = f"type {kind} does not occur"
    raise ValueError(msg)


def _varint(content: bytes | mmap, at: int) -> tuple[int, int]:
    """Give a number and where what follows begins."""
    value = 0
    for k in range(8):
        byte = content[at + k]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + k + 1
    value = value << 8 | content[at + 8]
    return value - (1 << 64 if value >> 63 else 0), at + 9
