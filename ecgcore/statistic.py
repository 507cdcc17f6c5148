"""What is told of the values of single beats in a window."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Statistic(StrEnum):
    """By the names that stand behind the dot of a key, as ``pr_int.sd``."""

    MEAN = "mean"
    MEDIAN = "median"
    SD = "sd"
    """Of a sample (n - 1)."""
    MIN = "min"
    MAX = "max"
    IQR = "iqr"
    """Quartiles lie between values by linear interpolation."""

    @property
    def least_beats(self) -> int:
        """What tells of spread needs two."""
        return 2 if self in (Statistic.SD, Statistic.IQR) else 1


WORDS: Mapping[Statistic, str] = MappingProxyType(
    {
        Statistic.MEAN: "Mean",
        Statistic.MEDIAN: "Median",
        Statistic.SD: "Standard deviation",
        Statistic.MIN: "Least",
        Statistic.MAX: "Greatest",
        Statistic.IQR: "Interquartile range",
    }
)
