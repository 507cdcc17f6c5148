from hypothesis import given
from hypothesis import strategies as st

from gateway.live_lane import LiveFrame, LiveLane, LiveLaneConfig

CONFIG = LiveLaneConfig(grace_s=0.3, most_frames=4)


def live(end: int, boot: int = 1) -> LiveFrame:
    return LiveFrame(boot, end, f"{boot}/{end}".encode())


def taken(lane: LiveLane, now_s: float) -> list[int]:
    found = []
    while (frame := lane.take(now_s)) is not None:
        found.append(frame.end_counter)
    return found


def test_a_frame_that_is_committed_in_time_does_not_overtake() -> None:
    lane = LiveLane(CONFIG)
    for k in range(1, 50):
        lane.offer(live(k), now_s=k)
        assert lane.due_s == k + 0.3
        assert taken(lane, k + 0.2) == []
        lane.committed(1, k)
        assert lane.due_s == float("inf")
    assert lane.n_sent == 0


def test_behind_a_backlog_nothing_is_waited_for() -> None:
    lane = LiveLane(CONFIG)
    lane.offer(live(1), now_s=0, n_before=CONFIG.many_frames)
    assert taken(lane, 0) == []
    lane.offer(live(2), now_s=0, n_before=CONFIG.many_frames + 1)
    assert taken(lane, 0) == [1, 2]
    lane.committed(1, 2)
    lane.offer(live(3), now_s=1)
    assert lane.due_s == 1.3


def test_once_one_overtakes_the_next_ones_do_at_once_until_the_rest_has_caught_up() -> None:
    lane = LiveLane(CONFIG)
    lane.offer(live(10), now_s=0)
    assert taken(lane, 0.29) == []
    assert taken(lane, 0.3) == [10]
    lane.offer(live(11), now_s=1)
    assert lane.due_s == 1
    assert taken(lane, 1) == [11]
    # Only a part of it: the newest is still ahead.
    lane.committed(1, 10)
    lane.offer(live(12), now_s=2)
    assert taken(lane, 2) == [12]
    lane.committed(1, 12)
    lane.offer(live(13), now_s=3)
    assert taken(lane, 3) == []


def test_frames_of_an_older_boot_on_their_way_change_nothing() -> None:
    lane = LiveLane(CONFIG)
    lane.offer(live(5, boot=2), now_s=0)
    lane.committed(1, 10**6)
    assert taken(lane, 1) == [5]
    lane.committed(1, 2 * 10**6)
    lane.offer(live(6, boot=2), now_s=2)
    assert taken(lane, 2) == [6]


def test_without_a_connection_the_oldest_give_way() -> None:
    lane = LiveLane(CONFIG)
    for k in range(10):
        lane.offer(live(k), now_s=k)
    assert lane.n_dropped == 6
    assert taken(lane, 10) == [6, 7, 8, 9]


@given(
    st.lists(
        st.sampled_from(["offer", "send", "take"]),
        max_size=120,
    )
)
def test_live_frames_are_new_each_time_and_all_of_them_newer_than_what_is_in_order(
    steps: list[str],
) -> None:
    lane, offered, sent, shown = LiveLane(CONFIG), 0, 0, []
    for now_s, step in enumerate(steps):
        if step == "offer":
            offered += 1
            lane.offer(live(offered), now_s)
        elif step == "send" and sent < offered:
            sent += 1
            lane.committed(1, sent)
        elif step == "take":
            fresh = taken(lane, now_s)
            assert all(end > sent for end in fresh)
            shown += fresh
    assert shown == sorted(set(shown))
    assert lane.is_overtaking is False or sent < offered
