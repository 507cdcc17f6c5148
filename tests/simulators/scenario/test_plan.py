import json

from hypothesis import given
from hypothesis import strategies as st

from simulators.scenario.faults import Level
from simulators.scenario.plan import Plan, make_plan
from simulators.scenario.read import parse_scenario

TEXT = """
name = "test"
duration = "1 h"
[[patch]]
count = 3
[[fault]]
kind = "uplink_gone"
at = "59 min"
for = "5 min"
[[fault]]
kind = "lead_off"
at = 60
patches = [2]
[[mixture]]
faults = ["loss", "reboot", "reconnect_storm"]
rate_per_hour = 60
at = "10 min"
until = "50 min"
shortest = 5
longest = 50
"""


def plan_of(seed: int) -> Plan:
    return make_plan(parse_scenario(TEXT, "test.toml", seed))


@given(st.integers(0, 2**32 - 1))
def test_a_seed_fixes_the_plan(seed: int) -> None:
    plan = plan_of(seed)
    assert plan == plan_of(seed)
    assert [each.number for each in plan.faults] == list(range(1, len(plan.faults) + 1))
    starts = [each.start_s for each in plan.faults]
    assert starts == sorted(starts)
    for each in plan.faults:
        assert each.end_s <= 3600
        if each.kind in ("loss", "reboot", "reconnect_storm"):
            assert 600 <= each.start_s < 3000
            assert 5 <= each.end_s - each.start_s <= 50 + 1e-9
        assert (each.patch is None) == (each.kind in ("uplink_gone", "reconnect_storm"))


def test_another_seed_is_another_plan() -> None:
    assert plan_of(1).faults != plan_of(2).faults


def test_the_rate_is_that_of_the_file() -> None:
    drawn = [
        sum(each.kind in ("loss", "reboot") for each in plan_of(seed).faults) for seed in range(30)
    ]
    # 40 minutes at 60 an hour, for each of three patches.
    assert 115 < sum(drawn) / len(drawn) < 125


def test_faults_lie_where_the_file_has_them() -> None:
    plan = plan_of(0)
    (gone,) = [each for each in plan.faults if each.kind == "uplink_gone"]
    assert (gone.start_s, gone.end_s, gone.patch) == (3540.0, 3600.0, None)
    (off,) = plan.of_patch(2).of("lead_off")
    assert (off.start_s, off.end_s) == (60.0, 90.0)
    assert not plan.of_patch(1).of("lead_off")
    assert plan.of_patch(2).is_on("lead_off", 60.0)
    assert not plan.of_patch(2).is_on("lead_off", 90.0)


def test_a_plan_is_written_for_people_and_programs() -> None:
    plan = plan_of(0)
    assert str(plan).splitlines()[0] == "test: 3 patches, 1:00:00.0, seed 0"
    assert "0:59:00.0 to 1:00:00.0  all       uplink_gone" in str(plan)
    written = json.loads(plan.as_json())
    assert written["patches"] == 3
    assert len(written["faults"]) == len(plan.faults)
    assert {each.kind for each in plan.left_out(Level.IN_PROCESS)} == {
        "uplink_gone",
        "reconnect_storm",
    }
