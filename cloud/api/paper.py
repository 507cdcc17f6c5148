"""``POST /ECGOmics``: the call of the ECGomics paper, answered by a worker process."""

import json
from typing import Any

from fastapi import APIRouter, Depends, HTTPException

from cloud.api.parts import Server
from cloud.api.security import SignedIn, require_own_origin, require_pace
from cloud.paper.call import PaperCall
from cloud.workers import BusyError, JobFailedError

_MOST_BODY_BYTES = 5_000_000
_RETRY_AFTER = {"Retry-After": "2"}

router = APIRouter(
    tags=["paper"], dependencies=[Depends(require_pace), Depends(require_own_origin)]
)


@router.post("/ECGOmics", max_body_size=_MOST_BODY_BYTES)
async def ecgomics(call: PaperCall, session: SignedIn, parts: Server) -> dict[str, Any]:
    """Measure one lead and give all values under the paper's four dimensions."""
    try:
        replied = await parts.workers.run(call.model_dump_json().encode())
    except BusyError as error:
        raise HTTPException(503, str(error), _RETRY_AFTER) from error
    except JobFailedError as error:
        raise HTTPException(504, str(error)) from error
    reply: dict[str, Any] = json.loads(replied)
    if "error" in reply:
        raise HTTPException(422, reply["error"])
    answer: dict[str, Any] = reply["answer"]
    return answer
