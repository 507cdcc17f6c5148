"""The full analysis beside the gateway, with the cloud off."""

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from ecgcore.errors import ConfigError
from gateway.analysis import LocalAnalysis
from simulators.ecg import EcgConfig, SyntheticEcg
from tests.gateway.broker import free_port, until
from tests.gateway.rig import Running, settings
from tests.simulators.room import room


class _Heart(SyntheticEcg):
    def __init__(self) -> None:
        super().__init__(EcgConfig(mean_hr_bpm=72))


@pytest.mark.timeout(300)  # the child may have to compile first
async def test_heart_rate_is_found_without_cloud_and_again_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[LocalAnalysis] = []

    def making() -> LocalAnalysis:
        made.append(LocalAnalysis())
        return made[0]

    monkeypatch.setattr("gateway.app.LocalAnalysis", making)
    async with room(source=_Heart) as there:
        url = f"mqtt://127.0.0.1:{free_port()}"
        gateway = Running(settings(tmp_path, url, there, analyse=True, drain_s=0))
        await until(lambda: made and _bpm(made[0]) is not None, 120)
        first = _bpm(made[0])
        (child,) = [
            process
            for process in psutil.Process(os.getpid()).children()
            if "spawn_main" in " ".join(process.cmdline())
        ]
        os.kill(child.pid, signal.SIGKILL)
        made[0].numbers = {}
        await until(lambda: made and _bpm(made[0]) is not None, 120)
        await gateway.stop()
    assert first == pytest.approx(72, abs=6)
    assert _bpm(made[0]) == pytest.approx(72, abs=6)


def _bpm(analysis: LocalAnalysis) -> float | None:
    return next((each["hr_bpm"] for each in analysis.numbers.values()), None)


async def test_without_the_cloud_part_it_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.analysis.entry_points", lambda group: ())
    with pytest.raises(ConfigError, match="--analyse"):
        LocalAnalysis()
    await asyncio.sleep(0)
