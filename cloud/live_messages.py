"""The JSON messages of the live WebSocket, as text (``docs/api.md``)."""

import json
from collections.abc import Mapping
from typing import Any

from cloud.auth import Patient
from cloud.services import Condition, Service
from ecgcore.wire.messages import DeviceStatus, Numbers


def hello(now_ns: int, speed: float, version: str) -> str:
    """Give the first message of a connection."""
    return json.dumps({"type": "hello", "now_ns": now_ns, "speed": speed, "version": version})


def now(now_ns: int) -> str:
    """Give the server's clock."""
    return json.dumps({"type": "now", "now_ns": now_ns})


def services(conditions: Mapping[Service, Condition]) -> str:
    """Give the condition of the services."""
    parts = {
        service.value: {"up": condition.up, "since_ns": condition.since_ns}
        for service, condition in conditions.items()
    }
    return json.dumps({"type": "services", **parts})


def subscribed(patient: Patient, stream: int) -> str:
    """Confirm a subscription."""
    return json.dumps(
        {
            "type": "subscribed",
            "patient": patient.patient_id,
            "stream": stream,
            "name": patient.name,
            "bed": patient.bed,
            "device_id": patient.device_id,
        }
    )


def refused(patient_id: str) -> str:
    """Refuse a subscription, whether the patient exists or not."""
    return json.dumps({"type": "refused", "patient": patient_id})


def unavailable(patient_id: str, what: str) -> str:
    """Say that something of a subscription has to wait for the database."""
    return json.dumps({"type": "unavailable", "patient": patient_id, "what": what})


def numbers(patient_id: str, latest: Numbers) -> str:
    """Give the latest values of a patient."""
    return _with_model("numbers", patient_id, latest)


def status(patient_id: str, latest: DeviceStatus) -> str:
    """Give what the gateway knows of a patient's patch."""
    return _with_model("status", patient_id, latest)


def report(patient_id: str, body: Mapping[str, Any]) -> str:
    """Give a whole report."""
    return json.dumps({"type": "report", "patient": patient_id, "report": body})


def _with_model(kind: str, patient_id: str, model: Numbers | DeviceStatus) -> str:
    return json.dumps({"type": kind, "patient": patient_id, **model.model_dump(mode="json")})
