"""Patients: who may be read, what is known of one now, her last seconds of signal."""

import struct
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from cloud.api.parts import Server
from cloud.api.security import SignedIn
from cloud.auth import Action, Patient, authorize, readable_patients
from cloud.reports import last_report
from cloud.stretch import read_recent
from cloud.strips import strip_message
from cloud.transactions import account_transaction
from ecgcore.report import Report
from ecgcore.wire.messages import DeviceStatus, Numbers

_LENGTH = struct.Struct("<I")

router = APIRouter(prefix="/patients", tags=["patients"])


class PatientLine(BaseModel):
    """A patient, her bed and her patch."""

    patient_id: str
    name: str
    bed: str
    device_id: str | None

    @classmethod
    def of(cls, patient: Patient) -> "PatientLine":
        """Give what the pages show of a patient."""
        return cls(
            patient_id=patient.patient_id,
            name=patient.name,
            bed=patient.bed,
            device_id=None if patient.is_pseudonym else patient.device_id,
        )


class Overview(BaseModel):
    """What is known of a patient now; null where nothing is."""

    patient: PatientLine
    numbers: Numbers | None
    status: DeviceStatus | None
    last_report: Report | None


@router.get("")
async def patients(session: SignedIn, parts: Server) -> list[PatientLine]:
    """List the patients this account may read."""
    async with account_transaction(parts.pool, session.account) as connection:
        found = await readable_patients(connection, session.account, parts.live.clock.now_ns())
    return [PatientLine.of(patient) for patient in found]


@router.get("/{patient_id}/overview")
async def overview(patient_id: str, session: SignedIn, parts: Server) -> Overview:
    """Give the latest of one patient."""
    async with account_transaction(parts.pool, session.account) as connection:
        at_ns = parts.live.clock.now_ns()
        patient = await authorize(connection, session.account, patient_id, Action.OVERVIEW, at_ns)
        body = await last_report(connection, patient_id)
    worn = parts.live.worn.of_patient(patient_id)
    return Overview(
        patient=PatientLine.of(patient),
        numbers=worn.numbers if worn else None,
        status=worn.status if worn else None,
        last_report=None if body is None else Report.model_validate(body),
    )


@router.get(
    "/{patient_id}/strip",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def strip(
    patient_id: str,
    session: SignedIn,
    parts: Server,
    seconds: Annotated[float, Query(gt=0, le=60)] = 10,
) -> Response:
    """Give the newest seconds of signal as strip messages, each after its length (u32)."""
    async with account_transaction(parts.pool, session.account) as connection:
        at_ns = parts.live.clock.now_ns()
        patient = await authorize(connection, session.account, patient_id, Action.STRIP, at_ns)
        frames = await read_recent(connection, patient, seconds)
    stream = parts.live.hub.stream_of(patient_id)
    strips = [strip_message(frame, stream) for frame in frames]
    body = b"".join(_LENGTH.pack(len(message)) + message for message in strips)
    return Response(body, media_type="application/octet-stream")
