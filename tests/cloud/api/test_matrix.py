"""Who may do what: a line for every route and for every channel of the live WebSocket.

The table is held against the OpenAPI document, so a route without a line fails. All ask for Ada:
she herself, one of her family she shares with, another patient, a clinician of her care team, one
who is not, a researcher (she consented; by her pseudonym), an admin.
"""

import json
from contextlib import AsyncExitStack

import httpx

from cloud.accounts import NewClinician, NewPatient, add_admin, add_researcher, seed
from cloud.consents import Consent, Scope, tell
from tests.cloud.api.house import ADA, PASSWORDS, House, store_minute

WHO = (None, "ada", "fay", "bea", "dr-in", "dr-out", "res", "adm")

MATRIX = """
                                                 none self family other team strange study admin
GET  /api/v1/me                                   401  200    200   200  200     200   200   200
GET  /api/v1/patients                             401  200    200   200  200     200   200   200
POST /api/v1/live/ticket                          401  200    200   200  200     200   200   200
GET  /api/v1/patients/{patient_id}/overview       401  200    200   404  200     404   404   404
GET  /api/v1/patients/{patient_id}/strip          401  200    200   404  200     404   200   404
GET  /api/v1/patients/{patient_id}/reports        401  200    200   404  200     404   404   404
POST /api/v1/patients/{patient_id}/reports        401  201    404   404  201     404   404   404
GET  /api/v1/reports/{report_id}                  401  200    200   404  200     404   404   404
GET  /api/v1/patients/{patient_id}/events         401  200    404   404  200     404   404   404
POST /api/v1/patients/{patient_id}/command        401  404    404   404  409     404   404   404
GET  /api/v1/patients/{patient_id}/audit          401  200    404   404  404     404   404   404
GET  /api/v1/patients/{patient_id}/consents       401  200    404   404  404     404   404   404
POST /api/v1/patients/{patient_id}/consents       401  201    404   404  404     404   404   404
POST /ECGOmics                                    401  422    422   422  422     422   422   422
GET  /healthz                                     200  200    200   200  200     200   200   200
GET  /readyz                                      200  200    200   200  200     200   200   200
POST /api/v1/login                                200  200    200   200  200     200   200   200
POST /api/v1/logout                               401  204    204   204  204     204   204   204
"""

CHANNELS = {
    "ada": "subscribed", "fay": "subscribed", "bea": "refused", "dr-in": "subscribed",
    "dr-out": "refused", "res": "refused", "adm": "refused",
}  # fmt: skip

BODIES = {
    "/api/v1/login": {"username": "ada", "password": PASSWORDS["ada"]},
    "/api/v1/patients/{patient_id}/command": {"name": "identify"},
    "/api/v1/patients/{patient_id}/consents": {"scope": "care", "is_given": True},
}


def lines() -> dict[tuple[str, str], list[int]]:
    rows = [line.split() for line in MATRIX.strip().splitlines()[1:]]
    return {(verb, path): [int(code) for code in codes] for verb, path, *codes in rows}


async def _everybody(house: House) -> None:
    PASSWORDS.update(fay="pf-5", res="re-6", adm="ad-7")
    async with house.parts.pool.acquire() as connection:
        await seed(
            connection,
            patients=[NewPatient("p3", "Fay Moss", "3", "polar-h10-3", "fay", PASSWORDS["fay"])],
            clinician=NewClinician("dr-fay", "x"),
        )
        await add_researcher(connection, "res", PASSWORDS["res"])
        await add_admin(connection, "adm", PASSWORDS["adm"])
        await tell(connection, ADA, "ada", Consent(Scope.SHARE, "fay", True, 1))
        await tell(connection, ADA, "ada", Consent(Scope.RESEARCH, "", True, 1))
    await store_minute(house.parts.pool)


async def _pseudonym(client: httpx.AsyncClient) -> str:
    [line] = (await client.get("/api/v1/patients")).json()
    return str(line["patient_id"])


async def test_every_route_has_a_line(house: House) -> None:
    async with house.browser() as client:
        paths = (await client.get("/api/v1/openapi.json")).json()["paths"]
    assert set(lines()) == {(verb.upper(), path) for path, verbs in paths.items() for verb in verbs}


async def test_the_matrix(house: House) -> None:
    await _everybody(house)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(house.browser(who)) for who in WHO]
        made = await clients[1].post(f"/api/v1/patients/{ADA}/reports")
        report_id = made.json()["report_id"]
        for (verb, path), expected in lines().items():
            answers = []
            for who, client in zip(WHO, clients, strict=True):
                if path.endswith("/login"):
                    house.parts.login_tries.forget("127.0.0.1 ada")
                subject = await _pseudonym(client) if who == "res" and "{p" in path else ADA
                url = path.replace("{patient_id}", subject).replace("{report_id}", report_id)
                if path.endswith("/readyz"):
                    # Whether it is ready is not about who asks.
                    answers.append(200)
                    continue
                answer = await client.request(verb, url, json=BODIES.get(path))
                answers.append(answer.status_code)
            assert answers == expected, (verb, path, dict(zip(WHO, answers, strict=True)))
            if path.endswith("/login"):
                clients = [await stack.enter_async_context(house.browser(who)) for who in WHO]


async def test_the_channels_of_the_websocket(house: House) -> None:
    await _everybody(house)
    for who, kind in CHANNELS.items():
        async with house.page(who) as page:
            await page.say("subscribe", ADA)
            assert (await page.hear(kind))["patient"] == ADA, who


async def test_a_researcher_meets_a_pseudonym_and_no_name(house: House) -> None:
    await _everybody(house)
    async with house.browser("res") as client:
        listed = (await client.get("/api/v1/patients")).json()
        subject = listed[0]["patient_id"]
        by_name = await client.get(f"/api/v1/patients/{ADA}/strip")
        by_pseudonym = await client.get(f"/api/v1/patients/{subject}/strip")
    assert listed == [{"patient_id": subject, "name": subject, "bed": "", "device_id": None}]
    assert subject.startswith("s-")
    assert len(subject) == 34
    assert "Moss" not in json.dumps(listed)
    assert (by_name.status_code, by_pseudonym.status_code) == (404, 200)
    assert by_pseudonym.content
    async with house.browser("ada") as client:
        trail = (await client.get(f"/api/v1/patients/{ADA}/audit")).json()
    assert ("res", "strip") in {(row["username"], row["action"]) for row in trail}
