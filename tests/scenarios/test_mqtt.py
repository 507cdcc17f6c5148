"""Each fault, and mixtures of all, between many virtual gateways and a real broker."""

from pathlib import Path

import pytest

from simulators.scenario.faults import KINDS, Level, Scope
from simulators.scenario.plan import make_plan
from simulators.scenario.read import parse_scenario
from tests.scenarios.mqtt import assert_committed, play
from tests.scenarios.replay import seeds, shown

pytestmark = pytest.mark.timeout(300)
HERE = "tests/scenarios/test_mqtt.py"
OWN = sorted(
    name
    for name, fault in KINDS.items()
    if Level.MQTT in fault.levels and fault.scope in (Scope.PATCH, Scope.LINK)
)
SHARED = sorted(
    name for name, fault in KINDS.items() if Level.MQTT in fault.levels and name not in OWN
)


async def test_each_fault_alone_loses_nothing(tmp_path: Path) -> None:
    faults = "\n".join(
        f'[[fault]]\nkind = "{kind}"\nat = "10 s"\nfor = "20 s"\npatches = [{number}]'
        for number, kind in enumerate(OWN, 1)
    )
    text = f"""
        name = "each alone"
        duration = "40 s"
        [[patch]]
        count = {len(OWN)}
        {faults}
    """
    for seed in seeds(1):
        plan = make_plan(parse_scenario(text, "test.toml", seed))
        with shown(plan, HERE):
            gateways, engine = await play(plan, tmp_path, 3 * len(OWN), speed=10)
            assert_committed(gateways, engine)
            assert engine.quarantined == sum(each.sent.damaged for each in gateways) > 0
            assert engine.duplicates > 0


@pytest.mark.parametrize("kind", SHARED)
async def test_an_uplink_that_breaks_loses_nothing(kind: str, tmp_path: Path) -> None:
    text = f"""
        name = "{kind}"
        duration = "30 s"
        [[patch]]
        [[fault]]
        kind = "{kind}"
        at = "10 s"
        for = "10 s"
        {"delay_ms = 50" if kind == "uplink_slow" else ""}
    """
    for seed in seeds(1):
        plan = make_plan(parse_scenario(text, "test.toml", seed))
        with shown(plan, HERE):
            gateways, engine = await play(plan, tmp_path, 30, speed=10)
            assert_committed(gateways, engine)
            if kind != "uplink_slow":
                assert sum(each.sent.connections for each in gateways) >= 60


async def test_mixtures_on_many_gateways_lose_nothing(tmp_path: Path) -> None:
    text = f"""
        name = "mixture"
        duration = "20 s"
        [[patch]]
        count = 30
        [[mixture]]
        faults = [{", ".join(f'"{kind}"' for kind in OWN)}]
        rate_per_hour = 600
        shortest = "1 s"
        longest = "10 s"
        [[fault]]
        kind = "reconnect_storm"
        at = "8 s"
        [[fault]]
        kind = "uplink_gone"
        at = "14 s"
        for = "2 s"
    """
    for seed in seeds(1):
        plan = make_plan(parse_scenario(text, "test.toml", seed))
        with shown(plan, HERE):
            gateways, engine = await play(plan, tmp_path, 120, speed=4)
            assert_committed(gateways, engine)
