import pytest
from pydantic import ValidationError

from ecgcore.wire.broker import Broker
from gateway.settings import GatewaySettings


def test_environment_then_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECGOMICS_GATEWAY_GATEWAY_ID", "attic")
    monkeypatch.setenv("ECGOMICS_GATEWAY_DRAIN_S", "3")
    monkeypatch.setenv("ECGOMICS_GATEWAY_DEVICES", '["polar-h10-0A1B2C3D"]')
    settings = GatewaySettings(drain_s=4)
    assert (settings.gateway_id, settings.drain_s) == ("attic", 4)
    assert settings.devices == ("polar-h10-0A1B2C3D",)
    with pytest.raises(ValidationError, match="frozen"):
        settings.drain_s = 1  # type: ignore[misc]  # what is tested


@pytest.mark.parametrize(
    "bad",
    [{"gateway_id": "a/b"}, {"gateway_id": ""}, {"speed": 0}, {"spool_max_age_days": 0}],
)
def test_what_cannot_be_is_refused(bad: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings(**bad)  # type: ignore[arg-type]  # what is tested


def test_a_patch_named_twice_is_taken_once() -> None:
    """A second session for it would outlive an orderly stop."""
    assert GatewaySettings(devices=("a", "b", "a")).devices == ("a", "b")


def test_a_fast_clock_needs_its_origin() -> None:
    with pytest.raises(ValidationError, match="clock_origin_ns"):
        GatewaySettings(speed=2)
    assert GatewaySettings(speed=2, clock_origin_ns=1).speed == 2


def test_secrets_do_not_show() -> None:
    from pydantic import SecretStr

    settings = GatewaySettings(broker_url=SecretStr("mqtt://me:hush@host"))
    assert "hush" not in repr(settings)
    assert "hush" not in str(Broker.parse(settings.broker_url.get_secret_value()))
