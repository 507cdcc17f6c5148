"""``python -m simulators``: the same as `ecgomics simulate`."""

import sys

import typer

from ecgcore.errors import ConfigError
from simulators.commands import simulate


def main() -> None:
    """Run the command; a mistake of the caller ends with one line and exit code 2."""
    try:
        typer.run(simulate)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
