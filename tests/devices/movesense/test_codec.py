from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.movesense import codec
from devices.movesense.codec import EcgPacket, Greeting, Kind, Message, Op, Request
from ecgcore.errors import NotificationError

INT32 = st.integers(-(1 << 31), (1 << 31) - 1)
# 10 000 ms; 1, -1, the largest and the smallest int32, and zeros.
GOLDEN_ECG = "02 05 10270000 01000000 ffffffff ffffff7f 00000080" + "00000000" * 12


def test_ecg_packet_reads_golden_bytes() -> None:
    message = codec.decode_message(bytes.fromhex(GOLDEN_ECG))
    assert (message.kind, message.ref, len(message.body)) == (Kind.DATA, 5, 68)
    packet = codec.decode_ecg(message.body)
    assert packet.stamp_ms == 10_000
    assert packet.adc.tolist() == [1, -1, 2147483647, -2147483648, *[0] * 12]
    assert packet.adc.dtype == np.int32
    assert codec.MIN_MTU == 73


@given(stamp_ms=st.integers(0, 2**32 - 1), adc=st.lists(INT32, min_size=16, max_size=16))
def test_ecg_survives_the_trip(stamp_ms: int, adc: list[int]) -> None:
    packet = codec.decode_ecg(codec.encode_ecg(EcgPacket(stamp_ms, np.array(adc, np.int32))))
    assert (packet.stamp_ms, packet.adc.tolist()) == (stamp_ms, adc)


def test_requests_are_the_protocols_bytes() -> None:
    assert codec.encode_request(Request(Op.HELLO, 1)).hex() == "0001"
    subscribe = Request(Op.SUBSCRIBE, 7, codec.ecg_path(250).encode())
    assert codec.encode_request(subscribe) == b"\x01\x07/Meas/ECG/250"
    assert codec.encode_request(Request(Op.UNSUBSCRIBE, 7)).hex() == "0207"


@given(op=st.integers(0, 255), ref=st.integers(1, 255), data=st.binary(max_size=40))
def test_requests_survive_the_trip(op: int, ref: int, data: bytes) -> None:
    request = Request(op, ref, data)
    assert codec.decode_request(codec.encode_request(request)) == request


@pytest.mark.parametrize(("body", "status"), [("c800", 200), ("f501", 501), ("fb01", 507)])
def test_status_reads_golden_bytes(body: str, status: int) -> None:
    assert codec.decode_status(bytes.fromhex(body)) == status
    assert codec.decode_status(codec.encode_status(status, b"more")) == status


def test_status_of_the_sample_application_is_the_other_way_round() -> None:
    assert codec.decode_status(bytes.fromhex("01fb")) == 507


def test_greeting_survives_the_trip_and_the_bare_word_is_one() -> None:
    greeting = Greeting(1, "174630000192", "Movesense HR2", "Default", "2.3.1")
    body = codec.encode_greeting(greeting)
    assert body.startswith(b"\x01174630000192\0Movesense HR2\0")
    assert codec.decode_greeting(body) == greeting
    assert codec.decode_greeting(b"\x01174630000192\0") == Greeting(1, "174630000192")
    assert codec.decode_message(b"Hello") == Message(Kind.RESPONSE, 0, b"Hello")
    assert codec.decode_greeting(b"Hello") == codec.decode_greeting(b"") == Greeting(0)


@pytest.mark.parametrize(
    ("body", "is_on"),
    [
        ("102700000201000000", True),
        ("10270000020000000000", False),
        ("102700000200000002000000", None),
        ("102700000207000000", None),
    ],
)
def test_contact_is_read_whatever_the_width_of_its_name(body: str, is_on: bool | None) -> None:
    assert codec.decode_contact(bytes.fromhex(body)) is is_on


@given(stamp_ms=st.integers(0, 2**32 - 1), is_on=st.none() | st.booleans())
def test_contact_survives_the_trip(stamp_ms: int, is_on: bool | None) -> None:
    assert codec.decode_contact(codec.encode_contact(stamp_ms, is_on)) is is_on


@given(data=st.binary(max_size=90))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for decode in (
        codec.decode_message,
        codec.decode_request,
        codec.decode_ecg,
        codec.decode_contact,
        codec.decode_status,
        codec.decode_greeting,
    ):
        with suppress(NotificationError):
            decode(data)
