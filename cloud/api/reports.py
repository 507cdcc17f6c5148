"""Reports: the list of a patient's, one of them, and a new one made now."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel

from cloud.api.parts import Server
from cloud.api.security import SignedIn
from cloud.auth import Action, NotReadableError, authorize
from cloud.paper.nesting import as_json, nested, null_reasons
from cloud.reports import list_reports, read_report, store_spot_report
from cloud.transactions import account_transaction
from ecgcore.report import Localised, Report

router = APIRouter(tags=["reports"])


class ReportLine(BaseModel):
    """A report in a list."""

    report_id: UUID
    kind: str
    created_ns: int
    start_ns: int
    end_ns: int
    headline: Localised


@router.get("/patients/{patient_id}/reports")
async def reports(
    patient_id: str,
    session: SignedIn,
    parts: Server,
    limit: Annotated[int, Query(ge=1, le=500)] = 20,
) -> list[ReportLine]:
    """List a patient's reports, newest first."""
    async with account_transaction(parts.pool, session.account) as connection:
        at_ns = parts.live.clock.now_ns()
        await authorize(connection, session.account, patient_id, Action.REPORTS, at_ns)
        rows = await list_reports(connection, patient_id, limit)
    return [ReportLine(**row) for row in rows]


@router.post("/patients/{patient_id}/reports", status_code=201)
async def make_report(patient_id: str, session: SignedIn, parts: Server) -> Report:
    """Report the last minute of measured signal."""
    worn = parts.live.worn.of_patient(patient_id)
    async with account_transaction(parts.pool, session.account) as connection:
        at_ns = parts.live.clock.now_ns()
        await authorize(connection, session.account, patient_id, Action.MAKE_REPORT, at_ns)
        report = await store_spot_report(
            connection,
            patient_id=patient_id,
            created_ns=at_ns,
            status=worn.status if worn else None,
        )
    if report is None:
        raise HTTPException(409, "no ten seconds of signal are measured yet; try again shortly")
    parts.live.show_report(report)
    return report


@router.get("/reports/{report_id}")
async def report(
    report_id: UUID,
    session: SignedIn,
    parts: Server,
    schema: Literal["ecgomics", "ecgomics-paper"] = "ecgomics",
) -> Report | dict[str, Any]:
    """Give one report, or its values under the sub-groups of the paper's service."""
    async with account_transaction(parts.pool, session.account) as connection:
        found = await read_report(connection, report_id)
        if found is None:
            raise NotReadableError
        at_ns = parts.live.clock.now_ns()
        await authorize(connection, session.account, found.patient_ref, Action.REPORT, at_ns)
    if schema == "ecgomics-paper":
        reasons = null_reasons(found.measurements)
        return as_json(nested(found.measurements), report_id=report_id, null_reasons=reasons)
    return found
