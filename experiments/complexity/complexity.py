"""What was counted: a table of one row a use of a layer, and the totals."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from experiments.complexity.rules import NOT_COUNTED
from experiments.formatting import cell, label

COLUMNS = [
    "layer", "type", "kernel", "strides", "input_shape", "output_shape", "weights", "biases",
    "other", "macs", "flops", "activations", "activation_bytes", "im2col_bytes", "intensity",
    "macs_dx", "macs_dw", "note",
]  # fmt: skip
SUMMED = (
    "weights", "biases", "other", "macs", "flops", "activations", "activation_bytes",
    "im2col_bytes", "macs_dx", "macs_dw",
)  # fmt: skip

CONVENTIONS = (
    "MACs are multiply-accumulates; a window counts whole, over padding too. What has no kernel "
    "moves or scales data: 0.",
    "FLOPs = 2 MACs + one addition for each bias use.",
    "Parameters are weights (kernels), biases and other (gamma, beta, moving statistics); a "
    "shared layer's count at its first use, its MACs at every use.",
    "Activations are the numbers that a use writes, the model's input included; Flatten and "
    "Reshape write none.",
    "im2col bytes are those of a convolution's unrolled matrix; a 1x1 convolution at stride 1 "
    "needs none.",
    "Intensity is FLOPs per byte of input, weights and output, forward.",
    "Backward, dX (the first layer's too) and dW each take as many MACs as the forward pass.",
)
"""What the numbers mean: a sentence each."""


@dataclass(frozen=True)
class Complexity:
    """What a model costs.

    Attributes:
        model: The model's name.
        batch: How many samples the counts are for.
        table: One row for each input of the model and each use of a layer, in order; columns as
            in `COLUMNS`. Shapes are batch first; `intensity` is in FLOP per byte.
    """

    model: str
    batch: int
    table: pd.DataFrame

    @property
    def totals(self) -> dict[str, int]:
        """The sums of the columns, `parameters`, and how many layers are `not_counted`."""
        sums = {column: int(self.table[column].sum()) for column in SUMMED}
        uncounted = self.table[self.table.note.str.contains(NOT_COUNTED, regex=False)]
        return {
            **sums,
            "parameters": sums["weights"] + sums["biases"] + sums["other"],
            "not_counted": uncounted.layer.nunique(),
        }

    def to_markdown(self) -> str:
        """The table and its totals in GitHub's Markdown."""
        totals = self.totals
        last = ["**total**", *(cell(totals[c]) if c in totals else "" for c in COLUMNS[1:])]
        rows = [[cell(value) for value in row] for row in self.table.itertuples(index=False)]
        rule = ["---:" if c in (*SUMMED, "intensity") else "---" for c in COLUMNS]
        lines = [[label(c) for c in COLUMNS], rule, *rows, last]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
