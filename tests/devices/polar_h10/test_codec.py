from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Samples, StreamStopped, Unread
from devices.polar_h10 import codec
from devices.polar_h10.codec import (
    AdvertisedState,
    ControlOp,
    ControlStatus,
    MeasurementType,
    Reply,
    Setting,
)
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
    for decode in (
        codec.decode_data,
        codec.decode_control,
        codec.decode_request,
        codec.decode_features,
        codec.decode_settings,
        codec.decode_advertised_state,
    ):
        with suppress(NotificationError):
            decode(data)


@pytest.mark.parametrize(
    ("measurement", "frame_type", "detail"),
    [
        (2, 0, "measurement 2"),
        (0, 1, "ECG of frame type 1, 7 samples of unknown scale"),
        (0, 2, "ECG of frame type 2, 7 samples of unknown scale"),
        (0, 3, "ECG of frame type 3, 3 samples of unknown scale"),
        (0, 4, "ECG of unknown frame type 0x04"),
        (0, 0x80, "ECG of unknown frame type 0x80"),
    ],
)
def test_other_measurements_and_frame_types_are_kept_raw(
    measurement: int, frame_type: int, detail: str
) -> None:
    data = bytes([measurement, *bytes(8), frame_type, *bytes(21)])
    assert codec.decode_data(data) == Unread(codec.PMD_DATA, data, detail)


@pytest.mark.parametrize(("frame_type", "n_bytes"), [(1, 4), (2, 0), (3, 6)])
def test_other_frames_without_whole_samples_are_refused(frame_type: int, n_bytes: int) -> None:
    with pytest.raises(NotificationError):
        codec.decode_data(bytes([0, *bytes(8), frame_type, *bytes(n_bytes)]))


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
        ("f002000000", Reply(2, 0, 0)),
        ("f0020006", Reply(2, 0, 6)),
        ("f002800a00", Reply(2, 0, 10)),
        ("f003000000", Reply(3, 0, 0)),
        ("f002002a0099", Reply(2, 0, 42, b"\x99")),
        ("f00100000100018200", Reply(1, 0, 0, bytes.fromhex("00018200"), is_continued=True)),
        ("0f05", None),
        ("0100", StreamStopped("the strap stopped the ECG")),
        ("010200", StreamStopped("the strap stopped the ECG")),
    ],
)
def test_control_point_reads_golden_bytes(data: str, packet: object) -> None:
    assert codec.decode_control(bytes.fromhex(data)) == packet


@pytest.mark.parametrize(
    ("status", "is_yes", "detail"),
    [
        (0, True, "success"),
        (6, True, "already in state"),
        (5, False, "bad parameter"),
        (10, False, "bad mtu: the link must carry 70 bytes at once"),
        (42, False, "status 42"),
    ],
)
def test_status_in_words(status: int, is_yes: bool, detail: str) -> None:
    reply = Reply(2, 0, status)
    assert (reply.is_yes, reply.detail) == (is_yes, detail)


def test_a_reply_in_pieces_is_put_together() -> None:
    first = codec.decode_control(bytes.fromhex("f00100000100018200"))
    assert isinstance(first, Reply)
    second = codec.continue_reply(first, bytes.fromhex("010101"))
    whole = codec.continue_reply(second, bytes.fromhex("000e00"))
    assert whole == Reply(1, 0, 0, bytes.fromhex("0001820001010e00"))
    assert codec.decode_settings(whole.parameters) == {0: (130,), 1: (14,)}
    with pytest.raises(NotificationError):
        codec.continue_reply(first, b"")


@pytest.mark.parametrize(
    ("settings", "start"),
    [
        ({}, codec.START_ECG.hex()),
        ({0: (130,), 1: (14,)}, codec.START_ECG.hex()),
        ({0: (250, 130), 1: (14,)}, codec.START_ECG.hex()),
        ({0: (250,), 1: (16,)}, "02000001fa0001011000"),
    ],
)
def test_the_start_asks_for_what_is_offered(
    settings: dict[int, tuple[int, ...]], start: str
) -> None:
    assert codec.start_ecg(settings).hex() == start


def test_settings_of_every_size_read_golden_bytes() -> None:
    data = bytes.fromhex("00028200fa000101 0e000201 e8030301 010000000402 0102")
    assert codec.decode_settings(data) == {0: (130, 250), 1: (14,), 2: (1000,), 3: (1,), 4: (1, 2)}


def test_features_read_golden_bytes() -> None:
    data = bytes.fromhex("0f05").ljust(17, b"\0")
    assert codec.decode_features(data) == {MeasurementType.ECG, MeasurementType.ACC}
    assert codec.decode_features(b"") is codec.decode_features(b"\xf0\x01") is None


@pytest.mark.parametrize(
    ("payload", "state"),
    [
        ("06003d3c", AdvertisedState(True, False, 1, 60)),
        ("01003d3c", AdvertisedState(False, True, 0, 60)),
        ("1e003d", AdvertisedState(True, False, 7, 61)),
        ("4002aabb06003d3c", AdvertisedState(True, False, 1, 60)),
        ("40", None),
        ("4005aa", None),
        ("0600", None),
        ("", None),
    ],
)
def test_advertised_state_reads_golden_bytes(payload: str, state: AdvertisedState | None) -> None:
    assert codec.decode_advertised_state(bytes.fromhex(payload)) == state


@given(
    state=st.builds(AdvertisedState, *2 * [st.booleans()], st.integers(0, 7), st.integers(0, 255))
)
def test_advertised_state_survives_the_trip(state: AdvertisedState) -> None:
    assert codec.decode_advertised_state(codec.encode_advertised_state(state)) == state


@pytest.mark.parametrize("data", ["0102", "42"])
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
