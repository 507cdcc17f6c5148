"""When compiled code that was kept is still true."""

import inspect
import os
from pathlib import Path

from numba.core.caching import IndexDataCacheFile

from ecgcore import irregularity
from ecgcore.jit import stamp_of

FILES = {
    "loops.py": "from ecgcore.table import (\n    N_ROWS,\n)\nfrom ecgcore import far\n",
    "table.py": "import math\nfrom ecgcore.sub.deep import N\n",
    "far.py": "import numpy\n",
    "sub/deep.py": "from ecgcore.loops import itself\n",
    "other.py": "X = 1\n",
}


def test_a_stamp_names_all_that_a_file_rests_on(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = stamp_of(f"{tmp_path}/loops.py", str(tmp_path))
    names = [Path(name).name for name, *_ in before]
    assert names == ["far.py", "loops.py", "deep.py", "table.py"]
    os.utime(tmp_path / "other.py", (1, 1))
    assert stamp_of(f"{tmp_path}/loops.py", str(tmp_path)) == before
    os.utime(tmp_path / "sub/deep.py", (1, 1))
    assert stamp_of(f"{tmp_path}/loops.py", str(tmp_path)) != before


def test_kept_code_is_compared_by_that_stamp() -> None:
    assert "source_stamp" in inspect.signature(IndexDataCacheFile).parameters
    kept = irregularity.figures._cache._cache_file  # type: ignore[attr-defined]
    assert "beat_table.py" in [Path(name).name for name, *_ in kept._source_stamp]
    assert "_source_stamp" in inspect.getsource(IndexDataCacheFile._load_index)
