"""After bytes that are none of a patch's, its samples are read as if nothing had been."""

from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.bitalino.driver import BitalinoDriver
from devices.driver import Driver, Wish
from devices.ganglion.driver import GanglionDriver
from devices.healthypi.driver import HealthyPiMoveDriver
from devices.movesense.driver import MovesenseDriver
from devices.polar_h10.driver import PolarH10Driver
from ecgcore.errors import NotificationError
from ecgcore.types import Int32Array
from simulators.patch import SimulatedPatch
from simulators.patches.bitalino import SimulatedBitalino
from simulators.patches.ganglion import GanglionConfig, SimulatedGanglion
from simulators.patches.healthypi import SimulatedHealthyPi
from simulators.patches.movesense import MovesenseConfig, SimulatedMovesense
from simulators.patches.polar_h10 import PatchConfig, SimulatedH10
from simulators.patches.sensor import SensorConfig
from tests.devices.host import ON_NS, S_NS, Host, Ramp, Ramps

Adc = Callable[[int, int], Int32Array]


def h10() -> tuple[Driver, SimulatedPatch, Adc]:
    ramp = Ramp()
    strap = SimulatedH10(PatchConfig("0A1B2C3D", ON_NS), ramp)
    return PolarH10Driver(), strap, lambda at, n: ramp.read_uv(at, n)[np.newaxis]


def movesense() -> tuple[Driver, SimulatedPatch, Adc]:
    patch = SimulatedMovesense(MovesenseConfig("174630000192", ON_NS), Ramp())
    return MovesenseDriver(), patch, patch.adc


def healthypi() -> tuple[Driver, SimulatedPatch, Adc]:
    patch = SimulatedHealthyPi(SensorConfig("", ON_NS), Ramp())
    return HealthyPiMoveDriver(), patch, patch.adc


def bitalino() -> tuple[Driver, SimulatedPatch, Adc]:
    patch = SimulatedBitalino(SensorConfig("52-7E", ON_NS), Ramp(490, step_uv=3))
    return BitalinoDriver(), patch, patch.adc


def ganglion() -> tuple[Driver, SimulatedPatch, Adc]:
    patch = SimulatedGanglion(GanglionConfig("A0F3", ON_NS), Ramps(*[Ramp(300)] * 4))
    return GanglionDriver(), patch, patch.adc


@pytest.mark.parametrize("make", [h10, movesense, healthypi, bitalino, ganglion])
@given(data=st.data())
def test_a_dialogue_finds_back(
    make: Callable[[], tuple[Driver, SimulatedPatch, Adc]], data: st.DataObject
) -> None:
    driver, patch, adc = make()
    host = Host(driver.open(Wish()), patch)
    host.listen()
    host.converse(host.dialogue.start())
    host.wait(S_NS // 2)
    uuids = [listen.characteristic for listen in host.dialogue.listens]
    garbage = data.draw(
        st.lists(st.tuples(st.sampled_from(uuids), st.binary(max_size=80)), max_size=5)
    )
    for uuid, octets in garbage:
        with suppress(NotificationError):
            host.dialogue.decode(uuid, octets)
    # A continued reply of an H10 would swallow one of the next; a Ganglion needs a whole sample.
    host.wait(3 * S_NS // 2)
    host.packets.clear()
    host.sent.clear()
    host.wait(S_NS // 2)
    sent = [samples for samples in host.sent if samples]
    assert np.array_equal(host.adc, np.concatenate([adc(s.start, len(s)) for s in sent], axis=1))
