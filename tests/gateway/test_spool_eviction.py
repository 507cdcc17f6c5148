import itertools
from pathlib import Path

import pytest

from ecgcore.types import GapReason
from ecgcore.wire.frame import decode_frame
from gateway.spool import Entry, Spool
from gateway.spool_eviction import SpoolClock
from tests.gateway.test_spool import MIB, entries

DAY_S = 86_400.0


class Host:
    """The clocks of the machine the gateway runs on."""

    def __init__(self) -> None:
        self.utc_s, self.running_s = 1.8e9, 50.0

    def go(self, seconds: float) -> None:
        self.utc_s += seconds
        self.running_s += seconds


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host()
    defaults = (lambda: host.utc_s, lambda: host.running_s)
    monkeypatch.setattr(SpoolClock.__init__, "__defaults__", defaults)
    return host


def test_rows_beyond_the_age_limit_become_a_gap(tmp_path: Path, host: Host) -> None:
    spool = Spool(tmp_path / "s.db", MIB, max_age_s=2 * DAY_S)
    made = entries("a", 1, 12) + entries("b", 1, 12)
    for k in range(12):
        spool.write([made[k], made[12 + k]])
        host.go(DAY_S / 4)
    frames = [decode_frame(row.frame) for row in spool.after("a", 0, 99)]
    assert frames[0].gap_reason is GapReason.SPOOL_EVICTED
    assert (frames[0].start, frames[0].end) == (0, made[2].end_counter)
    assert [f.start for f in frames[1:]] == [e.start for e in made[3:12]]
    assert spool.n_evicted == 6
    host.go(10 * DAY_S)
    spool.write([])
    for device in "ab":
        (left,) = spool.after(device, 0, 99)
        gap = decode_frame(left.frame)
        assert (gap.start, gap.end, gap.n_samples) == (0, made[11].end_counter, 0)
    assert spool.n_evicted == 24
    spool.close()


def test_without_a_limit_nothing_is_too_old(tmp_path: Path, host: Host) -> None:
    spool = Spool(tmp_path / "s.db", MIB)
    spool.write(entries("a", 1, 5))
    host.go(4000 * DAY_S)
    spool.write([])
    assert spool.backlog()["a"].n_frames == 5
    spool.close()


def test_a_clock_set_forward_makes_no_row_older(tmp_path: Path, host: Host) -> None:
    made = entries("a", 1, 3)
    spool = Spool(tmp_path / "s.db", MIB, max_age_s=DAY_S)
    host.utc_s = 1e9
    spool.write([made[0]])
    # NTP comes up after an hour: years at once.
    host.go(3600)
    host.utc_s = 1.9e9
    spool.write([made[1]])
    assert spool.backlog()["a"].n_frames == 2
    spool.close()
    again = Spool(tmp_path / "s.db", MIB, max_age_s=DAY_S)
    again.write([made[2]])
    assert again.n_evicted == 0
    host.go(DAY_S - 1800)
    again.write([])
    assert again.n_evicted == 1
    again.close()


def test_other_messages_give_way_without_a_gap(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db", max_bytes=3000)
    made = entries("a", 1, 30)
    for k, entry in enumerate(made):
        event = Entry("a", 99, k + 1, 0, b'{"battery_pct": 80}', entry.state, kind="event")
        spool.write([event, entry])
    rows = spool.after("a", 0, 999)
    assert {row.kind for row in rows} == {"event", "samples"}
    spans = [(decode_frame(r.frame).start, r.end_counter) for r in rows if r.kind == "samples"]
    assert spans[0][0] == 0
    assert all(one[1] == following[0] for one, following in itertools.pairwise(spans))
    events = [row.end_counter for row in rows if row.kind == "event"]
    assert events == list(range(events[0], 31))
    assert spool.n_evicted == (30 - len(events)) + (30 - len(spans) + 1)
    spool.close()
