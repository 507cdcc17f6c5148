"""What needs no virtual HCI device; with one it is the way to the real daemon (`tests.qemu`)."""

from pathlib import Path

import pytest

from ecgcore.errors import ConfigError
from simulators.radio import VirtualRadio
from simulators.vhci import plug_in


async def test_without_the_device_there_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.vhci._DEVICE", str(tmp_path / "vhci"))
    radio = VirtualRadio()
    with pytest.raises(ConfigError, match="vhci: No such file or directory; the kernel module"):
        async with plug_in(radio, "02:00:00:00:00:01"):
            pass
    assert not radio.controllers
