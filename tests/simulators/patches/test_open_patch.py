"""The simulated open patch, with the driver as its host, and no radio between."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import pytest

from devices import sig
from devices.driver import (
    Answer,
    Battery,
    CommandReply,
    Conversation,
    Hole,
    Missing,
    Packet,
    Read,
    Refused,
    Samples,
    Signal,
    SkinContact,
    Unread,
    Wish,
)
from devices.open_patch import control
from devices.open_patch.advertised import AdvertisedFlag, decode_advertised
from devices.open_patch.control import Op, Request, State, Status, stored_of
from devices.open_patch.driver import OpenPatchDialogue, OpenPatchDriver, UnpairedOpenPatchDriver
from devices.open_patch.frame import Event, EventFrame, SampleFrame, decode_frame
from devices.open_patch.tlv import Tlv, decode_tlvs, number, numbers_of
from ecgcore.types import Lead
from simulators.patch import AttRefused, Notification
from simulators.patches.open_patch import OpenPatchConfig, SimulatedOpenPatch
from simulators.source import Projected, SampleNumbers

_T = TypeVar("_T")
S_NS = 1_000_000_000
ON_NS = 1_790_000_000 * S_NS
CONFIG = OpenPatchConfig(0x0A1B2C3D, ON_NS, (Lead.I, Lead.II, Lead.V1))
MTU = 247


class Host:
    """Talks to a patch as the gateway does."""

    def __init__(self, patch: SimulatedOpenPatch, wish: Wish | None = None, mtu: int = MTU) -> None:
        self.patch, self.mtu = patch, mtu
        self.dialogue: OpenPatchDialogue = OpenPatchDriver().open(wish or Wish())

    def converse(self, conversation: Conversation[_T], at_s: float) -> _T:
        utc_ns, answer = ON_NS + round(at_s * S_NS), None
        while True:
            try:
                request = conversation.send(answer)
            except StopIteration as end:
                result: _T = end.value
                return result
            answer = self._answer(request, utc_ns)

    def _answer(self, request: object, utc_ns: int) -> Answer:
        if isinstance(request, Read):
            return self.patch.read(request.characteristic, utc_ns)
        assert hasattr(request, "payload")
        (reply,) = self.patch.write(control.CONTROL, request.payload, utc_ns, self.mtu)
        (packet,) = self.decode([reply])
        assert isinstance(packet, CommandReply)
        return packet

    def start(self, at_s: float) -> Signal:
        signal = self.converse(self.dialogue.start(), at_s)
        assert signal
        return signal

    def decode(self, notifications: Sequence[Notification]) -> list[Packet]:
        return [p for n in notifications for p in self.dialogue.decode(n.characteristic, n.value)]

    def until(self, from_s: float, to_s: float) -> list[Packet]:
        return self.decode(raw(self.patch, from_s, to_s))

    def replay(self, first: int, count: int, at_s: float, boot: int = 1) -> list[Packet]:
        conversation = self.dialogue.replay(Hole(boot, first, count))
        assert conversation
        self.converse(conversation, at_s)
        return [p for p in self.until(at_s, at_s + 3) if is_replay(p)]


def is_replay(packet: Packet) -> bool:
    return isinstance(packet, Missing) or (isinstance(packet, Samples) and packet.is_replayed)


def raw(
    patch: SimulatedOpenPatch, from_s: float, to_s: float, per_s: int = 40
) -> list[Notification]:
    ticks = range(round(from_s * per_s), round(to_s * per_s) + 1)
    return [n for tick in ticks for n in patch.due(ON_NS + tick * S_NS // per_s)]


def patch(**more: object) -> SimulatedOpenPatch:
    config = replace(CONFIG, **more)  # type: ignore[arg-type]  # whatever the test wants
    gains = [1.0, -1.0, 2.0][: len(config.leads)]
    return SimulatedOpenPatch(config, lambda _fs_hz: Projected(SampleNumbers(), gains))


def numbers(packets: list[Packet]) -> list[int]:
    """Give the sample numbers, each lead being what it must be."""
    found: list[int] = []
    for packet in packets:
        if isinstance(packet, Samples):
            first = packet.adc[0].tolist()
            assert packet.adc[1].tolist() == [-n for n in first]
            assert packet.adc[2].tolist() == [2 * n for n in first]
            assert packet.first_counter == first[0]
            found += first
    return found


def test_it_samples_from_power_on_and_streams_from_its_next_frame() -> None:
    host = Host(patch())
    signal = host.start(10.0)
    assert (signal.fs_mhz, signal.lead_mask) == (250_000, 0b1000011)
    heard = numbers(host.until(10.0, 20.0))
    assert heard == list(range(heard[0], heard[-1] + 1))
    assert 2375 <= heard[0] <= 2500
    assert 4875 <= heard[-1] <= 5000


@pytest.mark.parametrize("drift_ppm", [-40, 0, 40])
def test_its_clock_drifts_and_its_samples_lie_on_it(drift_ppm: int) -> None:
    tested = patch(drift_ppm=float(drift_ppm))
    host = Host(tested)
    host.start(0.0)
    packets = host.decode(raw(tested, 0.0, 60.0, per_s=4))
    last = [p for p in packets if isinstance(p, Samples)][-1]
    assert last.first_counter is not None
    end = last.first_counter + last.adc.shape[1]
    assert last.last_sample_ns == tested.sample_ns(end - 1) == (end - 1) * 4_000_000
    _, told = ask(tested, Op.SYNC, at_s=100.0)
    assert told[Tlv.TIME_US] == 100_000_000 + 100 * drift_ppm


def test_what_was_missed_comes_again_as_the_same_bytes() -> None:
    tested = patch()
    host = Host(tested)
    host.start(0.0)
    sent = [n for n in raw(tested, 0.0, 5.0) if n.samples]
    tested.disconnect()
    again = Host(tested)
    again.start(35.0)
    host_replays = again.dialogue.replay(Hole(1, 0, 8750))
    assert host_replays
    again.converse(host_replays, 35.0)
    told = [n for n in raw(tested, 35.0, 40.0) if n.characteristic == control.REPLAY]
    assert numbers(again.decode(told))[:8750] == list(range(8750))
    assert [n.value for n in told][: len(sent)] == [n.value for n in sent]
    done = decode_frame(told[-1].value)
    assert isinstance(done, EventFrame)
    assert (done.event, done.head.counter) == (Event.REPLAY_DONE, 8750)


def test_a_full_memory_names_what_gave_way_sample_for_sample() -> None:
    tested = patch(memory_bytes=3000)
    host = Host(tested)
    host.start(120.0)
    missing, *rest = host.replay(1000, 40_000, 121.0)
    assert isinstance(missing, Missing)
    assert (missing.hole.first_counter, missing.detail) == (1000, "overwritten")
    assert missing.was_sampled
    (unknown,) = [p for p in rest if isinstance(p, Missing)]
    assert (unknown.hole.end, unknown.detail) == (41_000, "unknown")
    heard = numbers(rest)
    assert heard == list(range(missing.hole.end, unknown.hole.first_counter))


def test_what_a_host_named_safe_may_go() -> None:
    tested = patch()
    host = Host(tested)
    host.start(60.0)
    host.converse(host.dialogue.erase_upto(1, 5000), 60.0)
    missing, *rest = host.replay(4000, 2000, 60.0)
    assert missing == Missing(Hole(1, 4000, 1000), "erased")
    assert numbers(rest)[:1000] == list(range(5000, 6000))
    host.converse(host.dialogue.erase_upto(77, 1 << 40), 64.0)
    assert len(numbers(host.replay(5000, 100, 64.0))) >= 100


def test_live_goes_before_replay() -> None:
    tested = patch()
    host = Host(tested)
    host.start(600.0)
    conversation = host.dialogue.replay(Hole(1, 0, 150_000))
    assert conversation
    host.converse(conversation, 600.0)
    for tick in range(24_000, 24_020):
        kinds = [n.characteristic for n in tested.due(ON_NS + tick * S_NS // 40)]
        frames = [kind for kind in kinds if kind in (control.LIVE, control.REPLAY)]
        assert frames == sorted(frames, key=[control.LIVE, control.REPLAY].index)
        assert frames.count(control.REPLAY) <= 16
    assert not tested._live


def test_a_new_replay_takes_the_place_of_one_and_cancel_ends_it() -> None:
    tested = patch()
    host = Host(tested)
    host.start(600.0)
    for first in (0, 100_000):
        conversation = host.dialogue.replay(Hole(1, first, 1000))
        assert conversation
        host.converse(conversation, 600.0)
    heard = numbers([p for p in host.until(600.0, 601.0) if is_replay(p)])
    assert heard[0] >= 99_000
    host.converse(conversation_of(host, 0, 150_000), 602.0)
    ask(tested, Op.REPLAY_CANCEL)
    assert not [p for p in host.until(602.0, 603.0) if is_replay(p)]


def conversation_of(host: Host, first: int, count: int) -> Conversation[None]:
    conversation = host.dialogue.replay(Hole(1, first, count))
    assert conversation
    return conversation


def ask(
    tested: SimulatedOpenPatch, op: int, *tlvs: tuple[int, bytes], at_s: float = 1.0, mtu: int = MTU
) -> tuple[int, dict[int, int]]:
    """Give the status and the numbers of a reply."""
    request = Request(op, 9, tlvs).encode()
    (reply,) = tested.write(control.CONTROL, request, ON_NS + round(at_s * S_NS), mtu)
    assert reply.characteristic == control.CONTROL
    assert reply.value[:2] == bytes([op | 0x80, 9])
    assert len(reply.value) <= mtu - 3
    return reply.value[2], numbers_of(decode_tlvs(reply.value[3:]))


def test_another_rate_and_other_leads_begin_a_boot_and_nothing_else_does() -> None:
    tested = patch()
    for tlv, boot in [
        (number(Tlv.RATE_HZ, 250), 1),
        (number(Tlv.FRAME_MS, 200), 1),
        (number(Tlv.CODEC, 1), 1),
        (number(Tlv.RATE_HZ, 1000), 2),
        (number(Tlv.LEAD_MASK, 0b101), 3),
    ]:
        status, told = ask(tested, Op.CONFIG, tlv, at_s=100.0)
        assert status == Status.OK
        assert told[tlv[0]] == int.from_bytes(tlv[1], "little")
        assert tested.boot == boot
    assert tested.fs_hz == 1000
    assert tested.power_on_utc_ns == pytest.approx(ON_NS + 100 * S_NS, abs=2000)
    _, told = ask(tested, Op.HELLO, at_s=102.0)
    assert told[Tlv.COUNTER] == pytest.approx(2000, abs=205)


@pytest.mark.parametrize(
    ("tlv", "status"),
    [
        (number(Tlv.RATE_HZ, 333), Status.BAD_RATE),
        (number(Tlv.LEAD_MASK, 0), Status.BAD_LEADS),
        (number(Tlv.LEAD_MASK, 8), Status.BAD_LEADS),
        (number(Tlv.CODEC, 9), Status.BAD_CODEC),
        (number(Tlv.FRAME_BYTES, 96), Status.BAD_MTU),
        (number(Tlv.FRAME_BYTES, 245), Status.BAD_MTU),
        (number(Tlv.FRAME_MS, 5), Status.BAD_PARAMETER),
    ],
)
def test_what_it_does_not_offer_is_refused_by_name(tlv: tuple[int, bytes], status: Status) -> None:
    tested = patch()
    before = ask(tested, Op.HELLO)
    assert ask(tested, Op.CONFIG, tlv) == (status, {Tlv.WRONG: tlv[0]})
    assert ask(tested, Op.HELLO) == before


def test_it_does_not_stream_over_a_small_mtu() -> None:
    tested = patch()
    with pytest.raises(Refused, match="ATT MTU 99"):
        Host(tested, mtu=99).start(1.0)
    assert ask(tested, Op.START, mtu=120) == (Status.BAD_MTU, {})
    narrow = Host(tested, mtu=120)
    narrow.start(1.0)
    frames = [n for n in raw(tested, 1.0, 9.0) if n.characteristic == control.LIVE]
    assert max(len(n.value) for n in frames) <= 117
    assert numbers(narrow.decode(frames))


def test_unknown_and_broken_requests_are_answered() -> None:
    tested = patch()
    assert ask(tested, 0x55) == (Status.BAD_OPERATION, {})
    (reply,) = tested.write(control.CONTROL, b"\x02\x09\x23\x05\x01", ON_NS, MTU)
    assert reply.value == bytes([0x82, 9, Status.BAD_LENGTH])
    for op in (Op.REPLAY, Op.ERASE_UPTO):
        assert ask(tested, op) == (Status.BAD_PARAMETER, {})
    bare = patch(memory_bytes=0)
    wanted = (number(Tlv.BOOT, 1), number(Tlv.COUNTER, 0), number(Tlv.COUNT, 9))
    assert ask(bare, Op.REPLAY, *wanted) == (Status.NOT_SUPPORTED, {})


def test_sync_tells_the_clock_and_hello_what_is_stored() -> None:
    tested = patch()
    status, told = ask(tested, Op.SYNC, number(Tlv.HOST_UTC_US, 1_790_000_000_000_000), at_s=12.5)
    assert (status, told[Tlv.TIME_US]) == (Status.OK, 12_500_000)
    assert tested.host_utc_us == 1_790_000_000_000_000
    request = Request(Op.HELLO, 1, ()).encode()
    (reply,) = tested.write(control.CONTROL, request, ON_NS + 60 * S_NS, MTU)
    (stored,) = stored_of(decode_tlvs(reply.value[3:]))
    assert (stored.boot, stored.first) == (1, 0)
    assert stored.end == pytest.approx(15_000, abs=255)


def test_stop_goes_on_recording_unless_it_is_to_end() -> None:
    tested = patch()
    host = Host(tested)
    host.start(0.0)
    host.converse(host.dialogue.stop(), 10.0)
    assert not [p for p in host.until(10.0, 12.0) if isinstance(p, Samples)]
    _, told = ask(tested, Op.HELLO, at_s=20.0)
    assert (told[Tlv.STATE], told[Tlv.BOOT]) == (State.RECORDING, 1)
    assert told[Tlv.COUNTER] == pytest.approx(5000, abs=125)
    ask(tested, Op.STOP, number(Tlv.END_RECORDING, 1), at_s=20.0)
    _, idle = ask(tested, Op.HELLO, at_s=60.0)
    assert (idle[Tlv.STATE], idle[Tlv.COUNTER]) == (State.IDLE, told[Tlv.COUNTER])
    host.start(60.0)
    _, again = ask(tested, Op.HELLO, at_s=61.0)
    assert (again[Tlv.STATE], again[Tlv.BOOT]) == (State.STREAMING, 2)
    assert again[Tlv.COUNTER] <= 251


def test_a_restart_is_another_boot_whose_memory_stays() -> None:
    tested = patch()
    host = Host(tested)
    host.start(10.0)
    tested.restart(ON_NS + 20 * S_NS)
    assert (tested.boot, tested.power_on_utc_ns) == (2, ON_NS + 20 * S_NS)
    again = Host(tested)
    again.start(30.0)
    packets = again.until(30.0, 31.0)
    assert {p.boot for p in packets if isinstance(p, Samples)} == {2}
    assert numbers(again.replay(0, 1000, 31.0, boot=1))[:1000] == list(range(1000))


def test_electrodes_marker_and_battery_are_told() -> None:
    tested = patch()
    host = Host(tested)
    host.start(0.0)
    host.until(0.0, 9.0)
    tested.touch(0b101, ON_NS + 9 * S_NS)
    tested.press(ON_NS + 9 * S_NS)
    tested.battery_pct = 12
    packets = host.until(9.0, 11.0)
    assert SkinContact(False) in packets
    assert Battery(12) in packets
    assert any(isinstance(p, Unread) and "marker" in p.detail for p in packets)
    assert {p.lead_off for p in packets if isinstance(p, Samples)} == {0b101}


def test_samples_it_missed_itself_are_named_live_and_again() -> None:
    tested = patch()
    host = Host(tested)
    host.start(0.0)
    host.until(0.0, 4.0)
    tested.overflow(60, ON_NS + 4 * S_NS)
    packets = host.until(4.0, 8.0)
    (missing,) = [p for p in packets if isinstance(p, Missing)]
    assert (missing.hole.n_samples, missing.was_sampled) == (60, False)
    assert numbers(packets)[0] == missing.hole.end
    replayed = host.replay(missing.hole.first_counter - 1, 62, 8.0)
    assert missing in replayed


def test_light_and_readable_texts() -> None:
    tested = patch()
    host = Host(tested)
    host.start(0.0)
    light = host.dialogue.identify_patch()
    assert light
    host.converse(light, 1.0)
    assert tested.n_blinks == 1
    assert tested.read(sig.SERIAL_NUMBER, ON_NS) == b"0A1B2C3D"
    assert tested.read(sig.BATTERY_LEVEL, ON_NS) == bytes([90])
    assert numbers_of(decode_tlvs(tested.read(control.STATUS, ON_NS)))[Tlv.BATTERY_PCT] == 90
    with pytest.raises(AttRefused):
        tested.read(control.LIVE, ON_NS)
    with pytest.raises(AttRefused):
        tested.write(control.LIVE, b"", ON_NS, MTU)


def test_what_is_advertised_follows_what_it_does() -> None:
    tested = patch()
    Host(tested).start(1.0)
    tested.touch(1, ON_NS + S_NS)
    tested.battery_pct = 5
    advertised = decode_advertised(tested.advertisement(ON_NS + S_NS).service_data[control.SERVICE])
    assert advertised
    flags = AdvertisedFlag.STREAMING | AdvertisedFlag.BATTERY_LOW
    assert advertised.flags == flags | AdvertisedFlag.BACKLOG | AdvertisedFlag.PAIRABLE
    assert f"OP-{advertised.number:08X}" == tested.name
    opened = patch(is_open=True)
    assert UnpairedOpenPatchDriver().identify(opened.advertisement(ON_NS)) == opened.device_id
    assert OpenPatchDriver().identify(tested.advertisement(ON_NS)) == tested.device_id


def test_all_but_info_wants_an_encrypted_link_unless_it_is_open() -> None:
    for tested in (patch(), patch(is_open=True)):
        (ours,) = [s for s in tested.services if s.uuid == control.SERVICE]
        encrypted = {spec.uuid for spec in ours.characteristics if spec.is_encrypted}
        everything = {spec.uuid for spec in ours.characteristics}
        assert encrypted == (set() if tested.config.is_open else everything - {control.INFO})


@pytest.mark.parametrize("fs_hz", [125, 1000])
def test_frames_are_as_long_as_they_may_be_and_no_longer(fs_hz: int) -> None:
    tested = patch()
    host = Host(tested, Wish(fs_hz=fs_hz))
    host.start(0.0)
    frames = [decode_frame(n.value) for n in raw(tested, 0.0, 6.0) if n.samples]
    spans = [frame.adc.shape[1] for frame in frames if isinstance(frame, SampleFrame)]
    assert len(spans) == len(frames)
    assert max(spans) <= min(255, fs_hz // 2)
    assert all(len(n.value) <= 244 for n in raw(tested, 6.0, 8.0) if n.samples)
