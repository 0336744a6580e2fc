"""A picture and its checks: the same operation by several implementations, bit for bit.

Pixels are whole numbers from 0 to 255 and kernels are whole numbers too. Every product and every
partial sum is then a whole number far below 2^53, the averages are such numbers over a power of
two: float64 holds all of them exactly, in any order of summation. Right implementations agree
bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from experiments.study import Figure
from scratch import functional as F  # noqa: N812
from scratch.reference import conv_forward

Array = np.ndarray
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Picture:
    """What is drawn, and the rows of the table `checks` that say it is drawn right."""

    figure: Figure
    checks: Rows


def agreement(picture: str, operation: str, results: Mapping[str, Array]) -> Rows:
    """Hold every result against the first one.

    Args:
        picture: The picture's name.
        operation: What was computed.
        results: Implementation -> what it computed; at least two.

    Returns:
        One row for each implementation but the first.
    """
    (first, expected), *others = results.items()
    return [
        {
            "picture": picture,
            "operation": operation,
            "computed_by": name,
            "compared_with": first,
            "shape": "x".join(map(str, expected.shape)),
            "equal": found.dtype == expected.dtype and np.array_equal(found, expected),
            "largest_difference": _largest_difference(found, expected),
        }
        for name, found in others
    ]


def convolutions(x: Array, kernel: Array, pad: int = 0) -> dict[str, Array]:
    """One convolution, with `pad` zeros on every side, by everything that can convolve.

    Args:
        x: Images, (N, H, W, Cin), float64.
        kernel: (k, k, Cin, Cout), float64.
        pad: Zeros on every side.
    """
    bias = np.zeros((1, 1, 1, kernel.shape[3]))
    padded = F.pad2d(x, (pad, pad, pad, pad))
    return {
        "reference.conv_forward": conv_forward(x, kernel, bias, {"stride": 1, "pad": pad})[0],
        "functional.conv2d": F.conv2d(x, kernel, padding=(pad, pad, pad, pad)),
        "keras.ops.conv": np.asarray(keras.ops.conv(tensor(padded), tensor(kernel))),
    }


def tensor(x: Array) -> Any:
    """`x` as Keras takes it, in float64: left to itself, Keras may make float32 of an array."""
    return keras.ops.convert_to_tensor(x, dtype="float64")


def _largest_difference(found: Array, expected: Array) -> float:
    """The largest |difference|; infinite where the shapes differ."""
    if found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found - expected).max())
