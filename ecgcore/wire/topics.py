"""Topic names, both ways.

Up:   ``ecg/v1/{shard}/{gateway}/{device}/samples | live | event | status`` and, retained,
``ecg/v1/gateway/{gateway}/status``.
Down: ``ecg/v1/{gateway}/{device}/committed | command``
Fan-out inside the cloud: ``ecg/v1/live/{device}/strip | numbers | report`` and
``ecg/v1/service/{name}``.
"""

import re
from dataclasses import dataclass

from ecgcore.errors import TopicError
from ecgcore.wire.checksum import crc32c

ROOT = "ecg/v1"
N_SHARDS = 64
# A dot becomes "//" in NATS and a space drops the client there, hence the narrow alphabet.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,48}")
SAMPLES = "samples"
LIVE = "live"
EVENT = "event"
STATUS = "status"
UP_KINDS = frozenset({SAMPLES, LIVE, EVENT, STATUS})
"""What a gateway publishes of a patch."""
DOWN_KINDS = frozenset({"committed", "command"})
"""What a gateway listens to."""


def checked_name(name: str) -> str:
    """Give `name` back if it can stand in a topic.

    Raises
    ------
    TopicError
        Unless it is 1 to 48 characters out of ``A-Za-z0-9_-``.
    """
    if not _NAME.fullmatch(name):
        msg = f"name {name!r}: 1 to 48 characters of A-Z a-z 0-9 _ - are allowed"
        raise TopicError(msg)
    return name


def shard_of(device: str) -> int:
    """Give the shard, 0 to 63, that a device's frames always go to."""
    return crc32c(device.encode()) % N_SHARDS


def up(gateway: str, device: str, kind: str) -> str:
    """Give the topic a gateway publishes `kind` (one of `UP_KINDS`) of a device under."""
    return f"{ROOT}/{shard_of(device)}/{checked_name(gateway)}/{checked_name(device)}/{kind}"


def of_shard(shard: int, kind: str) -> str:
    """Give the filter that matches everything of one kind (of `UP_KINDS`) in a shard."""
    return f"{ROOT}/{shard}/+/+/{kind}"


def all_status() -> str:
    """Give the filter that matches every device status."""
    return f"{ROOT}/+/+/+/status"


def committed(gateway: str, device: str) -> str:
    """Give the topic on which the engine names what it has stored."""
    return f"{ROOT}/{checked_name(gateway)}/{checked_name(device)}/committed"


def committed_of_gateway(gateway: str) -> str:
    """Give the filter that matches every committed message of a gateway."""
    return f"{ROOT}/{checked_name(gateway)}/+/committed"


def command(gateway: str, device: str) -> str:
    """Give the topic on which a gateway is told to do something with a patch."""
    return f"{ROOT}/{checked_name(gateway)}/{checked_name(device)}/command"


def commands_of_gateway(gateway: str) -> str:
    """Give the filter that matches every command to a gateway."""
    return f"{ROOT}/{checked_name(gateway)}/+/command"


def gateway_status(gateway: str) -> str:
    """Give the topic that retains whether a gateway is at the broker."""
    return f"{ROOT}/gateway/{checked_name(gateway)}/status"


def all_gateways() -> str:
    """Give the filter that matches the presence of every gateway."""
    return f"{ROOT}/gateway/+/status"


def live(device: str, kind: str) -> str:
    """Give the topic on which the engine fans out `kind` (strip, numbers, report) of a device."""
    return f"{ROOT}/live/{checked_name(device)}/{kind}"


def all_live() -> str:
    """Give the filter that matches the fan-out of every device."""
    return f"{ROOT}/live/+/+"


def service(name: str) -> str:
    """Give the topic of a service's heartbeat."""
    return f"{ROOT}/service/{checked_name(name)}"


def all_services() -> str:
    """Give the filter that matches every heartbeat."""
    return f"{ROOT}/service/+"


@dataclass(frozen=True, slots=True)
class UpTopic:
    """Where an uplink message came from."""

    shard: int
    gateway: str
    device: str
    kind: str


def parse_up(topic: str) -> UpTopic:
    """Read an uplink topic.

    Raises
    ------
    TopicError
        If it is not one, or the shard is not the device's.
    """
    parts = topic.split("/")
    if len(parts) != 6 or "/".join(parts[:2]) != ROOT or parts[5] not in UP_KINDS:
        msg = f"topic {topic!r} is not {ROOT}/SHARD/GATEWAY/DEVICE/{'|'.join(sorted(UP_KINDS))}"
        raise TopicError(msg)
    gateway, device = checked_name(parts[3]), checked_name(parts[4])
    if parts[2] != str(shard_of(device)):
        msg = f"topic {topic!r}: device {device!r} belongs to shard {shard_of(device)}"
        raise TopicError(msg)
    return UpTopic(shard_of(device), gateway, device, parts[5])


def parse_down(topic: str) -> tuple[str, str, str]:
    """Read a topic that a gateway listens to into gateway, device and kind.

    Raises
    ------
    TopicError
        If it is not one.
    """
    parts = topic.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != ROOT or parts[4] not in DOWN_KINDS:
        msg = f"topic {topic!r} is not {ROOT}/GATEWAY/DEVICE/{'|'.join(sorted(DOWN_KINDS))}"
        raise TopicError(msg)
    return checked_name(parts[2]), checked_name(parts[3]), parts[4]


def parse_gateway(topic: str) -> str:
    """Read the gateway out of the topic of its presence.

    Raises
    ------
    TopicError
        If it is not one.
    """
    parts = topic.split("/")
    if len(parts) != 5 or "/".join(parts[:3]) != f"{ROOT}/gateway" or parts[4] != STATUS:
        msg = f"topic {topic!r} is not {ROOT}/gateway/GATEWAY/status"
        raise TopicError(msg)
    return checked_name(parts[3])


def parse_live(topic: str) -> tuple[str, str]:
    """Read a fan-out topic into device and kind.

    Raises
    ------
    TopicError
        If it is not one.
    """
    parts = topic.split("/")
    if len(parts) != 5 or "/".join(parts[:3]) != f"{ROOT}/live":
        msg = f"topic {topic!r} is not {ROOT}/live/DEVICE/KIND"
        raise TopicError(msg)
    return checked_name(parts[3]), parts[4]
