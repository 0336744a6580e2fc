"""The proof that the twins are one algorithm: float64 training, weight by weight."""

from __future__ import annotations

from typing import Any

import keras
import pandas as pd

import keras_models.zoo
import scratch.zoo
from experiments import style
from experiments.formatting import number
from experiments.lockstep import Record, epoch_batches, lockstep
from experiments.lockstep.figures import draw_divergence
from experiments.signs import SignsData
from experiments.study import Context, Figure, Findings, Table, rounding
from scratch import config
from scratch.optimizers import Adam, through_float32

question = (
    "Are the two networks one training algorithm: do their weights stay the same, in float64, "
    "over whole epochs of Adam?"
)
method = (
    "signs_convnet and its Keras twin start from the same weights and see the same batches of 64 "
    "photographs, in float64, each with its own Adam. After every step the largest difference of "
    "any weight is written down; it must stay below 1e-8. Twice: with the scratch Adam taking its "
    "betas through float32 where Keras does, and with the formula as it stands."
)
order = 20

LIMIT = 1e-8
LEARNING_RATE = 0.001
FORMS = {"as Keras": "float32", "exact formula": None}
COLORS = {"as Keras": style.DIFFERENCE, "exact formula": style.ORANGE}
_MEASURED = ["loss_scratch", "loss_keras", "gradient_difference", "weight_difference"]


def run(context: Context) -> Findings:
    """Train with both forms of Adam."""
    data = context.signs.scaled("float64")
    epochs = 100 if context.full else 4
    records = {form: _train(context, data, form, epochs) for form in FORMS}
    steps = pd.concat(
        [record.steps.assign(adam=form) for form, record in records.items()], ignore_index=True
    )
    return Findings(
        [
            Table(
                "summary",
                "How far the weights of the twins are apart",
                pd.DataFrame([_summary(form, record) for form, record in records.items()]),
                {
                    "largest_weight_difference": rounding(rtol=1e-3, atol=LIMIT),
                    "largest_gradient_difference": rounding(rtol=1e-3, atol=LIMIT),
                    "first_gradient_difference": rounding(atol=1e-14),
                    "first_update_departure": rounding(rtol=1e-3, atol=1e-10),
                    "final_loss_scratch": rounding(rtol=1e-6),
                    "final_loss_keras": rounding(rtol=1e-6),
                },
            ),
            Table(
                "steps",
                "Both twins after every step",
                steps[["adam", "epoch", "step", *_MEASURED]],
                dict.fromkeys(_MEASURED, rounding(rtol=1e-3, atol=LIMIT)),
            ),
        ],
        [_figure(records)],
    )


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The sentences of the report."""
    rows = {row["adam"]: row for row in tables["summary"].to_dict("records")}
    like, exact = (rows[form] for form in FORMS)
    kept = (
        f"stays below {number(LIMIT)}: the two are one algorithm"
        if like["steps_above_limit"] == 0
        else f"reaches {number(LIMIT)} in {like['steps_above_limit']} of them"
    )
    return [
        f"Over {number(like['epochs'])} epochs ({number(like['steps'])} steps) of "
        f"{like['network']} in float64 the largest difference between any two weights of the twins "
        f"is {number(like['largest_weight_difference'], 2)}; it {kept}.",
        f"With Adam's formula as it stands the first gradients agree all the same, to "
        f"{number(exact['first_gradient_difference'], 2)}, but the first update departs by "
        f"{number(exact['first_update_departure'], 2)} of itself, and the weights end up to "
        f"{number(exact['largest_weight_difference'], 2)} apart: Keras takes beta_1 and beta_2 "
        "through float32 in its bias correction even where the weights are float64.",
    ]


def _train(context: Context, data: SignsData, form: str, epochs: int) -> Record:
    """Train both twins with one form of Adam; the same weights and batches for every form."""
    config.set_random_seed(context.seed)
    batches = epoch_batches(data.x_train, data.y_train, epochs=epochs, seed=context.seed)
    total = epochs * -(-len(data.y_train) // 64)
    with context.progress.task(f"Adam {form}", total) as advance:
        return lockstep(
            scratch.zoo.signs_convnet("float64"),
            keras_models.zoo.signs_convnet("float64"),
            batches,
            Adam(through_float32(LEARNING_RATE), bias_correction_dtype=FORMS[form]),
            keras.optimizers.Adam(LEARNING_RATE),
            observe=lambda _step: advance(1),
        )


def _summary(form: str, record: Record) -> dict[str, Any]:
    steps, epochs = record.steps, record.epochs
    return {
        "adam": form,
        "network": "signs_convnet",
        "epochs": len(epochs),
        "steps": len(steps),
        "largest_weight_difference": steps.weight_difference.max(),
        "steps_above_limit": int((steps.weight_difference >= LIMIT).sum()),
        "largest_gradient_difference": steps.gradient_difference.max(),
        "first_gradient_difference": steps.gradient_difference[0],
        # Adam's first update is the learning rate, or less where a gradient is near epsilon.
        "first_update_departure": steps.weight_difference[0] / LEARNING_RATE,
        "final_loss_scratch": epochs.loss_scratch.iloc[-1],
        "final_loss_keras": epochs.loss_keras.iloc[-1],
    }


def _figure(records: dict[str, Record]) -> Figure:
    figure, (left, right) = style.subplots(1, 2, size=(7, 3.6), sharey=True)
    for form, record in records.items():
        label = f"Adam, {form}"
        draw_divergence(left, record.steps, "weight_difference", COLORS[form], label)
        draw_divergence(right, record.steps, "gradient_difference", COLORS[form], label)
    left.axhline(LIMIT, color=style.BLACK, lw=1, ls=":")
    left.annotate(
        f"limit {number(LIMIT)}", (1, LIMIT), xycoords=("axes fraction", "data"), ha="right",
        va="bottom", fontsize=9,
    )  # fmt: skip
    left.set(title="Weights", ylabel="largest difference")
    right.set(title="Gradients")
    right.legend(loc="center right", bbox_to_anchor=(1, 0.56))
    summary = {form: _summary(form, record) for form, record in records.items()}
    worst = {form: number(row["largest_weight_difference"], 2) for form, row in summary.items()}
    return Figure(
        "divergence",
        "Largest difference between the twins after every step, in float64, on a log axis: of any "
        "weight (left) and of any gradient (right). The dotted line is the limit that the weights "
        "must stay below.",
        f"Two curves on a log axis. With Adam as Keras computes it the weights stay within "
        f"{worst['as Keras']} of each other; with the exact formula they part from the first "
        f"step on and reach {worst['exact formula']}.",
        figure,
    )
