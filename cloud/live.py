"""From what the broker says to what the pages hear; no I/O, so every rule can be tried alone."""

from pydantic import ValidationError

from cloud import live_messages
from cloud.hub import Hub
from cloud.services import ENGINE_SILENT_S, Service, Services
from cloud.strips import strip_message
from cloud.worn import Worn, WornDevices
from ecgcore.clock import UtcClock
from ecgcore.errors import EcgomicsError
from ecgcore.report import Report
from ecgcore.wire import topics
from ecgcore.wire.frame import decode_frame
from ecgcore.wire.messages import DeviceStatus, GatewayStatus, Heartbeat, Numbers

_ENGINE = "engine"
_LIVE = f"{topics.ROOT}/live/"
_SERVICE = f"{topics.ROOT}/service/"
_GATEWAY = f"{topics.ROOT}/gateway/"


class LiveMessageError(EcgomicsError):
    """A message from the broker that is not what its topic promises."""


class Live:
    """What is known right now, and its way to the pages."""

    def __init__(self, clock: UtcClock) -> None:
        self.clock = clock
        self.hub = Hub()
        self.worn = WornDevices()
        self.services = Services(clock.now_ns())
        self._workers: dict[str, tuple[float, int]] = {}
        """When each worker of the engine was heard, and how many shards it held."""
        self._all_read_s: float | None = None
        """When the workers last held all shards together."""

    def receive(self, topic: str, payload: bytes, now_s: float) -> None:
        """Take one message.

        Parameters
        ----------
        now_s : float
            Monotonic time of arrival.

        Raises
        ------
        EcgomicsError
            If it is not what its topic promises.
        """
        try:
            if topic.startswith(_LIVE):
                self._receive_live(topic, payload)
            elif topic.startswith(_SERVICE):
                self._receive_heartbeat(Heartbeat.model_validate_json(payload), now_s)
            elif topic.startswith(_GATEWAY):
                self._receive_gateway(topic, GatewayStatus.model_validate_json(payload))
            else:
                self._receive_status(topic, DeviceStatus.model_validate_json(payload))
        except ValidationError as error:
            msg = f"{topic}: {error.error_count()} wrong fields, {error.errors()[0]['loc']} first"
            raise LiveMessageError(msg) from error

    def note(self, service: Service, *, up: bool) -> None:
        """Note a service's condition and tell everybody if it is news."""
        if self.services.set(service, up=up, now_ns=self.clock.now_ns()):
            self.hub.send_all(live_messages.services(self.services.conditions()))

    def note_engine(self, now_s: float) -> None:
        """Note whether every shard has been read lately."""
        all_read = self._all_read_s
        self.note(Service.ENGINE, up=all_read is not None and now_s - all_read < ENGINE_SILENT_S)

    def show_report(self, report: Report) -> None:
        """Give a report to everybody who listens to its patient."""
        patient_id = report.patient_ref
        if self.hub.is_heard(patient_id):
            body = report.model_dump(mode="json")
            self.hub.send_text(patient_id, live_messages.report(patient_id, body))

    def _receive_live(self, topic: str, payload: bytes) -> None:
        device_id, kind = topics.parse_live(topic)
        worn = self.worn.of_device(device_id)
        if worn is None:
            return
        if kind == "strip":
            self._receive_strip(worn, payload)
        elif kind == "numbers":
            self._receive_numbers(worn, Numbers.model_validate_json(payload))
        elif kind == "report":
            report = Report.model_validate_json(payload)
            _require(report.patient_ref == worn.patient_id, topic)
            self.show_report(report)

    def _receive_strip(self, worn: Worn, payload: bytes) -> None:
        if not self.hub.is_heard(worn.patient_id):
            return
        frame = decode_frame(payload)
        _require(frame.device == worn.device_id, f"strip of {worn.device_id}")
        # What was recorded before she wore the patch is another person's.
        if frame.utc_ns >= worn.from_ns:
            stream = self.hub.stream_of(worn.patient_id)
            self.hub.send_strip(worn.patient_id, strip_message(frame, stream))

    def _receive_numbers(self, worn: Worn, numbers: Numbers) -> None:
        _require(numbers.device == worn.device_id, f"numbers of {worn.device_id}")
        if numbers.newest_ns >= worn.from_ns:
            worn.numbers = numbers
            text = live_messages.numbers(worn.patient_id, numbers)
            self.hub.send_text(worn.patient_id, text)

    def _receive_status(self, topic: str, status: DeviceStatus) -> None:
        _require(status.device == topics.parse_up(topic).device, topic)
        worn = self.worn.of_device(status.device)
        if worn is not None:
            worn.status = status
            self.hub.send_text(worn.patient_id, live_messages.status(worn.patient_id, status))

    def _receive_gateway(self, topic: str, gateway: GatewayStatus) -> None:
        """Tell of a gateway that left the broker, for each patch that it had."""
        _require(gateway.gateway == topics.parse_gateway(topic), topic)
        if gateway.online:
            # What it has, it tells itself.
            return
        for worn in self.worn.with_gateway(gateway.gateway):
            if worn.status is not None and worn.status.uplink:
                worn.status = worn.status.model_copy(update={"uplink": False})
                text = live_messages.status(worn.patient_id, worn.status)
                self.hub.send_text(worn.patient_id, text)

    def _receive_heartbeat(self, heartbeat: Heartbeat, now_s: float) -> None:
        if heartbeat.service == _ENGINE:
            self._workers[heartbeat.worker] = (now_s, heartbeat.shards)
            fresh = {n: w for n, w in self._workers.items() if now_s - w[0] < ENGINE_SILENT_S}
            self._workers = fresh
            if sum(shards for _, shards in fresh.values()) >= topics.N_SHARDS:
                self._all_read_s = now_s
            self.note_engine(now_s)


def _require(condition: bool, what: str) -> None:
    if not condition:
        msg = f"{what}: names another device or patient"
        raise LiveMessageError(msg)
