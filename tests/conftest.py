"""How hard hypothesis looks: more in CI than at the desk; and through which Bluetooth tests go."""

import os

import pytest
from hypothesis import settings

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=100, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--level", action="append", default=[], help="level of Bluetooth; see tests/levels.py"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    asked = {"level", "bluez"} & set(metafunc.fixturenames)
    if asked:
        # Only here, as few tests need Bluetooth.
        from tests.levels import ON_THIS_MACHINE, Level

        levels = [Level(name) for name in metafunc.config.getoption("level")] or ON_THIS_MACHINE
        for name in asked:
            through = [each for each in levels if name == "level" or each is not Level.BUMBLE]
            metafunc.parametrize(name, through, ids=str)
