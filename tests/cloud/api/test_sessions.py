"""Signing in, signing out, and the limits on trying."""

import time
from dataclasses import replace

import httpx

from cloud.api.app import create_app
from tests.cloud.api.house import ADA, House, credentials


async def test_signing_in_and_out(house: House) -> None:
    async with house.browser("ada") as client:
        me = await client.get("/api/v1/me")
        assert me.json() == {"username": "ada", "role": "patient", "patient_id": ADA}
        assert (await client.post("/api/v1/logout")).status_code == 204
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_session_that_was_ended_elsewhere_is_over(house: House) -> None:
    async with house.browser("ada") as one, house.browser() as other:
        other.cookies = httpx.Cookies(one.cookies)
        assert (await other.get("/api/v1/me")).status_code == 200
        await one.post("/api/v1/logout")
        assert (await other.get("/api/v1/me")).status_code == 401


async def test_wrong_names_and_wrong_passwords_sound_alike(house: House) -> None:
    async with house.browser() as client:
        answers = [
            await client.post("/api/v1/login", json={"username": name, "password": "wrong"})
            for name in ("ada", "nobody")
        ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


async def test_a_session_ends_after_its_time(house: House) -> None:
    later = replace(house.parts, wall_ns=lambda: time.time_ns() + 12 * 3600 * 10**9)
    transport = httpx.ASGITransport(create_app(later))
    async with (
        house.browser("ada") as client,
        httpx.AsyncClient(
            transport=transport, base_url=house.url, cookies=client.cookies
        ) as late_client,
    ):
        assert (await client.get("/api/v1/me")).status_code == 200
        assert (await late_client.get("/api/v1/me")).status_code == 401


async def test_trying_too_often_has_to_wait_but_others_need_not(house: House) -> None:
    async with house.browser() as client:
        wrong = {"username": "ada", "password": "wrong"}
        codes = [(await client.post("/api/v1/login", json=wrong)).status_code for _ in range(6)]
        assert codes == [401] * 5 + [429]
        refused = await client.post("/api/v1/login", json=credentials("ada"))
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 12
        other = await client.post("/api/v1/login", json=credentials("bea"))
        assert other.status_code == 200


async def test_a_password_is_never_said_back(house: House) -> None:
    async with house.browser() as client:
        answer = await client.post(
            "/api/v1/login", json={"username": ["x"], "password": "canary" * 300}
        )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "canary" not in answer.text


async def test_behind_tls_the_cookie_is_bound_to_the_host(house: House) -> None:
    app = create_app(replace(house.parts, is_secure=True))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://ecg.example"
    ) as client:
        plain = await client.post(
            "/api/v1/login", json=credentials("ada"), headers={"Origin": "http://ecg.example"}
        )
        assert plain.status_code == 403
        answer = await client.post(
            "/api/v1/login", json=credentials("ada"), headers={"Origin": "https://ecg.example"}
        )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-ecgomics=")
    assert "Secure" in cookie
    assert "Path=/" in cookie


async def test_a_long_body_is_not_read(house: House) -> None:
    async with house.browser() as client:
        answer = await client.post("/api/v1/login", content=b" " * 100_000)
    assert answer.status_code == 413
