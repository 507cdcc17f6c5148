from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.driver import (
    Advertisement,
    Answer,
    Battery,
    Command,
    CommandReply,
    Conversation,
    Counting,
    Dialogue,
    Driver,
    Hole,
    Missing,
    Read,
    Refused,
    Samples,
    Signal,
    SkinContact,
    Subscription,
    Unread,
    Wish,
)
from devices.open_patch import control
from devices.open_patch.advertised import Advertised, AdvertisedFlag
from devices.open_patch.control import Op, Request, Status
from devices.open_patch.driver import OpenPatchDialogue, OpenPatchDriver, UnpairedOpenPatchDriver
from devices.open_patch.frame import Event, EventFrame, GapCode, GapFrame, SampleFrame, encode_frame
from devices.open_patch.info import Info
from devices.open_patch.tlv import Tlv, encode_tlvs, number
from ecgcore.errors import NotificationError
from ecgcore.types import Lead
from ecgcore.wire.topics import checked_name
from tests.devices.contract import check_driver
from tests.devices.open_patch.specification import example
from tests.devices.open_patch.test_control import INFO
from tests.devices.open_patch.test_frame import GOLDEN, HEAD, resealed

_T = TypeVar("_T")


def advertisement(flags: AdvertisedFlag = AdvertisedFlag.NONE) -> Advertisement:
    data = Advertised(flags, 0x000A1B2C, 90).encode()
    return Advertisement("OP-000A1B2C", service_data={control.SERVICE: data})


class Patch:
    """Answers as told; keeps what it was asked."""

    def __init__(
        self, info: Info = INFO, mtu: int = 247, refuses: dict[Op, Status] | None = None
    ) -> None:
        self.info = info.encode()
        self.mtu = mtu
        self.refuses = refuses or {}
        self.asked: list[Request] = []

    def answer(self, dialogue: OpenPatchDialogue, request: Read | Command) -> Answer:
        if isinstance(request, Read):
            assert request.characteristic == control.INFO
            return self.info
        assert request.characteristic == control.CONTROL
        asked = control.decode_request(request.payload)
        self.asked.append(asked)
        status = self.refuses.get(Op(asked.op), Status.OK)
        reply = control.encode_reply(asked, status, [number(Tlv.MTU, self.mtu)])
        (packet,) = dialogue.decode(control.CONTROL, reply)
        assert isinstance(packet, CommandReply)
        assert packet.name == request.name
        return packet


def converse(dialogue: OpenPatchDialogue, conversation: Conversation[_T], patch: Patch) -> _T:
    answer: Answer = None
    while True:
        try:
            answer = patch.answer(dialogue, conversation.send(answer))
        except StopIteration as end:
            result: _T = end.value
            return result


def started(
    patch: Patch | None = None, wish: Wish | None = None
) -> tuple[OpenPatchDialogue, Signal]:
    dialogue = OpenPatchDriver().open(wish or Wish(fs_hz=250))
    signal = converse(dialogue, dialogue.start(), patch or Patch())
    assert signal is not None
    return dialogue, signal


def test_driver_and_dialogue_keep_the_protocol() -> None:
    driver: Driver = OpenPatchDriver()
    dialogue: Dialogue = driver.open(Wish())
    first = dialogue.listens[0]
    assert (first.characteristic, first.how) == (control.CONTROL, Subscription.INDICATE)


@pytest.mark.parametrize(
    ("driver", "flags"),
    [
        (OpenPatchDriver(), AdvertisedFlag.NONE),
        (UnpairedOpenPatchDriver(), AdvertisedFlag.OPEN),
    ],
)
def test_every_drivers_contract_is_kept(driver: Driver, flags: AdvertisedFlag) -> None:
    signal = check_driver(driver, advertisement(flags), readable=example("info"))
    assert signal == Signal(250_000, 1_000_000, 0b11, Counting.COUNTER, is_stored=True)


def test_the_number_is_the_identity_and_the_open_kind_is_another() -> None:
    paired, unpaired = OpenPatchDriver(), UnpairedOpenPatchDriver()
    found = paired.identify(advertisement())
    assert found == "open-patch-000A1B2C"
    assert checked_name(found)
    assert unpaired.identify(advertisement()) is None
    assert paired.identify(advertisement(AdvertisedFlag.OPEN)) is None
    assert unpaired.identify(advertisement(AdvertisedFlag.OPEN)) == found
    assert paired.identify(Advertisement("OP-000A1B2C")) is None
    assert paired.open(Wish()).needs_bond
    assert not unpaired.open(Wish()).needs_bond


def test_start_reads_greets_sets_up_and_starts() -> None:
    patch = Patch()
    _, signal = started(patch)
    assert signal == Signal(250_000, 1_000_000, 0b11, Counting.COUNTER, is_stored=True)
    assert [Op(asked.op) for asked in patch.asked] == [Op.HELLO, Op.CONFIG, Op.START]
    assert patch.asked[1].encode() == example("request config")


@pytest.mark.parametrize(
    ("wish", "fs_hz", "patch_mask", "lead_mask"),
    [
        (Wish(), 250, 0b11, 0b11),
        (Wish(fs_hz=500), 500, 0b11, 0b11),
        (Wish(lead_mask=1 << Lead.II), 250, 0b10, 0b10),
    ],
)
def test_wishes_are_passed_on(wish: Wish, fs_hz: int, patch_mask: int, lead_mask: int) -> None:
    patch = Patch()
    _, signal = started(patch, wish)
    assert (signal.fs_mhz, signal.lead_mask) == (fs_hz * 1000, lead_mask)
    assert (Tlv.RATE_HZ, fs_hz.to_bytes(2, "little")) in patch.asked[1].tlvs
    assert (Tlv.LEAD_MASK, bytes([patch_mask])) in patch.asked[1].tlvs


@pytest.mark.parametrize(
    ("wish", "patch", "what"),
    [
        (Wish(fs_hz=1000), Patch(), "1000 Hz is not offered; 250, 500 Hz are"),
        (Wish(lead_mask=1 << Lead.V1), Patch(), "leads 0x0040 are not offered; I, II are"),
        (Wish(lead_mask=0), Patch(), "not offered"),
        (Wish(lead_mask=1 << 15), Patch(), "not offered"),
        (Wish(), Patch(mtu=99), "ATT MTU 99 is too small, 100 is needed"),
        (Wish(), Patch(replace(INFO, codecs=frozenset({9}))), r"codecs \[9\]"),
        (Wish(), Patch(refuses={Op.CONFIG: Status.BUSY}), "config 2: busy"),
        (Wish(), Patch(refuses={Op.START: Status.BAD_MTU}), "start 3: bad mtu"),
    ],
)
def test_what_cannot_be_is_said_with_what_can(wish: Wish, patch: Patch, what: str) -> None:
    with pytest.raises(Refused, match=what):
        started(patch, wish)


def test_broken_info_is_a_refusal() -> None:
    patch = Patch()
    patch.info = b"\x01\x01\x02"
    with pytest.raises(Refused, match="info: version 2"):
        started(patch)


def test_frames_are_no_longer_than_the_mtu() -> None:
    patch = Patch(mtu=150)
    started(patch)
    assert number(Tlv.FRAME_BYTES, 147) in patch.asked[1].tlvs


def test_slower_patches_are_taken_as_they_are() -> None:
    _, signal = started(Patch(replace(INFO, rates_hz=(100, 125))), Wish())
    assert signal.fs_mhz == 125_000


def test_samples_come_with_counter_boot_clock_and_electrodes() -> None:
    dialogue, _ = started()
    for characteristic in (control.LIVE, control.REPLAY):
        (packet,) = dialogue.decode(characteristic, example("frame Rice"))
        assert isinstance(packet, Samples)
        assert packet.adc.tolist() == [[100, 102, 101, 97], [-5, -5, -4, 3]]
        assert packet.last_sample_ns == 4_000_000_000 + 3 * 4_000_000
        assert (packet.first_counter, packet.boot, packet.lead_off) == (1000, 42, 0)
        assert packet.is_replayed is (characteristic == control.REPLAY)


def test_frames_of_another_setup_and_unknown_ones_are_kept_raw() -> None:
    dialogue, _ = started()
    one_lead = example("frame raw int16")
    unknown = resealed(b"\x15" + example("frame event")[1:-2])
    new_event = encode_frame(EventFrame(HEAD, 77))
    marker = encode_frame(EventFrame(HEAD, Event.MARKER))
    for data in (one_lead, unknown, new_event, marker):
        (packet,) = dialogue.decode(control.LIVE, data)
        assert isinstance(packet, Unread)
        assert packet.data == data
    assert "marker at sample 1000" in packet.detail


def test_gaps_and_events_are_told() -> None:
    dialogue, _ = started()
    (packet,) = dialogue.decode(control.REPLAY, example("frame gap"))
    assert packet == Missing(Hole(42, 1000, 1500), "overwritten")
    overflow = encode_frame(GapFrame(HEAD, GapCode.OVERFLOW, 5))
    (packet,) = dialogue.decode(control.LIVE, overflow)
    assert packet == Missing(Hole(42, 1000, 5), "overflow", was_sampled=False)
    (packet,) = dialogue.decode(control.LIVE, example("frame event"))
    assert packet == SkinContact(False)
    for event in (Event.STARTED, Event.REPLAY_DONE):
        assert dialogue.decode(control.LIVE, encode_frame(EventFrame(HEAD, event))) == ()


def test_status_and_battery_are_told() -> None:
    dialogue, _ = started()
    status = encode_tlvs([number(Tlv.BATTERY_PCT, 81), number(Tlv.LEAD_OFF, 0)])
    assert list(dialogue.decode(control.STATUS, status)) == [Battery(81), SkinContact(True)]
    assert dialogue.decode(sig.BATTERY_LEVEL, b"\x50") == (Battery(80),)
    with pytest.raises(NotificationError, match="battery"):
        dialogue.decode(control.STATUS, encode_tlvs([number(Tlv.BATTERY_PCT, 200)]))


def test_replay_stop_erase_and_light_are_asked_for() -> None:
    patch = Patch()
    dialogue, _ = started(patch)
    replay, light = dialogue.replay(Hole(42, 1000, 1500)), dialogue.identify_patch()
    assert replay is not None
    assert light is not None
    for conversation in (replay, light, dialogue.erase_upto(42, 9), dialogue.stop()):
        converse(dialogue, conversation, patch)
    asked = [Op(each.op) for each in patch.asked[3:]]
    assert asked == [Op.REPLAY, Op.LEDS, Op.ERASE_UPTO, Op.STOP]
    assert list(patch.asked[3].tlvs) == control.decode_request(example("request replay")).tlvs
    assert patch.asked[-1].tlvs == []
    stop = dialogue.stop()
    stop.send(None)
    with pytest.raises(Refused, match="no answer"):
        stop.send(None)


def test_what_a_patch_has_not_it_is_not_asked_for() -> None:
    dialogue = OpenPatchDriver().open(Wish())
    assert dialogue.replay(Hole(1, 0, 1)) is None
    assert dialogue.identify_patch() is None
    bare = replace(INFO, memory_bytes=0, features=type(INFO.features)(0))
    dialogue, signal = started(Patch(bare))
    assert not signal.is_stored
    assert dialogue.replay(Hole(1, 0, 1)) is None
    assert dialogue.identify_patch() is None


@given(
    data=st.one_of(
        st.binary(max_size=260),
        st.sampled_from(sorted(GOLDEN)).map(example),
        st.binary(min_size=29, max_size=250).map(lambda body: resealed(b"\x10" + body)),
    )
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    dialogue = OpenPatchDriver().open(Wish())
    for listen in dialogue.listens:
        with suppress(NotificationError):
            for packet in dialogue.decode(listen.characteristic, data):
                assert packet


def test_other_characteristics_are_refused() -> None:
    with pytest.raises(NotificationError, match="not one of an open patch"):
        OpenPatchDriver().open(Wish()).decode(sig.HEART_RATE_MEASUREMENT, b"")


def test_eight_leads_at_1000_hz_fit_a_frame_of_many_samples() -> None:
    """What the specification's budgets rest on: noise of a few counts, 23 samples a frame."""
    noise = np.random.default_rng(0).normal(0, 4, (8, 23)).round().astype(np.int32)
    assert len(encode_frame(SampleFrame(replace(HEAD, lead_mask=0xFF), noise))) <= 244
