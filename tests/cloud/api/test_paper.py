"""The paper's call over the interface."""

import pytest

from tests.cloud.api.house import House
from tests.cloud.paper.test_paper import asked


# On a machine that has just been set up it compiles first.
@pytest.mark.timeout(600)
async def test_the_call_is_answered_by_a_worker(house: House) -> None:
    async with house.browser("dr-in") as client:
        # More than other calls may send.
        given = asked(60.0)
        answered = await client.post("/ECGOmics", json=given, timeout=590)
        assert len(answered.request.content) > 64 * 1024
    await house.parts.workers.close()
    assert answered.status_code == 200, answered.text
    rate = answered.json()["Structural_ECGomics"]["heart_rate_related"]["hr_mean"]
    assert abs(rate - 75.0) < 0.5


async def test_bad_input_is_a_problem_that_names_field_and_range(house: House) -> None:
    async with house.browser("ada") as client:
        short = await client.post("/ECGOmics", json=asked(5.0))
        slow = await client.post("/ECGOmics", json=asked(ecgSampleRate=50))
        large = await client.post("/ECGOmics", json=asked(ecgData=[123456.0] * 700_000))
    assert short.status_code == slow.status_code == 422
    assert short.headers["content-type"] == "application/problem+json"
    assert "more than 10 and at most 300" in short.json()["detail"]
    assert "ecgSampleRate" in slow.json()["detail"]
    assert "100" in slow.json()["detail"]
    assert large.status_code == 413


async def test_it_is_for_those_who_signed_in_here(house: House) -> None:
    async with house.browser() as client:
        assert (await client.post("/ECGOmics", json=asked())).status_code == 401
    async with house.browser("ada") as client:
        elsewhere = {"Origin": "https://elsewhere.example"}
        refused = await client.post("/ECGOmics", json=asked(), headers=elsewhere)
    assert refused.status_code == 403
