from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from gateway.lane import Lane, LaneConfig

CONFIG = LaneConfig(window_frames=4, resend_s=5, resend_max_s=60)


def filled(rows: int = 3) -> Lane:
    lane = Lane(CONFIG)
    for row in range(1, rows + 1):
        lane.sent(row, boot_id=1, end_counter=row * 73, now_s=float(row))
    return lane


def test_window_is_bounded_and_moves_with_commitments() -> None:
    lane = filled(4)
    assert lane.room_frames == 0
    lane.committed(1, 2 * 73, now_s=5)
    assert lane.room_frames == 2
    lane.committed(1, 2 * 73, now_s=6)
    lane.committed(7, 10**9, now_s=6)
    assert lane.room_frames == 2


def test_the_oldest_frame_counts_until_there_is_progress() -> None:
    lane = filled()
    assert lane.due_s == 1 + 5
    lane.committed(1, 73, now_s=4)
    assert lane.due_s == 4 + 5
    lane.committed(1, 3 * 73, now_s=5)
    assert lane.due_s == float("inf")


def test_patience_doubles_without_progress_and_comes_back_with_it() -> None:
    lane, waits_s = filled(1), []
    for _ in range(6):
        lane.time_out()
        lane.sent(1, 1, 73, now_s=100)
        waits_s.append(lane.due_s - 100)
    assert waits_s == [10, 20, 40, 60, 60, 60]
    lane.sent(2, 1, 146, now_s=100)
    lane.committed(1, 73, now_s=100)
    assert lane.due_s - 100 == 5
    assert lane.n_resent == 6


def test_who_is_in_a_hurry_forgets_the_patience() -> None:
    lane = filled(1)
    for _ in range(6):
        lane.time_out()
    lane.sent(1, 1, 73, now_s=100)
    lane.hasten()
    assert lane.due_s == 105


@given(st.data())
def test_nothing_uncommitted_is_forgotten(data: st.DataObject) -> None:
    """Against a channel that loses at will, all rows get through and in order for each pass."""
    lane, n_rows, here = Lane(CONFIG), data.draw(st.integers(0, 30)), 0
    pending: deque[int] = deque()
    for step in range(2000):
        if here == n_rows:
            break
        if lane.room_frames and lane.cursor_id < n_rows:
            row = lane.cursor_id + 1
            lane.sent(row, 1, row, now_s=step)
            pending.append(row)
        if pending and (step > 1000 or data.draw(st.booleans())):
            # The engine takes rows in order only; a hole waits for the lane to send again.
            row = pending.popleft()
            here += row == here + 1
            lane.committed(1, here, now_s=step)
        elif pending:
            pending.popleft()
        if lane.due_s <= step:
            lane.time_out()
    assert here == n_rows
    assert lane.room_frames == CONFIG.window_frames
