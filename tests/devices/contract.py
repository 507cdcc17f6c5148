"""What every driver keeps, whoever wrote it: call `check_driver` in a test of yours."""

import re
from collections.abc import Sequence
from contextlib import suppress

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

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_FOREIGN = ("", "Bike", "Polar", "1234", "Movesense", "\N{SNOWMAN}")
_MOST_REQUESTS = 50


def check_driver(
    driver: Driver, advertisement: Advertisement, *, readable: bytes = b"2.0.1"
) -> Signal | None:
    """Check everything a gateway relies on; give the signal of a start without any refusal.

    Parameters
    ----------
    advertisement : Advertisement
        Of a patch that is the driver's.
    readable : bytes
        What the patch answers to every read.
    """
    assert driver.model
    device_id = driver.identify(advertisement)
    assert device_id is not None
    assert checked_name(device_id) == device_id
    for name in _FOREIGN:
        assert driver.identify(Advertisement(name)) is None
    _check_listens(driver.open(Wish()))
    signal = _check_start(driver, readable)
    _check_refusals(driver)
    _check_any_bytes(driver, signal, readable)
    return signal


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


def _start(driver: Driver, says: str, readable: bytes) -> tuple[Dialogue, Signal | None]:
    """Start over and answer every command alike: yes, no, or nothing."""
    dialogue = driver.open(Wish())
    return dialogue, _run(dialogue, says, readable)


def _run(dialogue: Dialogue, says: str, readable: bytes) -> Signal | None:
    conversation = dialogue.start()
    answer: Answer = None
    for _ in range(_MOST_REQUESTS):
        try:
            request = conversation.send(answer)
        except StopIteration as end:
            signal: Signal | None = end.value
            return signal
        answer = _answer(request, says, readable)
    raise AssertionError("the start goes on for ever")


def _answer(request: Command | Read, says: str, readable: bytes) -> Answer:
    assert _UUID.fullmatch(request.characteristic)
    if isinstance(request, Read):
        return readable if says == "yes" else b""
    if not request.has_reply or says == "nothing":
        return None
    return CommandReply(request.name, says == "yes", says)


def _check_start(driver: Driver, readable: bytes) -> Signal | None:
    _, signal = _start(driver, "yes", readable)
    if signal:
        assert signal.fs_mhz > 0
        assert signal.lsb_pv > 0
        assert signal.lead_mask > 0
        assert signal.counter_modulus is None or signal.counting is Counting.COUNTER
    dialogue, _ = _start(driver, "yes", readable)
    assert _run(dialogue, "yes", readable) == signal, "a second start on the link differs"
    stop = dialogue.stop()
    with suppress(StopIteration, Refused):
        answer: Answer = None
        for _ in range(_MOST_REQUESTS):
            answer = _answer(stop.send(answer), "yes", readable)
        raise AssertionError("the stop goes on for ever")
    return signal


def _check_refusals(driver: Driver) -> None:
    for says in ("no", "nothing"):
        with suppress(Refused):
            _start(driver, says, b"")


def _check_any_bytes(driver: Driver, signal: Signal | None, readable: bytes) -> None:
    uuids = [listen.characteristic for listen in driver.open(Wish()).listens]
    notification = st.tuples(st.sampled_from(uuids), st.binary(max_size=250))

    @given(notifications=st.lists(notification, max_size=8))
    def any_bytes_are_read_or_refused(notifications: list[tuple[str, bytes]]) -> None:
        dialogue, _ = _start(driver, "yes", readable)
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
