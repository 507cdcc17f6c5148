import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.driver import Battery, HeartRate
from ecgcore.errors import NotificationError

# Hand-worked from the Heart Rate Service 1.0.
GOLDEN = {
    "004b": HeartRate(75, (), None),
    "064b": HeartRate(75, (), contact=True),
    "044b": HeartRate(75, (), contact=False),
    "012c01": HeartRate(300, (), None),
    "163c00040003": HeartRate(60, (1000.0, 750.0), contact=True),
    # Energy expended, 1000 kJ, stands before the intervals.
    "1e3ce8030004": HeartRate(60, (1000.0,), contact=True),
}


@pytest.mark.parametrize(("data", "heart_rate"), GOLDEN.items())
def test_heart_rate_reads_golden_bytes(data: str, heart_rate: HeartRate) -> None:
    assert sig.decode_heart_rate(bytes.fromhex(data)) == heart_rate


@given(
    bpm=st.integers(0, 0xFFFF),
    units=st.lists(st.integers(0, 0xFFFF), max_size=9),
    contact=st.none() | st.booleans(),
)
def test_heart_rate_survives_the_trip(bpm: int, units: list[int], contact: bool | None) -> None:
    heart_rate = HeartRate(bpm, tuple(n * 1000 / 1024 for n in units), contact)
    assert sig.decode_heart_rate(sig.encode_heart_rate(heart_rate)) == heart_rate


@given(rr_ms=st.floats(0, 63_999))
def test_intervals_go_to_the_nearest_unit(rr_ms: float) -> None:
    heart_rate = HeartRate(60, (rr_ms,), None)
    (read,) = sig.decode_heart_rate(sig.encode_heart_rate(heart_rate)).rr_ms
    assert abs(read - rr_ms) <= 500 / 1024


@pytest.mark.parametrize("data", ["", "00", "0140", "1e3c00", "103c00", "004b00"])
def test_heart_rate_that_does_not_fit_its_flags_is_refused(data: str) -> None:
    with pytest.raises(NotificationError):
        sig.decode_heart_rate(bytes.fromhex(data))


@given(pct=st.integers(0, 100))
def test_battery_survives_the_trip(pct: int) -> None:
    assert sig.decode_battery(sig.encode_battery(Battery(pct))) == Battery(pct)


@pytest.mark.parametrize("data", [b"", b"\x65", b"\x01\x02"])
def test_battery_outside_its_range_is_refused(data: bytes) -> None:
    with pytest.raises(NotificationError):
        sig.decode_battery(data)


def test_short_uuids_stand_on_the_base() -> None:
    assert sig.HEART_RATE_MEASUREMENT == "00002a37-0000-1000-8000-00805f9b34fb"
