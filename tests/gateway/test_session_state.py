import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.wire.messages import LinkState
from gateway.session_state import LinkEvent, next_state

_LIFE = [
    (LinkEvent.HEARD, LinkState.ADVERTISING),
    (LinkEvent.CONNECT, LinkState.CONNECTING),
    (LinkEvent.CONNECTED, LinkState.STARTING),
    (LinkEvent.SAMPLES, LinkState.STREAMING),
    (LinkEvent.STALLED, LinkState.STALLED),
    (LinkEvent.SAMPLES, LinkState.STREAMING),
    (LinkEvent.FAILED, LinkState.BACKOFF),
    (LinkEvent.SILENT, LinkState.ABSENT),
    (LinkEvent.HEARD, LinkState.ADVERTISING),
    (LinkEvent.STOP, LinkState.STOPPED),
]


def test_a_life() -> None:
    state = LinkState.ABSENT
    for event, expected in _LIFE:
        state = next_state(state, event)
        assert state is expected


@given(st.lists(st.sampled_from(LinkEvent), max_size=40))
def test_streaming_needs_a_link_and_stopped_begins_anew(events: list[LinkEvent]) -> None:
    state, seen = LinkState.ABSENT, [LinkState.ABSENT]
    for event in events:
        try:
            state = next_state(state, event)
        except ValueError:
            continue
        if state is LinkState.STREAMING:
            assert seen[-1] in {LinkState.STARTING, LinkState.STREAMING, LinkState.STALLED}
        if seen[-1] is LinkState.STOPPED:
            assert state in {LinkState.STOPPED, LinkState.ADVERTISING, LinkState.ABSENT}
        seen.append(state)


def test_samples_without_a_link_are_refused() -> None:
    with pytest.raises(ValueError, match="SAMPLES cannot happen while ABSENT"):
        next_state(LinkState.ABSENT, LinkEvent.SAMPLES)


@pytest.mark.parametrize("state", LinkState)
def test_every_state_can_be_left_by_stopping(state: LinkState) -> None:
    assert next_state(state, LinkEvent.STOP) is LinkState.STOPPED
