"""The pairs, run: seconds, memory and GFLOP/s of every variant, and the speed-up that comes of it.

Speed-up is direct / reduced: counted in MACs, bounded by the roofline, measured on the matrix
products alone, and measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.bottlenecks.layers import LayerKey, layer_runs, layer_table
from experiments.bottlenecks.products import Product, product_runs, product_table, products_of
from experiments.bottlenecks.roofline import (
    Roof,
    bytes_moved,
    operations,
    roof_table,
    roof_works,
    roofline_seconds,
    roofs,
)
from experiments.bottlenecks.variants import Pair
from experiments.complexity import Complexity, count
from experiments.passes import (
    IMPLEMENTATIONS,
    NUMPY,
    TENSORFLOW,
    keras_runs,
    scratch_runs,
)
from experiments.timing import Run, Timing, interleaved, numpy_peak, tensorflow_peak
from keras_models import to_scratch

_MIB = 2**20
_PEAK = {NUMPY: numpy_peak, TENSORFLOW: tensorflow_peak}


class Key(NamedTuple):
    """One of the things that are timed."""

    pair: str
    variant: str
    passes: str
    implementation: str


class Measured(NamedTuple):
    """What was measured.

    Attributes:
        variants: One row a variant, pass and implementation.
        products: One row a matrix product, see `products.product_table`.
        layers: One row a NumPy variant and type of layer, see `layers.layer_table`.
        roofs: One row an implementation, see `roofline.roof_table`.
    """

    variants: pd.DataFrame
    products: pd.DataFrame
    layers: pd.DataFrame
    roofs: pd.DataFrame


class Cost(NamedTuple):
    """What a work was counted and measured at; `products_seconds` is an image's, 0 if unknown."""

    counted: Complexity
    timing: Timing
    products_seconds: float
    peak_bytes: int


class Bench:
    """Everything that is timed together.

    Args:
        pairs: What to run.
        scale: How many times the pairs' own batches.
        rng: Draws inputs and upstream gradients.
    """

    def __init__(self, pairs: tuple[Pair, ...], scale: int, rng: np.random.Generator) -> None:
        self.variants: dict[Key, Run] = {}
        self.costs: dict[Key, Complexity] = {}
        self.layers: dict[LayerKey, Run] = {}
        for pair in pairs:
            for variant, build in pair.variants.items():
                self._add(pair.name, variant, build(), pair.batch * scale, rng)
        self.products = product_runs(p for key in self.variants for p in self._products(key))
        self.roofs = roof_works()

    @property
    def runs(self) -> int:
        """How many runs a round has."""
        return len(self.variants) + len(self.products) + len(self.layers) + len(self.roofs)

    def measure(self, repeats: int, advance: Callable[[int], None]) -> Measured:
        """Run everything in turn, then each variant once more for its memory.

        Args:
            repeats: How many rounds count; the median is taken.
            advance: Called with 1 after each of the `runs` (WARM_UP + repeats) runs.
        """
        works: dict[Any, Run] = {**self.variants, **self.products, **self.layers, **self.roofs}
        timings = interleaved(works, repeats, advance)
        reached = {name: self._best_rate(name, timings) for name in IMPLEMENTATIONS}
        limits = roofs(timings, reached)
        rows = []
        for key, run in self.variants.items():
            alone = [timings[product].median for product in self._products(key)]
            cost = Cost(self.costs[key], timings[key], sum(alone), _PEAK[key.implementation](run))
            rows.append(_row(key, cost, limits[key.implementation]))
        return Measured(
            pd.DataFrame(rows),
            product_table({product: timings[product] for product in self.products}),
            layer_table({layer: timings[layer] for layer in self.layers}),
            roof_table(limits),
        )

    def _add(
        self, pair: str, variant: str, model: Any, batch: int, rng: np.random.Generator
    ) -> None:
        x, dy = (
            rng.standard_normal((batch, *shape[1:])).astype(np.float32)
            for shape in (model.input_shape, model.output_shape)
        )
        ours, cost = to_scratch(model), count(model, batch=batch)
        sides = {NUMPY: scratch_runs(ours, x, dy), TENSORFLOW: keras_runs(model, x, dy)}
        for implementation, runs in sides.items():
            for passes, run in runs.items():
                key = Key(pair, variant, passes, implementation)
                self.variants[key], self.costs[key] = run, cost
        self.layers |= layer_runs(pair, variant, ours, x)

    def _best_rate(self, implementation: str, timings: Mapping[Any, Timing]) -> float:
        """The highest rate of any variant's fastest run, in GFLOP/s."""
        return max(
            operations(self.costs[key], key.passes) / timings[key].fastest / 1e9
            for key in self.variants
            if key.implementation == implementation
        )

    def _products(self, key: Key) -> list[Product]:
        return products_of(self.costs[key], key.passes) if key.implementation == NUMPY else []


def speed_up_table(measured: pd.DataFrame) -> pd.DataFrame:
    """How much faster and smaller the reduced variant of each pair is: predicted and measured.

    `counted` is the ratio of MACs, `roofline` of the least times, `products` of the times of the
    matrix products alone; `reached` is measured / counted.
    """
    rows = []
    cases = measured.groupby(["pair", "passes", "implementation"], sort=False)
    for (pair, passes, implementation), case in cases:
        direct, reduced = (case[case.variant == name].iloc[0] for name in ("direct", "reduced"))
        faster = direct.seconds / reduced.seconds
        rows.append(
            {
                "pair": pair,
                "passes": passes,
                "implementation": implementation,
                "counted": direct.macs / reduced.macs,
                "roofline": direct.roofline_seconds / reduced.roofline_seconds,
                "products": direct.products_seconds / reduced.products_seconds,
                "measured": faster,
                "reached": faster / (direct.macs / reduced.macs),
                "memory_saved": direct.peak_memory_mib / reduced.peak_memory_mib,
            }
        )
    return pd.DataFrame(rows)


def _row(key: Key, cost: Cost, limit: Roof) -> dict[str, Any]:
    counted, seconds = cost.counted, cost.timing.median
    flops, moved = operations(counted, key.passes), bytes_moved(counted, key.passes)
    bound = roofline_seconds(counted, key.passes, limit)
    return {
        **key._asdict(),
        "batch": counted.batch,
        "macs": flops // 2,
        "bytes_moved": moved,
        "flop_per_byte": flops / moved,
        "seconds": seconds,
        "fastest_seconds": cost.timing.fastest,
        "roofline_seconds": bound,
        "products_seconds": counted.batch * cost.products_seconds or math.nan,
        "gflop_per_s": flops / seconds / 1e9,
        "share_of_roofline": bound / seconds,
        "cores_busy": cost.timing.cores_busy,
        "peak_memory_mib": cost.peak_bytes / _MIB,
    }
