import pytest

from ecgcore.errors import ConfigError
from gateway.radio import radio_opener
from tests.simulators.room import room


async def test_native_is_blank_and_never_closed() -> None:
    async with radio_opener("native")() as radio:
        assert radio.client_backend is None
        assert radio.scanner_backend is None
        assert not radio.closed.is_set()


async def test_an_installed_radio_is_opened_by_name_and_address() -> None:
    async with room() as there, radio_opener(f"bumble:{there.hci}")() as radio:
        assert radio.client_backend is not None
        assert not radio.closed.is_set()


def test_an_unknown_radio_is_told_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="'usb:0' is not known; there is native, bumble:ADDRESS"):
        radio_opener("usb:0")
