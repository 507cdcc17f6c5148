"""The pages as files: what is cached, what is the application's, what is nobody's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import httpx
import pytest

from cloud.api.app import create_app
from cloud.api.parts import Parts
from cloud.live import Live
from cloud.store.database import DbPool
from ecgcore.clock import UtcClock
from ecgcore.wire.messages import DeviceCommand


async def _send_nothing(_gateway: str, _command: DeviceCommand) -> None: ...


@asynccontextmanager
async def client(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A server without a database: nothing here may need one."""
    parts = Parts(
        pool=cast("DbPool", None),
        live=Live(UtcClock(lambda: 0)),
        pages_dir=folder / "dist",
        is_secure=False,
        wall_ns=lambda: 0,
        monotonic_s=lambda: 0.0,
        send_command=_send_nothing,
    )
    transport = httpx.ASGITransport(create_app(replace(parts)))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def built(tmp_path: Path) -> Path:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<title>ECGomics</title>")
    (dist / "assets" / "app-1a2b.js").write_text("let x")
    (dist / "sw.js").write_text("let worker")
    (dist / "app.webmanifest").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path


async def test_hashed_assets_are_kept_for_ever_and_the_rest_is_checked(built: Path) -> None:
    async with client(built) as http:
        asset = await http.get("/assets/app-1a2b.js")
        worker = await http.get("/sw.js")
        index = await http.get("/")
        manifest = await http.get("/app.webmanifest")
    assert "immutable" in asset.headers["cache-control"]
    assert asset.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"
    assert manifest.headers["content-type"] == "application/manifest+json"
    assert index.headers["cache-control"] == "no-cache"
    assert "ECGomics" in index.text


async def test_any_other_path_is_a_page_of_the_application(built: Path) -> None:
    async with client(built) as http:
        for path in ("/wall", "/patients/p1/reports", "/login"):
            page = await http.get(path)
            assert (page.status_code, page.text) == (200, "<title>ECGomics</title>")


async def test_what_is_not_there_is_not_made_up(built: Path) -> None:
    async with client(built) as http:
        for path in ("/assets/gone.js", "/api/v1/nothing", "/api", "/api/v2/me"):
            answer = await http.get(path)
            assert answer.status_code == 404, path
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await http.post("/wall")).status_code == 405


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "//secret.txt"]
)
async def test_nothing_outside_the_folder_is_served(built: Path, path: str) -> None:
    async with client(built) as http:
        answer = await http.get(httpx.URL(scheme="http", host="localhost", raw_path=path.encode()))
    assert "secret" not in answer.text


async def test_pages_that_are_not_built_say_what_to_do(tmp_path: Path) -> None:
    async with client(tmp_path) as http:
        answer = await http.get("/")
        assert (answer.status_code, "make setup" in answer.text) == (503, True)
        assert (await http.get("/healthz")).status_code == 200


async def test_every_answer_carries_the_security_headers(built: Path) -> None:
    async with client(built) as http:
        for path in ("/", "/assets/app-1a2b.js", "/healthz", "/api/v1/nothing"):
            headers = (await http.get(path)).headers
            assert headers["content-security-policy"].startswith("default-src 'self';")
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
        assert (await http.get("/healthz")).headers["cache-control"] == "no-store"


async def test_readiness_without_anything_is_503_and_names_what_is_missing(built: Path) -> None:
    async with client(built) as http:
        ready = await http.get("/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"database": False, "broker": False, "engine": False}


async def test_the_interface_describes_itself_without_another_host(built: Path) -> None:
    async with client(built) as http:
        described = (await http.get("/api/v1/openapi.json")).json()
        assert "/api/v1/patients/{patient_id}/overview" in described["paths"]
        # The interactive pages would come from elsewhere; these are the application's.
        assert (await http.get("/docs")).text == "<title>ECGomics</title>"
