"""What each simulated patch did, on disk: the truth that an exact account starts from.

One JSON file a patch and power-on, ``<device_id>.<n>.json``, replaced as a whole after every
notification that was handed to the link. Whichever other process is killed, and when, the file
says exactly which samples went on the air.
"""

import itertools
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from simulators.patch import SimulatedPatch


@dataclass(frozen=True, slots=True)
class PatchJournal:
    """What one patch did since power-on."""

    device_id: str
    power_on_utc_ns: int
    fs_hz: float
    sample0_ns: int
    """Patch's clock at sample 0, ns since its own epoch."""
    sent_ranges: tuple[tuple[int, int], ...] = ()
    """Samples handed to the link, as [start, end); what lies between was never sent."""
    notifications: int = 0

    @property
    def sent_samples(self) -> int:
        """Samples handed to the link."""
        return sum(end - start for start, end in self.sent_ranges)

    @property
    def first_streamed_sample(self) -> int | None:
        """First sample ever sent; None before that."""
        return self.sent_ranges[0][0] if self.sent_ranges else None

    @property
    def last_streamed_sample(self) -> int | None:
        """Index after the last sample sent; None before the first."""
        return max(end for _, end in self.sent_ranges) if self.sent_ranges else None

    def with_sent(self, samples: range) -> "PatchJournal":
        """Give the journal after another notification."""
        ranges = self.sent_ranges
        start = samples.start
        if ranges and ranges[-1][1] == start:
            start = ranges[-1][0]
            ranges = ranges[:-1]
        # What a patch sends again from its memory lies among what it sent before.
        ranges = tuple(sorted((*ranges, (start, samples.stop))))
        return replace(self, sent_ranges=ranges, notifications=self.notifications + 1)

    def without(self, samples: range) -> "PatchJournal":
        """Give the journal without samples that the air lost."""
        left = []
        for start, end in self.sent_ranges:
            left += [(start, min(end, samples.start)), (max(start, samples.stop), end)]
        return replace(self, sent_ranges=tuple((a, b) for a, b in left if a < b))


class JournalWriter:
    """Keeps the file of one patch up to date."""

    def __init__(self, folder: Path, patch: SimulatedPatch) -> None:
        self._path = _next_path(folder, patch.device_id)
        self._journal = PatchJournal(
            patch.device_id, patch.power_on_utc_ns, patch.fs_hz, patch.sample_ns(0)
        )
        self._write()

    def record(self, samples: range) -> None:
        """Note samples that have just been handed to the link; an empty range is nothing."""
        if samples:
            self._journal = self._journal.with_sent(samples)
            self._write()

    def lose(self, samples: range) -> None:
        """Note that samples which were handed over disappeared on the air."""
        if samples:
            self._journal = self._journal.without(samples)
            self._write()

    def _write(self) -> None:
        book = asdict(self._journal) | {
            "sent_samples": self._journal.sent_samples,
            "first_streamed_sample": self._journal.first_streamed_sample,
            "last_streamed_sample": self._journal.last_streamed_sample,
        }
        draft = self._path.with_suffix(".tmp")
        draft.write_text(json.dumps(book))
        os.replace(draft, self._path)


def _next_path(folder: Path, device_id: str) -> Path:
    paths = (folder / f"{device_id}.{boot}.json" for boot in itertools.count(1))
    return next(path for path in paths if not path.exists())


def read_journal(folder: Path) -> list[PatchJournal]:
    """Read every patch's file, in the order of device and power-on."""
    books = [_read(path) for path in folder.glob("*.json")]
    return sorted(books, key=lambda book: (book.device_id, book.power_on_utc_ns))


def _read(path: Path) -> PatchJournal:
    book = json.loads(path.read_text())
    return PatchJournal(
        device_id=book["device_id"],
        power_on_utc_ns=book["power_on_utc_ns"],
        fs_hz=book["fs_hz"],
        sample0_ns=book["sample0_ns"],
        sent_ranges=tuple((start, end) for start, end in book["sent_ranges"]),
        notifications=book["notifications"],
    )
