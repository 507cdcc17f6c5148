from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.driver import Advertisement
from simulators.advertising import advertising_data, read_advert, split_advert

_NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=20)
_COMPANIES = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=6), max_size=1)
_UUIDS = st.lists(st.integers(0x1800, 0x18FF).map(sig.uuid128), max_size=3, unique=True)


@given(name=_NAMES, manufacturer=_COMPANIES, uuids=_UUIDS)
def test_a_split_advert_says_the_same_in_two_packets_of_old(
    name: str, manufacturer: dict[int, bytes], uuids: list[str]
) -> None:
    whole = advertising_data(Advertisement(name, manufacturer, tuple(uuids)))
    advert, response = split_advert(whole)
    assert max(len(advert), len(response)) <= 31
    assert read_advert(advert + response) == read_advert(whole)
    if len(whole) <= 31:
        assert (advert, response) == (whole, b"")


def test_what_fits_into_neither_packet_is_left_out() -> None:
    long = bytes([31, 0xFF]) + bytes(30)
    name = bytes([4, 0x09]) + b"H10"
    assert split_advert(long + name) == (name, b"")
