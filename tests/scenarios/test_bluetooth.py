"""Each fault alone, all in one room on a patch of its own, and seeded mixtures."""

from dataclasses import replace
from pathlib import Path

import pytest

from simulators.lab.kinds import kind_names, patch_kind
from simulators.scenario.faults import KINDS, Level, Scope
from simulators.scenario.plan import Plan, make_plan
from simulators.scenario.read import parse_scenario
from tests.scenarios.bluetooth import Played, play
from tests.scenarios.bounded import assert_bounded
from tests.scenarios.ledger import assert_ledger
from tests.scenarios.replay import seeds, shown
from tests.scenarios.test_every_kind import BOUNDED

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


async def test_a_mixture_of_all_faults_leaves_an_exact_ledger(tmp_path: Path) -> None:
    text = f"""
        name = "mixture"
        duration = "3 min"
        [[patch]]
        count = 5
        signal = "sample_number"
        [[mixture]]
        faults = [{", ".join(f'"{kind}"' for kind in ALONE)}]
        rate_per_hour = 120
        at = "20 s"
        until = "150 s"
        shortest = "4 s"
        longest = "40 s"
        [[mixture]]
        faults = ["uplink_gone", "uplink_half_open", "reconnect_storm", "host_clock_jump"]
        rate_per_hour = 90
        at = "20 s"
        until = "120 s"
        shortest = "5 s"
        longest = "20 s"
    """
    for seed in seeds(1):
        plan = plan_of(text, seed)
        with shown(plan, HERE):
            check(plan, await play(plan, tmp_path))


@pytest.mark.parametrize("kind", ["host_clock_jump", "uplink"])
async def test_what_all_share_breaks_and_nothing_is_lost(kind: str, tmp_path: Path) -> None:
    kinds = ["uplink_gone", "uplink_slow", "uplink_half_open", "reconnect_storm"]
    faults = "\n".join(
        f'[[fault]]\nkind = "{each}"\nat = "{20 + 20 * k} s"\nfor = "15 s"'
        for k, each in enumerate(kinds if kind == "uplink" else [kind])
    )
    text = f"""
        name = "{kind}"
        duration = "130 s"
        [[patch]]
        count = 3
        signal = "sample_number"
        [[fault]]
        kind = "link_cut"
        at = "25 s"
        for = "5 s"
        patches = [1]
        {faults}
    """
    plan = plan_of(text)
    with shown(plan, HERE):
        played = await play(plan, tmp_path)
        check(plan, played)
        gaps = [frame.gap_before for frame in played.engine.of(played.patches[1].device_id)]
        assert sum(gaps) == 0, "a patch that nothing happened to has no gaps"


async def test_a_patch_with_memory_fills_what_was_lost(tmp_path: Path) -> None:
    faults = "\n".join(
        f'[[fault]]\nkind = "{kind}"\nat = "30 s"\nfor = "20 s"\npatches = [{number}]'
        for number, kind in enumerate(("loss", "link_cut", "corrupt"), 1)
    )
    # An answer that was hit, too, is asked for again after ten seconds of the wall's clock.
    text = f"""
        name = "memory"
        duration = "260 s"
        [[patch]]
        kind = "open_patch"
        count = 3
        signal = "sample_number"
        {faults}
    """
    plan = plan_of(text)
    with shown(plan, HERE):
        played = await play(plan, tmp_path)
        check(plan, played)
        for patch in played.patches:
            frames = played.engine.of(patch.device_id)
            assert sum(frame.gap_before for frame in frames) == 0, patch.device_id
        touched = [sum(p.account.touched_by_kind().values()) for p in played.patches]
        assert touched[0] > 0
        assert touched[2] > 0


async def test_every_kind_is_played_over_the_air(tmp_path: Path) -> None:
    groups = "\n".join(
        f'[[patch]]\nkind = "{kind}"\nsignal = "sample_number"' for kind in kind_names()
    )
    text = f"""
        name = "every kind"
        duration = "40 s"
        {groups}
        [[fault]]
        kind = "link_cut"
        at = "15 s"
        for = "4 s"
    """
    plan = plan_of(text)
    with shown(plan, HERE):
        # The shortest round of numbers is three seconds: that tells from when they came.
        played = await play(plan, tmp_path, speed=2.0)
        for patch, group in zip(played.patches, plan.scenario.groups, strict=True):
            frames = played.engine.of(patch.device_id)
            kind = patch_kind(group.kind)
            if group.kind in BOUNDED:
                # How late the first notification is on a busy machine, nobody can bound.
                bound = replace(BOUNDED[group.kind], outage=2 * round(kind.rates_hz[0]))
                assert_bounded(frames, patch.account, kind, bound)
            elif kind.has_samples:
                assert_ledger(frames, patch.account)
            else:
                assert frames == []
                continue
            assert sum(frame.n_samples for frame in frames) > 20 * kind.rates_hz[0], group.kind
