"""Weights that ship with the package, each beside a card (``NAME.md``) that tells its origin."""

from functools import cache
from importlib.resources import files

import numpy as np

from ecgcore.types import FloatArray


@cache
def load(name: str) -> dict[str, FloatArray]:
    """Give the arrays of a model, read once; nobody may write to them."""
    with files(__name__).joinpath(f"{name}.npz").open("rb") as file, np.load(file) as arrays:
        return {key: np.asarray(arrays[key], np.float64) for key in arrays.files}
