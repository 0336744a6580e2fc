import numpy as np
import pytest

from experiments.formatting import cell, label, number, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1310, "1,310"), (0.0, "0"), (-0.5, "-0.5"), (0.78333, "0.7833"), (123456.7, "123,457"),
        (2.3e-13, "2.3e-13"), (1.0e-4, "1e-4"), (9.9999e-4, "1e-3"), (1.25e20, "1.25e20"),
        (5_898_240_000, "5,898,240,000"), (float("nan"), "nan"), (float("-inf"), "-inf"),
        (0.99999, "1"), (99.996, "100"), (100.4, "100.4"), (1200.4, "1,200"),
    ],
)  # fmt: skip
def test_number(value: float, text: str) -> None:
    assert number(value) == text


def test_cells() -> None:
    assert [cell(v) for v in (True, np.bool_(False), np.float32(0.5), np.int64(1000))] == [
        "yes", "no", "0.5", "1,000",
    ]  # fmt: skip
    assert [cell(v) for v in ("0.50", float("nan"), None)] == ["0.50", "\N{EN DASH}", "\N{EN DASH}"]


def test_words() -> None:
    assert percent(0.78333) == "78.3 %"
    assert label("max_abs_diff") == "max abs diff"
