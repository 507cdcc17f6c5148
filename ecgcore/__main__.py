"""The `ecgomics` command: a table of subcommands, each imported only when it is called.

Subcommands are entry points of the group ``ecgomics.commands``, so this package knows none of the
others and a plug-in may add its own.
"""

import sys
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from ecgcore.errors import ConfigError

_HELP = """ECG from a patch at home to a structured report, with every sample accounted for.

Examples:

- `ecgomics demo --patients 3` runs the whole system with three simulated patches

- `ecgomics demo --record mitdb/119 --for 90 --json` measures it

- `ecgomics COMMAND --help` shows options and examples of one command
"""


class _LazyGroup(TyperGroup):
    """Finds commands among the entry points and imports one at a time."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(point.name for point in _points())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        point = next((point for point in _points() if point.name == cmd_name), None)
        if point is None:
            return None
        # The overview needs no more than one line a command, so nothing is imported for it.
        overview = ctx.invoked_subcommand is None and "--help" in sys.argv[1:2]
        return _summary(point) if overview or len(sys.argv) == 1 else _loaded(point)


_SUMMARIES = {
    "beats": "Find the beats of one lead and their classes.",
    "catalogue": "Print the registry of biomarkers: meaning, unit, needs, what is normal.",
    "delineate": "Find where P, QRS and T of each beat begin, peak and end.",
    "demo": "Run everything on this machine: patches, gateway, broker, engine, database, pages.",
    "engine": "Analyse and store what the broker brings.",
    "evaluate": "Measure how right the analysis is on an annotated archive.",
    "extract": "Measure recordings: every biomarker as a row of one table.",
    "findings": "State what the rules find in recordings, and compare it with labels.",
    "gateway": "Connect to patches over Bluetooth, keep every sample, send them on.",
    "report": "Make a report of a recording: JSON, text, PDF or FHIR.",
    "population": "Make the tables of what is normal from open recordings of healthy people.",
    "rhythm": "Find the rhythms of one lead, or of beats alone.",
    "serve": "Serve the pages, the REST interface and the live WebSocket.",
    "simulate": "Put simulated patches on a virtual radio.",
    "verify": "Recompute the ledger and the block hashes of recordings from the database.",
}


def _points() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group="ecgomics.commands"))


def _summary(point: EntryPoint) -> Any:
    app = typer.Typer()

    @app.command(point.name, help=_SUMMARIES.get(point.name, point.value))
    def summary() -> None:
        """Stand in for the command in the overview."""

    return get_command(app)


def _loaded(point: EntryPoint) -> Any:
    try:
        function = point.load()
    except ModuleNotFoundError as error:
        extra = {"simulators": "sim"}.get(point.module.split(".")[0], point.module.split(".")[0])
        msg = f"{point.name}: {error.name} is not installed; pip install 'ecgomics[{extra}]'"
        raise ConfigError(msg) from error
    app = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    app.command(point.name)(function)
    return get_command(app)


app = typer.Typer(
    cls=_LazyGroup,
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"ecgomics {version('ecgomics')}")
        raise typer.Exit


@app.callback(help=_HELP)
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Take what stands before the subcommand."""


def main() -> None:
    """Run the command line; a mistake of the caller ends with one line and exit code 2."""
    try:
        app()
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
