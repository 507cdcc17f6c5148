"""One process that answers calls: `python -m cloud.paper.worker`.

It says that it is ready by an empty message. Each message on stdin and stdout is a length (u32,
big-endian) and so many bytes of JSON: in a `PaperCall`, out ``{"answer": ...}``, or
``{"error": "..."}`` where the samples are to blame. It ends with stdin.
"""

import json
import os
import struct
import sys
from typing import Any, BinaryIO

from cloud.paper.call import PaperCall
from ecgcore.errors import ConfigError

_LENGTH = struct.Struct(">I")


def main() -> None:
    """Answer until stdin ends."""
    # What a library prints must not come between the messages.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _warm_up()
    _say(answers, b"")
    while (message := _read(sys.stdin.buffer)) is not None:
        _say(answers, json.dumps(reply(message)).encode())


def _warm_up() -> None:
    """Answer a call about a heart that never was, so that all is compiled and loaded."""
    from cloud.reporting.sample_heart import Plan, signal_of

    heart_mv = signal_of(Plan(20.0, lambda _: 70.0), 100.0, ("I",))[0]
    call = PaperCall(ecgData=tuple(heart_mv.tolist()), ecgSampleRate=100.0)
    reply(call.model_dump_json().encode())


def _say(stream: BinaryIO, body: bytes) -> None:
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def _read(stream: BinaryIO) -> bytes | None:
    head = stream.read(_LENGTH.size)
    return stream.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else None


def reply(message: bytes) -> dict[str, Any]:
    """Answer one call."""
    from cloud.paper.answer import answer

    call = PaperCall.model_validate_json(message)
    try:
        return {"answer": answer(call)}
    except ConfigError as error:
        return {"error": str(error)}
    except ValueError as error:
        return {"error": f"ecgData: {error}"}


if __name__ == "__main__":
    main()
