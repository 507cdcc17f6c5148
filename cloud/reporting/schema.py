"""JSON Schemas as files: `python -m cloud.reporting.schema docs/schema`."""

import json
import sys
from pathlib import Path

from ecgcore import parameters
from ecgcore.report_kinds import ANY_REPORT, MODELS


def schemas() -> dict[str, str]:
    """Give the text of each file by its name: of each kind, `report` for any, and `parameters`."""
    found = {name: model.model_json_schema(mode="serialization") for name, model in MODELS.items()}
    found["report"] = ANY_REPORT.json_schema(mode="serialization")
    found["parameters"] = parameters.schema()
    return {
        f"{name}.schema.json": json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=1
        )
        + "\n"
        for name, schema in found.items()
    }


def write(folder: Path) -> None:
    """Write all files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
