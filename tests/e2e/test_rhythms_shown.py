"""Every rhythm, urgency and quality as the pages show it, from canned numbers."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ecgcore.events import PATTERNS, QualityReason, RhythmLabel
from ecgcore.wire.messages import Numbers
from tests.e2e.canned import NOW_NS, PHONE, WALL, open_canned

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
Keep = Callable[[Page, str], None]

SINCE_NS = NOW_NS - 95 * 10**9
# Of those that go on for a minute and a half.
HIGH = {"vf", "asystole", "vt", "complete_avb"}
MEDIUM = {"afib", "aflutter", "svt", "lead_off", "pause", "nsvt", "mobitz2", "2to1"}
LOW = {"aivr", "mobitz1", "avb1", "bigeminy", "trigeminy"}


def numbers(**changes: Any) -> Numbers:
    plain: dict[str, Any] = {
        "device": "polar-h10-0A1B2C3D", "boot_id": 7, "newest_ns": NOW_NS,
        "safe_through_ns": NOW_NS, "hr_bpm": 72.0, "regular": True, "rhythm": "sinus_rhythm",
        "rhythm_confidence": 0.95, "rhythm_since_ns": SINCE_NS, "sqi": 0.98, "beats": 300,
    }  # fmt: skip
    return Numbers(**plain | changes)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_wall_names_every_rhythm_and_frames_it_by_urgency(
    browser: Browser, keep: Keep, language: str
) -> None:
    told = [(str(label), _with(label)) for label in RhythmLabel]
    page = open_canned(browser, told, size=WALL, language=language)
    expect(page.locator(".cell.is-live")).to_have_count(len(told))
    keep(page, f"rhythms-{language}")
    words = page.locator(".cell-rhythm").all_inner_texts()
    assert len(set(words)) == len(told)
    assert all(word.strip() and "_" not in word for word in words)
    assert _patients(page, ".cell.is-high") == HIGH
    assert _patients(page, ".cell.is-medium") == MEDIUM
    assert _patients(page, ".cell.is-low") == LOW
    badges = page.locator(".cell .badge:not([hidden])")
    expect(badges).to_have_count(len(HIGH | MEDIUM | LOW))
    expect(page.locator(".wall-urgencies .badge")).to_have_count(3)
    page.context.close()


def _with(label: RhythmLabel) -> Numbers:
    if label in PATTERNS:
        return numbers(patterns=(label,))
    # A rate that alone would be of concern is not judged at this quality.
    return numbers(rhythm=label, hr_bpm=160.0 if label == "svt" else 72.0, sqi=0.69)


def _patients(page: Page, cells: str) -> set[str]:
    return {name.strip() for name in page.locator(f"{cells} .cell-name").all_inner_texts()}


def test_the_wall_tells_what_lies_over_the_rhythm_and_sorts_by_urgency(browser: Browser) -> None:
    event = {"newest_event": "nsvt", "newest_event_ns": NOW_NS - 40 * 10**9}
    told = [
        ("calm", numbers()),
        ("low", numbers(patterns=("bigeminy",))),
        ("medium", numbers(**event)),
        ("high", numbers(hr_bpm=38.0, rhythm="sinus_brady")),
    ]
    page = open_canned(browser, told, size=WALL)
    expect(page.locator(".cell.is-live")).to_have_count(4)
    page.locator(".wall-bar select").first.select_option("urgency")
    expect(page.locator(".cell-name")).to_have_text(["high", "medium", "low", "calm"])
    expect(page.locator(".cell-rhythm")).to_have_text(
        [
            "Rate below 40 · Sinus bradycardia",
            "Short ventricular tachycardia · Sinus rhythm",
            "Bigeminy · Sinus rhythm",
            "Sinus rhythm",
        ]
    )
    expect(page.locator(".cell .badge:not([hidden])")).to_contain_text(["!!!", "!!", "!"])
    page.context.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_wall_names_why_a_signal_is_not_good(browser: Browser, language: str) -> None:
    told = [(str(r), numbers(sqi=0.55, quality_reasons=(str(r),))) for r in QualityReason]
    told.append(("clear", numbers(quality_reasons=("motion",))))
    page = open_canned(browser, told, size=WALL, language=language)
    expect(page.locator(".cell.is-live")).to_have_count(len(told))
    reasons = page.locator(".cell-reason:not([hidden])").all_inner_texts()
    assert len(set(reasons)) == len(QualityReason)
    expect(page.locator(".trust-hatched")).to_have_count(len(QualityReason))
    expect(page.locator(".trust-solid")).to_have_count(1)
    page.context.close()


def test_the_phone_tells_rhythm_since_when_and_how_sure(browser: Browser, keep: Keep) -> None:
    told = [
        (
            "Ada Moss",
            numbers(
                rhythm="afib", rhythm_confidence=0.82, hr_bpm=96.0, regular=False, af_s=95.0,
                pvc=3, pac=1, sqi=0.6, quality_reasons=("motion", "mains"),
                newest_event="couplet", newest_event_ns=NOW_NS - 20 * 10**9,
            ),
        )
    ]  # fmt: skip
    page = open_canned(browser, told, size=PHONE)
    expect(page.locator(".said")).to_have_text("Your heart rhythm may be atrial fibrillation.")
    expect(page.locator(".now-rhythm")).to_contain_text("Atrial fibrillation · possible · since ")
    expect(page.locator(".meta")).to_contain_text("automatic, unconfirmed")
    expect(page.locator(".now-event")).to_contain_text("Couplet")
    expect(page.locator(".now-quality")).to_have_text(
        "Signal disturbed in places: movement, hum from the mains"
    )
    expect(page.locator(".action-medium")).to_contain_text("Talk to your doctor")
    keep(page, "phone-afib")
    page.locator(".behind summary").click()
    evidence = page.locator(".evidence")
    expect(evidence).to_contain_text("3 extra beats from the lower chambers (PVC)")
    expect(evidence).to_contain_text("1 min 35 s")
    page.context.close()


def test_the_phone_calls_only_a_calm_heart_regular(browser: Browser, keep: Keep) -> None:
    page = open_canned(browser, [("Ada Moss", numbers())], size=PHONE)
    expect(page.locator(".said")).to_have_text("Your heart rhythm looks regular.")
    expect(page.locator(".now-quality")).to_have_text("Clear signal")
    expect(page.locator(".action")).to_have_count(0)
    expect(page.locator(".now-event")).to_have_count(0)
    keep(page, "phone-calm")
    page.context.close()
    bigeminy = numbers(patterns=("bigeminy",), newest_event="bigeminy", newest_event_ns=SINCE_NS)
    page = open_canned(browser, [("Ada Moss", bigeminy)], size=PHONE, language="zh")
    expect(page.locator(".said")).to_have_text("每两次心跳中有一次提前。")
    expect(page.locator(".now-rhythm")).to_contain_text("窦性心律 · 很可能 · 自 ")
    keep(page, "phone-zh")
    page.context.close()
