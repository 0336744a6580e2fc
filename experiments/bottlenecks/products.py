"""The matrix products that the NumPy layers come down to, each of its own shape, and nothing else.

A convolution of one image is the product of its unrolled windows (source E, im2col) and the kernel:
(positions, K^2 C_in) x (K^2 C_in, C_out). A product of few columns does not reach the rate of a
large square one; how far it gets is measured on the shape itself. TensorFlow's convolutions are
not made of such products.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.complexity import Complexity
from experiments.passes import BOTH
from experiments.timing import Run, Timing


class Product(NamedTuple):
    """A (rows, inner) x (inner, columns) product."""

    rows: int
    inner: int
    columns: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.rows * self.inner * self.columns


def products_of(complexity: Complexity, passes: str) -> list[Product]:
    """The products of one image's pass, layer by layer; backward dX = dY W^T and dW = X^T dY."""
    found = []
    table = complexity.table[complexity.table.macs > 0]
    for shape, macs in zip(table.output_shape, table.macs, strict=True):
        *positions, columns = map(int, shape.split("x"))
        rows = prod(positions) // complexity.batch
        inner = int(macs) // (prod(positions) * columns)
        found.append(Product(rows, inner, columns))
        if passes == BOTH:
            found.append(Product(rows, columns, inner))
            found.append(Product(inner, rows, columns))
    return found


def product_runs(products: Iterable[Product]) -> dict[Product, Run]:
    """Every product once, ready to be timed."""
    return {product: _run(product) for product in sorted(set(products))}


def product_table(timings: Mapping[Product, Timing]) -> pd.DataFrame:
    """The rate of every product, one row each; the smallest number of columns first."""
    rows = [
        {
            **product._asdict(),
            "macs": product.macs,
            "seconds": timing.median,
            "gflop_per_s": 2 * product.macs / timing.median / 1e9,
        }
        for product, timing in timings.items()
    ]
    return pd.DataFrame(rows).sort_values(["columns", "inner", "rows"], ignore_index=True)


def _run(product: Product) -> Run:
    left = np.ones((product.rows, product.inner), np.float32)
    right = np.ones((product.inner, product.columns), np.float32)
    out = np.empty((product.rows, product.columns), np.float32)
    return lambda: np.matmul(left, right, out=out)
