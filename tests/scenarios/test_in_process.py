"""Each fault alone, and hundreds of seeded mixtures, without radio and without waiting."""

import pytest

from devices.polar_h10.driver import PolarH10Driver
from simulators.scenario.faults import KINDS, Level, Scope
from simulators.scenario.plan import Plan, make_plan
from simulators.scenario.read import parse_scenario
from tests.scenarios.in_process import Host, play
from tests.scenarios.ledger import assert_ledger
from tests.scenarios.replay import seeds, shown

DRIVER = PolarH10Driver()
HERE = "tests/scenarios/test_in_process.py"
ALONE = sorted(
    name
    for name, fault in KINDS.items()
    if Level.IN_PROCESS in fault.levels and fault.scope is not Scope.SIGNAL
)
MIXTURE = """
name = "mixture"
duration = "2 min"
[[patch]]
signal = "sample_number"
[[mixture]]
rate_per_hour = 240
longest = "30 s"
faults = [{faults}]
[[mixture]]
rate_per_hour = 20
faults = [{{kind = "host_clock_jump", back = true}}, "host_clock_jump"]
"""


def plan_of(text: str, seed: int) -> Plan:
    return make_plan(parse_scenario(text, "test.toml", seed))


def check(plan: Plan, hosts: list[Host]) -> None:
    n_jumps = 2 * sum(each.kind == "host_clock_jump" for each in plan.faults)
    for host in hosts:
        assert_ledger(host.frames, host.patch.account, may_split=n_jumps)


@pytest.mark.parametrize("kind", ALONE)
def test_a_fault_alone_leaves_an_exact_ledger(kind: str) -> None:
    text = f"""
        name = "{kind}"
        duration = "3 min"
        [[patch]]
        signal = "sample_number"
        [[fault]]
        kind = "{kind}"
        at = "70 s"
        for = "20 s"
    """
    for seed in seeds(3):
        plan = plan_of(text, seed)
        with shown(plan, HERE):
            hosts = play(plan, DRIVER)
            check(plan, hosts)
            assert hosts[0].patch.account.n_sent > 130 * 140


def test_mixtures_leave_an_exact_ledger() -> None:
    text = MIXTURE.format(
        faults=", ".join(f'"{kind}"' for kind in ALONE if kind != "host_clock_jump")
    )
    for seed in seeds(100):
        plan = plan_of(text, seed)
        with shown(plan, f"{HERE}::test_mixtures_leave_an_exact_ledger"):
            check(plan, play(plan, DRIVER))
