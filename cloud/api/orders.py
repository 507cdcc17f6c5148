"""Commands to a patient's patch, given by clinicians."""

import logging
from typing import Annotated
from uuid import uuid4

import aiomqtt
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from cloud.api.parts import Server
from cloud.api.security import SignedIn
from cloud.auth import Action, authorize
from cloud.transactions import account_transaction
from ecgcore.wire.messages import CommandName, DeviceCommand

_log = logging.getLogger(__name__)
_MAX_COUNTER = (1 << 63) - 1
_DEFAULT_EXPIRY_S = 60
_MOST_EXPIRY_S = 24 * 3600

router = APIRouter(prefix="/patients", tags=["commands"])

Counter = Annotated[int, Field(ge=0, le=_MAX_COUNTER)]


class Order(BaseModel):
    """What the patch is to do."""

    name: CommandName
    from_counter: Counter | None = None
    """For `replay`: the first sample wanted, as the patch counts."""
    to_counter: Counter | None = None
    """For `replay`: one after the last."""
    expires_s: int = Field(default=_DEFAULT_EXPIRY_S, ge=1, le=_MOST_EXPIRY_S)
    """After that it is not carried out any more."""


class Ordered(BaseModel):
    """A command on its way; its result is an event of kind `command` with this id."""

    command_id: str


@router.post("/{patient_id}/command", status_code=202)
async def command(patient_id: str, order: Order, session: SignedIn, parts: Server) -> Ordered:
    """Tell the gateway of a patient's patch to do something with it."""
    account = session.account
    async with account_transaction(parts.pool, account) as connection:
        at_ns = parts.live.clock.now_ns()
        await authorize(connection, account, patient_id, Action.COMMAND, at_ns)
    worn = parts.live.worn.of_patient(patient_id)
    if worn is None or worn.status is None or not worn.status.uplink:
        raise HTTPException(409, "no gateway has this patient's patch right now")
    wanted = _command(worn.device_id, order, at_ns)
    try:
        await parts.send_command(worn.status.gateway, wanted)
    except aiomqtt.MqttError:
        raise HTTPException(503, "the broker is away", {"Retry-After": "5"}) from None
    _log.info(
        "command user=%s device=%s gateway=%s name=%s id=%s",
        account.username,
        wanted.device,
        worn.status.gateway,
        wanted.name,
        wanted.command_id,
    )
    return Ordered(command_id=wanted.command_id)


def _command(device: str, order: Order, at_ns: int) -> DeviceCommand:
    try:
        return DeviceCommand(
            device=device,
            command_id=uuid4().hex,
            name=order.name,
            expires_ns=at_ns + order.expires_s * 10**9,
            from_counter=order.from_counter,
            to_counter=order.to_counter,
        )
    except ValueError as error:
        raise HTTPException(422, "replay needs from_counter < to_counter") from error
