"""Whether the server runs, and whether it can do its work."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from cloud.api.parts import Server
from cloud.services import Service
from ecgcore import __version__

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process answers."""

    status: str
    version: str


class Readiness(BaseModel):
    """Which parts work."""

    database: bool
    broker: bool
    engine: bool


@router.get("/healthz")
async def healthz() -> Health:
    """Say that the process runs."""
    return Health(status="ok", version=__version__)


@router.get("/readyz", responses={503: {"model": Readiness}})
async def readyz(response: Response, parts: Server) -> Readiness:
    """Say which parts work; 503 unless all do."""
    services = parts.live.services
    ready = Readiness(
        database=services.is_up(Service.DATABASE),
        broker=services.is_up(Service.BROKER),
        engine=services.is_up(Service.ENGINE),
    )
    if not (ready.database and ready.broker and ready.engine):
        response.status_code = 503
    return ready
