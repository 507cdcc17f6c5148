"""The application: routers, errors, headers and the pages, around parts made elsewhere."""

from fastapi import APIRouter, Depends, FastAPI

from cloud.api import events, health, live, orders, own, paper, patients, relay, reports, sessions
from cloud.api.headers import SecurityHeaders
from cloud.api.pages import Pages
from cloud.api.parts import Parts
from cloud.api.problems import Problem, add_problem_handlers
from cloud.api.security import require_own_origin, require_pace
from ecgcore import __version__

_MOST_BODY_BYTES = 64 * 1024
_PREFIX = "/api/v1"


def create_app(parts: Parts) -> FastAPI:
    """Make the ASGI application; it owns nothing and starts nothing."""
    app = FastAPI(
        title="ECGomics",
        version=__version__,
        openapi_url=f"{_PREFIX}/openapi.json",
        # Their pages come from another host.
        docs_url=None,
        redoc_url=None,
        max_body_size=_MOST_BODY_BYTES,
        responses={"default": {"model": Problem, "description": "Problem"}},
    )
    app.state.parts = parts
    app.add_middleware(SecurityHeaders)
    add_problem_handlers(app)
    interface = APIRouter(
        prefix=_PREFIX, dependencies=[Depends(require_pace), Depends(require_own_origin)]
    )
    for module in (sessions, patients, reports, events, orders, own):
        interface.include_router(module.router)
    app.include_router(interface)
    app.include_router(health.router)
    app.include_router(paper.router)
    app.include_router(live.router)
    app.include_router(relay.router)
    app.mount("/", Pages(parts.pages_dir))
    return app
