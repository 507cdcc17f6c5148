"""Which archives can be judged."""

from cloud.evaluation.arrhythmia import MITDB
from cloud.evaluation.study import Study

STUDIES: dict[str, Study] = {"mitdb": MITDB}
