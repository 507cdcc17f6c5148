"""What is known of a patient now, and her last seconds."""

import struct

from cloud.strips import strip_message
from ecgcore.wire import topics
from ecgcore.wire.messages import DeviceStatus, LinkState, Numbers
from tests.cloud.api.house import ADA, BEA, House, store_frames, store_minute
from tests.cloud.frames import DEVICE, START_NS, frame

NUMBERS = Numbers(
    device=DEVICE, boot_id=7, newest_ns=START_NS + 1, safe_through_ns=START_NS, hr_bpm=75.0, sqi=1.0
)
STATUS = DeviceStatus(
    device=DEVICE, gateway="gw1", at_ns=START_NS, link=LinkState.STREAMING, since_ns=START_NS,
    model="Polar H10", serial="0A1B2C3D", firmware="3.1",
)  # fmt: skip


def split(body: bytes) -> list[bytes]:
    messages = []
    while body:
        (length,) = struct.unpack_from("<I", body)
        messages.append(body[4 : 4 + length])
        body = body[4 + length :]
    return messages


async def test_an_overview_of_nothing_is_null(house: House) -> None:
    async with house.browser("ada") as client:
        overview = (await client.get(f"/api/v1/patients/{ADA}/overview")).json()
    assert overview == {
        "patient": {"patient_id": ADA, "name": "Ada Moss", "bed": "1", "device_id": DEVICE},
        "numbers": None,
        "status": None,
        "last_report": None,
    }


async def test_an_overview_holds_the_latest(house: House) -> None:
    await store_minute(house.parts.pool)
    await house.publish(
        (topics.live(DEVICE, "numbers"), NUMBERS.model_dump_json().encode()),
        (topics.up("gw1", DEVICE, "status"), STATUS.model_dump_json().encode()),
    )
    worn = house.parts.live.worn.of_patient(ADA)
    assert worn is not None
    await house.until(lambda: worn.numbers is not None and worn.status is not None)
    async with house.browser("dr-in") as client:
        made = (await client.post(f"/api/v1/patients/{ADA}/reports")).json()
        overview = (await client.get(f"/api/v1/patients/{ADA}/overview")).json()
    assert overview["numbers"]["hr_bpm"] == 75.0
    assert overview["status"]["link"] == "streaming"
    assert overview["last_report"] == made


async def test_the_strip_is_the_newest_seconds_frame_by_frame(house: House) -> None:
    frames = [frame(at, 130) for at in range(0, 13_000, 130)]
    await store_frames(house.parts.pool, frames)
    async with house.browser("ada") as client:
        answer = await client.get(f"/api/v1/patients/{ADA}/strip?seconds=3")
    stream = house.parts.live.hub.stream_of(ADA)
    assert split(answer.content) == [strip_message(f, stream) for f in frames[-3:]]


async def test_what_somebody_else_recorded_with_the_patch_is_not_shown(house: House) -> None:
    pool = house.parts.pool
    await store_frames(pool, [frame(at, 130) for at in range(0, 1300, 130)])
    worn_since = frame(650).utc_ns
    await pool.execute("UPDATE wear SET from_ns = $1 WHERE device_id = $2", worn_since, DEVICE)
    async with house.browser("ada") as client:
        answer = await client.get(f"/api/v1/patients/{ADA}/strip?seconds=60")
    counters = [struct.unpack_from("<Q", strip, 16)[0] for strip in split(answer.content)]
    assert counters == [650, 780, 910, 1040, 1170]


async def test_a_patient_without_signal_has_an_empty_strip(house: House) -> None:
    async with house.browser("bea") as client:
        answer = await client.get(f"/api/v1/patients/{BEA}/strip")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_seconds_are_bounded(house: House) -> None:
    async with house.browser("ada") as client:
        for seconds in ("0", "61", "nan", "x"):
            answer = await client.get(f"/api/v1/patients/{ADA}/strip?seconds={seconds}")
            assert answer.status_code == 422, seconds
