"""Every driver that is installed keeps the contract."""

import importlib
import tomllib
from pathlib import Path

import pytest

from devices import sig
from devices.driver import Advertisement, Driver
from devices.open_patch.driver import OpenPatchDriver, UnpairedOpenPatchDriver
from devices.registry import Registry
from ecgcore.types import Lead
from simulators.patches.open_patch import OpenPatchConfig, SimulatedOpenPatch
from simulators.source import Projected, SampleNumbers
from tests.devices.contract import check_driver
from tests.devices.host import ON_NS

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENTRY_POINTS: dict[str, str] = PROJECT["entry-points"]["ecgomics.drivers"]

HR = (sig.HEART_RATE_SERVICE,)
ADVERTISEMENTS = {
    "bitalino": Advertisement("BITalino-52-7E"),
    "ganglion": Advertisement("Ganglion-a0f3"),
    "healthypi_5": Advertisement("healthypi 5", service_uuids=HR),
    "healthypi_move": Advertisement("healthypi move", service_uuids=HR),
    "heart_rate": Advertisement("TICKR 1A2B", service_uuids=HR),
    "heartypatch": Advertisement("HeartyPatch 7", service_uuids=HR),
    "movesense": Advertisement("Movesense 174630000192", service_uuids=HR),
    "polar_h10": Advertisement("Polar H10 0A1B2C3D", service_uuids=HR),
}


def load(name: str) -> Driver:
    module, _, attribute = ENTRY_POINTS[name].partition(":")
    driver: Driver = getattr(importlib.import_module(module), attribute)()
    return driver


@pytest.mark.parametrize("name", sorted(ADVERTISEMENTS))
def test_driver_keeps_the_contract(name: str) -> None:
    check_driver(load(name), ADVERTISEMENTS[name])


@pytest.mark.parametrize("is_open", [False, True])
def test_the_open_patch_keeps_the_contract(is_open: bool) -> None:
    config = OpenPatchConfig(0x0A1B2C3D, ON_NS, (Lead.I, Lead.II), is_open=is_open)
    patch = SimulatedOpenPatch(config, lambda _fs_hz: Projected(SampleNumbers(), [1.0, 0.5]))
    driver = UnpairedOpenPatchDriver() if is_open else OpenPatchDriver()
    check_driver(driver, patch.advertisement(ON_NS), patch=patch)


@pytest.mark.parametrize("name", sorted(ADVERTISEMENTS))
def test_a_patch_belongs_to_the_driver_that_knows_its_name(name: str) -> None:
    """Whatever the order in which drivers are found."""
    for names in (sorted(ENTRY_POINTS), sorted(ENTRY_POINTS, reverse=True)):
        found = Registry(load(each) for each in names).match(ADVERTISEMENTS[name])
        assert found is not None
        assert type(found[0]) is type(load(name))


def test_every_driver_here_is_an_entry_point() -> None:
    folders = {path.parent.name for path in (ROOT / "devices").glob("*/driver.py")}
    assert folders == {value.split(".")[1] for value in ENTRY_POINTS.values()}
