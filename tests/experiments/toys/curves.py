"""Loss curves that fall, a long table, a confusion matrix and a timing column."""

import numpy as np
import pandas as pd

from experiments import style
from experiments.formatting import number
from experiments.study import Context, Figure, Findings, Table, exact, rounding, timing

question = "Do the two twins learn the same thing from the same weights and the same batches?"
method = (
    "Both networks start from one set of weights and see the same batches in the same order. "
    "After every step the loss on both sides and the largest weight difference are written down."
)
order = 10


def run(context: Context) -> Findings:
    rng = np.random.default_rng(context.seed)
    steps = np.arange(400 if context.full else 120)
    loss = 1.8 * np.exp(-steps / 40) + 0.05 + 0.02 * rng.random(len(steps))
    drift = 1e-16 * np.exp(steps / 25) * (1 + rng.random(len(steps)))
    with context.progress.task("steps", len(steps)) as advance:
        for _ in steps:
            advance()
    curves = pd.DataFrame(
        {"step": steps, "loss_scratch": loss, "loss_keras": loss + drift, "weight_drift": drift}
    )
    accuracy = pd.DataFrame(
        {
            "network": ["signs_convnet", "signs_deep"],
            "parameters": [1310, 98_918],
            "accuracy_scratch": [0.7833, 0.9667],
            "accuracy_keras": [0.7833, 0.9583],
            "wilson_low": [0.7017, 0.9174],
            "wilson_high": [0.8478, 0.987],
            "disagreements": [0, 1],
            "seconds_scratch": rng.random(2) + 40,
            "seconds_keras": rng.random(2) + 7,
        }
    )
    return Findings(
        tables=[
            Table(
                "accuracy",
                "Test accuracy of both twins, one row per network",
                accuracy,
                {"seconds_scratch": timing(), "seconds_keras": timing(), "network": exact()},
            ),
            Table(
                "steps",
                "Loss and weight difference after every step",
                curves,
                {
                    "loss_scratch": rounding(rtol=1e-6),
                    "loss_keras": rounding(rtol=1e-6),
                    "weight_drift": rounding(atol=1e-8),
                },
            ),
        ],
        figures=[_curves(curves), _confusion(rng)],
    )


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    steps, accuracy = tables["steps"], tables["accuracy"]
    return [
        f"After {len(steps)} steps the largest weight difference is "
        f"{number(steps.weight_drift.max(), 2)}: the two are one algorithm.",
        f"signs_deep reaches {number(accuracy.accuracy_scratch.max())} on the test photographs, "
        f"and the twins disagree on {accuracy.disagreements.sum()} of them.",
    ]


def _curves(frame: pd.DataFrame) -> Figure:
    figure, (left, right) = style.subplots(1, 2)
    left.plot(frame.step, frame.loss_scratch, color=style.SCRATCH, label="scratch")
    left.plot(frame.step, frame.loss_keras, "--", color=style.KERAS, label="Keras")
    left.set(xlabel="step", ylabel="loss", title="Loss of both twins")
    left.legend()
    right.semilogy(frame.step, frame.weight_drift, color=style.DIFFERENCE)
    right.set(xlabel="step", ylabel="largest weight difference", title="Divergence")
    return Figure(
        "curves",
        "Loss of both twins on one axis, and the largest difference between their weights.",
        "Two loss curves that lie on each other; beside them the weight difference grows from "
        "1e-16 to 1e-14.",
        figure,
    )


def _confusion(rng: np.random.Generator) -> Figure:
    figure, axes = style.subplots(1, 2, size=(7, 3.4))
    for name, ax in zip(("scratch", "Keras"), axes, strict=True):
        style.image_axes(ax).imshow(np.eye(6) * 18 + rng.integers(0, 3, (6, 6)), cmap="Blues")
        ax.set_title(name)
    return Figure(
        "confusion",
        "Confusion matrices side by side: rows are what is shown, columns what was read.",
        "Two nearly diagonal six by six matrices.",
        figure,
    )
