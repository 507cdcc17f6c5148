"""The pool: bounded, timed, and well again after a worker was lost."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from cloud.workers import BusyError, JobFailedError, Workers, WorkersConfig

_WORKER = """
import os, struct, sys, time
time.sleep(float(os.environ.get("WORKER_STARTS_IN", "0")))
sys.stdout.buffer.write(bytes(4))
sys.stdout.buffer.flush()
while head := sys.stdin.buffer.read(4):
    body = sys.stdin.buffer.read(struct.unpack(">I", head)[0])
    if body == b"end":
        sys.exit(3)
    if body.startswith(b"sleep"):
        time.sleep(float(body[5:]))
    said = str(os.getpid()).encode() + b" " + body
    sys.stdout.buffer.write(struct.pack(">I", len(said)) + said)
    sys.stdout.buffer.flush()
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "echoing_worker.py").write_text(_WORKER)
    path = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{path}")
    return "echoing_worker"


async def test_a_worker_is_kept_for_the_next_job(module: str) -> None:
    workers = Workers(WorkersConfig(module))
    one, two = [await workers.run(each) for each in (b"a" * 200_000, b"b")]
    assert one.split()[0] == two.split()[0]
    assert (len(one.split()[1]), two.split()[1]) == (200_000, b"b")
    await workers.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(one.split()[0]), signal.SIGCONT)


async def test_jobs_beyond_the_bound_are_refused(module: str) -> None:
    workers = Workers(WorkersConfig(module, n_processes=1, most_waiting=1))
    jobs = [asyncio.create_task(workers.run(b"sleep0.2")) for _ in range(3)]
    done = await asyncio.gather(*jobs, return_exceptions=True)
    assert [isinstance(each, BusyError) for each in done] == [False, False, True]
    assert (await workers.run(b"c")).endswith(b" c")
    await workers.close()


@pytest.mark.parametrize(("job", "said"), [(b"sleep30", r"within 1\.5 s"), (b"end", "ended")])
async def test_a_lost_worker_is_an_error_once(module: str, job: bytes, said: str) -> None:
    workers = Workers(WorkersConfig(module, timeout_s=1.5))
    with pytest.raises(JobFailedError, match=said):
        await workers.run(job)
    assert (await workers.run(b"d")).endswith(b" d")
    await workers.close()


async def test_a_slow_start_is_no_part_of_the_job(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_STARTS_IN", "1.0")
    workers = Workers(WorkersConfig(module, timeout_s=0.9))
    assert (await workers.run(b"f")).endswith(b" f")
    await workers.close()
    hasty = Workers(WorkersConfig(module, start_timeout_s=0.5))
    with pytest.raises(JobFailedError, match=r"within 0\.5 s"):
        await hasty.run(b"g")
    await hasty.close()


async def test_cancelling_ends_the_worker(module: str) -> None:
    workers = Workers(WorkersConfig(module))
    pid = int((await workers.run(b"e")).split()[0])
    job = asyncio.create_task(workers.run(b"sleep30"))
    await asyncio.sleep(0.1)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
