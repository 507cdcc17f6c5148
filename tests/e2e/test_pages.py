"""The pages in a real browser, on a running system of sixteen patients."""

import re
import signal
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SignIn
from tests.e2e.demo_run import DemoRun

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PHONE = (390, 844)
WALL = (1920, 1080)
Keep = Callable[[Page, str], None]


def _newest_s(page: Page) -> float:
    """UTC of the newest sample on the screen, of the strip that is furthest behind."""
    newest = page.evaluate("Object.values(window.__ecgomics.lastDrawnUtcNs).map(Number)")
    return float(min(newest)) / 1e9


def test_a_patient_sees_her_strip_move_and_a_report_arrive(sign_in: SignIn, keep: Keep) -> None:
    page = sign_in("p1", *PHONE)
    expect(page.locator(".age.is-live")).to_be_visible(timeout=20_000)
    page.wait_for_timeout(4000)  # the past ten seconds are drawn first
    before = _newest_s(page)
    page.wait_for_timeout(3000)
    assert 2.5 < _newest_s(page) - before < 4
    # The first rate needs a whole ten seconds of signal; before that it is "--", never a number.
    expect(page.locator(".rate-number")).to_have_text(re.compile(r"^[4-9]\d$"), timeout=30_000)
    # Record 119 is a sinus rhythm with many ventricular beats, often every second or third.
    expect(page.locator(".now-rhythm")).to_have_text(
        re.compile(r"^Sinus \w+ · \w+ · since \d\d:\d\d:\d\d$"), timeout=60_000
    )
    expect(page.locator(".now-quality")).to_have_text("Clear signal")
    expect(page.locator(".meta")).to_contain_text("automatic, unconfirmed")
    page.locator(".behind summary").click()
    expect(page.locator(".evidence")).to_contain_text(
        re.compile(r"Since the recording began[1-9]\d* extra beats"), timeout=60_000
    )
    page.locator(".behind summary").click()
    page.evaluate("scrollTo(0, 0)")
    reports = page.locator(".report-list li")
    # The report of a whole minute comes by itself over the WebSocket, with no reload.
    expect(reports.first).to_be_visible(timeout=100_000)
    keep(page, "phone")
    page.locator("button.big").click()
    expect(page.locator(".paper").first).to_be_visible(timeout=10_000)
    expect(page.get_by_text("unconfirmed").first).to_be_visible()
    expect(page.locator(".findings")).to_contain_text(re.compile(r"Sinus \w+, \d+"))
    keep(page, "report")
    page.locator("button.back").click()
    expect(reports).to_have_count(2)


def test_a_patient_is_refused_anothers_data_by_page_rest_and_websocket(sign_in: SignIn) -> None:
    page = sign_in("p1", *PHONE)
    expect(page.locator(".age.is-live")).to_be_visible(timeout=20_000)
    statuses = page.evaluate(
        """async () => Object.fromEntries(await Promise.all([
            '/api/v1/patients/p1/overview', '/api/v1/patients/p2/overview',
            '/api/v1/patients/p2/strip', '/api/v1/patients/p2/reports',
            '/api/v1/patients/none/overview',
        ].map(async (path) => [path, (await fetch(path)).status])))"""
    )
    assert statuses.pop("/api/v1/patients/p1/overview") == 200
    assert set(statuses.values()) == {404}
    heard = page.evaluate(_SUBSCRIBE_TO_P2)
    assert [m["type"] for m in heard if m.get("patient") == "p2"] == ["refused"]
    assert heard[-1] == {"binary": 0}
    names = page.evaluate("fetch('/api/v1/patients').then((r) => r.json())")
    assert [patient["patient_id"] for patient in names] == ["p1"]
    page.goto(page.url + "patients/p2")
    expect(page.get_by_role("main")).not_to_contain_text("Ben Okoro")
    assert page.locator("canvas").count() == 0


_SUBSCRIBE_TO_P2 = """async () => {
    const answer = await fetch('/api/v1/live/ticket', {method: 'POST'});
    const {ticket} = await answer.json();
    const socket = new WebSocket(`ws://${location.host}/live?ticket=${ticket}`);
    const heard = []; let binary = 0;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({data}) => {
        typeof data === 'string' ? heard.push(JSON.parse(data)) : binary++;
    };
    await new Promise((resolve) => { socket.onopen = resolve; });
    socket.send(JSON.stringify({type: 'subscribe', patients: ['p2'], strips: true}));
    await new Promise((resolve) => setTimeout(resolve, 2500));
    socket.close();
    return [...heard, {binary}];
}"""


def test_sixteen_strips_run_at_fifty_frames_a_second_or_more(sign_in: SignIn, keep: Keep) -> None:
    page = sign_in("clinician", *WALL)
    expect(page.locator(".cell[data-patient]")).to_have_count(16, timeout=20_000)
    expect(page.locator(".cell.is-live")).to_have_count(16, timeout=20_000)
    page.wait_for_timeout(8000)
    _expect_rhythm_and_quality(page)
    figures = _figures(page)
    keep(page, "wall")
    print(f"wall: {figures}")
    assert figures["strips"] == 16
    assert figures["fps"] >= 50
    assert figures["busy_pct"] <= 50
    before = _newest_s(page)
    page.wait_for_timeout(2000)
    assert _newest_s(page) - before > 1


def _expect_rhythm_and_quality(page: Page) -> None:
    rhythms = page.locator(".cell-rhythm").filter(has_text=re.compile(r"\bSinus "))
    expect(rhythms).to_have_count(16, timeout=60_000)
    expect(page.locator(".trust-solid")).to_have_count(16)
    # Bigeminy and trigeminy come and go in this record; the tile and the top bar say the same.
    framed = page.locator(".cell:is(.is-low, .is-medium, .is-high)")
    expect(framed).to_have_count(page.locator(".cell .badge:not([hidden])").count())


def _figures(page: Page) -> dict[str, Any]:
    figures: dict[str, Any] = page.evaluate(
        """() => { const f = window.__ecgomics;
            return {fps: f.fps, strips: f.strips, busy_pct: f.mainThreadBusyPct}; }"""
    )
    return figures


def test_the_pages_say_what_is_down_while_it_is(sign_in: SignIn, demo: DemoRun, keep: Keep) -> None:
    page = sign_in("clinician", *WALL)
    notice = page.locator(".notice").first
    expect(page.locator(".cell.is-live")).to_have_count(16, timeout=30_000)
    demo.signal_part("engine", signal.SIGSTOP)
    expect(notice).to_contain_text("engine", timeout=10_000)
    keep(page, "engine-down")
    demo.signal_part("engine", signal.SIGCONT)
    _expect_all_well(page)
    for part, word in (("broker", "broker"), ("server", "no connection")):
        demo.signal_part(part, signal.SIGKILL)
        expect(notice).to_contain_text(word, timeout=10_000)
        keep(page, f"{part}-down")
        _expect_all_well(page)


def _expect_all_well(page: Page) -> None:
    expect(page.locator(".notice")).to_have_count(0, timeout=40_000)
    expect(page.locator(".cell.is-live")).to_have_count(16, timeout=40_000)


def test_the_phone_page_can_be_installed_and_opens_offline(sign_in: SignIn) -> None:
    page = sign_in("p1", *PHONE)
    expect(page.locator(".age.is-live")).to_be_visible(timeout=20_000)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    manifest = page.evaluate(
        "fetch(document.querySelector('link[rel=manifest]').href).then((r) => r.json())"
    )
    assert manifest["display"] == "standalone"
    assert {icon["sizes"] for icon in manifest["icons"]} >= {"192x192", "512x512"}
    page.reload()
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#app, main").first).to_be_visible()
    page.context.set_offline(False)
