"""From loops to the framework's speed: what each idea buys, and what the machine still allows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.applications.networks import build as build_application
from experiments.bottlenecks.roofline import Roof
from experiments.speed import figures, sentences
from experiments.speed.accuracy import CASE, CHANNELS, accuracy_table
from experiments.speed.choice import choice_table
from experiments.speed.ladder import LADDERS, climb
from experiments.speed.layers import zoo_layers
from experiments.speed.machine import cores, measured_roof, threads
from experiments.speed.peaks import peak_table
from experiments.speed.scaling import points, scaling_table
from experiments.study import Context, Findings, Kind, Table, rounding, timing
from keras_models.zoo import NETWORKS

question = (
    "How does NumPy come to the framework's speed: what does each idea buy on the same "
    "convolution, how do both twins scale, and how much of what the machine allows is reached?"
)
method = (
    "A ladder: the same three convolutions (source B's first one among them, with the mostly zero "
    "error that its pooling leaves) by plain loops, by one product a window, one a cell of the "
    "kernel, im2col of the whole batch, im2col by tiles that stay in the cache, on all cores, and "
    "by the algorithms that suit them; each result is held against float64. The loops and the "
    "window products are timed once, the loops in the quick form on one image (images_run) and "
    "multiplied; all else are medians of warm runs. Scaling: both twins in turn in one process, "
    "each as if alone; TensorFlow on all cores. Roofline (Williams et al. 2009): each layer on its "
    "own, forward, operations counted as 2 for each MAC of the definition, bytes as inputs, "
    "weights and output once, beside the rate of a product of two 2000 x 2000 matrices and of a "
    "copy of 128 MiB. Memory: tracemalloc's peak in a new thread. Errors: in ulps of the "
    "result's largest number, and over the elementwise bound gamma_n (Higham 2002, section 3.1). "
    "The choice: every algorithm timed on every convolution. NumPy computes on all cores unless a "
    "row says otherwise."
)
order = 60

REPEATS, FULL_REPEATS = 5, 9
SCALING_REPEATS, FULL_SCALING_REPEATS = 5, 9
BATCH, FULL_BATCH = 16, 32
RESNET, RESNET_BATCH = "ResNet50", 8
WIDEST = 256
"""The most channels whose errors the quick form computes."""


def run(context: Context) -> Findings:
    """Climb, grow, and hold every layer against the machine."""
    with threads(cores()):
        return _run(context)


def _run(context: Context) -> Findings:
    repeats = FULL_REPEATS if context.full else REPEATS
    batch = FULL_BATCH if context.full else BATCH
    rng = np.random.default_rng(context.seed)
    with context.progress.task("rungs", sum(len(rungs) for _, rungs in LADDERS)) as advance:
        climbed = [
            climb(case, rungs, repeats, context.full, rng, advance) for case, rungs in LADDERS
        ]
    ladder = pd.concat(climbed, ignore_index=True)
    sizes = points(context.full)
    with context.progress.task("sizes", len(sizes)) as advance:
        scaled = scaling_table(
            sizes,
            FULL_SCALING_REPEATS if context.full else SCALING_REPEATS,
            context.signs,
            context.seed,
            advance,
        )
    roof = measured_roof(repeats)
    with context.progress.task("networks, by layer", len(NETWORKS)) as advance:
        layers = zoo_layers(NETWORKS, batch, repeats, roof, rng, advance)
    memory = peak_table([case for case, _ in LADDERS], rng)
    channels = [count for count in CHANNELS if context.full or count <= WIDEST]
    with context.progress.task("widths", len(channels)) as advance:
        errors = accuracy_table(CASE, channels, rng, advance)
    choices = _choices(context, batch, repeats, rng)
    roofs = _roof_table(roof)
    return Findings(
        _tables(ladder, scaled, layers, roofs, memory, errors, choices),
        [
            figures.draw_ladder(ladder),
            figures.draw_scaling(scaled),
            figures.draw_roofline(layers, roofs),
            figures.draw_accuracy(errors),
        ],
    )


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The sentences of the report."""
    return [
        *sentences.ladder(tables["ladder"]),
        sentences.right_answers(tables["ladder"]),
        *sentences.scaling(tables["scaling"]),
        sentences.roofline(tables["layers"], tables["roof"]),
        sentences.memory(tables["memory"]),
        *sentences.accuracy(tables["accuracy"]),
        sentences.choice(tables["choice"]),
    ]


def _choices(context: Context, batch: int, repeats: int, rng: np.random.Generator) -> pd.DataFrame:
    models = {name: build() for name, build in NETWORKS.items()}
    with context.progress.task("networks, by algorithm", len(models) + context.full) as advance:
        found = [choice_table(models, batch, repeats, rng, advance)]
        if context.full:
            resnet = build_application(RESNET, (224, 224, 3), context.seed)
            found.append(choice_table({RESNET: resnet}, RESNET_BATCH, repeats, rng, advance))
    return pd.concat(found, ignore_index=True)


def _roof_table(roof: Roof) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "threads": [roof.threads],
            "product_gflop_per_s": [roof.product_gflops],
            "copy_gb_per_s": [roof.gigabytes],
            "cores_busy": [roof.cores_busy],
        }
    )


def _tables(
    ladder: pd.DataFrame,
    scaled: pd.DataFrame,
    layers: pd.DataFrame,
    roofs: pd.DataFrame,
    memory: pd.DataFrame,
    errors: pd.DataFrame,
    choices: pd.DataFrame,
) -> list[Table]:
    # Which kernels BLAS has for a processor changes the last digits of every error.
    near = rounding(rtol=3.0, atol=1.0)
    return [
        _table(
            "ladder",
            "The same convolutions, rung by rung: one row a rung and pass.",
            ladder,
            ("convolution", "rung", "passes", "algorithms", "images_run"),
            {"error_ulps": near},
        ),
        _table(
            "scaling",
            "Both twins, one size varied at a time.",
            scaled,
            ("work", "grows", "value", "implementation"),
        ),
        _table("roof", "What this machine reaches at most, in NumPy on all cores.", roofs),
        _table(
            "layers",
            "Every layer of the zoo, forward: its rate and its share of what the roof allows.",
            layers,
            ("network", "layer", "type", "kernel", "macs", "bytes_moved", "flop_per_byte"),
        ),
        _table(
            "memory",
            "Peak memory of each pass by each algorithm, on one thread.",
            memory,
            ("convolution", "pass", "algorithm", "chosen", "operands_mib", "result_mib"),
            {"peak_mib": rounding(rtol=0.1, atol=0.1)},
        ),
        _table(
            "accuracy",
            "Errors against float64 by channels, pass and algorithm.",
            errors,
            ("channels", "pass", "algorithm", "elementwise"),
            {
                "largest_ulps": near,
                "rms_ulps": near,
                "relative": rounding(rtol=3.0),
                "share_of_elementwise_bound": rounding(atol=1.0),
            },
        ),
        _table(
            "choice",
            "What auto picks for every convolution, beside what is fastest here, in milliseconds.",
            choices,
            ("network", "convolution", "pass", "auto"),
        ),
    ]


def _table(
    name: str,
    title: str,
    frame: pd.DataFrame,
    exact: tuple[str, ...] = (),
    held: dict[str, Kind] | None = None,
) -> Table:
    """Everything that is neither `exact` nor otherwise `held` depends on the machine."""
    held = held or {}
    timed = {c: timing() for c in frame.columns if c not in exact and c not in held}
    return Table(name, title, frame, {**timed, **held})
