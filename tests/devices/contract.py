"""What every driver keeps, whoever wrote it: call `check_driver` in a test of yours."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from hypothesis import given
from hypothesis import strategies as st

from devices.driver import (
    Advertisement,
    Answer,
    Command,
    CommandReply,
    Counting,
    Dialogue,
    Driver,
    Hole,
    Missing,
    Packet,
    Read,
    Refused,
    Samples,
    Signal,
    Wish,
)
from ecgcore.errors import NotificationError
from ecgcore.wire.topics import checked_name
from simulators.patch import AttRefused, SimulatedPatch

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_FOREIGN = ("", "Bike", "Polar", "1234", "Movesense", "\N{SNOWMAN}")
_MOST_REQUESTS = 50


def check_driver(
    driver: Driver,
    advertisement: Advertisement,
    *,
    readable: bytes = b"2.0.1",
    patch: SimulatedPatch | None = None,
) -> Signal | None:
    """Check everything a gateway relies on; give the signal of a start without any refusal.

    Parameters
    ----------
    advertisement : Advertisement
        Of a patch that is the driver's.
    readable : bytes
        What the patch answers to every read; every command is answered by a bare yes.
    patch : SimulatedPatch or None
        What answers instead, where bare answers are not enough.
    """
    assert driver.model
    device_id = driver.identify(advertisement)
    assert device_id is not None
    assert checked_name(device_id) == device_id
    for name in _FOREIGN:
        assert driver.identify(Advertisement(name)) is None
    _check_listens(driver.open(Wish()))
    yes = _Patch(patch) if patch else _Yes(readable)
    signal = _check_start(driver, yes)
    for no in (_No(), _Nothing()):
        with suppress(Refused):
            _run(driver.open(Wish()), no)
    _check_any_bytes(driver, signal, yes)
    return signal


class _Answerer(Protocol):
    def __call__(self, request: Command | Read, dialogue: Dialogue) -> Answer: ...


class _Yes:
    def __init__(self, readable: bytes) -> None:
        self._readable = readable

    def __call__(self, request: Command | Read, dialogue: Dialogue) -> Answer:
        if isinstance(request, Read):
            return self._readable
        return CommandReply(request.name, True, "yes") if request.has_reply else None


class _Nothing:
    def __call__(self, request: Command | Read, dialogue: Dialogue) -> Answer:
        return b"" if isinstance(request, Read) else None


class _No(_Nothing):
    def __call__(self, request: Command | Read, dialogue: Dialogue) -> Answer:
        if isinstance(request, Command) and request.has_reply:
            return CommandReply(request.name, False, "no")
        return super().__call__(request, dialogue)


class _Patch:
    def __init__(self, patch: SimulatedPatch) -> None:
        self._patch = patch

    def __call__(self, request: Command | Read, dialogue: Dialogue) -> Answer:
        now_ns = self._patch.power_on_utc_ns + 1_000_000_000
        if isinstance(request, Read):
            try:
                return self._patch.read(request.characteristic, now_ns)
            except AttRefused:
                return b""
        sent = self._patch.write(
            request.characteristic, request.payload, now_ns, self._patch.att_mtu
        )
        packets = (p for each in sent for p in dialogue.decode(each.characteristic, each.value))
        replies = (packet for packet in packets if isinstance(packet, CommandReply))
        return next((reply for reply in replies if reply.name == request.name), None)


def _check_listens(dialogue: Dialogue) -> None:
    listens = dialogue.listens
    assert any(listen.required for listen in listens)
    uuids = [listen.characteristic for listen in listens]
    assert len(set(uuids)) == len(uuids)
    assert all(_UUID.fullmatch(uuid) for uuid in uuids)
    assert 0 < dialogue.first_frame_timeout_s <= 60
    assert dialogue.needs_bond in (True, False)
    for way in (dialogue.replay(Hole(None, 0, 1)), dialogue.identify_patch()):
        assert way is None or hasattr(way, "send")
    with suppress(NotificationError):
        dialogue.decode("00000000-0000-0000-0000-000000000000", b"\0")
        raise AssertionError("a characteristic nobody listens to was read")


def _run(dialogue: Dialogue, answered: _Answerer) -> Signal | None:
    conversation = dialogue.start()
    answer: Answer = None
    for _ in range(_MOST_REQUESTS):
        try:
            request = conversation.send(answer)
        except StopIteration as end:
            signal: Signal | None = end.value
            return signal
        assert _UUID.fullmatch(request.characteristic)
        answer = answered(request, dialogue)
    raise AssertionError("the start goes on for ever")


def _check_start(driver: Driver, yes: _Answerer) -> Signal | None:
    dialogue = driver.open(Wish())
    signal = _run(dialogue, yes)
    if signal:
        assert signal.fs_mhz > 0
        assert signal.lsb_pv > 0
        assert signal.lead_mask > 0
        assert signal.counter_modulus is None or signal.counting is Counting.COUNTER
    assert _run(dialogue, yes) == signal, "a second start on the link differs"
    stop = dialogue.stop()
    with suppress(StopIteration, Refused):
        answer: Answer = None
        for _ in range(_MOST_REQUESTS):
            answer = yes(stop.send(answer), dialogue)
        raise AssertionError("the stop goes on for ever")
    return signal


def _check_any_bytes(driver: Driver, signal: Signal | None, yes: _Answerer) -> None:
    uuids = [listen.characteristic for listen in driver.open(Wish()).listens]
    notification = st.tuples(st.sampled_from(uuids), st.binary(max_size=250))

    @given(notifications=st.lists(notification, max_size=8))
    def any_bytes_are_read_or_refused(notifications: list[tuple[str, bytes]]) -> None:
        dialogue = driver.open(Wish())
        _run(dialogue, yes)
        for uuid, data in notifications:
            with suppress(NotificationError):
                _check_packets(dialogue.decode(uuid, data), signal)

    any_bytes_are_read_or_refused()


def _check_packets(packets: Sequence[Packet], signal: Signal | None) -> None:
    for packet in packets:
        assert not isinstance(packet, Missing) or packet.hole.n_samples > 0
        if isinstance(packet, Samples):
            check_samples(packet, signal)


def check_samples(samples: Samples, signal: Signal | None) -> None:
    """Check that samples are what the signal says."""
    assert signal is not None, "samples of a patch without ECG"
    n_leads, n_samples = samples.adc.shape
    assert samples.adc.dtype == "int32"
    assert n_leads == signal.lead_mask.bit_count()
    assert n_samples > 0
    if signal.counting is not Counting.COUNTER:
        assert (samples.last_sample_ns is None) is (signal.counting is Counting.ARRIVAL)
    assert (samples.first_counter is None) is (signal.counting is not Counting.COUNTER)
    if samples.first_counter is not None:
        assert 0 <= samples.first_counter < (signal.counter_modulus or 1 << 63)
