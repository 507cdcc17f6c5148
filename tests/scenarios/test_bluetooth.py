"""Each fault alone, all in one room on a patch of its own, and seeded mixtures."""

from pathlib import Path

import pytest

from simulators.scenario.faults import KINDS, Level, Scope
from simulators.scenario.plan import Plan, make_plan
from simulators.scenario.read import parse_scenario
from tests.scenarios.bluetooth import Played, play
from tests.scenarios.ledger import assert_ledger
from tests.scenarios.replay import shown

pytestmark = pytest.mark.timeout(300)
HERE = "tests/scenarios/test_bluetooth.py"
ALONE = sorted(
    name
    for name, fault in KINDS.items()
    if Level.BLUETOOTH in fault.levels and fault.scope in (Scope.PATCH, Scope.LINK)
)


def plan_of(text: str, seed: int = 0) -> Plan:
    return make_plan(parse_scenario(text, "test.toml", seed))


def check(plan: Plan, played: Played) -> None:
    n_jumps = 2 * sum(each.kind == "host_clock_jump" for each in plan.faults)
    for patch in played.patches:
        assert_ledger(played.engine.of(patch.device_id), patch.account, may_split=n_jumps)
    assert played.summary["spooled_left"] == 0, played.summary
    assert played.engine.quarantined == 0


async def test_each_fault_alone_leaves_an_exact_ledger(tmp_path: Path) -> None:
    faults = "\n".join(
        f'[[fault]]\nkind = "{kind}"\nat = "60 s"\nfor = "{for_s} s"\npatches = [{number}]'
        for number, kind in enumerate(ALONE, 1)
        # Long enough for the gateway to start the stream again, and then to give the link up.
        for for_s in [80 if kind == "silence" else 40]
    )
    text = f"""
        name = "each alone"
        duration = "180 s"
        [[patch]]
        count = {len(ALONE)}
        signal = "sample_number"
        {faults}
    """
    plan = plan_of(text)
    with shown(plan, HERE):
        played = await play(plan, tmp_path)
        check(plan, played)
        for patch in played.patches:
            assert patch.account.n_sent > 130 * 15, patch.device_id
