"""Loops over samples, compiled to machine code once and kept on disk.

Numba writes its cache beside the module, or into ``NUMBA_CACHE_DIR`` or the user's cache folder
when that place is read-only. A compiled function calls compiled functions of its own module only:
Numba does not notice when another module's has changed.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile `function` at its first call; arithmetic stays strict IEEE 754."""
    try:
        return cast("F", njit(cache=True)(function))
    except RuntimeError:
        # No folder at all can be written to: every start then compiles anew.
        return cast("F", njit(function))
