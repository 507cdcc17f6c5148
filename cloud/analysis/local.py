"""The engine's analysis without a cloud: for a gateway that shows its own page."""

from typing import Any

from cloud.device_stream import Arrived, DeviceStream, Findings
from cloud.parameters.read import preset_of
from ecgcore.wire.frame import decode_frame

# Frames come in order from the gateway itself.
_MAX_PENDING = 1
_PRESET = "patch"


class EngineRoom:
    """One `DeviceStream` a boot, and the latest numbers of each patch."""

    def __init__(self) -> None:
        self._preset = preset_of(_PRESET)
        self._streams: dict[str, DeviceStream] = {}

    def push(self, frames: list[bytes]) -> dict[str, dict[str, Any]]:
        """Analyse encoded frames in order; give the latest numbers by patch."""
        touched = {self._take(body) for body in frames}
        return {
            device: self._streams[device].numbers().model_dump(mode="json") for device in touched
        }

    def _take(self, body: bytes) -> str:
        frame = decode_frame(body)
        stream = self._streams.get(frame.device)
        if stream is None or stream.boot_id != frame.boot_id:
            stream = DeviceStream(frame, _MAX_PENDING, self._preset)
            # What came before the first frame seen here is not ours to wait for.
            stream.order.next = frame.start
            self._streams[frame.device] = stream
        findings = Findings()
        stream.accept(Arrived(frame, body), findings)
        stream.advance(findings)
        return frame.device
