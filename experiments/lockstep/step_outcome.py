"""What one training step of both twins came to, part by part and layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.compare.verdicts import FAULT
from experiments.formatting import number

GRADIENT, STATISTICS, PENALTY, UPDATE, UNMOVED = PARTS = (
    "gradient", "statistics", "penalty", "update", "unmoved",
)  # fmt: skip
COLUMNS = [
    "layer", "type", "part", "tensor", "shape", "max_abs_diff", "error_ratio", "verdict",
    "moved", "fit_abs_diff", "note",
]  # fmt: skip


@dataclass(frozen=True)
class FitStep:
    """What one step of both twins came to.

    Attributes:
        table: One row for each layer call, part and tensor. `part` is "gradient" (the forward pass
            included), "statistics" (moving mean and variance), "penalty" (the gradient that a
            regularizer adds), "update" (a weight after the optimizer) or "unmoved" (a weight that
            must stay). `error_ratio` is the largest |difference| / what the deterministic bound
            allows. Of a weight, `moved` is how far Keras' `fit` moved it and `fit_abs_diff` how far
            the twins are apart there after both fitted, largest numbers each; else they are NaN.
        dtype: What the twins computed in.
        loss_scratch: The loss that scratch's `fit` reported.
        loss_keras: The loss that Keras' `fit` reported.
    """

    table: pd.DataFrame
    dtype: str
    loss_scratch: float
    loss_keras: float

    @property
    def ok(self) -> bool:
        """Whether no difference was proven."""
        return not (self.table.verdict == FAULT).any()

    @property
    def layers(self) -> pd.DataFrame:
        """One row for each layer: `layer`, `type`, each part's largest ratio, and `verdict`.

        A part that the layer has not is NaN. `verdict` is "fault" or "agrees"; `moved` and
        `fit_abs_diff` are the largest of its weights'.
        """
        by_layer = self.table.groupby("layer", sort=False)
        ratios = self.table.groupby(["layer", "part"], sort=False).error_ratio.max().unstack()
        faults = by_layer.verdict.agg(lambda given: bool((given == FAULT).any()))
        found = by_layer[["type", "moved", "fit_abs_diff"]].agg(
            {"type": "first", "moved": "max", "fit_abs_diff": "max"}
        )
        found = found.join(ratios.reindex(columns=PARTS)).assign(
            verdict=np.where(faults, FAULT, "agrees")
        )
        return found.reset_index()[["layer", "type", *PARTS, "verdict", "moved", "fit_abs_diff"]]

    @property
    def parts(self) -> pd.DataFrame:
        """One row for each part: `part`, `tensors`, `faults`, `largest_ratio`, `layer`, `tensor`.

        The last two say where the largest ratio is.
        """
        found = self.table.groupby("part", sort=False)
        worst = self.table.loc[found.error_ratio.idxmax(), ["layer", "tensor"]]
        return pd.DataFrame(
            {
                "part": list(found.groups),
                "tensors": found.size().to_numpy(),
                "faults": found.verdict.agg(lambda given: int((given == FAULT).sum())).to_numpy(),
                "largest_ratio": found.error_ratio.max().to_numpy(),
                "layer": worst.layer.to_numpy(),
                "tensor": worst.tensor.to_numpy(),
            }
        )

    @property
    def sentence(self) -> str:
        """Whether all parts agree, else the first that does not; and how far `fit` led apart."""
        faulty = self.table[self.table.verdict == FAULT]
        if len(faulty):
            first = faulty.iloc[0]
            return (
                f"The step departs beyond what {self.dtype} rounding explains in "
                f"{len(faulty)} of {len(self.table)} tensors, first in the {first.part} of layer "
                f"{first.layer!r}: {first.tensor}, {number(first.error_ratio, 2)} times the bound."
            )
        parts = self.parts
        ratios = ", ".join(
            f"{part} {number(ratio, 2)}"
            for part, ratio in zip(parts.part, parts.largest_ratio, strict=True)
        )
        return (
            f"All {len(self.table)} tensors of the step agree within the {self.dtype} rounding "
            f"bound (largest ratios: {ratios}). After both fitted, the weights are apart by at "
            f"most {number(self.table.fit_abs_diff.max(), 2)}, where the step moved them by up to "
            f"{number(self.table.moved.max(), 2)}."
        )
