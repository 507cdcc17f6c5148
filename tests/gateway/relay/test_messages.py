"""The relay's codec: golden bytes, round trips, any bytes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.relay import messages
from gateway.relay.messages import Kind, Record, RelayMessageError

GOLDEN = Record(
    kind=Kind.NOTIFICATION,
    device="ab",
    link=3,
    number=0x0102,
    monotonic_ns=1_000_000_000,
    utc_ns=1_790_000_000_000_000_000,
    characteristic="fb005c82-02e7-f387-1cad-8acd2d8df0c8",
    value=b"\x00\x01\x02",
)
GOLDEN_BYTES = bytes.fromhex(
    "01 01 02 00 03000000 0201000000000000 00ca9a3b00000000 0000 f323 845b d718"
    " fb005c82 02e7 f387 1cad 8acd2d8df0c8 6162 000102"
)

uuids = st.uuids().map(str)
u64 = st.integers(0, (1 << 64) - 1)
records = st.builds(
    Record,
    kind=st.sampled_from(Kind),
    device=st.text(max_size=60),
    link=st.integers(0, (1 << 32) - 1),
    number=st.integers(1, (1 << 64) - 1),
    monotonic_ns=u64,
    utc_ns=u64,
    characteristic=uuids.filter(lambda uuid: uuid.strip("0-") != ""),
    value=st.binary(max_size=512),
    is_ahead=st.booleans(),
)
ints = st.integers(0, (1 << 63) - 1)
services = st.lists(
    st.builds(
        messages.Service,
        uuids,
        st.lists(st.builds(messages.Characteristic, uuids, st.lists(st.just("notify")))),
    ),
    max_size=3,
)
standings = st.builds(messages.Standing, ints, ints, services, ints, st.lists(uuids, max_size=3))
helds = st.builds(messages.Held, st.text(), st.text(), ints, ints, st.none() | standings)
from_phone = st.one_of(
    st.builds(messages.Hello, ints, st.text(), ints, ints, st.lists(helds, max_size=2)),
    st.just(messages.Alive()),
    st.builds(
        messages.Seen,
        st.text(),
        st.text(),
        st.dictionaries(st.integers(0, 65535), st.binary(max_size=24), max_size=3),
        st.lists(uuids, max_size=3),
        st.dictionaries(uuids, st.binary(max_size=24), max_size=3),
        st.none() | st.integers(-127, 20),
    ),
    st.builds(messages.Done, ints, st.binary(max_size=512), st.none() | standings),
    st.builds(messages.Failed, ints, st.text(), st.none() | st.integers(0, 255)),
)
to_phone = st.one_of(
    st.builds(messages.Welcome, ints),
    st.just(messages.Alive()),
    st.builds(messages.Resume, st.text(), ints, ints, ints),
    st.builds(messages.Progress, st.text(), ints, ints),
    st.builds(messages.Scan, st.booleans()),
    *(st.builds(kind, ints, st.text()) for kind in (messages.Connect, messages.Disconnect)),
    *(
        st.builds(kind, ints, st.text(), uuids)
        for kind in (messages.Read, messages.Subscribe, messages.Unsubscribe)
    ),
    st.builds(messages.Write, ints, st.text(), uuids, st.binary(max_size=512), st.booleans()),
)


def test_a_record_is_what_the_document_says() -> None:
    assert messages.encode_record(GOLDEN) == GOLDEN_BYTES
    assert messages.decode_record(GOLDEN_BYTES) == GOLDEN


@given(records)
def test_a_record_comes_back(record: Record) -> None:
    assert messages.decode_record(messages.encode_record(record)) == record


def test_an_ended_link_has_no_characteristic() -> None:
    ended = Record(Kind.LINK_ENDED, "ab", 3, 9, 1, 2)
    assert messages.decode_record(messages.encode_record(ended)) == ended


@given(from_phone)
def test_what_a_phone_says_comes_back(message: messages.FromPhone) -> None:
    assert messages.decode_from_phone(messages.encode_text(message)) == message


@given(to_phone)
def test_what_a_gateway_says_comes_back(message: messages.ToPhone) -> None:
    assert messages.decode_to_phone(messages.encode_text(message)) == message


@given(
    st.binary(max_size=80)
    | records.map(messages.encode_record).flatmap(
        lambda whole: st.builds(
            lambda at, byte: whole[:at] + byte + whole[at + 1 :],
            st.integers(0, len(whole)),
            st.binary(max_size=2),
        )
    )
)
def test_any_bytes_are_a_record_or_its_one_error(data: bytes) -> None:
    try:
        record = messages.decode_record(data)
    except RelayMessageError:
        return
    # Seven of the flags are left open.
    assert messages.encode_record(record) == data[:3] + bytes([data[3] & 1]) + data[4:]


@given(st.text() | st.from_regex(r'\{"type": ?"(hello|seen|done|write|connect)".{0,60}\}'))
def test_any_text_is_a_message_or_the_one_error(text: str) -> None:
    for decode in (messages.decode_from_phone, messages.decode_to_phone):
        with suppress(RelayMessageError):
            assert decode(text) is not None


@pytest.mark.parametrize("text", ["", "7", "{}", '{"type":"nothing"}', '{"type":"done"}'])
def test_what_is_no_message_is_refused_by_either_side(text: str) -> None:
    for decode in (messages.decode_from_phone, messages.decode_to_phone):
        with pytest.raises(RelayMessageError, match="relay message"):
            decode(text)


@pytest.mark.parametrize(
    "wrong",
    [
        Record(Kind.NOTIFICATION, "x" * 256, 1, 1, 0, 0),
        Record(Kind.NOTIFICATION, "x", 1 << 32, 1, 0, 0),
        Record(Kind.NOTIFICATION, "x", 1, -1, 0, 0),
    ],
)
def test_what_does_not_fit_is_refused(wrong: Record) -> None:
    with pytest.raises(RelayMessageError):
        messages.encode_record(wrong)
