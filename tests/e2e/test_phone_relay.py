"""A patient's phone as gateway: the real page in Chromium, its patch in the browser's emulation.

``ECGOMICS_RELAY_SPEED=1`` runs the ten minutes in full; otherwise time is compressed.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from cloud.store.database import open_pool
from cloud.verify import verify_sessions
from ecgcore.clock import UtcClock
from ecgcore.wire.frame import Frame, decode_frame
from simulators.lab.kinds import serial_of
from simulators.patches.polar_h10 import PatchConfig, SimulatedH10
from simulators.source import SampleNumbers
from tests.e2e.bluetooth import ARGUMENTS, EmulatedPatch
from tests.e2e.clinic import PASSWORD, PATIENT, Clinic, Rig, running_clinic
from tests.gateway.broker import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

SPEED = float(os.environ.get("ECGOMICS_RELAY_SPEED", "10"))
BEFORE_S, OUTAGE_S, AFTER_S = 240 / SPEED, 120 / SPEED, 240 / SPEED
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", *ARGUMENTS)


@asynccontextmanager
async def phone(url: str, patch: EmulatedPatch) -> AsyncIterator[Page]:
    """The patient's own page, signed in, with the patch in reach."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*_FLAGS])
        await patch.switch_on(browser)
        context = await browser.new_context(
            viewport={"width": 390, "height": 844}, locale="en-US", service_workers="block"
        )
        page = await context.new_page()
        await patch.let_be_chosen(page)
        await page.goto(url)
        await page.fill("input[name=username]", PATIENT)
        await page.fill("input[name=password]", PASSWORD)
        await page.click("button[type=submit]")
        streaming = asyncio.create_task(patch.stream(page))
        try:
            yield page
        finally:
            streaming.cancel()
            await asyncio.wait([streaming])
            await browser.close()
            assert streaming.cancelled(), streaming.exception()


async def test_a_phone_streams_through_an_outage_of_the_server(tmp_path: Path) -> None:
    origin_ns, sent = time.time_ns(), list[range]()
    clock = UtcClock(time.time_ns, origin_ns, SPEED)
    strap = SimulatedH10(PatchConfig(serial_of(0, 1), clock.now_ns()), SampleNumbers())
    emulated = EmulatedPatch(
        strap, clock, lambda samples: sent.append(samples) if samples else None
    )
    rig = Rig(tmp_path, strap.device_id, origin_ns, SPEED)
    async with running_clinic(rig) as clinic, phone(clinic.url, emulated) as page:
        card = page.locator(".patch-card")
        await card.get_by_role("button", name="Connect my patch").click()
        await until(lambda: len(sent) > 3, 30)
        await asyncio.sleep(BEFORE_S)
        await outage(clinic, card)
        await asyncio.sleep(AFTER_S)
        await card.get_by_role("button", name="Disconnect my patch").click()
        await expect(card).not_to_contain_text("not yet safe", timeout=60_000)
        frames = await stored(clinic)
    check(frames, sent)
    assert emulated.n_links == 1
    print(f"speed={SPEED:g} notifications={len(sent)} samples={sum(map(len, sent))} lost=0")


async def outage(clinic: Clinic, card: Locator) -> None:
    """Server and gateway die; the phone stores; they come back."""
    clinic.kill("server")
    clinic.kill("gateway")
    await expect(card).to_contain_text("this phone keeps everything")
    await asyncio.sleep(OUTAGE_S)
    await expect(card).to_contain_text("stored and not yet safe")
    for part in ("server", "gateway"):
        await clinic.start(part)


async def stored(clinic: Clinic) -> list[Frame]:
    """What the database has, after its own ledger and hashes were recomputed."""
    pool = await open_pool(clinic.database_url)
    async with pool.acquire() as connection:
        names = [row["session_id"] for row in await connection.fetch("SELECT * FROM recording")]
        audits = await verify_sessions(connection, names)
    rows = await pool.fetch("SELECT body FROM frame ORDER BY first_counter")
    await pool.close()
    assert len(audits) == 1
    assert audits[0].holds
    assert audits[0].duplicated == 0
    assert sum(audits[0].gaps.values()) == 0
    return [decode_frame(row["body"]) for row in rows]


def check(frames: list[Frame], sent: list[range]) -> None:
    """Every sample that reached the phone is stored once, in order, and nothing else."""
    values = np.concatenate([frame.adc[0] for frame in frames])
    assert np.array_equal(values, np.concatenate([np.arange(s.start, s.stop) for s in sent]))
    assert all(before.stop == after.start for before, after in pairwise(sent))
    assert all(before.end == after.first_counter for before, after in pairwise(frames))
