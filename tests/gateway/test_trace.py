import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.trace import draw


@given(n=st.integers(0, 800), columns=st.integers(1, 80), rows=st.integers(1, 8))
def test_every_trace_fits_its_box(n: int, columns: int, rows: int) -> None:
    lines = draw(np.sin(np.arange(n) / 7), columns, rows)
    assert [len(line) for line in lines] == rows * [columns]
    assert all(0x2800 <= ord(cell) <= 0x28FF for line in lines for cell in line)
    assert (n > 0) == any(cell != "\u2800" for line in lines for cell in line)


def test_up_is_up() -> None:
    spike = np.zeros(100)
    spike[50] = 1
    top, *_, bottom = draw(spike, 10, 3)
    assert top.count("\u2800") == 9
    assert bottom.count("\u2800") == 0
