from pathlib import Path

import pytest

from ecgcore.errors import ConfigError
from ecgcore.types import Lead
from simulators.lab.build import build_patches
from simulators.scenario.faults import KINDS
from simulators.scenario.plan import make_plan
from simulators.scenario.read import find_scenario, load_scenario, parse_scenario, shipped_names

TEXT = """
name = "test"
duration = "1 h"
seed = 4
[[patch]]
count = 2
[[patch.rhythm]]
kind = "sinus"
[[patch.rhythm]]
kind = "pause"
at = "1 min"
for = "4 s"
[[patch]]
leads = ["I", "V2"]
rate = 250
[[fault]]
kind = "loss"
at = "2 min"
for = "30 s"
probability = 0.3
[mixture]
faults = ["silence", { kind = "mtu", bytes = 60 }]
rate_per_hour = 4
"""


def test_a_file_becomes_a_scenario() -> None:
    scenario = parse_scenario(TEXT, "test.toml")
    assert (scenario.duration_s, scenario.seed, scenario.n_patches) == (3600.0, 4, 3)
    assert scenario.groups[2].leads == (Lead.I, Lead.V2)
    assert [rhythm.at for rhythm in scenario.groups[0].rhythm] == [0.0, 60.0]
    assert scenario.fault[0].duration_s == 30.0
    assert len(scenario.mixture) == 1
    assert parse_scenario(TEXT, "test.toml", seed=9).seed == 9


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        ("0.3", "3", "fault 1 (loss), probability: Input should be less than or equal to 1, not 3"),
        ('"30 s"', '"soon"', "fault 1 (loss), for: 'soon' is no duration"),
        ('"loss"', '"lost"', "fault 1: there is no 'lost'; possible are 'wander', "),
        ('kind = "loss"', "", "fault 1: says no kind"),
        ('"I"', '"Q"', "patch 2, leads: 'Q' is no lead; there are I, II, "),
        ("rate_per", "rat_per", "mixture 1, rate_per_hour: Field required"),
        ('"pause"', '"paus"', "patch 1, rhythm 2: there is no 'paus'; possible are 'sinus', "),
        ('"4 s"', "-3", "patch 1, rhythm 2 (pause), for: Input should be greater"),
        ('duration = "1 h"', "", "duration: Field required"),
        ("bytes = 60", 'bytes = "few"', "mixture 1, faults 2 (mtu), bytes: "),
        ('"2 min"', '"2 h"', "fault 1 (loss) begins at 7200 s, the end is at 3600 s"),
        ("probability", "patches = [7]\nprobability", "fault 1 (loss) names patch 7, there are 3"),
        ("count = 2", "count = 200", "201 patches, at most 200"),
        ("count = 2", "count = ", "Invalid value (at line 6, column 9)"),
        ("count = 2", "colour = 2", "patch 1, colour: not known here"),
        ("rate_per_hour = 4", "rate_per_hour = 4\nshortest = 90", "is longer than longest (60 s)"),
    ],
)
def test_a_mistake_names_file_place_and_reason(written: str, instead: str, says: str) -> None:
    with pytest.raises(ConfigError) as told:
        parse_scenario(TEXT.replace(written, instead, 1), "a.toml")
    assert str(told.value).startswith("scenario a.toml: ")
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_or_unreadable_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"scenario nowhere: no such file; shipped are "):
        find_scenario("nowhere")
    (tmp_path / "a.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"a\.toml: 'utf-8' codec"):
        load_scenario(find_scenario(str(tmp_path / "a.toml")))


def test_shipped_scenarios_can_be_played() -> None:
    assert shipped_names() == ["everything-breaks", "hospital-corridor", "quiet-night"]
    plans = {name: make_plan(load_scenario(find_scenario(name))) for name in shipped_names()}
    for plan in plans.values():
        assert len(build_patches(plan, 0)) == plan.scenario.n_patches
        assert plan.scenario.about
    drawn = {each.kind for each in plans["everything-breaks"].faults}
    # What is set in another process is for tests alone.
    assert set(KINDS) - drawn <= {"host_clock_jump"}
