"""Every kind of patch in every fault, without radio and without waiting.

Patches that number or time their samples leave an exact ledger; the others stay within what
`docs/devices.md` says of them.
"""

import pytest

from simulators.lab.kinds import kind_names, patch_kind
from simulators.scenario.plan import Plan, make_plan
from simulators.scenario.read import parse_scenario
from tests.scenarios.bounded import Bound, assert_bounded
from tests.scenarios.in_process import play
from tests.scenarios.ledger import assert_ledger
from tests.scenarios.replay import seeds, shown
from tests.scenarios.test_in_process import ALONE
from tests.simulators.lab.test_kinds import DRIVERS

HERE = "tests/scenarios/test_every_kind.py"
EXACT = ("movesense", "open_patch")
BOUNDED = {
    # Half a round of its numbers, and a tenth of a second for the delay of the first notification.
    "bitalino": Bound(outage=18, given_up=8),
    "ganglion": Bound(outage=121, given_up=201),
    "ganglion_3": Bound(outage=121),
    # A notification and a tenth of a second; inside a link only a second of silence shows.
    "healthypi_5": Bound(outage=22, untold=125 + 2 * 9, sent_share=8 / 9, in_order=False),
    "healthypi_move": Bound(outage=29, untold=128 + 2 * 16, in_order=False),
}


def possible(kind: str) -> list[str]:
    """Give what can happen to a kind and is seen by it alone."""
    able = patch_kind(kind)
    impossible = set() if able.has_clock else {"clock_reset", "clock_jump"}
    impossible |= set() if able.spoils else {"corrupt"}
    return [name for name in ALONE if name not in {*impossible, "host_clock_jump"}]


def plan_of(kind: str, faults: str, seed: int) -> Plan:
    text = f"""
        name = "{kind}"
        duration = "3 min"
        [[patch]]
        kind = "{kind}"
        signal = "sample_number"
        {faults}
    """
    return make_plan(parse_scenario(text, "test.toml", seed))


def check(plan: Plan, kind: str) -> None:
    with shown(plan, HERE):
        (host,) = play(plan, DRIVERS[kind])
        if kind in EXACT:
            assert_ledger(host.frames, host.patch.account)
        else:
            assert_bounded(host.frames, host.patch.account, patch_kind(kind), BOUNDED[kind])


def test_each_kind_with_samples_is_held() -> None:
    held = {"polar_h10", *EXACT, *BOUNDED}
    assert held == {kind for kind in kind_names() if patch_kind(kind).has_samples}


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (kind, fault)
        for kind in (*EXACT, *BOUNDED)
        for fault in possible(kind)
        if (kind, fault) != ("bitalino", "reorder")
    ],
)
def test_a_fault_alone(kind: str, fault: str) -> None:
    faults = f'[[fault]]\nkind = "{fault}"\nat = "70 s"\nfor = "20 s"'
    for seed in seeds(1):
        check(plan_of(kind, faults, seed), kind)


@pytest.mark.parametrize("kind", EXACT)
def test_mixtures_leave_an_exact_ledger(kind: str) -> None:
    names = ", ".join(f'"{fault}"' for fault in possible(kind))
    faults = f'[[mixture]]\nrate_per_hour = 240\nlongest = "30 s"\nfaults = [{names}]'
    for seed in seeds(8):
        check(plan_of(kind, faults, seed), kind)
