"""A wide table with verdicts, and markup characters where they could do harm."""

import numpy as np
import pandas as pd

from experiments import style
from experiments.study import Context, Figure, Findings, Table, rounding

question = "Does every layer compute what Keras computes, <forward> & backward?"
method = "Each scratch layer is given the Keras layer's own input and its own upstream gradient."
order = 5


def run(context: Context) -> Findings:
    rng = np.random.default_rng(context.seed)
    names = [f"{kind}_{i}" for i in range(4) for kind in ("conv2d", "batch_normalization", "re_lu")]
    verdicts = ["identical", "rounding", "flip", "suspect", "fault"]
    frame = pd.DataFrame(
        {
            "layer": names,
            "type": [name.rsplit("_", 1)[0] for name in names],
            "tensor": ["output", "grad_input", "grad:kernel"] * 4,
            "mode": "isolated",
            "shape": ["(64, 64, 64, 8)"] * 12,
            "max_abs_diff": 10.0 ** rng.uniform(-9, -5, 12),
            "max_rel_diff": 10.0 ** rng.uniform(-8, -4, 12),
            "max_ulp": rng.integers(0, 40, 12),
            "error_ratio": rng.random(12),
            "verdict": [verdicts[i % 5] for i in range(12)],
            "note": ["1 of 2,048 | <b>ReLU</b> signs turned by rounding"] * 12,
        }
    )
    kinds = {name: rounding(rtol=0.5) for name in ("max_abs_diff", "max_rel_diff", "error_ratio")}
    figure, ax = style.subplots(size=(7, 3))
    ax.barh(names, frame.error_ratio, color=[style.VERDICTS[v] for v in frame.verdict])
    ax.set(xlabel="error ratio (1 = the proven bound)", title="Error ratio per layer")
    ax.invert_yaxis()
    return Findings(
        [Table("layers", "One row per layer and tensor", frame, kinds)],
        [Figure("ratio", "Error ratio <per> layer.", 'Bars, all "below" one.', figure)],
    )


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    frame = tables["layers"]
    return [f"{(frame.verdict == 'fault').sum()} of {len(frame)} rows are faults & one is <odd>."]
