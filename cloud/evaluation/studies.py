"""Which archives can be judged."""

from cloud.evaluation.arrhythmia import MITDB
from cloud.evaluation.cinc2017 import CINC2017
from cloud.evaluation.delineation import LUDB, QTDB
from cloud.evaluation.fibrillation import AFDB
from cloud.evaluation.noise_stress import NSTDB
from cloud.evaluation.study import Study

STUDIES: dict[str, Study] = {
    "mitdb": MITDB,
    "nstdb": NSTDB,
    "qtdb": QTDB,
    "ludb": LUDB,
    "cinc2017": CINC2017,
    "afdb": AFDB,
}
