"""Layer by layer: every network of the zoo against its twin, and faults planted to be found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd

from experiments import style
from experiments.compare import Comparison, compare_layers
from experiments.faults import FAULTS, Fault
from experiments.faults.specimen import site_network
from experiments.photo_tasks import PhotoTask, photo_task
from experiments.study import Context, Figure, Findings, Table, exact, rounding, timing
from keras_models import to_scratch
from keras_models.zoo import NETWORKS

question = "Does each layer of the NumPy networks compute what its Keras twin computes?"
method = (
    "Every network of the zoo, untrained and after a few training steps, in float32 and float64, "
    "gets a batch of photographs. Each layer is given the Keras layer's own input and upstream "
    "gradient, and every number of its output and gradients is held against twice the bound of "
    "rounding-error analysis (Higham 2002, section 3.1; Higham and Mary 2019). Then both networks "
    "run end to end. As a check of the comparison itself, known faults are planted one at a time."
)
order = 10

DTYPES = ("float32", "float64")
TRAINING_STEPS = 10
PLANTING_STEPS = 3
"""Fewer: a specimen's gradients must not have died away, or no fault in them shows."""
BATCH = 4
_BEYOND = 1e16  # Ratios above are drawn here: the bound is next to nothing.


def run(context: Context) -> Findings:
    """Compare the zoo, then plant the faults."""
    batch = 16 if context.full else BATCH
    modes = (True, False) if context.full else (True,)
    runs = len(NETWORKS) * len(DTYPES) * 2 * len(modes)
    with context.progress.task("networks compared", runs) as advance:
        comparisons = list(_compare_zoo(context, batch, modes, advance))
    with context.progress.task("faults planted", len(FAULTS) * len(DTYPES)) as advance:
        planted = [row for dtype in DTYPES for row in _planted_rows(context, dtype, advance)]
    labels = pd.DataFrame([label for label, _ in comparisons])
    verdicts = pd.DataFrame([{**label, **_verdicts(found)} for label, found in comparisons])
    layers = pd.concat(
        [found.table.assign(**label) for label, found in comparisons], ignore_index=True
    )
    layers = layers[[*labels.columns, *comparisons[0][1].table.columns]]
    layers["shape"] = layers["shape"].map(lambda shape: "x".join(map(str, shape)))
    faults = pd.DataFrame(planted)
    return Findings(
        tables=[_verdict_table(verdicts), _fault_table(faults), _layer_table(layers)],
        figures=[_ratio_figure(layers), _growth_figure(layers), _fault_figure(faults)],
    )


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """What the tables say."""
    verdicts, faults = tables["verdicts"], tables["planted_faults"]
    worst = verdicts.nlargest(1, "worst_error_ratio").iloc[0]
    named = int(faults.found.sum())
    turned = int((verdicts.choices_turned > 0).sum())
    return [
        f"{int(verdicts.tensors.sum()):,} tensors of {verdicts.network.nunique()} networks were "
        f"compared in isolation: {int(verdicts.fault.sum())} at fault, "
        f"{int(verdicts.suspect.sum())} suspect, {int(verdicts.flip.sum())} with a ReLU's sign "
        f"turned by rounding, {int(verdicts.identical.sum()):,} bitwise identical.",
        f"The largest difference is {worst.worst_error_ratio:.2g} of what rounding allows: "
        f"{worst.worst_tensor} of {worst.worst_layer} in {worst.network} ({worst['dtype']}, "
        f"{worst.state}).",
        f"End to end, in {turned} of {len(verdicts)} comparisons rounding turned a choice (a "
        "ReLU's sign, a max-pool's place), so that gradients behind it went to another pixel; no "
        "layer is at fault for it.",
        f"Of {len(faults)} planted faults, {named} were named at the right layer and tensors, and "
        f"nowhere else; {int(faults.explained.sum())} with their cause.",
    ]


def _compare_zoo(
    context: Context, batch: int, modes: tuple[bool, ...], advance: Callable[..., None]
) -> Any:
    for name in NETWORKS:
        for dtype in DTYPES:
            model, task = _network(name, dtype, context, batch)
            for state in ("untrained", "trained"):
                if state == "trained":
                    train_briefly(model, task)
                for training in modes:
                    found = compare_layers(to_scratch(model), model, *task, training=training)
                    label = {
                        "network": name,
                        "dtype": dtype,
                        "state": state,
                        "run_as": "training" if training else "inference",
                    }
                    yield label, found
                    advance()


def _planted_rows(context: Context, dtype: str, advance: Callable[..., None]) -> Any:
    networks: dict[str, tuple[keras.Model, PhotoTask]] = {}
    for fault in FAULTS:
        name = fault.site[0]
        if name not in networks:
            # A small batch in both forms: dividing a variance by n - 1 is off by 1 / n, which
            # float32 rounding hides when n is large.
            networks[name] = _network(name, dtype, context, BATCH)
            train_briefly(*networks[name], PLANTING_STEPS)
        yield _plant(fault, *networks[name], dtype)
        advance()


def _plant(fault: Fault, model: keras.Model, task: PhotoTask, dtype: str) -> dict[str, Any]:
    faulty = to_scratch(model)
    fault.plant(faulty.get_layer(fault.site[1]))
    found = compare_layers(faulty, model, *task)
    tensors = [tensor for layer, tensor in found.faults if layer == fault.site[1]]
    elsewhere = [layer for layer, _ in found.faults if layer != fault.site[1]]
    rows = found.isolated[found.isolated.layer == fault.site[1]]
    return {
        "fault": fault.name,
        "dtype": dtype,
        "network": fault.site[0],
        "layer": fault.site[1],
        "tensors_named": ", ".join(tensors),
        "found": set(fault.tensors) <= set(tensors) and not elsewhere,
        "explained": bool(rows.note.str.contains(fault.description, regex=False).any()),
        "error_ratio": float(rows.error_ratio.max()),
    }


def _network(name: str, dtype: str, context: Context, batch: int) -> tuple[keras.Model, PhotoTask]:
    keras.utils.set_random_seed(context.seed)
    model = site_network(name, dtype)
    rng = np.random.default_rng(context.seed)
    return model, photo_task(model, context.signs, batch, rng)


def train_briefly(model: keras.Model, task: PhotoTask, steps: int = TRAINING_STEPS) -> None:
    """A few steps of gradient descent, after which no bias is zero and no kernel as drawn."""
    model.compile(keras.optimizers.SGD(0.05), task.loss)
    for _ in range(steps):
        model.train_on_batch(task.x, task.y)


def _verdicts(found: Comparison) -> dict[str, Any]:
    rows = found.isolated
    counts = rows.verdict.value_counts()
    worst = rows.nlargest(1, "error_ratio").iloc[0]
    return {
        "tensors": len(rows),
        **{
            verdict: int(counts.get(verdict, 0))
            for verdict in ("identical", "rounding", "suspect", "flip", "fault")
        },
        "choices_turned": int(found.table[found.table["mode"] == "propagated"].flips.max()),
        "worst_error_ratio": worst.error_ratio,
        "worst_layer": worst.layer,
        "worst_tensor": worst.tensor,
    }


def _verdict_table(frame: pd.DataFrame) -> Table:
    # Which tensors are bitwise equal depends on the order of summation, TensorFlow's and BLAS' own
    # business on another machine; that all stay within the bound does not.
    loose = rounding(atol=float(frame.tensors.max()))
    return Table(
        "verdicts",
        "Verdicts in isolation, one row a network, dtype and state.",
        frame,
        {
            "identical": loose,
            "rounding": loose,
            "flip": loose,
            "choices_turned": timing(),
            "worst_error_ratio": rounding(atol=1.0),
            "worst_layer": timing(),
            "worst_tensor": timing(),
        },
    )


def _fault_table(frame: pd.DataFrame) -> Table:
    return Table(
        "planted_faults",
        "Faults planted one at a time, and what the comparison said.",
        frame,
        # Where a fault's difference is held against next to nothing, the ratio is any large number.
        {"error_ratio": timing()},
    )


def _layer_table(frame: pd.DataFrame) -> Table:
    exact_columns = ["network", "dtype", "state", "run_as", "layer", "type", "tensor", "mode"]
    numbers = {column: timing() for column in frame.columns if column not in exact_columns}
    return Table(
        "layers",
        "Every layer, tensor and mode of every comparison.",
        frame,
        # Single numbers are rounding noise; what must hold is that no ratio passes 1.
        {**numbers, "error_ratio": rounding(atol=1.0), "shape": exact()},
    )


def _ratio_figure(layers: pd.DataFrame) -> Figure:
    kinds = {"output": style.BLUE, "grad_input": style.VERMILION, "weight gradients": style.GREEN}
    networks = ("signs_convnet", "signs_deep")
    shown = layers[(layers["mode"] == "isolated") & (layers.dtype == "float32")]
    shown = shown[(shown.state == "trained") & (shown.run_as == "training")]
    counts = [shown[shown.network == name].layer.nunique() for name in networks]
    figure, axes = style.subplots(2, 1, size=(7.0, 7.0), sharex=True, height_ratios=counts)
    for panel, name in zip(axes, networks, strict=True):
        rows = shown[(shown.network == name) & (shown.error_ratio > 0)]
        names = list(dict.fromkeys(shown[shown.network == name].layer))
        for kind, colour in kinds.items():
            weights = rows.tensor.str.startswith("grad:")
            chosen = rows[weights if kind == "weight gradients" else rows.tensor == kind]
            heights = [names.index(layer) for layer in chosen.layer]
            panel.plot(chosen.error_ratio, heights, "o", color=colour, label=kind)
        panel.axvline(1, color=style.BLACK, linewidth=1.2)
        panel.set(xscale="log", title=name, yticks=range(len(names)), yticklabels=names)
        panel.set_ylim(len(names) - 0.5, -0.5)
    axes[0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.12), ncols=3)
    axes[1].set_xlabel("largest difference / deterministic rounding bound (1: proven different)")
    return Figure(
        "error_ratios",
        "How much of the rounding bound each layer's difference takes up: float32, trained, in "
        "isolation. Tensors that are bitwise identical have no dot.",
        "Dot plot of the error ratio for each layer of signs_convnet and signs_deep on a log "
        f"axis; the largest is {_largest_ratio(shown, networks):.2g}, the line of proof is 1.",
        figure,
    )


def _largest_ratio(shown: pd.DataFrame, networks: tuple[str, ...]) -> float:
    """The largest error ratio of some networks."""
    return float(shown[shown.network.isin(networks)].error_ratio.max())


def _growth_figure(layers: pd.DataFrame) -> Figure:
    shown = layers[(layers.network == "signs_deep") & (layers.dtype == "float32")]
    shown = shown[(shown.state == "trained") & (shown.run_as == "training")]
    names = list(dict.fromkeys(shown.layer))
    figure, axes = style.subplots(1, 2, size=(7.4, 4.2), sharey=True)
    panels = {"output": ("forward", names), "grad_input": ("backward", names[::-1])}
    for panel, (tensor, (title, along)) in zip(axes, panels.items(), strict=True):
        for side, colour in (("scratch", style.SCRATCH), ("keras", style.KERAS)):
            for mode, line in (("propagated", "-"), ("isolated", "o")):
                rows = shown[(shown.tensor == tensor) & (shown["mode"] == mode)]
                distance = rows.set_index("layer")[f"{side}_ulp"].reindex(along).replace(0, np.nan)
                panel.plot(along, distance, line, color=colour, label=f"{side}, {mode}")
        panel.set(title=f"{title} ({tensor})", yscale="log")
        panel.tick_params(axis="x", rotation=90)
    axes[0].set_ylabel("distance from float64, in ulps\nof the tensor's largest number")
    axes[0].legend()
    return Figure(
        "growth",
        "How rounding grows with depth in signs_deep: each twin's distance from the float64 judge, "
        "each layer on its own (dots) and both networks end to end (lines). Left to right is the "
        "order of computation. Where a line leaps, rounding turned a max-pool's place or a ReLU's "
        "sign: gradients behind it go to another pixel, and no layer is at fault.",
        "Two line plots over the layers of signs_deep, forward and backward: the distances of "
        "scratch and Keras from float64 stay within tens of ulps unless rounding turned a choice.",
        figure,
    )


def _fault_figure(faults: pd.DataFrame) -> Figure:
    names = list(dict.fromkeys(faults.fault))
    figure, axes = style.subplots(size=(7.0, 0.23 * len(names) + 0.9))
    for dtype, colour, marker, size in (
        ("float32", style.BLUE, "o", 8),
        ("float64", style.VERMILION, "s", 4),
    ):
        ratios = faults[faults.dtype == dtype].set_index("fault").error_ratio.reindex(names)
        heights = range(len(names))
        axes.plot(
            ratios.clip(upper=_BEYOND), heights, marker, color=colour, label=dtype, markersize=size
        )
    axes.axvline(1, color=style.BLACK, linewidth=1.2)
    axes.set(xscale="log", yticks=range(len(names)), yticklabels=names, xlim=(0.3, 3 * _BEYOND))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(f"difference / bound (1: proven; right edge: {_BEYOND:.0e} and more)")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
    return Figure(
        "planted_faults",
        "How far outside the rounding bound each planted fault lies.",
        f"Dot plot of the error ratio of {len(names)} planted faults in float32 and float64; all "
        f"lie above 1, the smallest at {faults.error_ratio.min():.2g}.",
        figure,
    )
