"""Who may read what: every route of the interface, for everybody."""

from uuid import UUID

from cloud.store.database import DbPool
from cloud.throttle import ThrottleConfig
from tests.cloud.api.house import ADA, BEA, House, credentials, store_minute

_READERS_OF_ADA = {"ada", "dr-in"}
_EVERYBODY = (None, "ada", "bea", "dr-in", "dr-out")


async def test_a_patient_that_is_not_there_looks_like_one_that_may_not_be_read(
    house: House,
) -> None:
    async with house.browser("ada") as client:
        forbidden = await client.get(f"/api/v1/patients/{BEA}/overview")
        missing = await client.get("/api/v1/patients/nobody/overview")
        no_report = await client.get(f"/api/v1/reports/{UUID(int=1)}")
    assert forbidden.status_code == missing.status_code == no_report.status_code == 404
    assert forbidden.json() == missing.json() == no_report.json()
    assert forbidden.headers["content-type"] == "application/problem+json"


async def test_the_list_names_only_the_readable(house: House) -> None:
    readable = {"ada": {ADA}, "bea": {BEA}, "dr-in": {ADA}, "dr-out": set()}
    for username, patients in readable.items():
        async with house.browser(username) as client:
            listed = (await client.get("/api/v1/patients")).json()
        assert {line["patient_id"] for line in listed} == patients, username


async def test_the_websocket_asks_the_same_rule(house: House) -> None:
    for username in filter(None, _EVERYBODY):
        async with house.page(username) as page:
            await page.say("subscribe", ADA)
            kind = "subscribed" if username in _READERS_OF_ADA else "refused"
            assert (await page.hear(kind))["patient"] == ADA, username


async def test_unsafe_verbs_need_the_servers_own_origin(house: House) -> None:
    foreign = (None, "http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1")
    async with house.browser("ada") as client:
        client.headers.pop("Origin")
        for origin in foreign:
            headers = {} if origin is None else {"Origin": origin}
            for path in ("live/ticket", "logout", "login", f"patients/{ADA}/reports"):
                answer = await client.post(
                    f"/api/v1/{path}", json=credentials("ada"), headers=headers
                )
                assert answer.status_code == 403, (origin, path)
        # Still signed in, and reading needs no Origin.
        assert (await client.get("/api/v1/me")).status_code == 200


async def test_no_unsafe_verb_of_the_interface_works_from_another_page(house: House) -> None:
    async with house.browser("ada") as client:
        paths = (await client.get("/api/v1/openapi.json")).json()["paths"]
        unsafe = [(v, p) for p, verbs in paths.items() for v in verbs if v not in {"get", "head"}]
        assert len(unsafe) > 5
        for verb, path in unsafe:
            url = path.replace("{patient_id}", ADA)
            for origin in ("http://evil.example", "null", ""):
                answer = await client.request(verb, url, json={}, headers={"Origin": origin})
                assert answer.status_code == 403, (verb, path, origin)


async def test_an_account_that_asks_too_often_waits_and_others_do_not(house: House) -> None:
    house.parts.account_calls.config = ThrottleConfig(burst=3, refill_s=60)
    async with house.browser("ada") as ada, house.browser("bea") as bea:
        codes = [(await ada.get("/api/v1/me")).status_code for _ in range(4)]
        refused = await ada.get("/api/v1/patients")
        assert codes == [200, 200, 200, 429]
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        assert refused.headers["content-type"] == "application/problem+json"
        assert (await bea.get("/api/v1/me")).status_code == 200


async def test_an_address_that_asks_too_often_waits_on_every_route(house: House) -> None:
    house.parts.address_calls.config = ThrottleConfig(burst=2, refill_s=60)
    async with house.browser() as client:
        codes = [(await client.get("/api/v1/me")).status_code for _ in range(3)]
        paper = await client.post("/ECGOmics", json={})
        alive = await client.get("/healthz")
    assert codes == [401, 401, 429]
    assert paper.status_code == 429
    assert alive.status_code == 200


async def _audited(pool: DbPool) -> list[tuple[str, str, str]]:
    rows = await pool.fetch("SELECT username, action, patient_id FROM audit ORDER BY audit_id")
    return [tuple(row) for row in rows]


async def test_every_access_leaves_a_row_and_a_refused_one_none(house: House) -> None:
    await store_minute(house.parts.pool)
    async with house.browser("dr-in") as client:
        for path in ("overview", "strip", "reports"):
            await client.get(f"/api/v1/patients/{ADA}/{path}")
        made = await client.post(f"/api/v1/patients/{ADA}/reports")
        await client.get(f"/api/v1/reports/{made.json()['report_id']}")
        await client.get(f"/api/v1/patients/{BEA}/overview")
    actions = ("overview", "strip", "reports", "make_report", "report")
    assert await _audited(house.parts.pool) == [("dr-in", action, ADA) for action in actions]


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House) -> None:
    async with house.browser() as client:
        answer = await client.post("/api/v1/login", json=credentials("ada"))
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("ecgomics=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "domain" not in cookie
    token = answer.cookies["ecgomics"]
    stored = await house.parts.pool.fetchval("SELECT token_sha256 FROM auth_session")
    assert token.encode() not in stored
