"""Both twins learn to read the SIGNS photographs, in float32, as one would train in earnest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd

import keras_models.zoo
import scratch.zoo
from experiments import style
from experiments.formatting import number, percent
from experiments.lockstep import (
    Predictions,
    Record,
    epoch_batches,
    lockstep,
    predict_both,
    scratch_optimizer,
)
from experiments.lockstep.figures import (
    PHOTOGRAPHS_A_ROW,
    draw_accuracies,
    draw_confusions,
    draw_divergence,
    draw_losses,
    draw_photographs,
)
from experiments.lockstep.outcome import accuracy, confusion, worth_seeing
from experiments.signs import SignsData
from experiments.signs.published import PUBLISHED
from experiments.study import Context, Figure, Findings, Table, rounding, timing
from scratch import config

question = (
    "Trained on SIGNS from the same weights and the same batches, do the NumPy network and its "
    "Keras twin learn the same, how well do they read the photographs, and what does it cost?"
)
method = (
    "signs_convnet (source B's network: Adam, batches of 64) and signs_deep (Adam with a learning "
    "rate that falls from 0.003 to 0 along a cosine; photographs shifted, mirrored and lightened "
    "by chance, drawn once for both twins) are trained in float32. Neither side sees the other "
    "after the start. float32 rounding differs between the two, and training amplifies it. "
    "On one machine a rerun gives the same numbers bit for bit; another machine rounds otherwise, "
    "as the twins do, so losses and accuracies are held against these with tolerances a little "
    "wider than the difference between the twins. Accuracies have "
    "Wilson 95 % intervals, on the whole test set and without the photographs that are also in "
    "the training set."
)
order = 10

_BATCH = 64

# What another machine's rounding can turn, from how far the twins of one machine differ: a few
# photographs of 120, and a share of a loss that is small by then.
_LOSS = rounding(rtol=0.5, atol=0.05)
_SHARE = rounding(atol=0.08)
_PHOTOGRAPHS = rounding(atol=10)


@dataclass(frozen=True)
class _Recipe:
    """How a network is trained."""

    network: str
    epochs: int
    learning_rate: float
    cosine: bool = False
    augmented: bool = False

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, from 1."""
        if not self.cosine:
            return self.learning_rate
        return self.learning_rate * (1 + math.cos(math.pi * (epoch - 1) / self.epochs)) / 2


@dataclass(frozen=True)
class _Run:
    """One network, trained from one seed."""

    recipe: _Recipe
    seed: int
    record: Record
    predictions: Predictions

    @property
    def labels(self) -> dict[str, Any]:
        """The columns that say which run a row belongs to."""
        return {"network": self.recipe.network, "seed": self.seed}


def run(context: Context) -> Findings:
    """Train every network from every seed."""
    recipes = (
        _Recipe("signs_convnet", 100 if context.full else 50, 0.001),
        _Recipe("signs_deep", 40 if context.full else 8, 0.003, cosine=True, augmented=True),
    )
    seeds = range(context.seed, context.seed + (3 if context.full else 1))
    data = context.signs.scaled("float32")
    runs = [_train(context, data, recipe, seed) for recipe in recipes for seed in seeds]
    first = {run.recipe.network: run for run in runs if run.seed == context.seed}
    return Findings(_tables(runs, context.signs), _figures(first, context.signs))


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The sentences of the report."""
    sentences = []
    for network, rows in tables["accuracy"].groupby("network", sort=False):
        means = rows.groupby(["photographs", "twin"]).accuracy.mean()
        runs = tables["runs"][tables["runs"].network == network]
        one = rows[(rows.seed == rows.seed.min()) & (rows.twin == "scratch")].iloc[0]
        averaged = f"on average of {len(runs)} seeds" if len(runs) > 1 else "from one seed"
        sentences.append(
            f"{network} reads {percent(means['all test', 'scratch'])} of the test photographs "
            f"right, its Keras twin {percent(means['all test', 'Keras'])}, {averaged} after "
            f"{runs.epochs.iloc[0]} epochs; without the photographs that are also in the training "
            f"set {percent(means['not in training set', 'scratch'])} and "
            f"{percent(means['not in training set', 'Keras'])}. With {one.count_of} photographs "
            f"such a share is uncertain: of the first seed's scratch network the interval runs "
            f"from {percent(one.low)} to {percent(one.high)}."
        )
    for row in tables["published"].to_dict("records"):
        sentences.append(
            f"Published test accuracies of {row['published']}: {percent(row['lowest'])} to "
            f"{percent(row['highest'])}; {row['network']} after {row['epochs']} epochs: "
            f"{percent(row['scratch'])} in NumPy, {percent(row['keras'])} in Keras."
        )
    for row in tables["runs"].drop_duplicates("network").to_dict("records"):
        sentences.append(
            f"{row['network']} starts with losses that differ by "
            f"{number(row['first_loss_difference'], 2)} and gradients that differ by "
            f"{number(row['first_gradient_difference'], 2)} of the largest: float32 rounding, and "
            f"the few max-pool and ReLU choices that it turns. Training amplifies that until the "
            f"weights are {number(row['final_weight_difference'], 2)} apart. At the end the twins "
            f"disagree on {row['disagreements']} of {row['test']} test photographs."
        )
    for row in tables["seconds"].to_dict("records"):
        sentences.append(
            f"An epoch of {row['network']} takes {number(row['seconds_scratch'], 2)} s in NumPy "
            f"and {number(row['seconds_keras'], 2)} s in Keras, {number(row['ratio'], 2)} times "
            f"as long."
        )
    return sentences


def _train(context: Context, data: SignsData, recipe: _Recipe, seed: int) -> _Run:
    """Train both twins of one network and let them read the test photographs."""
    config.set_random_seed(seed)
    scratch_model = scratch.zoo.NETWORKS[recipe.network]("float32")
    keras_model = keras_models.zoo.NETWORKS[recipe.network]("float32")
    keras_optimizer = keras.optimizers.Adam(recipe.learning_rate)
    batches = epoch_batches(
        data.x_train,
        data.y_train,
        epochs=recipe.epochs,
        seed=seed,
        batch_size=_BATCH,
        augmented=recipe.augmented,
    )
    total = recipe.epochs * -(-len(data.y_train) // _BATCH)
    with context.progress.task(f"{recipe.network}, seed {seed}", total) as advance:
        record = lockstep(
            scratch_model,
            keras_model,
            batches,
            scratch_optimizer(keras_optimizer),
            keras_optimizer,
            learning_rate=recipe.rate,
            observe=lambda _step: advance(1),
        )
    return _Run(recipe, seed, record, predict_both(scratch_model, keras_model, data.x_test))


def _tables(runs: list[_Run], signs: SignsData) -> list[Table]:
    return [
        Table(
            "runs",
            "What was trained, and how far the twins are apart at the end",
            pd.DataFrame([_run_row(run, signs) for run in runs]),
            {
                "first_loss_difference": rounding(atol=1e-5),
                "first_gradient_difference": rounding(atol=0.02),
                "final_loss_scratch": _LOSS,
                "final_loss_keras": _LOSS,
                "final_weight_difference": timing(),
                "largest_probability_difference": timing(),
                "disagreements": _PHOTOGRAPHS,
                "disagree_on": timing(),
            },
        ),
        Table(
            "accuracy",
            "Test photographs read right, with the Wilson 95 % interval",
            pd.DataFrame([row for run in runs for row in _accuracy_rows(run, signs)]),
            {
                "correct": _PHOTOGRAPHS,
                **dict.fromkeys(("accuracy", "low", "high"), _SHARE),
            },
        ),
        Table(
            "published",
            "Test accuracies of published runs, beside the mean over the kit's seeds",
            _published(runs, signs),
            dict.fromkeys(("scratch", "keras"), _SHARE),
        ),
        Table(
            "seconds",
            "Seconds of an epoch: the median over epochs and seeds, both sides alternating",
            _seconds(runs),
            dict.fromkeys(("seconds_scratch", "seconds_keras", "ratio"), timing()),
        ),
        Table(
            "confusion",
            "How many photographs of a class were read as each class",
            pd.concat([frame for run in runs for frame in _confusions(run, signs)]).reset_index(
                drop=True
            ),
            {f"read_as_{c}": _PHOTOGRAPHS for c in range(_classes(signs))},
        ),
        Table(
            "epochs",
            "Both twins after every epoch",
            pd.concat([run.record.epochs.assign(**run.labels) for run in runs])[
                ["network", "seed", *runs[0].record.epochs.columns]
            ].reset_index(drop=True),
            {
                "loss_scratch": _LOSS,
                "loss_keras": _LOSS,
                "weight_difference": timing(),
                "gradient_difference": timing(),
                "seconds_scratch": timing(),
                "seconds_keras": timing(),
            },
        ),
    ]


def _run_row(run: _Run, signs: SignsData) -> dict[str, Any]:
    steps, epochs, layers = run.record.steps, run.record.epochs, run.record.layers
    largest_gradient = layers.gradient_size[layers.step == 1].max()
    return {
        **run.labels,
        "epochs": run.recipe.epochs,
        "steps": len(steps),
        "augmented": run.recipe.augmented,
        "first_loss_difference": steps.loss_difference.iloc[0],
        "first_gradient_difference": steps.gradient_difference.iloc[0] / largest_gradient,
        "final_loss_scratch": epochs.loss_scratch.iloc[-1],
        "final_loss_keras": epochs.loss_keras.iloc[-1],
        "final_weight_difference": steps.weight_difference.iloc[-1],
        "largest_probability_difference": run.predictions.largest_difference,
        "test": len(signs.y_test),
        "disagreements": len(run.predictions.disagreements),
        "disagree_on": " ".join(map(str, run.predictions.disagreements)),
    }


def _accuracy_rows(run: _Run, signs: SignsData) -> list[dict[str, Any]]:
    rows = []
    parts = {
        "all test": np.ones_like(signs.test_has_twin),
        "not in training set": ~signs.test_has_twin,
    }
    for photographs, part in parts.items():
        for twin, predicted in zip(("scratch", "Keras"), run.predictions.classes, strict=True):
            measured = accuracy(predicted[part], signs.y_test[part])
            rows.append(
                {
                    **run.labels,
                    "photographs": photographs,
                    "twin": twin,
                    "count_of": int(part.sum()),
                    **measured,
                }
            )
    return rows


def _published(runs: list[_Run], signs: SignsData) -> pd.DataFrame:
    """What others read of the test photographs, and what the kit's network beside it reads."""
    measured = pd.DataFrame([row for run in runs for row in _accuracy_rows(run, signs)])
    of_all = measured[measured.photographs == "all test"]
    means = of_all.groupby(["network", "twin"]).accuracy.mean()
    epochs = {run.recipe.network: run.recipe.epochs for run in runs}
    return pd.DataFrame(
        {
            **theirs._asdict(),
            "epochs": epochs[theirs.network],
            "scratch": means[theirs.network, "scratch"],
            "keras": means[theirs.network, "Keras"],
        }
        for theirs in PUBLISHED
    )


def _seconds(runs: list[_Run]) -> pd.DataFrame:
    epochs = pd.concat([run.record.epochs.assign(network=run.recipe.network) for run in runs])
    medians = epochs.groupby("network", sort=False)[["seconds_scratch", "seconds_keras"]].median()
    return medians.assign(ratio=medians.seconds_scratch / medians.seconds_keras).reset_index()


def _confusions(run: _Run, signs: SignsData) -> list[pd.DataFrame]:
    frames = []
    classes = _classes(signs)
    for twin, predicted in zip(("scratch", "Keras"), run.predictions.classes, strict=True):
        counts = confusion(predicted, signs.y_test, classes)
        frame = pd.DataFrame(counts, columns=[f"read_as_{c}" for c in range(classes)])
        frame.insert(0, "shown", range(classes))
        frame.insert(0, "twin", twin)
        frame.insert(0, "seed", run.seed)
        frame.insert(0, "network", run.recipe.network)
        frames.append(frame)
    return frames


def _classes(signs: SignsData) -> int:
    return int(signs.y_train.max()) + 1


def _figures(runs: dict[str, _Run], signs: SignsData) -> list[Figure]:
    """The figures, all of the first seed's runs."""
    predictions = {network: run.predictions for network, run in runs.items()}
    return [
        _curves(runs),
        _accuracies(runs, signs),
        Figure(
            "confusion",
            "Confusion matrices of the test photographs, scratch beside Keras: rows are the "
            "numbers shown, columns the numbers read; mistakes are off the diagonal.",
            "Pairs of six by six matrices, one pair for each network: most photographs are on the "
            "diagonals, and the two of a pair are nearly the same.",
            draw_confusions(predictions, signs.y_test),
        ),
        _photographs(runs["signs_deep"], signs),
    ]


def _curves(runs: dict[str, _Run]) -> Figure:
    figure, axes = style.subplots(len(runs), 2, size=(7, 2.9 * len(runs)))
    for (left, right), (network, run) in zip(axes, runs.items(), strict=True):
        draw_losses(left, run.record.epochs)
        left.set_title(f"{network}: loss")
        draw_divergence(right, run.record.steps, "loss_difference", style.PURPLE, "loss")
        draw_divergence(right, run.record.steps, "weight_difference", style.DIFFERENCE, "weights")
        right.set(title=f"{network}: difference", ylabel="largest difference")
    axes[0, 0].legend()
    axes[0, 1].legend(loc="lower right")
    return Figure(
        "curves",
        "Left: the training loss of both twins. Right: the largest difference of any weight, and "
        "the difference of the losses, after every step; it starts as float32 rounding.",
        "The loss curves of the twins lie on each other. Their weights differ by float32 rounding "
        "at first, then by more and more until the difference levels off.",
        figure,
    )


def _accuracies(runs: dict[str, _Run], signs: SignsData) -> Figure:
    rows = [row for run in runs.values() for row in _accuracy_rows(run, signs)]
    return Figure(
        "accuracy",
        "Accuracy of both twins with Wilson 95 % intervals, on all test photographs and on those "
        "that have no exact duplicate in the training set.",
        "For each network and part of the test set two dots with wide bars, which overlap.",
        draw_accuracies(rows),
    )


def _photographs(run: _Run, signs: SignsData) -> Figure:
    chosen = worth_seeing(run.predictions, signs.y_test, PHOTOGRAPHS_A_ROW)
    ours, theirs = run.predictions.classes
    wrong = int(((ours != signs.y_test) | (theirs != signs.y_test)).sum())
    return Figure(
        "photographs",
        f"Test photographs with what both twins of {run.recipe.network} read, and how sure they "
        f"are: first those on which they disagree, then those that both misread ({wrong} are "
        "misread by one at least), then others. A cross marks a mistake.",
        "A grid of photographs of hands, each with two predictions; most of them agree.",
        draw_photographs(signs.x_test, signs.y_test, run.predictions, chosen),
    )
