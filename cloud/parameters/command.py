"""`ecgomics parameters`: what can be set of the analysis, and what it is set to."""

import json
from typing import Annotated

import typer


def parameters(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[PRESET|FILE]", help="patch, handheld, diagnostic, holter; TOML."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with the digest.")] = False,
    as_schema: Annotated[
        bool, typer.Option("--schema", help="The JSON Schema of a configuration instead.")
    ] = False,
) -> None:
    """Print a configuration whole, each value with its meaning and range; the defaults without one.

    What is printed can be changed and given to `--params` of other commands; a file may hold only
    what differs, and name what it starts from with `preset = "patch"`. A file that cannot be used
    is told what is wrong where, with exit code 2. Every value that was measured with it carries
    its digest.

    Examples: `ecgomics parameters patch > mine.toml`, `ecgomics parameters mine.toml --json`
    """
    # Imported here so that `--help` needs no compiled code.
    from cloud.parameters.read import preset_of
    from cloud.parameters.written import toml_of
    from ecgcore.parameters import plain, schema

    if as_schema:
        print(json.dumps(schema(), indent=1))
        return
    config = preset_of(name).parameters
    if as_json:
        print(json.dumps({"digest": config.digest, "parameters": plain(config)}))
    else:
        print(toml_of(config), end="")
