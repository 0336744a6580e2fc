"""Every layer of the zoo under the machine's roof: what rate it reaches, and what it could."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from experiments.bottlenecks.layers import layer_runs
from experiments.bottlenecks.roofline import Roof, layer_bytes
from experiments.complexity import count
from experiments.timing import interleaved
from scratch.zoo import NETWORKS


def zoo_layers(
    networks: Iterable[str],
    batch: int,
    repeats: int,
    roof: Roof,
    rng: np.random.Generator,
    advance: Callable[[float], None],
) -> pd.DataFrame:
    """Time the forward pass of every layer on its own, on the inputs that it has in its network.

    Args:
        networks: Names in the zoo.
        batch: How many images go through each.
        repeats: How many rounds count.
        roof: What the machine allows.
        rng: Draws the images.
        advance: Called once a network.

    Returns:
        One row a layer that computes or moves anything; `share_of_roof` is the least time that the
        roof allows over the time taken.
    """
    rows = []
    for name in networks:
        model = NETWORKS[name]()
        x = rng.standard_normal((batch, *model.input_shape[1:])).astype(np.float32)
        runs = layer_runs("", name, model, x)
        timings = interleaved(runs, repeats)
        table = count(model, batch=batch).table
        costs = {
            row["layer"]: row
            for row in table.assign(bytes_moved=layer_bytes(table)).to_dict("records")
        }
        for key, timing in timings.items():
            cost = costs[key.layer]
            if not cost["activations"]:
                continue  # a view
            flops, moved = 2 * cost["macs"], cost["bytes_moved"]
            rows.append(
                {
                    "network": name,
                    "layer": key.layer,
                    "type": key.layer_type,
                    "kernel": cost["kernel"],
                    "macs": cost["macs"],
                    "bytes_moved": moved,
                    "flop_per_byte": flops / moved,
                    "milliseconds": 1000 * timing.median,
                    "gflop_per_s": flops / timing.median / 1e9,
                    "gb_per_s": moved / timing.median / 1e9,
                    "share_of_roof": roof.bound(flops, moved) / timing.median,
                }
            )
        advance(1)
    return pd.DataFrame(rows)
