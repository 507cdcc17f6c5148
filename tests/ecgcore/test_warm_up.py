"""What is compiled before the first patient comes; in a process where nothing ran yet."""

import json
import subprocess
import sys

_SCRIPT = """
import gc, json
from numba.core.dispatcher import Dispatcher
from ecgcore.live import LiveConfig, LivePipeline, warm_up
from ecgcore.parameters import preset
from ecgcore.types import EcgChunk, SampleClock
from simulators.ecg import EcgConfig, SyntheticEcg

def compiled():
    loops = [each for each in gc.get_objects() if isinstance(each, Dispatcher)]
    names = [f"{each.py_func.__module__}.{each.py_func.__qualname__}" for each in loops]
    return {name: len(each.signatures) for name, each in zip(names, loops)}

keys = preset("patch").live_keys
warm_up(130.0, keys)
before = compiled()
live = LivePipeline(LiveConfig(130.0, ("CHEST",), keys))
ecg_mv = SyntheticEcg(EcgConfig(seed=5)).read_mv(0, 130 * 100)[None]
live.push(EcgChunk(0, ecg_mv, SampleClock(0, 0, 1e9 / 130)))
after = compiled()
print(json.dumps([len(before), [name for name in after if before.get(name) != after[name]]]))
"""


def test_the_first_patient_waits_for_no_compiler() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True
    )
    n_loops, late = json.loads(ran.stdout)
    assert n_loops > 10
    assert late == []
