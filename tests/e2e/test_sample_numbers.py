"""Patches that send the sample's own number: what is stored is compared one by one."""

import asyncio
import json
import signal
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cloud.embedded import postgres
from cloud.store.database import open_pool
from ecgcore.wire.frame import Frame, decode_frame
from tests.e2e.demo_run import running_demo
from tests.servers import free_port, running_postgres_on

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def test_link_loss_broker_kill_and_engine_kill_change_no_sample(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--sample-number", "--patients", "2", "--for", "60") as run:
        run.wait_for("recording opened")
        time.sleep(6)
        run.signal_part("patches", signal.SIGUSR1)
        time.sleep(10)
        run.kill("broker")
        time.sleep(6)
        run.kill("engine")
        account = run.result()
    assert account["samples"]["lost"] == account["samples"]["duplicated"] == 0
    data = tmp_path / "data"
    books = [json.loads(path.read_text()) for path in (data / "journal").glob("*.json")]
    with running_postgres_on(postgres.prepare(data / "postgres", free_port())) as url:
        stored = asyncio.run(_frames(url))
    assert len(books) == len(stored) == 2
    for book in books:
        _assert_same(stored[book["device_id"]], book["sent_ranges"])


async def _frames(url: str) -> dict[str, list[Frame]]:
    pool = await open_pool(url, wait_s=10)
    rows = await pool.fetch("SELECT body FROM frame ORDER BY device_id, first_counter")
    await pool.close()
    frames: dict[str, list[Frame]] = {}
    for row in rows:
        frame = decode_frame(row["body"])
        frames.setdefault(frame.device, []).append(frame)
    return frames


def _assert_same(frames: list[Frame], sent_ranges: list[list[int]]) -> None:
    assert len(sent_ranges) >= 2, "the link loss left no hole"
    sent = np.concatenate([np.arange(start, end) for start, end in sent_ranges])
    stored = np.concatenate([frame.adc[0] for frame in frames])
    assert np.array_equal(stored, sent)
    counters = np.concatenate([np.arange(f.first_counter, f.end) for f in frames])
    # One offset for the whole recording: each gap has exactly as many counters as went missing.
    assert set(np.unique(sent - counters)) == {sent[0]}
    named = sum(frame.gap_before for frame in frames)
    assert named == sum(b[0] - a[1] for a, b in pairwise(sent_ranges))
