"""Commands on their way to gateways: a connection each, because they are rare."""

from cloud.connection import client_of
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.messages import DeviceCommand

_TIMEOUT_S = 5.0


async def send_command(broker: Broker, gateway: str, command: DeviceCommand) -> None:
    """Publish a command; on return the broker has it. A gateway that is away misses it.

    Raises
    ------
    aiomqtt.MqttError
        If the broker is away.
    """
    async with client_of(broker, timeout=_TIMEOUT_S) as client:
        topic = topics.command(gateway, command.device)
        await client.publish(topic, command.model_dump_json(), qos=1)
