"""What patches last said of themselves, for the reports the engine makes."""

import aiomqtt
from pydantic import ValidationError

from cloud.connection import heed_cancellation, while_connected
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.messages import DeviceStatus

_MOST_DEVICES = 10_000


class DeviceFacts:
    """The latest status of each device; the oldest gives way when there are too many."""

    def __init__(self) -> None:
        self._latest: dict[str, DeviceStatus] = {}

    def of(self, device: str) -> DeviceStatus | None:
        """Give what a device last said, None if nothing was heard."""
        return self._latest.get(device)

    async def run(self, broker: Broker) -> None:
        """Listen until cancelled."""
        await while_connected(broker, self._listen)

    async def _listen(self, client: aiomqtt.Client) -> None:
        await client.subscribe(topics.all_status(), qos=0)
        heed_cancellation()
        async for message in client.messages:
            if isinstance(message.payload, bytes):
                self._take(message.payload)

    def _take(self, payload: bytes) -> None:
        try:
            status = DeviceStatus.model_validate_json(payload)
        except ValidationError:
            return  # the server counts and reports foreign messages; here they just tell nothing
        self._latest.pop(status.device, None)
        self._latest[status.device] = status
        if len(self._latest) > _MOST_DEVICES:
            del self._latest[next(iter(self._latest))]
