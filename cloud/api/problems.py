"""Errors as ``application/problem+json`` (RFC 9457)."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from cloud.auth import NotReadableError
from cloud.transactions import DatabaseDownError

_RETRY_AFTER_S = "2"


class Problem(BaseModel):
    """What went wrong, for people and programs."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def add_problem_handlers(app: FastAPI) -> None:
    """Turn every error of a route into a problem."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(NotReadableError, _not_readable)
    app.add_exception_handler(DatabaseDownError, _database_down)


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Give a problem as the answer."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return JSONResponse(body.model_dump(), status, headers, media_type="application/problem+json")


async def _http(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, error.detail, headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    # Never the value itself: it may be a password.
    found = [f"{'.'.join(str(at) for at in e['loc'])}: {e['msg']}" for e in error.errors()]
    return problem(422, "; ".join(found))


async def _not_readable(_: Request, error: Exception) -> JSONResponse:
    return problem(404, str(error))


async def _database_down(_: Request, error: Exception) -> JSONResponse:
    return problem(503, str(error), {"Retry-After": _RETRY_AFTER_S})
