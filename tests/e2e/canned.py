"""The pages without a system behind them: what a server would say is written down here."""

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route, WebSocketRoute

from cloud import live_messages
from cloud.auth import Patient
from ecgcore.wire.messages import DeviceStatus, LinkState, Numbers

DIST = Path(__file__).parents[2] / "cloud" / "web" / "dist"
NOW_NS = 1_790_000_000_000_000_000
WALL = (1920, 1080)
PHONE = (390, 844)
Told = tuple[str, Numbers]
"""A patient's name and numbers."""


def open_canned(
    browser: Browser, told: Sequence[Told], *, size: tuple[int, int], language: str = "en"
) -> Page:
    """Open the wall, or with one patient told the phone, at a time that stands still."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2 if size[0] < 500 else 1,
        locale="zh-CN" if language == "zh" else "en-US",
        service_workers="block",
    )
    page = context.new_page()
    answers = _answers(told, is_patient=size == PHONE)
    page.route("**/*", lambda route: _answer(route, answers))
    page.route_web_socket("**/live?*", lambda socket: _speak(socket, told))
    page.goto("http://localhost/")
    return page


def _patient(index: int, name: str) -> Patient:
    return Patient(f"p{index}", name, str(index + 1), f"polar-h10-{index:08X}", from_ns=0)


def _answers(told: Sequence[Told], *, is_patient: bool) -> dict[str, object]:
    patients = [
        {"patient_id": p.patient_id, "name": p.name, "bed": p.bed, "device_id": p.device_id}
        for p in (_patient(index, name) for index, (name, _) in enumerate(told))
    ]
    role, patient_id = ("patient", "p0") if is_patient else ("clinician", None)
    return {
        "/api/v1/me": {"username": "someone", "role": role, "patient_id": patient_id},
        "/api/v1/patients": patients,
        "/api/v1/patients/p0/reports": [],
        "/api/v1/live/ticket": {"ticket": "canned"},
    }


def _answer(route: Route, answers: dict[str, object]) -> None:
    path = urlsplit(route.request.url).path
    if path in answers:
        route.fulfill(json=answers[path])
        return
    file = DIST / path.lstrip("/")
    route.fulfill(path=file if file.is_file() else DIST / "index.html")


def _speak(socket: WebSocketRoute, told: Sequence[Told]) -> None:
    def heard(message: str | bytes) -> None:
        wanted = json.loads(message)["patients"]
        for stream, (name, numbers) in enumerate(told):
            patient = _patient(stream, name)
            if patient.patient_id in wanted:
                socket.send(live_messages.subscribed(patient, stream))
                socket.send(live_messages.status(patient.patient_id, _status(numbers.device)))
                socket.send(live_messages.numbers(patient.patient_id, numbers))

    socket.on_message(heard)
    socket.send(live_messages.hello(NOW_NS, 1.0, "0.1.0"))


def _status(device: str) -> DeviceStatus:
    return DeviceStatus(
        device=device, gateway="gw1", at_ns=NOW_NS, link=LinkState.STREAMING, since_ns=NOW_NS,
        model="Polar H10", battery_pct=90,
    )  # fmt: skip
