import json
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from devices.polar_h10 import codec
from simulators.journal import JournalWriter, PatchJournal, read_journal
from simulators.patches.polar_h10 import PatchConfig, SimulatedH10
from simulators.source import SampleNumbers

PATCH = SimulatedH10(PatchConfig("0A1B2C01", 7), SampleNumbers())


def test_every_record_is_on_disk_at_once(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, PATCH)
    for samples in (range(10, 83), range(83, 156), range(0), range(500, 573)):
        writer.record(samples)
        (book,) = read_journal(tmp_path)
        assert samples.stop in (0, book.last_streamed_sample)
    assert book == PatchJournal(
        "polar-h10-0A1B2C01", 7, 130.0, codec.POWER_ON_NS, ((10, 156), (500, 573)), 3
    )
    assert (book.first_streamed_sample, book.sent_samples) == (10, 3 * 73)
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_each_power_on_has_its_own_file(tmp_path: Path) -> None:
    JournalWriter(tmp_path, PATCH)
    JournalWriter(tmp_path, PATCH)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["polar-h10-0A1B2C01.1.json", "polar-h10-0A1B2C01.2.json"]
    assert [book.first_streamed_sample for book in read_journal(tmp_path)] == [None, None]


def test_file_tells_its_sums_to_readers_of_json(tmp_path: Path) -> None:
    JournalWriter(tmp_path, PATCH).record(range(5, 9))
    book = json.loads((tmp_path / "polar-h10-0A1B2C01.1.json").read_text())
    assert book["sent_samples"] == 4
    assert (book["first_streamed_sample"], book["last_streamed_sample"]) == (5, 9)


@given(steps=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), max_size=20))
def test_ranges_are_exactly_what_was_sent(steps: list[tuple[int, int]]) -> None:
    journal = PatchJournal("polar-h10-0A1B2C01", 0, 130.0, 0)
    sent: list[int] = []
    at = 0
    for hole, n_samples in steps:
        samples = range(at + hole, at + hole + n_samples)
        journal = journal.with_sent(samples)
        sent += samples
        at = samples.stop
    assert [n for start, end in journal.sent_ranges for n in range(start, end)] == sent
    assert journal.sent_samples == len(sent)
    # Merged: something is missing between any two.
    edges = [edge for pair in journal.sent_ranges for edge in pair]
    assert all(a < b for a, b in pairwise(edges))
