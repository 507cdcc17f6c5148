"""Build hook: a wheel never leaves without its pages.

`cloud/web/dist` is not in the repository. Where it is missing when a wheel is made, it is built
here; an editable installation serves what is built in place (`make setup` does).
"""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PagesBuildHook(BuildHookInterface[Any]):
    """Builds the pages for a wheel that lacks them."""

    PLUGIN_NAME = "custom"

    @property
    def _web(self) -> Path:
        return Path(self.root) / "cloud" / "web"

    @property
    def _is_built(self) -> bool:
        return (self._web / "dist" / "index.html").is_file()

    def dependencies(self) -> list[str]:
        """Ask for Node as a wheel only where the pages must be built and there is none."""
        if self._is_built:
            return []
        build = _load(self._web / "build.py")
        return [] if build.find_npm() else [build.NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages; a failure ends the making of the wheel with its reason."""
        if version != "editable" and not self._is_built:
            _load(self._web / "build.py").build()


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("ecgomics_web_build", path)
    if spec is None or spec.loader is None:
        msg = f"{path} is missing: the pages cannot be built"
        raise FileNotFoundError(msg)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
