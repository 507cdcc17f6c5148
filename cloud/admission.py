"""What the engine lets in: whole frames that can be stored and analysed, each under its own topic.

A frame may be intact and still be of no use: the rate is one no stage supports, it accounts for no
counter, or its times lie where the database cannot put them. Such a frame would stop every other
patient's stream too, so it is refused here, with the reason.
"""

from ecgcore.errors import EcgomicsError
from ecgcore.pipeline import MAX_FS_HZ, MIN_FS_HZ
from ecgcore.wire import topics
from ecgcore.wire.events import DeviceEvent, decode_event
from ecgcore.wire.frame import Frame, decode_frame

# Times that are sums of these still fit a bigint; UTC ends in 2116, a patch's own epoch is free.
_MAX_UTC_NS = 1 << 62
_MAX_DEVICE_TIME_NS = 1 << 61
_MAX_SPAN_NS = 1 << 50


class NotAdmittedError(EcgomicsError):
    """A frame that is intact and cannot be taken."""


def admitted(topic: str, payload: bytes, kind: str = topics.SAMPLES) -> tuple[str, Frame]:
    """Give the gateway a message came from and its frame.

    Parameters
    ----------
    kind : str
        Of the topic: ``samples`` or ``live``.

    Raises
    ------
    EcgomicsError
        If it is not a frame, not one of the topic's device, or none that can be used.
    """
    place = topics.parse_up(topic)
    _require(place.kind == kind, f"topic {topic!r} is not for {kind}")
    frame = decode_frame(payload)
    _require(
        frame.device == place.device,
        f"frame of {frame.device!r} under the topic of {place.device!r}",
    )
    fs_hz = frame.fs_mhz / 1000
    _require(MIN_FS_HZ <= fs_hz <= MAX_FS_HZ, f"rate of {fs_hz:g} Hz is not supported")
    _require(frame.end > frame.start, "neither samples nor a gap")
    _require(
        abs(frame.device_time_ns) < _MAX_DEVICE_TIME_NS
        and frame.device_span_ns < _MAX_SPAN_NS
        and 0 <= frame.utc_ns < _MAX_UTC_NS
        and 0 <= frame.arrival_ns < _MAX_UTC_NS,
        "times beyond what can be stored",
    )
    return place.gateway, frame


def admitted_event(topic: str, payload: bytes) -> tuple[str, DeviceEvent]:
    """Give the gateway a message came from and its event.

    Raises
    ------
    EcgomicsError
        If it is not an event, or not one of the topic's device.
    """
    place = topics.parse_up(topic)
    event = decode_event(payload)
    _require(
        event.device == place.device,
        f"event of {event.device!r} under the topic of {place.device!r}",
    )
    return place.gateway, event


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise NotAdmittedError(otherwise)
