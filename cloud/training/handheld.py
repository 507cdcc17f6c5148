"""The recordings of CinC 2017, as the trainings read them."""

import csv
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from ecgcore.types import FloatArray

FS_HZ = 300.0
_MV_PER_COUNT = 1e-3


def recordings(archive: Path, labels: str) -> Iterator[tuple[str, str, FloatArray]]:
    """Give name, label and signal (mV, shape (n_samples,)) of those with one of these labels."""
    # Read once from front to back: going back in an xz archive means unpacking it anew.
    with tarfile.open(archive) as tar:
        files = {
            Path(member.name).name: tar.extractfile(member).read()  # type: ignore[union-attr]
            for member in tar
            if member.name.endswith((".mat", "REFERENCE.csv"))
        }
    for name, label in csv.reader(io.StringIO(files["REFERENCE.csv"].decode())):
        if label in labels:
            counts = loadmat(io.BytesIO(files[f"{name}.mat"]))["val"][0]  # type: ignore[arg-type]
            yield name, label, np.asarray(counts, np.float64) * _MV_PER_COUNT
