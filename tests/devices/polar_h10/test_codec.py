from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import CommandReply, Samples, StreamStopped, Unread
from devices.polar_h10 import codec
from devices.polar_h10.codec import ControlOp, ControlStatus, MeasurementType, Setting
from ecgcore.errors import NotificationError

INT24 = st.integers(-(1 << 23), (1 << 23) - 1)


def test_ecg_frame_reads_golden_bytes() -> None:
    # 2019-01-01 + 1 s; 1, -1, the largest and the smallest int24.
    data = bytes.fromhex("0000ca3e759343520800010000ffffffffff7f000080")
    samples = codec.decode_data(data)
    assert isinstance(samples, Samples)
    assert samples.last_sample_ns == codec.POWER_ON_NS + 1_000_000_000
    assert samples.adc.tolist() == [[1, -1, 8388607, -8388608]]
    assert samples.adc.dtype == np.int32


@given(last_sample_ns=st.integers(0, 2**64 - 1), values=st.lists(INT24, min_size=1, max_size=80))
def test_ecg_survives_the_trip(last_sample_ns: int, values: list[int]) -> None:
    samples = codec.decode_data(codec.encode_ecg(last_sample_ns, np.array(values, np.int32)))
    assert isinstance(samples, Samples)
    assert samples.adc.tolist() == [values]
    assert samples.last_sample_ns == last_sample_ns


@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for decode in (codec.decode_data, codec.decode_control, codec.decode_request):
        with suppress(NotificationError):
            assert decode(data)


@pytest.mark.parametrize(("measurement", "frame_type"), [(2, 0), (0, 1), (0, 0x80)])
def test_other_measurements_and_frame_types_are_kept_raw(measurement: int, frame_type: int) -> None:
    data = bytes([measurement, *bytes(8), frame_type, 1, 2, 3])
    packet = codec.decode_data(data)
    assert isinstance(packet, Unread)
    assert packet.data == data


@pytest.mark.parametrize("data", ["", "00" * 9, "00" * 10, "00" * 12, "00" * 14])
def test_frames_without_whole_samples_are_refused(data: str) -> None:
    with pytest.raises(NotificationError):
        codec.decode_data(bytes.fromhex(data))


def test_frames_fill_the_mtu_as_the_strap_does() -> None:
    # polar-ble-sdk#227: 73 samples at MTU 232; 19 at the smallest MTU, 70.
    assert codec.samples_per_frame(232) == 73
    assert codec.samples_per_frame(70) == 19


@pytest.mark.parametrize(
    ("data", "packet"),
    [
        ("f002000000", CommandReply("start", ok=True, detail="success")),
        ("f0020006", CommandReply("start", ok=True, detail="already in state")),
        ("f002000a00", CommandReply("start", ok=False, detail="bad mtu")),
        ("f003000000", CommandReply("stop", ok=True, detail="success")),
        ("f002002a00", CommandReply("start", ok=False, detail="status 42")),
        ("0100", StreamStopped("the strap stopped the ECG")),
        ("010200", StreamStopped("the strap stopped the ECG")),
    ],
)
def test_control_point_reads_golden_bytes(data: str, packet: object) -> None:
    assert codec.decode_control(bytes.fromhex(data)) == packet


@pytest.mark.parametrize("data", ["f00100000000018200", "f002020000", "0102", "0f05", "42"])
def test_other_control_messages_are_kept_raw(data: str) -> None:
    assert isinstance(codec.decode_control(bytes.fromhex(data)), Unread)


@pytest.mark.parametrize("data", ["", "f0", "f00200"])
def test_cut_off_control_messages_are_refused(data: str) -> None:
    with pytest.raises(NotificationError):
        codec.decode_control(bytes.fromhex(data))


def test_strap_side_writes_golden_bytes() -> None:
    settings = codec.encode_settings({Setting.RATE_HZ: 130, Setting.RESOLUTION_BITS: 14})
    reply = codec.encode_reply(ControlOp.GET_SETTINGS, 0, ControlStatus.SUCCESS, settings)
    assert reply.hex() == "f001000000" + "00018200" + "01010e00"
    features = codec.encode_features([MeasurementType.ECG, MeasurementType.ACC])
    assert features == bytes.fromhex("0f05").ljust(17, b"\0")
    worn = codec.AdvertisedState(contact=True, battery_low=False, counter=9, bpm=61)
    assert codec.encode_advertised_state(worn).hex() == "06003d3d"


def test_start_request_reads_as_130_hz_14_bit() -> None:
    assert codec.decode_request(codec.START_ECG) == codec.Request(2, 0, {0: 130, 1: 14})
    assert codec.decode_request(codec.STOP_ECG) == codec.Request(3, 0, {})


@pytest.mark.parametrize("data", ["", "02", "020000", "02000001", "0200000182", "020000028200"])
def test_cut_off_requests_are_refused(data: str) -> None:
    with pytest.raises(NotificationError):
        codec.decode_request(bytes.fromhex(data))
