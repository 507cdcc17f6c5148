"""A browser, and one running system that the page tests share."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.demo_run import RECORD, DemoRun, running_demo

_ARGUMENTS = (
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ARTIFACTS = Path(__file__).parents[2] / "artifacts"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRun]:
    folder = tmp_path_factory.mktemp("demo")
    with running_demo(folder, "--record", str(RECORD), "--patients", "16") as run:
        run.wait_for("recording opened")
        yield run


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=[*_ARGUMENTS])
        yield browser
        browser.close()


SignIn = Callable[[str, int, int], Page]


@pytest.fixture
def sign_in(browser: Browser, demo: DemoRun) -> Iterator[SignIn]:
    """Open the pages in a window of that size as that user."""
    contexts = []

    def opened(username: str, width: int, height: int) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=2 if width < 500 else 1,
            locale="en-US",
        )
        contexts.append(context)
        page = context.new_page()
        state = demo.state
        page.goto(state["url"])
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", state["accounts"][username])
        page.click("button[type=submit]")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def keep() -> Callable[[Page, str], None]:
    """Keep a picture of the page among CI's artefacts."""
    ARTIFACTS.mkdir(exist_ok=True)

    def kept(page: Page, name: str) -> None:
        page.screenshot(path=ARTIFACTS / f"{name}.png")

    return kept
