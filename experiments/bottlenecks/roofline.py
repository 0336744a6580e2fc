"""What the machine allows: its peak arithmetic and bandwidth, and the time that they leave a model.

Williams, Waterman and Patterson, "Roofline" (2009): work of F operations on B bytes takes at least
max(F / peak, B / bandwidth) seconds. Each implementation has its own roof, measured with what it
computes with: its own matrix product, on its own number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import tensorflow as tf
from threadpoolctl import threadpool_info

from experiments.complexity import Complexity
from experiments.passes import BOTH, NUMPY, TENSORFLOW
from experiments.timing import Run, Timing

SIDE = 2000
"""Rows and columns of the matrices whose product shows the peak; a power of two would make their
rows compete for the same lines of the cache."""
STREAM = 2**25
"""Numbers in each array of a stream: 128 MiB, several times the cache."""

_ITEM = 4
_TIMES = {BOTH: 3}
"""dX and dW are products over the same three tensors: the forward pass, three times over."""


@dataclass(frozen=True)
class Roof:
    """What one implementation can reach here.

    Attributes:
        gflops: 10^9 floating point operations a second, the most that was seen.
        product_gflops: The same in a large matrix product.
        gigabytes: 10^9 bytes a second, in adding a large array to another.
        cores_busy: How many cores its matrix product kept busy.
        threads: How many it may use.
    """

    gflops: float
    product_gflops: float
    gigabytes: float
    cores_busy: float
    threads: int

    def bound(self, flops: float, moved: float) -> float:
        """The least seconds for that many operations on that many bytes."""
        return max(flops / (self.gflops * 1e9), moved / (self.gigabytes * 1e9))


class RoofKey(NamedTuple):
    """One of the works that show a roof."""

    implementation: str
    work: str


def roof_works(side: int = SIDE, stream: int = STREAM) -> dict[RoofKey, Run]:
    """A large matrix product and an a += b over large arrays, for both implementations."""
    square, product = np.ones((side, side), np.float32), np.empty((side, side), np.float32)
    total, addend = np.zeros(stream, np.float32), np.ones(stream, np.float32)
    tensor, addends, variable = tf.constant(square), tf.constant(addend), tf.Variable(total)
    multiply = tf.function(tf.matmul).get_concrete_function(tensor, tensor)

    @tf.function
    def accumulate() -> None:
        variable.assign_add(addends)

    return {
        RoofKey(NUMPY, "product"): lambda: np.matmul(square, square, out=product),
        RoofKey(TENSORFLOW, "product"): lambda: np.asarray(multiply(tensor, tensor)),
        RoofKey(NUMPY, "stream"): lambda: np.add(total, addend, out=total),
        RoofKey(TENSORFLOW, "stream"): accumulate,
    }


def roofs(
    timings: Mapping[Any, Timing],
    reached: Mapping[str, float],
    side: int = SIDE,
    stream: int = STREAM,
) -> dict[str, Roof]:
    """The roofs of both implementations, from the fastest runs of their `roof_works`.

    Args:
        timings: Of those works, among others.
        reached: The highest rate in GFLOP/s that each implementation reached in other work: it
            is the peak where that is more than in the product.
        side: As the works'.
        stream: As the works'.
    """
    found = {}
    for name, threads in ((NUMPY, _blas_threads()), (TENSORFLOW, _tensorflow_threads())):
        product, streamed = (timings[RoofKey(name, work)] for work in ("product", "stream"))
        rate = 2 * side**3 / product.fastest / 1e9
        found[name] = Roof(
            gflops=max(rate, reached[name]),
            product_gflops=rate,
            gigabytes=3 * _ITEM * stream / streamed.fastest / 1e9,
            cores_busy=product.cores_busy,
            threads=threads,
        )
    return found


def roof_table(found: Mapping[str, Roof]) -> pd.DataFrame:
    """One row an implementation; its ridge is the intensity where arithmetic becomes the limit."""
    return pd.DataFrame(
        {
            "implementation": name,
            "threads": roof.threads,
            "product_gflop_per_s": roof.product_gflops,
            "peak_gflop_per_s": roof.gflops,
            "bandwidth_gb_per_s": roof.gigabytes,
            "ridge_flop_per_byte": roof.gflops / roof.gigabytes,
            "cores_busy": roof.cores_busy,
        }
        for name, roof in found.items()
    )


def operations(complexity: Complexity, passes: str) -> int:
    """Floating point operations of a pass: two for each multiply-accumulate, nothing else."""
    totals = complexity.totals
    macs = totals["macs"]
    return 2 * (macs + totals["macs_dx"] + totals["macs_dw"] if passes == BOTH else macs)


def bytes_moved(complexity: Complexity, passes: str) -> int:
    """Bytes that a pass moves at least: every layer reads its inputs and weights, writes once."""
    return _TIMES.get(passes, 1) * int(layer_bytes(complexity.table).sum())


def roofline_seconds(complexity: Complexity, passes: str, limit: Roof) -> float:
    """The least time of a pass: the sum of the layers' own bounds, for they run in turn."""
    table = complexity.table
    layers = zip(table.macs, layer_bytes(table), strict=True)
    bounds = [limit.bound(2 * macs, moved) for macs, moved in layers]
    return _TIMES.get(passes, 1) * sum(bounds)


def layer_bytes(table: pd.DataFrame) -> pd.Series:
    """float32 bytes of each use of a layer; the model's own input is its first reader's."""
    parameters = table.weights + table.biases + table.other
    numbers = table.input_shape.map(_numbers) + table.output_shape.map(_numbers) + parameters
    return (_ITEM * numbers).where(table.type != "Input", 0)


def _numbers(shapes: str) -> int:
    """How many numbers "8x28x28x64, 8x28x28x32" hold."""
    return sum(prod(map(int, shape.split("x"))) for shape in shapes.split(", ") if shape)


def _blas_threads() -> int:
    pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max(pools, default=1)


def _tensorflow_threads() -> int:
    """0 stands for all cores."""
    return tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count() or 1
