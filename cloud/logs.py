"""Logs of the cloud's processes: readable lines on stderr."""

import logging
import sys

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s %(message)s"


def log_to_stderr() -> None:
    """Start logging; to be called once by a command, before it imports its parts."""
    logging.basicConfig(level=logging.INFO, format=_FORMAT, stream=sys.stderr)
    # Alembic otherwise tells about each of its plug-ins.
    logging.getLogger("alembic").setLevel(logging.WARNING)
