"""Loops over samples, compiled to machine code once and kept on disk.

Numba writes its cache beside the module, or into ``NUMBA_CACHE_DIR`` or the user's cache folder
when that place is read-only. A compiled function holds the functions it calls and the constants
it reads as they were when it was compiled. Numba looks at its own file alone to tell whether what
it kept is still true; here all files of the package that the file rests on count as well, lest a
change in one of them leaves old code at work.
"""

import os
import re
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])
Stamp: TypeAlias = tuple[tuple[str, int, int], ...]
_PACKAGE = os.path.dirname(__file__)
_IMPORTS = re.compile(r"^(?:from|import) ecgcore(?:\.([\w.]+))?(?: import (\w+))?", re.MULTILINE)


def compiled(function: F) -> F:
    """Compile `function` at its first call; arithmetic stays strict IEEE 754."""
    try:
        dispatcher = cast("Any", njit(cache=True)(function))
    except RuntimeError:
        # No folder at all can be written to: every start then compiles anew.
        return cast("F", njit(function))
    dispatcher._cache._cache_file._source_stamp = _own_stamp(function.__code__.co_filename)
    return cast("F", dispatcher)


def stamp_of(path: str, package: str = _PACKAGE) -> Stamp:
    """Give name, time and size of a source file and of all files of the package it rests on."""
    seen: set[str] = set()
    waiting = [path]
    while waiting:
        at = waiting.pop()
        if at not in seen:
            seen.add(at)
            waiting += _imported(at, package)
    return tuple(_signed(at) for at in sorted(seen))


_own_stamp = cache(stamp_of)


def _signed(path: str) -> tuple[str, int, int]:
    of = os.stat(path)
    return path, of.st_mtime_ns, of.st_size


@cache
def _imported(path: str, package: str) -> list[str]:
    """Give the files of the package that a file names in its imports."""
    with open(path, encoding="utf-8") as file:
        named = _IMPORTS.findall(file.read())
    # What is imported from the package itself is a module.
    places = [f"{package}/{(module or name).replace('.', '/')}" for module, name in named]
    files = [file for place in places for file in (f"{place}.py", f"{place}/__init__.py")]
    return [file for file in files if os.path.isfile(file)]
