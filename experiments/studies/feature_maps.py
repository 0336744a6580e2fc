"""What padding, convolution and pooling do to a photograph, in pictures that are checked."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.formatting import number
from experiments.pictures import (
    colour_kernels,
    first_channels,
    five_by_five,
    padding,
    pooling,
    twin_maps,
)
from experiments.study import Context, Findings, Table, rounding, timing

question = (
    "What do padding, convolution and pooling make of a photograph, and do all implementations "
    "make the same of it?"
)
method = (
    "The pictures of the sources, drawn from one SIGNS photograph: an image and its zero-padded "
    "self (source A), the first three output channels of a convolution padded by P = (K - 1) / 2 "
    "(source D), kernels that treat red, green and blue differently, the 5x5 example and pooling "
    "before and after (source C). Each is computed by the reference loops, the vectorised NumPy "
    "functions and Keras. Pixels and kernels are whole numbers and float64 holds every sum of "
    "them exactly, so that the implementations must agree bit for bit. Then signs_convnet is "
    "trained for a while, both twins get its weights and read the photograph in float32: every "
    "layer's output, end to end, and each layer on its own against its rounding bound (Higham "
    "2002, section 3.1)."
)
order = 30


def run(context: Context) -> Findings:
    """Draw every picture and check it."""
    signs = context.signs
    index = int(np.argmax(signs.y_test))  # The first that shows the most fingers.
    photograph = signs.x_test[index].astype(np.float64)
    drawings = (
        lambda: padding(photograph),
        lambda: first_channels(photograph, context.seed),
        lambda: colour_kernels(photograph),
        five_by_five,
        lambda: pooling(photograph),
    )
    with context.progress.task("pictures", len(drawings) + 1) as advance:
        pictures = []
        for draw in drawings:
            pictures.append(draw())
            advance(1)
        twins_figure, twins = twin_maps(signs, index, epochs=100 if context.full else 30)
        advance(1)
    checks = pd.DataFrame([row for picture in pictures for row in picture.checks])
    return Findings(
        [_checks_table(checks), _twins_table(twins)],
        [*(picture.figure for picture in pictures), twins_figure],
    )


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The sentences of the report."""
    checks, twins = tables["checks"], tables["twins"]
    equal = int(checks.equal.sum())
    operations = len(checks.drop_duplicates(["picture", "operation"]))
    furthest = twins.nlargest(1, "max_ulps").iloc[0]
    within = int(twins.within_bound.sum())
    return [
        f"{number(equal)} of {number(len(checks))} comparisons behind the pictures are equal bit "
        f"for bit: {number(operations)} operations, by the loops of the reference, by vectorised "
        f"NumPy and by Keras. The largest difference is "
        f"{number(checks.largest_difference.max())}.",
        f"In float32 the trained twins' feature maps of one photograph differ, end to end, by at "
        f"most {number(furthest.max_ulps, 2)} units in the last place of a layer's largest number, "
        f"in {furthest.layer}. Each layer on its own is within its rounding bound in {within} of "
        f"{len(twins)} layers, and uses at most {number(twins.error_ratio.max(), 2)} of it.",
    ]


def _checks_table(checks: pd.DataFrame) -> Table:
    return Table(
        "checks",
        "The operations behind the pictures, each computed by several implementations",
        checks,
    )


def _twins_table(twins: pd.DataFrame) -> Table:
    # Which numbers of two float32 networks are the same bit for bit is another machine's business;
    # that every layer stays within its bound is not.
    return Table(
        "twins",
        "Both twins' outputs for one photograph, layer by layer of a trained signs_convnet",
        twins,
        {
            "largest_number": rounding(rtol=0.5),
            "max_difference": timing(),
            "max_ulps": timing(),
            "error_ratio": rounding(atol=1.0),
            "verdict": timing(),
        },
    )
