from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import CommandReply
from devices.open_patch import control
from devices.open_patch.advertised import Advertised, AdvertisedFlag, decode_advertised
from devices.open_patch.control import (
    Op,
    Request,
    Status,
    StoredRange,
    decode_reply,
    decode_request,
    encode_reply,
    stored_of,
)
from devices.open_patch.info import Feature, Info, decode_info
from devices.open_patch.payload import Codec
from devices.open_patch.tlv import Tlv, decode_tlvs, encode_tlvs, number, numbers_of
from ecgcore.errors import NotificationError
from ecgcore.types import Lead
from tests.devices.open_patch.specification import PAGE, example

INFO = Info(
    serial="000A1B2C",
    model="Open patch",
    firmware="1.0.0",
    leads=(Lead.I, Lead.II),
    rates_hz=(250, 500),
    lsb_pv=1_000_000,
    bits=24,
    codecs=frozenset({Codec.INT24, Codec.RICE}),
    memory_bytes=8 << 20,
    features=Feature.LEDS | Feature.ERASE,
)
REQUESTS = {
    "request hello": Request(Op.HELLO, 1, [number(Tlv.VERSION, 1)]),
    "request config": Request(
        Op.CONFIG,
        2,
        [
            number(Tlv.RATE_HZ, 250),
            number(Tlv.LEAD_MASK, 3),
            number(Tlv.CODEC, Codec.RICE),
            number(Tlv.FRAME_MS, 500),
            number(Tlv.FRAME_BYTES, 244),
        ],
    ),
    "request replay": Request(
        Op.REPLAY,
        7,
        [number(Tlv.BOOT, 42), number(Tlv.COUNTER, 1000), number(Tlv.COUNT, 1500)],
    ),
}


def test_the_specifications_info_is_read_and_written() -> None:
    assert INFO.encode().hex() == example("info").hex()
    assert decode_info(example("info")) == INFO


def test_the_specifications_advertisement_is_read_and_written() -> None:
    flags = AdvertisedFlag.STREAMING | AdvertisedFlag.LEADS_ON
    flags |= AdvertisedFlag.BACKLOG | AdvertisedFlag.PAIRABLE
    advertised = Advertised(flags, 0x000A1B2C, 90)
    assert advertised.encode() == example("advertisement")
    assert decode_advertised(example("advertisement") + b"more") == advertised
    assert decode_advertised(b"\x02" + example("advertisement")[1:]) is None
    assert decode_advertised(example("advertisement")[:-1]) is None


@pytest.mark.parametrize("name", REQUESTS)
def test_the_specifications_requests_are_read_and_written(name: str) -> None:
    assert REQUESTS[name].encode().hex() == example(name).hex()
    assert decode_request(example(name)) == REQUESTS[name]


def test_the_specifications_reply_is_read_and_written() -> None:
    refused = encode_reply(
        Request(Op.CONFIG, 2, ()), Status.BAD_RATE, [number(Tlv.WRONG, Tlv.RATE_HZ)]
    )
    assert refused == example("reply bad rate")
    assert decode_reply(refused) == CommandReply(
        "config 2", ok=False, detail="bad rate 0x23", payload=refused[3:]
    )


def test_every_name_and_number_stands_in_the_specification() -> None:
    for op in Op:
        assert f"| 0x{op:02X} | {op.name} |" in PAGE
    for status in Status:
        assert f"| {int(status)} | {status.name} |" in PAGE
    for tlv in Tlv:
        assert f"| 0x{tlv:02X} | " in PAGE
        assert tlv.name in PAGE
    uuids = (
        control.SERVICE,
        control.INFO,
        control.CONTROL,
        control.LIVE,
        control.REPLAY,
        control.STATUS,
    )
    for uuid in uuids:
        assert f"`{uuid}`" in PAGE


@given(data=st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for decode in (decode_info, decode_request, decode_reply, decode_tlvs):
        with suppress(NotificationError):
            decode(data)
    decode_advertised(data)


@given(
    tlvs=st.lists(
        st.tuples(st.sampled_from([2, 3, 4, 0xF0, 0xFF]), st.binary(max_size=255)), max_size=8
    )
)
def test_tlvs_survive_the_trip(tlvs: list[tuple[int, bytes]]) -> None:
    assert decode_tlvs(encode_tlvs(tlvs)) == tlvs


@pytest.mark.parametrize(
    ("data", "what"),
    [("20", "cut off"), ("2004010203", "cut off"), ("200301 0203", "3 bytes, 4 expected")],
)
def test_tlvs_that_cannot_be_are_named(data: str, what: str) -> None:
    with pytest.raises(NotificationError, match=what):
        decode_tlvs(bytes.fromhex(data))


def test_unknown_tlvs_are_passed_over_and_the_first_of_two_counts() -> None:
    data = b"\xf3\x01\x05" + example("info") + bytes([Tlv.BITS, 1, 16])
    assert decode_info(data) == INFO
    assert numbers_of([(1, b"\x07"), (1, b"\x08")]) == {1: 7}


def without(kind: Tlv) -> bytes:
    return encode_tlvs(each for each in decode_tlvs(example("info")) if each[0] != kind)


@pytest.mark.parametrize("kind", [Tlv.VERSION, Tlv.LEAD, Tlv.RATES_HZ, Tlv.LSB_PV])
def test_info_without_what_it_must_have_is_refused(kind: Tlv) -> None:
    with pytest.raises(NotificationError):
        decode_info(without(kind))


@pytest.mark.parametrize(
    "leads",
    [
        [(1, 131329)],
        [(0, 131330), (1, 131329)],
        [(0, 131329), (1, 131329)],
        [(0, 999)],
        [(at, code) for at, code in enumerate((*range(131329, 131331), *range(131389, 131393)))]
        + [(6, 131331), (7, 131332), (8, 131333)],
    ],
)
def test_leads_out_of_order_unknown_or_too_many_are_refused(leads: list[tuple[int, int]]) -> None:
    tlvs = [(int(Tlv.LEAD), bytes([at]) + code.to_bytes(4, "little")) for at, code in leads]
    with pytest.raises(NotificationError, match="lead"):
        decode_info(without(Tlv.LEAD) + encode_tlvs(tlvs))


def test_stored_ranges_are_read_and_written() -> None:
    ranges = [StoredRange(1, 0, 1000), StoredRange(2, 5, 1 << 47)]
    assert list(stored_of([each.tlv() for each in ranges])) == ranges
    with pytest.raises(NotificationError, match="stored range"):
        list(stored_of([(Tlv.STORED, b"\0")]))


@pytest.mark.parametrize("data", [b"", b"\x83", b"\x83\x01"])
def test_cut_off_replies_are_refused(data: bytes) -> None:
    with pytest.raises(NotificationError):
        decode_reply(data)


def test_what_is_no_reply_is_none_and_unknown_ones_have_a_name() -> None:
    assert decode_reply(b"\x03\x01\x00") is None
    reply = decode_reply(b"\xd5\x09\x63")
    assert reply == CommandReply("operation 85 9", ok=False, detail="status 99")
