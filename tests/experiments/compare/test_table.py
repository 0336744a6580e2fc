"""What stands in the comparison's table, in its sentence, and in what is printed of it."""

import math
from html.parser import HTMLParser

import keras
import numpy as np
import pandas as pd
import pytest

from experiments.compare import Comparison
from experiments.compare.comparison import COLUMNS
from experiments.formatting import label
from tests.experiments.compare.twins import override, small, twins
from tests.keras_models.samples import every_layer, shared


@pytest.fixture(scope="module")
def found() -> Comparison:
    return twins(small).compare()


def test_the_columns_are_those_agreed_on(found: Comparison) -> None:
    assert list(found.table.columns) == COLUMNS
    assert COLUMNS[:10] == [
        "layer", "type", "tensor", "mode", "shape",
        "max_abs_diff", "max_rel_diff", "max_ulp", "error_ratio", "verdict",
    ]  # fmt: skip
    assert COLUMNS[10:] == ["flips", "scratch_ulp", "keras_ulp", "nearer", "note"]


@pytest.mark.parametrize("function", [small, every_layer])
def test_every_call_tensor_and_mode_has_one_row(function) -> None:
    pair = twins(function)
    table = pair.compare().table
    expected = []
    for mode in ("isolated", "propagated"):
        for call in pair.scratch.calls:
            layer, kind = call.layer.name, type(call.layer).__name__
            tensors = [
                "output",
                "grad_input",
                *(f"grad_input:{i}" for i in range(1, len(call.inputs))),
            ]
            tensors += [f"grad:{name}" for name in call.layer.trainable_weights]
            expected += [(layer, kind, tensor, mode) for tensor in tensors]
    columns = ["layer", "type", "tensor", "mode"]
    assert sorted(table[columns].itertuples(index=False, name=None)) == sorted(expected)


def test_a_shared_layer_has_rows_for_each_use() -> None:
    table = twins(shared).compare().table
    uses = table[table.type == "Conv2D"].layer.unique()
    assert set(uses) == {"conv", "conv (use 2)", "mix"}
    assert {"dense", "dense (use 2)"} <= set(table.layer)
    rows = table[table.layer == "dense (use 2)"]
    assert set(rows.tensor) == {"output", "grad_input", "grad:kernel", "grad:bias"}


def test_shapes_are_those_of_the_tensors(found: Comparison) -> None:
    shapes = found.isolated.set_index(["layer", "tensor"])["shape"]
    assert shapes["conv", "output"] == (3, 7, 6, 4)
    assert shapes["conv", "grad_input"] == (3, 7, 6, 3)
    assert shapes["conv", "grad:kernel"] == (3, 2, 3, 4)
    assert shapes["pool", "output"] == (3, 3, 3, 4)
    assert shapes["end", "grad:bias"] == (5,)


def test_differences_are_measured_in_four_ways() -> None:
    """One number of a copied tensor is moved by 1.5 units in its last place."""
    pair = twins(small)
    moved: dict[str, np.ndarray] = {}

    def change(y: np.ndarray) -> np.ndarray:
        moved["before"], moved["after"] = y.copy(), y.copy()
        moved["after"].flat[7] += np.spacing(y.flat[7]) * 3
        return moved["after"]

    override(pair.layer("flatten"), "forward", change)
    table = pair.compare().table
    row = table[(table.layer == "flatten") & (table.tensor == "output")].iloc[0]
    before, after = (moved[key].astype(np.float64).flat[7] for key in ("before", "after"))
    assert row["mode"] == "isolated"
    assert row.max_abs_diff == abs(after - before) > 0
    assert row.max_rel_diff == pytest.approx(abs(after - before) / max(abs(after), abs(before)))
    assert row.max_ulp == pytest.approx(3, abs=1)
    assert row.error_ratio == math.inf  # Nothing is allowed where nothing is computed.
    assert row.verdict == "fault"
    assert (row.keras_ulp, row.nearer) == (0, "keras")
    largest = np.abs(moved["before"]).max()
    assert row.scratch_ulp == pytest.approx(abs(after - before) / np.spacing(largest))


def test_the_judge_says_which_twin_is_nearer(found: Comparison) -> None:
    """In float32 both twins are some ulps off the float64 run, and nearer is who is less so."""
    table = found.table
    alike = table.scratch_ulp == table.keras_ulp
    assert (table.nearer[alike] == "both alike").all()
    closer = table.scratch_ulp < table.keras_ulp
    assert (table.nearer[closer] == "scratch").all()
    assert (table.nearer[~closer & ~alike] == "keras").all()
    conv = found.isolated[(found.isolated.layer == "conv") & (found.isolated.tensor == "output")]
    assert 0 < conv.scratch_ulp.item() < 30
    assert 0 < conv.keras_ulp.item() < 30


def test_a_twin_that_computes_in_float64_is_nearer() -> None:
    pair = twins(small)
    conv = pair.layer("conv")
    kernel = {name: weight.astype(np.float64) for name, weight in conv.weights.items()}

    def forward(x: np.ndarray, training: bool = False) -> np.ndarray:
        type(conv).forward(conv, x, training)  # For the backward pass.
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(x.astype(np.float64), ((0, 0), (1, 1), (0, 1), (0, 0))), (3, 2), axis=(1, 2)
        )
        y = np.einsum("nhwcij,ijco->nhwo", windows, kernel["kernel"]) + kernel["bias"]
        return y.astype(np.float32)

    conv.forward = forward
    table = pair.compare().isolated
    row = table[(table.layer == "conv") & (table.tensor == "output")].iloc[0]
    assert row.verdict == "rounding"
    assert row.scratch_ulp <= 0.5 < row.keras_ulp
    assert row.nearer == "scratch"


def test_in_float64_nobody_judges() -> None:
    table = twins(small, "float64").compare().table
    assert table.scratch_ulp.isna().all()
    assert table.keras_ulp.isna().all()
    assert (table.nearer == "").all()


def test_only_the_isolated_mode_has_a_bound(found: Comparison) -> None:
    assert found.isolated.error_ratio.between(0, 1).all()
    assert found.isolated.error_ratio.max() > 0
    assert found.table[found.table["mode"] == "propagated"].error_ratio.isna().all()


def test_rounding_grows_with_depth(found: Comparison) -> None:
    """End to end a tensor has the roundings of other layers in it too, not its own alone."""
    sums = found.table.groupby("mode").max_abs_diff.sum()
    assert sums["propagated"] > sums["isolated"] > 0


def test_twins_that_agree_are_summed_up(found: Comparison) -> None:
    worst = found.isolated.loc[found.isolated.error_ratio.idxmax()]
    assert found.ok
    assert found.summary.startswith(f"They agree: all {len(found.isolated)} tensors are within")
    assert "float32" in found.summary
    assert f"{worst.tensor} of {worst.layer!r}" in found.summary
    assert found.loss > 0
    assert found.training


def test_twins_that_differ_are_summed_up() -> None:
    pair = twins(small)
    for layer in pair.scratch.layers:
        override(layer, "forward", lambda y: y * np.float32(1.01))
        override(layer, "backward", lambda dx: dx * np.float32(1.01))
    found = pair.compare()
    assert not found.ok
    layers = [layer.name for layer in pair.scratch.layers]
    faulty = [layer for layer, tensor in found.faults if tensor == "output"]
    assert faulty == layers
    assert len(found.faults) == len(set(found.faults))
    assert found.summary.startswith("They differ beyond what float32 rounding can explain: ")
    assert "output of 'conv', grad_input of 'conv', " in found.summary
    assert len(found.faults) == 12
    assert "and 6 more" in found.summary


class _Cells(HTMLParser):
    """The text of a table, row by row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


def odd_names() -> keras.Model:
    """Layer names that mean something in Markdown or in HTML."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, name="a|b"),
            keras.layers.Dense(3, name="<b>*bold*</b>".replace("/", "")),
            keras.layers.Dense(2, activation="softmax", name="back\\slash `x`"),
        ]
    )


@pytest.mark.parametrize("function", [small, odd_names])
def test_html_and_markdown_hold_every_row(function) -> None:
    found = twins(function).compare()
    html = found.to_html()
    rows = _Cells(html).rows
    assert rows[0] == [label(column) for column in COLUMNS]
    labels = found.table[["layer", "type", "tensor", "mode"]].values.tolist()
    assert [row[:4] for row in rows[1:]] == labels
    assert [row[4] for row in rows[1:]] == ["x".join(map(str, s)) for s in found.table["shape"]]
    assert [row[9] for row in rows[1:]] == found.table.verdict.tolist()
    assert "<b>" not in html
    assert "nan" not in html
    lines = found.to_markdown().splitlines()
    assert len(lines) == 2 + len(found.table)
    unescaped = [line.replace(r"\|", "").count("|") for line in lines]
    assert set(unescaped) == {len(COLUMNS) + 1}
    if function is odd_names:
        assert r"| a\|b |" in lines[2]
        assert any(r"&lt;b>\*bold\*&lt;b>" in line for line in lines)
        assert any(r"back\\slash \`x\`" in line for line in lines)


def test_a_note_of_several_lines_stays_one_row() -> None:
    row = dict.fromkeys(COLUMNS, "") | {"shape": (2, 3), "note": "one\ntwo", "error_ratio": 0.5}
    found = Comparison(pd.DataFrame([row], columns=COLUMNS), "float32", True, 1.0)
    assert len(found.to_markdown().splitlines()) == 3
    assert "one two" in found.to_markdown()
