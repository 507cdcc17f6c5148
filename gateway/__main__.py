"""``python -m gateway`` is ``ecgomics gateway``."""

import sys

import typer

from ecgcore.errors import ConfigError
from gateway.commands import gateway

if __name__ == "__main__":
    try:
        typer.run(gateway)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
