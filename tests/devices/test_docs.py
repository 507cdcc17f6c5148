"""The page about drivers is true: its example runs, and every driver stands in the table."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from devices.driver import Advertisement, Counting, Refused, Samples, Wish
from tests.devices.contract import check_driver
from tests.devices.test_contract import ADVERTISEMENTS, load

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "drivers.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    """Every Python block of the page, one after another."""
    names: dict[str, Any] = {"__name__": "example"}
    for block in blocks("python"):
        exec(block, names)
    return names


def test_the_pages_own_test_passes(example: dict[str, Any]) -> None:
    example["test_tiny_keeps_the_contract"]()


def test_the_example_reads_samples(example: dict[str, Any]) -> None:
    driver = example["TinyDriver"]()
    assert driver.identify(Advertisement("Tiny 123456")) == "tiny-123456"
    packet = driver.open(Wish()).decode(example["ECG"], bytes.fromhex("ffff0100ffff"))[0]
    assert isinstance(packet, Samples)
    assert (packet.first_counter, packet.adc.tolist()) == (65_535, [[1, -1]])
    signal = check_driver(driver, Advertisement("Tiny 123456"))
    assert signal is not None
    assert signal.counting is Counting.COUNTER
    with pytest.raises(Refused, match="500 Hz"):
        next(driver.open(Wish(fs_hz=500)).start())


def test_the_pages_entry_point_is_one() -> None:
    (block,) = blocks("toml")
    group = tomllib.loads(block)["project"]["entry-points"]["ecgomics.drivers"]
    assert group == {"tiny": "my_package.tiny:TinyDriver"}


def test_every_driver_stands_in_the_table_with_its_id() -> None:
    page = (DOCS / "devices.md").read_text()
    for name in ADVERTISEMENTS:
        device_id = load(name).identify(ADVERTISEMENTS[name])
        assert device_id is not None
        assert f"`{device_id.split('-')[0]}-" in page
        assert load(name).model.split()[0].lower() in page.lower()
