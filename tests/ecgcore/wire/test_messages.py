import json

import pytest
from pydantic import BaseModel, ValidationError

from ecgcore.wire.messages import (
    Committed,
    Contact,
    DeviceStatus,
    Heartbeat,
    LinkState,
    Numbers,
)

STATUS = DeviceStatus(
    device="h10",
    gateway="g1",
    at_ns=1_700_000_000_000_000_001,
    link=LinkState.STREAMING,
    since_ns=1_700_000_000_000_000_000,
    battery_pct=80,
    contact=Contact.ON,
    drift_ppm=-12.5,
)
MESSAGES: list[BaseModel] = [
    STATUS,
    Committed(device="h10", boot_id=7, through=2**62, through_ns=1),
    Heartbeat(service="engine", at_ns=2, started_ns=1, database=True),
    Numbers(
        device="h10",
        boot_id=7,
        newest_ns=5,
        safe_through_ns=4,
        hr_bpm=None,
        hr_reason="low_sqi",
        sqi=0.25,
        quality_reasons=("motion",),
    ),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_what_is_sent_comes_back(message: BaseModel) -> None:
    assert type(message).model_validate_json(message.model_dump_json()) == message


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_newer_peer_may_say_more_but_not_less(message: BaseModel) -> None:
    said = json.loads(message.model_dump_json())
    assert type(message).model_validate_json(json.dumps(said | {"later": 1})) == message
    del said[next(iter(said))]
    with pytest.raises(ValidationError, match="Field required"):
        type(message).model_validate_json(json.dumps(said))


def test_nanoseconds_stay_exact_integers() -> None:
    assert '"at_ns":1700000000000000001' in STATUS.model_dump_json()


def test_an_unknown_rate_is_null_and_never_zero() -> None:
    assert '"hr_bpm":null,"hr_reason":"low_sqi"' in MESSAGES[3].model_dump_json()


@pytest.mark.parametrize("battery_pct", [-1, 101])
def test_a_battery_has_0_to_100_percent(battery_pct: int) -> None:
    with pytest.raises(ValidationError):
        DeviceStatus.model_validate(STATUS.model_dump() | {"battery_pct": battery_pct})


def test_messages_do_not_change_under_way() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        STATUS.link = LinkState.STALLED
