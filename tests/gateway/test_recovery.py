from hypothesis import given
from hypothesis import strategies as st

from gateway.recovery import Ladder, LadderConfig, Remedy


def climb(ladder: Ladder, n: int, every_s: float = 31.0, others: bool = False) -> list[Remedy]:
    given = (ladder.failed(k * every_s, others_stream=others) for k in range(n))
    return [remedy for remedy in given if remedy]


def test_remedies_come_mildest_first_and_only_what_is_allowed() -> None:
    assert climb(Ladder(LadderConfig()), 6) == [Remedy.FORGET_PATCH, Remedy.CYCLE_ADAPTER]
    all_three = climb(Ladder(LadderConfig(may_restart=True)), 12)
    assert all_three == [Remedy.FORGET_PATCH, Remedy.CYCLE_ADAPTER, Remedy.RESTART_STACK]


def test_from_the_top_it_begins_anew() -> None:
    assert climb(Ladder(LadderConfig()), 12) == 2 * [Remedy.FORGET_PATCH, Remedy.CYCLE_ADAPTER]


def test_the_adapter_is_left_alone_while_others_stream() -> None:
    assert climb(Ladder(LadderConfig(may_restart=True)), 100, others=True) == [Remedy.FORGET_PATCH]


def test_success_leads_back_to_the_ground() -> None:
    ladder = Ladder(LadderConfig())
    for _ in range(5):
        assert climb(ladder, 2) == []
        ladder.worked()


@given(gaps_s=st.lists(st.floats(0, 100), max_size=60), others=st.booleans())
def test_each_remedy_has_time_to_work(gaps_s: list[float], others: bool) -> None:
    config = LadderConfig(may_restart=True)
    ladder, now_s, last_s = Ladder(config), 0.0, float("-inf")
    for gap_s in gaps_s:
        now_s += gap_s
        if ladder.failed(now_s, others_stream=others):
            assert now_s - last_s >= config.settle_s
            last_s = now_s
