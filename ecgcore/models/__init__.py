"""Weights that ship with the package, each beside a card (``NAME.md``) that tells its origin."""

from importlib.resources import files

import numpy as np

from ecgcore.types import FloatArray


def load(name: str) -> dict[str, FloatArray]:
    """Read the arrays of a model."""
    with files(__name__).joinpath(f"{name}.npz").open("rb") as file, np.load(file) as arrays:
        return {key: np.asarray(arrays[key], np.float64) for key in arrays.files}
