"""The four roles of 1x1 convolutions, shown exactly and measured on SIGNS."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.formatting import number, percent
from experiments.one_by_one.demonstrations import channel_changes, demonstrate
from experiments.one_by_one.figures import draw_accuracies, draw_cost, draw_mixing
from experiments.one_by_one.rows import PAIRS, compare, paired_row, run_rows, variant_row
from experiments.one_by_one.training import BATCH, train
from experiments.one_by_one.variants import DIRECT, REDUCED, VARIANTS
from experiments.signs import SignsData
from experiments.study import Context, Figure, Findings, Table, rounding, timing

question = (
    "Source E names four things that a 1x1 convolution does: it changes the number of channels, "
    "adds a non-linearity, mixes channels, and saves cost. Does each hold, and what is each worth "
    "on SIGNS?"
)
method = (
    "Source E, exercise 5-3. What can be shown exactly is: both twins' 1x1 layers run on "
    "photographs with integer kernels, where float32 is free of rounding, against 64-bit integer "
    "sums; in floats, two layers and their product differ by at most 2 gamma_(n+m) |x| |A| |B| "
    "(Higham 2002, section 3.5). What a role is worth is measured: seven small networks, alike but "
    "for their 1x1 layers, are trained from several seeds with Adam and a learning rate that falls "
    "along a cosine; from one seed, all see the same batches. Keras trains every seed; the NumPy "
    "twins train beside it, from the same weights, in the first (in the full form, the first "
    "three). Accuracies are of all test photographs; the mean over seeds has the Wilson 95 % "
    "interval of one reading of them. Of two variants the report says that one is better only "
    "where both kinds of luck are ruled out: that of the seeds (Student's 95 % interval of the "
    "differences, seed by seed, excludes 0) and that of the photographs (the exact sign test of "
    "how many are read right by more seeds and how many by fewer, McNemar 1947 for one seed, has "
    "p below 0.05 / 5, for five comparisons). Each variant's first trained network is held against "
    "its NumPy twin layer by layer. Where channels are kept apart, Keras trains with TensorFlow's "
    "depthwise kernel, which gives the sums of a grouped convolution in a fraction of the time; "
    "the layers are compared with Keras' own. The times are medians of the training's own steps, "
    "which all variants take in turn."
)
order = 40

_COSTS = ("macs", "parameters", "seconds_keras", "seconds_scratch")

# What another machine's rounding can turn: it amounts to another seed, so that single trainings
# move by some photographs in 120, means by fewer, and intervals over three seeds by the most.
_MEAN = rounding(atol=0.08)
_RUN = rounding(atol=0.125)
_DIFFERENCE = rounding(atol=0.25)
_PHOTOGRAPHS = rounding(atol=15)


def run(context: Context) -> Findings:
    """Show the roles, train the variants, compare."""
    seeds = range(context.seed, context.seed + (8 if context.full else 3))
    epochs = 15 if context.full else 5
    data = context.signs.scaled("float32")
    roles = demonstrate(context.signs.x_test[:4], np.random.default_rng(context.seed))
    total = len(seeds) * epochs * -(-len(data.y_train) // BATCH)
    with context.progress.task("batches, given to all variants", total) as advance:
        trained = train(
            VARIANTS,
            data,
            seeds=seeds,
            with_twin=seeds[:3] if context.full else seeds[:1],
            epochs=epochs,
            advance=advance,
        )
    with context.progress.task("variants compared with their twins", len(VARIANTS)) as advance:
        compared = {}
        for one in trained[: len(VARIANTS)]:
            compared[one.variant.name] = compare(one, data)
            advance(1)
    runs = pd.DataFrame(
        [row for one in trained for row in run_rows(one, epochs, context.signs.y_test)]
    )
    variants = pd.DataFrame([variant_row(v, runs, trained, compared[v.name]) for v in VARIANTS])
    pairs = pd.DataFrame([paired_row(pair, trained, context.signs.y_test) for pair in PAIRS])
    return Findings(
        _tables(pd.DataFrame(roles), runs, variants, pairs),
        _figures(variants, runs, context.signs),
    )


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The sentences of the report."""
    return [
        _shown(tables["roles"]),
        *_measured(tables["paired"], tables["variants"]),
        _saved(tables["variants"]),
        _agreement(tables["variants"], tables["runs"]),
    ]


def _shown(roles: pd.DataFrame) -> str:
    broken = roles[~roles.holds]
    bent = roles[roles.expected == "some"].iloc[0]
    detail = (
        f"A 1x1 layer changes the number of channels and nothing else of the shape; it is a matrix "
        f"product at every pixel; without ReLU two of them are one, and with it f(a + b) misses "
        f"f(a) + f(b) in {percent(bent.differing_scratch / bent.numbers)} of {bent.numbers:,} "
        f"numbers."
        if broken.empty
        else f"These do not: {'; '.join(broken.demonstration)}."
    )
    return (
        f"What can be shown exactly: {len(roles) - len(broken)} of {len(roles)} demonstrations "
        f"hold in both twins. {detail}"
    )


def _measured(pairs: pd.DataFrame, variants: pd.DataFrame) -> list[str]:
    means = variants.set_index("variant").accuracy
    sentences = []
    for row in pairs.to_dict("records"):
        points = [100 * row[column] for column in ("difference", "low", "high")]
        mean, low, high = (f"{p:+.1f}".replace("-", "\N{MINUS SIGN}") for p in points)
        role = row["role"][0].upper() + row["role"][1:]
        sentences.append(
            f"{role}: with {row['what']} the test accuracy is {percent(means[row['first']])}, "
            f"without {percent(means[row['second']])} ({row['first']!r} and {row['second']!r}, "
            f"{row['seeds']} seeds): {mean} points, with a 95 % interval "
            f"over the seeds of {low} to {high}. "
            f"{row['better']} photographs are read right by more seeds with it, {row['worse']} by "
            f"fewer (p = {number(row['p_value'], 2)}): {row['says']}."
        )
    return sentences


def _saved(variants: pd.DataFrame) -> str:
    rows = variants.set_index("variant").to_dict("index")
    direct, reduced = rows[DIRECT.name], rows[REDUCED.name]
    share = {column: reduced[column] / direct[column] for column in direct if column in _COSTS}
    return (
        f"Cost: with the 1x1 before its 3x3 convolutions the network has "
        f"{number(reduced['macs'])} MACs a photograph instead of {number(direct['macs'])} "
        f"({percent(share['macs'])}), and {number(reduced['parameters'])} parameters instead of "
        f"{number(direct['parameters'])} ({percent(share['parameters'])}). A training step takes "
        f"{percent(share['seconds_keras'], 0)} of the time in Keras and "
        f"{percent(share['seconds_scratch'], 0)} in NumPy; of what it does, normalisation, ReLU "
        f"and the optimizer's update count no MACs."
    )


def _agreement(variants: pd.DataFrame, runs: pd.DataFrame) -> str:
    both = runs.pivot(index=["variant", "seed"], columns="twin", values="correct").dropna()
    apart = (both["scratch"] - both["Keras"]).abs()
    agreeing = variants[variants.verdict == "agree"]
    return (
        f"{len(agreeing)} of {len(variants)} trained networks agree with their NumPy twins layer "
        f"by layer, the largest difference being {number(variants.worst_error_ratio.max(), 2)} of "
        f"the rounding bound. Trained by NumPy itself from the same weights, they read "
        f"{percent(both['scratch'].sum() / both['Keras'].sum())} as many photographs right as "
        f"those trained by Keras; the furthest pair is {int(apart.max())} photographs apart."
    )


def _tables(
    roles: pd.DataFrame, runs: pd.DataFrame, variants: pd.DataFrame, pairs: pd.DataFrame
) -> list[Table]:
    return [
        Table(
            "roles",
            "What can be shown exactly: how many numbers differ, and how many should",
            roles,
            dict.fromkeys(("error_ratio_scratch", "error_ratio_keras"), rounding(atol=1)),
        ),
        Table(
            "channels",
            "1x1 layers on 64x64 inputs: shapes and parameters in both twins",
            pd.DataFrame(channel_changes((64, 64))),
        ),
        Table(
            "variants",
            "The networks: cost, test accuracy over the seeds (Keras), agreement of the twins",
            variants,
            {
                **dict.fromkeys(("accuracy", "low", "high"), _MEAN),
                **dict.fromkeys(("lowest", "highest"), _RUN),
                **dict.fromkeys(("seconds_keras", "seconds_scratch"), timing()),
                "worst_error_ratio": rounding(atol=1),
            },
        ),
        Table(
            "runs",
            "Every training: test photographs read right, with the Wilson 95 % interval",
            runs,
            {"correct": _PHOTOGRAPHS, **dict.fromkeys(("accuracy", "low", "high"), _RUN)},
        ),
        Table(
            "paired",
            "Two variants on the same photographs, from the same seeds (Keras)",
            pairs,
            {
                **dict.fromkeys(("difference", "low", "high"), _DIFFERENCE),
                **dict.fromkeys(("better", "worse"), _PHOTOGRAPHS),
                **dict.fromkeys(("p_value", "says"), timing()),
            },
        ),
    ]


def _figures(variants: pd.DataFrame, runs: pd.DataFrame, signs: SignsData) -> list[Figure]:
    means = ", ".join(
        f"{row['variant']} {percent(row['accuracy'])}" for row in variants.to_dict("records")
    )
    costs = ", ".join(
        f"{row['variant']} {number(row['macs'] / 1e6, 3)} million"
        for row in variants.to_dict("records")
    )
    photographs = int(runs.count_of.iloc[0])
    return [
        Figure(
            "mixing",
            "What mixing channels is: one 1x1 layer turns red, green and blue into light and two "
            "colour differences (the conversion that JPEG makes; their contrast is stretched), "
            "each a weighted sum of the three at the same pixel. A 1x1 layer with as many groups "
            "as channels can only make each picture of the upper row lighter or darker.",
            "A photograph of a hand, its three colour channels as grey pictures, and below them "
            "three mixtures: a grey picture of its light, and two of its colours.",
            draw_mixing(signs.x_test[0]),
        ),
        Figure(
            "accuracy",
            "Test accuracy of every variant: dots are trainings, the upright stroke is the mean of "
            f"Keras' seeds, the line what {photographs} photographs leave open.",
            f"Dots and intervals for seven networks; the means are: {means}.",
            draw_accuracies(variants, runs),
        ),
        Figure(
            "cost",
            "Accuracy over cost. Left: multiply-accumulates; right: the time of a training step "
            "(median). Bars are from the lowest to the highest seed.",
            f"Two scatter plots of accuracy over cost for seven networks. MACs: {costs}.",
            draw_cost(variants),
        ),
    ]
