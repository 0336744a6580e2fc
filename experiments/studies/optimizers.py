"""Single training steps, taken apart: is it the gradient or the update that departs?"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import keras
import pandas as pd

import keras_models.zoo
import scratch.zoo
from experiments import style
from experiments.faults.optimizers import OPTIMIZER_FAULTS, OptimizerFault
from experiments.lockstep import Batch, epoch_batches, examine_steps, scratch_optimizer
from experiments.study import Context, Figure, Findings, Table, rounding, timing
from scratch import config
from scratch.optimizers import Adam

question = (
    "Does every optimizer make the update that Keras makes, and is a wrong one told from a wrong "
    "gradient?"
)
method = (
    "Every step of signs_convnet is examined on its own, from the Keras side's weights and "
    "optimizer state: its gradients layer by layer, then the update that both sides make of the "
    "same gradients. An update is a few operations an element, so that rounding alone can move it "
    "by a few units roundoff, times 1 / (1 - beta^t) in Adam's bias correction (Higham 2002, "
    "sections 2.2 and 3.3): the error ratio is the largest difference in these bounds. Right "
    "optimizers must stay within them; each planted mistake must be named as what it is."
)
order = 25

_LEARNING_RATE = 0.001
_BATCH = 16
_EQUAL = 1e-3  # Where the figure draws what is equal bit for bit.
_RIGHT: dict[str, Callable[[], keras.Optimizer]] = {
    "Adam": lambda: keras.optimizers.Adam(_LEARNING_RATE),
    "SGD": lambda: keras.optimizers.SGD(0.05),
    "SGD, momentum": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
    "SGD, Nesterov": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
}


def run(context: Context) -> Findings:
    """Examine every right optimizer, then every mistake."""
    steps = 50 if context.full else 3
    batches = {dtype: _batches(context, dtype, steps) for dtype in ("float32", "float64")}
    rows = []
    total = len(batches) * len(_RIGHT) + len(OPTIMIZER_FAULTS)
    with context.progress.task("optimizers", total) as advance:
        for dtype, name in itertools.product(batches, _RIGHT):
            rows.append(_examine(context.seed, name, None, batches[dtype]))
            advance(1)
        for fault in OPTIMIZER_FAULTS:
            name = "Adam" if issubclass(fault.optimizer_class, Adam) else "SGD, Nesterov"
            rows.append(_examine(context.seed, name, fault, batches["float64"]))
            advance(1)
    table = Table(
        "examined",
        "What departs first, and where",
        pd.DataFrame(rows),
        {
            "gradient_ratio": rounding(atol=1),
            "update_ratio": rounding(rtol=0.1, atol=1),
            "finding": timing(),
        },
    )
    return Findings([table], [_ratios(table.frame)])


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The sentences of the report."""
    examined = tables["examined"]
    right, planted = examined[examined.planted == ""], examined[examined.planted != ""]
    agreeing = right[right.departs == "nothing"]
    named = planted[(planted.departs == "update") & (planted.named == planted.planted)]
    first = planted.iloc[0]
    return [
        f"Right optimizers: {len(agreeing)} of {len(right)} make Keras' updates within what "
        f"rounding explains, in float32 and float64, with gradients that agree; "
        f"{int((right.update_ratio == 0).sum())} of them bit for bit.",
        f"Planted mistakes: {len(named)} of {len(planted)} are named, each as the update and not "
        f"the gradient. The first of them: {first.finding}",
    ]


def _ratios(examined: pd.DataFrame) -> Figure:
    planted = examined.planted != ""
    names = [
        f"{row['optimizer']}: {row['planted']}"
        if row["planted"]
        else f"{row['optimizer']}, {row['dtype']}"
        for row in examined.to_dict("records")
    ]
    figure, axes = style.subplots(size=(7.0, 4.8))
    ratios = {
        "gradients": (examined.gradient_ratio, "o", style.BLUE),
        "update": (examined.update_ratio, "s", style.VERMILION),
    }
    for part, (ratio, marker, colour) in ratios.items():
        axes.plot(ratio.clip(lower=_EQUAL), range(len(names)), marker, color=colour, label=part)
    axes.axvline(1, color=style.BLACK, linewidth=1.2)
    axes.axhline(int((~planted).sum()) - 0.5, color=style.BLACK, linewidth=0.6, linestyle=":")
    axes.set(xscale="log", yticks=range(len(names)), yticklabels=names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(f"difference / bound (1: proven; {_EQUAL:g}: bitwise equal)")
    axes.legend(loc="center right")
    return Figure(
        "ratios",
        "How far gradients and updates are apart, in rounding bounds: above the dotted line the "
        "right optimizers, below it the planted mistakes, whose gradients agree all the same.",
        "Dot plot on a log axis: gradients of every optimizer and updates of the right ones lie "
        f"below 1, updates of the planted mistakes at {examined.update_ratio[planted].min():.1g} "
        "and more.",
        figure,
    )


def _batches(context: Context, dtype: str, steps: int) -> list[Batch]:
    data = context.signs.scaled(dtype)
    batches = epoch_batches(
        data.x_train, data.y_train, epochs=1, seed=context.seed, batch_size=_BATCH
    )
    return list(itertools.islice(batches, steps))


def _examine(
    seed: int, name: str, fault: OptimizerFault | None, batches: list[Batch]
) -> dict[str, Any]:
    """One row of the table: an optimizer, right or with a mistake planted."""
    config.set_random_seed(seed)
    dtype = batches[0].x.dtype.name
    keras_optimizer = _RIGHT[name]()
    optimizer = scratch_optimizer(keras_optimizer)
    found = examine_steps(
        scratch.zoo.signs_convnet(dtype),
        keras_models.zoo.signs_convnet(dtype),
        batches,
        fault.planted_copy(optimizer) if fault else optimizer,
        keras_optimizer,
    )
    departure = found.departure
    return {
        "optimizer": name,
        "dtype": dtype,
        "planted": fault.name if fault else "",
        "steps": found.steps,
        "departs": departure.part if departure else "nothing",
        "named": departure.fault if departure else "",
        "gradient_ratio": found.gradient_ratio,
        "update_ratio": found.update_ratio,
        "finding": found.sentence,
    }
