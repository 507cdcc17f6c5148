"""NATS server from its wheel as the MQTT broker: its configuration and how to run it.

Every gateway has its own account name and password and may write under its own name only; the
engine and the server see the whole tree. In NATS a topic's ``/`` is a ``.``.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ecgcore.errors import ConfigError
from ecgcore.wire import topics

_MOST_REPLICAS = 3
_PREFIX = topics.ROOT.replace("/", ".")


@dataclass(frozen=True, slots=True)
class Node:
    """One server of a cluster on this machine."""

    name: str
    route_port: int
    """Where the others reach it."""
    other_ports: tuple[int, ...]
    """Where it reaches the others."""


@dataclass(frozen=True, slots=True)
class EmbeddedNats:
    """A store folder and how to run a broker on it."""

    data_dir: Path
    port: int

    def url(self, user: str, password: str) -> str:
        """Give the broker's address for one user."""
        return f"mqtt://{user}:{password}@127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Give the command that runs the broker in the foreground."""
        return [_binary(), "-c", str(self.data_dir / "nats.conf")]


def prepare(
    data_dir: Path,
    port: int,
    services: Mapping[str, str],
    gateways: Mapping[str, str],
    node: Node | None = None,
) -> EmbeddedNats:
    """Write the configuration.

    Parameters
    ----------
    services : Mapping[str, str]
        Password by name of the parts that see every topic (engine, server).
    gateways : Mapping[str, str]
        Password by gateway id.
    node : Node or None
        Which one of a cluster it is; None: it stands alone.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    users: list[dict[str, object]] = [
        {"user": name, "password": word} for name, word in services.items()
    ]
    users += [
        {"user": name, "password": word, "permissions": _gateway_permissions(name)}
        for name, word in gateways.items()
    ]
    mqtt: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port,
        "max_ack_pending": 1000,
        "ack_wait": "60s",
    }
    config: dict[str, object] = {
        "server_name": node.name if node else "ecgomics",
        "host": "127.0.0.1",
        "port": -1,
        "jetstream": {"store_dir": str(data_dir / "store")},
        "mqtt": mqtt,
        "authorization": {"users": users},
    }
    if node:
        # Left to itself it counts the nodes that are up at the first connection.
        mqtt["stream_replicas"] = min(_MOST_REPLICAS, 1 + len(node.other_ports))
        config["cluster"] = {
            "name": "ecgomics",
            "host": "127.0.0.1",
            "port": node.route_port,
            "routes": [f"nats://127.0.0.1:{port}" for port in node.other_ports],
        }
    path = data_dir / "nats.conf"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=2))
    return EmbeddedNats(data_dir, port)


def _gateway_permissions(gateway: str) -> dict[str, object]:
    topics.checked_name(gateway)
    # Kind by kind: a gateway may be called like another part of the tree.
    up = [f"{_PREFIX}.*.{gateway}.*.{kind}" for kind in sorted(topics.UP_KINDS)]
    down = [f"{_PREFIX}.{gateway}.*.{kind}" for kind in sorted(topics.DOWN_KINDS)]
    return {
        "publish": [*up, topics.gateway_status(gateway).replace("/", ".")],
        # MQTT sessions at QoS 1 are served from subjects below $MQTT.sub.
        "subscribe": [*down, "$MQTT.sub.>"],
    }


def _binary() -> str:
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        msg = "no nats-server here: install ecgomics[cloud], or give --broker"
        raise ConfigError(msg)
    return found
