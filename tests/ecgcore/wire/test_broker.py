import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import ConfigError
from ecgcore.wire.broker import Broker


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtt://host", Broker("host", 1883, None, None, tls=False)),
        ("mqtts://host", Broker("host", 8883, None, None, tls=True)),
        ("mqtt://u%40x:p%2Fw@10.0.0.1:99", Broker("10.0.0.1", 99, "u@x", "p/w", tls=False)),
        ("mqtt://[::1]:99", Broker("::1", 99, None, None, tls=False)),
    ],
)
def test_addresses(url: str, broker: Broker) -> None:
    assert Broker.parse(url) == broker


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_told_not_to_be(url: str) -> None:
    try:
        broker = Broker.parse(url)
    except ConfigError:
        return
    assert url.lstrip().lower().startswith("mqtt")
    assert broker.host
