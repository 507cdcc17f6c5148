"""The built pages: hashed assets for ever, everything else checked each time."""

import mimetypes
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOR_EVER = "public, max-age=31536000, immutable"
_CHECKED = "no-cache"
_NOT_BUILT = (
    "The pages of ECGomics are not built here.\n"
    "Run `make setup` (or `python cloud/web/build.py`) and start the server again;\n"
    "the interface under /api/v1 works meanwhile.\n"
)
# Python does not know it everywhere, and under nosniff the type must be right.
mimetypes.add_type("application/manifest+json", ".webmanifest")


class Pages(StaticFiles):
    """Files of the build folder; any other path is a page of the single-page application."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, check_dir=False)
        self._is_built = (directory / "index.html").is_file()

    async def check_config(self) -> None:
        """Leave a folder that is not there to the text that says so."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Give a file, the application for its own paths, or 404."""
        if path.split("/")[0] == "api":
            raise HTTPException(404, "no such call")
        if not self._is_built:
            return PlainTextResponse(_NOT_BUILT, 503)
        is_asset = path.startswith("assets/")
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or is_asset:
                raise
            response = await super().get_response("index.html", scope)
        response.headers["Cache-Control"] = _FOR_EVER if is_asset else _CHECKED
        return response
