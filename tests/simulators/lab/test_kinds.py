"""Each kind can be built and streams; what is spoiled shows as damage, never as samples."""

import numpy as np
import pytest

from devices.bitalino.driver import BitalinoDriver
from devices.driver import Driver, HeartRate, Samples, Wish
from devices.ganglion.driver import GanglionDriver
from devices.healthypi.driver import HealthyPi5Driver, HealthyPiMoveDriver
from devices.heart_rate.driver import HeartRateDriver, HeartyPatchDriver
from devices.movesense.driver import MovesenseDriver
from devices.open_patch.driver import UnpairedOpenPatchDriver
from devices.polar_h10.driver import PolarH10Driver
from ecgcore.errors import ConfigError, NotificationError
from simulators.lab.build import build_patches
from simulators.lab.kinds import kind_names, patch_kind
from simulators.scenario.plan import make_plan
from simulators.scenario.read import parse_scenario
from tests.scenarios.in_process import START_NS, Host

DRIVERS: dict[str, Driver] = {
    "polar_h10": PolarH10Driver(),
    "movesense": MovesenseDriver(),
    "open_patch": UnpairedOpenPatchDriver(),
    "healthypi_5": HealthyPi5Driver(),
    "healthypi_move": HealthyPiMoveDriver(),
    "bitalino": BitalinoDriver(),
    "ganglion": GanglionDriver(),
    "ganglion_3": GanglionDriver(),
}
STRAPS: dict[str, Driver] = {
    "heart_rate": HeartRateDriver(),
    "heartypatch": HeartyPatchDriver(),
}
TEXT = """
name = "one"
duration = "1 min"
[[patch]]
kind = "{kind}"
{more}
"""


def hosted(kind: str, more: str = "") -> Host:
    plan = make_plan(parse_scenario(TEXT.format(kind=kind, more=more), "one.toml"))
    (patch,) = build_patches(plan, START_NS)
    return Host(patch, (DRIVERS | STRAPS)[kind], ())


def test_each_kind_is_here_and_known_to_its_driver() -> None:
    assert set(kind_names()) == {*DRIVERS, *STRAPS}
    for kind, driver in (DRIVERS | STRAPS).items():
        plan = make_plan(parse_scenario(TEXT.format(kind=kind, more="count = 3"), "one.toml"))
        patches = build_patches(plan, START_NS)
        ids = [driver.identify(patch.advertisement(START_NS)) for patch in patches]
        assert ids == [patch.device_id for patch in patches]
        assert len({*ids}) == len({patch.address for patch in patches}) == 3


@pytest.mark.parametrize("kind", STRAPS)
def test_a_strap_tells_its_heart_and_whether_it_is_worn(kind: str) -> None:
    host = hosted(kind, '[[fault]]\nkind = "lead_off"\nat = 20\nfor = 20')
    dialogue, told = STRAPS[kind].open(Wish()), dict[int, HeartRate]()
    for second in range(60):
        for sent in host.patch.due(START_NS + second * 10**9):
            for packet in dialogue.decode(sent.characteristic, sent.value):
                if isinstance(packet, HeartRate):
                    told[second] = packet
    assert all(told[second].contact is not (20 <= second < 40) for second in told if second > 1)
    rr_ms = [each for rate in told.values() for each in rate.rr_ms]
    assert 500 < float(np.median(rr_ms)) < 1200
    assert len(told) > 55


@pytest.mark.parametrize("kind", DRIVERS)
def test_it_streams_its_heart_and_comes_back_after_a_new_start(kind: str) -> None:
    host = hosted(kind, '[[fault]]\nkind = "reboot"\nat = 20\nfor = 10')
    for step in range(600):
        host.step(step / 10)
    seconds = {round((f.utc_ns - START_NS) / 1e9) for f in host.frames if f.n_samples}
    assert {5, 15, 40, 55} <= seconds
    assert not seconds & set(range(22, 30))
    assert max(int(np.ptp(frame.adc)) for frame in host.frames) > 100
    assert len(host.patch.account.runs) == 2


@pytest.mark.parametrize("kind", [kind for kind in DRIVERS if patch_kind(kind).spoils])
def test_what_is_spoiled_is_never_taken_for_samples(kind: str) -> None:
    host = hosted(kind)
    host.step(0.0)
    sent = [
        n for step in range(1, 60) for n in host.patch.due(START_NS + step * 10**8) if n.samples
    ]
    assert len(sent) > 5
    chance = np.random.default_rng(1)
    for spoil in patch_kind(kind).spoils.values():
        for notification in sent:
            dialogue = host._dialogue
            value = spoil(notification.value, chance)
            try:
                packets = dialogue.decode(notification.characteristic, value)
            except NotificationError:
                continue
            assert not any(isinstance(packet, Samples) for packet in packets)


@pytest.mark.parametrize(
    ("kind", "more", "says"),
    [
        ("nobody", "", "patch kind 'nobody': there are bitalino, "),
        ("polar_h10", 'leads = ["V1"]', "patch 1 (polar_h10) has no lead V1"),
        ("open_patch", 'leads = ["AVR"]', "patch 1 (open_patch) has no lead aVR"),
        ("polar_h10", "rate = 250", "cannot do 250 Hz, only 130"),
        ("ganglion", 'leads = ["I"]', "patch 1 (ganglion) records I, II, V1, V5, all of them"),
        ("heart_rate", '[[fault]]\nkind = "silence"', "silence needs an ECG, and it sends none"),
        ("bitalino", '[[fault]]\nkind = "corrupt"', "damage that shows is only possible as none"),
        ("movesense", '[[fault]]\nkind = "clock_jump"', "clock_jump needs a clock"),
        ("healthypi_move", '[[fault]]\nkind = "corrupt"\nhow = "bits"', "as truncated"),
        ("movesense", '[[fault]]\nkind = "corrupt"\nhow = "bits"', "as truncated, unknown"),
    ],
)
def test_what_a_kind_cannot_do_is_one_line(kind: str, more: str, says: str) -> None:
    plan = make_plan(parse_scenario(TEXT.format(kind=kind, more=more), "one.toml"))
    with pytest.raises(ConfigError) as told:
        build_patches(plan, START_NS)
    assert says in str(told.value)
