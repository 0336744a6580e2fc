"""What the tables of the complexity study say, in words."""

from __future__ import annotations

import pandas as pd

from experiments.formatting import number, percent
from experiments.passes import BOTH, FORWARD, NUMPY, TENSORFLOW


def exercise(steps: pd.DataFrame) -> str:
    """From `exercise.exercise_5_4`."""
    direct, both = steps.iloc[0], steps.iloc[-1]
    fewer = direct.time_macs / both.time_macs
    more = both.space_numbers / direct.space_numbers
    return (
        f"Exercise 5-4: the 3x3 takes {number(direct.time_macs)} MACs and writes "
        f"{number(direct.space_numbers)} numbers. With a 1x1 to 64 channels in front it takes "
        f"{both.time} MACs, {number(fewer)} times fewer, and writes {number(both.space_numbers)} "
        f"numbers, {number(more)} times as many."
    )


def inception(modules: pd.DataFrame) -> list[str]:
    """From `inception.inception_table`."""
    first, others = modules.iloc[0], modules.weights_ratio.iloc[1:]
    fits, agrees = modules[modules.paper_parameters_agree], modules.paper_ops_agree
    apart = [
        f"{row['module']}, where {row['paper_ops_m']} million are printed and "
        f"{row['reduced_macs_with_pool'] / 1e6:.2f} million counted"
        for row in modules[~agrees].to_dict("records")
    ]
    return [
        f"GoogLeNet's module {first.module} has {number(first.naive_weights)} weights without its "
        f"reductions and {number(first.reduced_weights)} with them, the pool branch aside: "
        f"{first.weights_ratio:.3f} of them ({first.weights_ratio_with_pool:.3f} with the pool's "
        f"own 1x1), where source E says about one third. The other modules keep "
        f"{others.min():.3f} to {others.max():.3f}.",
        f"The paper's own table has the operations of {int(agrees.sum())} of {len(modules)} "
        "modules as counted, to the digits it prints"
        + (f"; not of {'; '.join(apart)}" if apart else "")
        + f". Its parameter column, in units of 1,024, is met in {len(fits)} modules "
        f"({', '.join(fits.module)}), whether biases are counted or not.",
    ]


def blocks(rows: pd.DataFrame) -> str:
    """From `variants.block_table`."""
    parts = []
    for pair, case in rows.groupby("pair", sort=False):
        direct, reduced = (case[case.variant == name].iloc[0] for name in ("direct", "reduced"))
        parts.append(
            f"{pair}: {number(direct.macs)} MACs and {number(direct.weights)} weights become "
            f"{reduced.macs_by_layer} MACs and {number(reduced.weights)} weights, "
            f"{number(reduced.times_fewer_weights, 3)} times fewer"
        )
    agreeing = int(rows.numpy_model_agrees.sum())
    return (
        f"One image through each block. {'; '.join(parts)}. The NumPy models of {agreeing} of the "
        f"{len(rows)} variants are counted as their Keras twins are."
    )


def break_even(rows: pd.DataFrame) -> str:
    """From `sweep.break_even_table`."""
    held = rows.formula_holds_at_all & rows.saves_at_widest & ~rows.saves_one_wider
    widest = "; ".join(
        f"{row['convolution']}: up to r = {row['widest_that_saves']} (r* = "
        f"{number(row['break_even'])})"
        for row in rows.to_dict("records")
    )
    return (
        "A 1x1 to r channels saves as long as r < r* = K^2 C_in C_out / (C_in + K^2 C_out). "
        f"{widest}. In exact integers {int(held.sum())} of {len(rows)} cases bear this out, at "
        f"{number(int(rows.widths_checked.sum()))} widths in all."
    )


def applications(networks: pd.DataFrame, published: pd.DataFrame) -> list[str]:
    """From `applications.application_table` and `published.published_table`."""
    beside = 1 - networks.profiler_in_products / networks.profiler_float_ops
    least, most = int(beside.argmin()), int(beside.argmax())
    exactly = int(networks.products_are_two_macs.sum())
    grouped = networks[networks.products_explained & ~networks.products_are_two_macs]
    return [
        f"{int(networks.count_params_agrees.sum())} of {len(networks)} networks have as many "
        f"parameters as Keras says. In {exactly} TensorFlow's profiler counts exactly 2 float "
        "operations for each MAC"
        + (
            f"; in {len(grouped)} ({', '.join(grouped.application)}) it overlooks exactly the "
            "grouped convolutions, which Keras runs in functions of their own"
            if len(grouped)
            else ""
        )
        + ". What it counts besides (bias adds, pooling, normalization, additions) is "
        f"{percent(beside.iloc[least], 2)} of its total ({networks.application.iloc[least]}) to "
        f"{percent(beside.iloc[most], 2)} ({networks.application.iloc[most]}).",
        _published(published),
        *(_split(row) for row in networks.to_dict("records") if row["application"] == "ResNet50"),
        *(_network(row) for row in networks.to_dict("records") if row["application"] in _NAMED),
    ]


def _published(rows: pd.DataFrame) -> str:
    missed = rows[rows.agreement == "no"]
    found = (
        f"{len(rows) - len(missed)} of {len(rows)} published numbers come out in their convention "
        f"and digits, {int((rows.agreement == 'exact').sum())} of them exactly"
    )
    if missed.empty:
        return f"{found}."
    furthest = missed.iloc[int((missed.counted_to_published - 1).abs().argmax())]
    return (
        f"{found}; {len(missed)} not, the furthest off {furthest.application} "
        f"({furthest.convention}: {number(furthest.published)} printed in {furthest.source}, "
        f"{number(furthest.counted)} counted)."
    )


def _split(row: dict) -> str:
    return (
        f"Keras' {row['application']} has {number(row['parameters'])} parameters: "
        f"{number(row['trainable_without_conv_biases'])}, as torchvision's, "
        f"{number(row['conv_biases'])} biases of convolutions and "
        f"{number(row['parameters'] - row['trainable_parameters'])} moving statistics."
    )


_NAMED = {
    "VGG16": "VGG16",
    "ResNet50": "ResNet-50 with the stride in the first 1x1, as in the paper and in Keras,",
    "ResNet50, stride in the 3x3": "ResNet-50 with the stride in the 3x3, as in torchvision,",
}


def _network(row: dict) -> str:
    return (
        f"{_NAMED[row['application']]} takes {number(row['macs'])} MACs "
        f"({number(row['macs'] + row['bias_adds'])} with bias adds) and writes "
        f"{number(row['activations'])} activations, {row['activations_mib']:.2f} MiB."
    )


def speed_ups(rows: pd.DataFrame) -> list[str]:
    """From `measured.speed_up_table`, a sentence for each implementation."""
    found = []
    for name in (NUMPY, TENSORFLOW):
        cases = rows[rows.implementation == name]
        forward, both = (cases[cases.passes == passes] for passes in (FORWARD, BOTH))
        pairs = zip(forward.pair, forward.counted, forward.measured, both.measured, strict=True)
        each = "; ".join(
            f"{pair}: {number(counted, 3)} times by the count, {number(ahead, 3)} forward, "
            f"{number(trained, 3)} with backward"
            for pair, counted, ahead, trained in pairs
        )
        found.append(f"How much faster {name} becomes. {each}.")
    return found


def memory(measured: pd.DataFrame) -> str:
    """From `measured.Measured`: the peak of a training pass, direct and reduced."""
    parts = []
    for name in (NUMPY, TENSORFLOW):
        rows = measured[(measured.implementation == name) & (measured.passes == BOTH)]
        direct, reduced = (rows[rows.variant == variant] for variant in ("direct", "reduced"))
        pairs = zip(direct.pair, direct.peak_memory_mib, reduced.peak_memory_mib, strict=True)
        each = ", ".join(f"{pair} {was:.1f} to {now:.1f}" for pair, was, now in pairs)
        parts.append(f"{name}: {each}")
    return (
        "Peak memory in MiB of a pass forward and backward, from the direct to the reduced "
        f"variant. {'; '.join(parts)}. A reduction adds its own output, and saves where windows "
        "are unrolled (im2col)."
    )


def roofline(measured: pd.DataFrame, roofs: pd.DataFrame) -> str:
    """From `measured.Measured`: on which side of the ridge, and at what rate."""
    rates = measured.pivot(
        index=["pair", "passes", "implementation"], columns="variant", values="gflop_per_s"
    )
    kept = rates["reduced"] / rates["direct"]
    parts, right = [], 0
    for roof in roofs.to_dict("records"):
        rows = measured[measured.implementation == roof["implementation"]]
        right += int((rows.flop_per_byte > roof["ridge_flop_per_byte"]).sum())
        direct, reduced = (rows[rows.variant == name] for name in ("direct", "reduced"))
        parts.append(
            f"{roof['implementation']} peaks at {number(roof['peak_gflop_per_s'], 3)} GFLOP/s and "
            f"{number(roof['bandwidth_gb_per_s'], 3)} GB/s; its direct variants run at "
            f"{_span(direct.gflop_per_s)} GFLOP/s, its reduced ones at "
            f"{_span(reduced.gflop_per_s)}"
        )
    return (
        f"{'; '.join(parts)}. {right} of {len(measured)} points lie right of the ridge, at "
        f"{number(measured.flop_per_byte.min(), 3)} FLOP a byte and more, where the roof is flat "
        "and promises about the counted speed-up: moving each number once is not the limit. In "
        f"{int((kept < 1).sum())} of {len(kept)} cases the reduced variant's smaller, narrower "
        "work runs at a lower rate than the direct one's. In the median it keeps "
        f"{percent(kept.median(), 0)} of that rate, and so much of the counted speed-up is reached."
    )


def numpy_time(measured: pd.DataFrame, layers: pd.DataFrame, products: pd.DataFrame) -> str:
    """From `measured.Measured`: what NumPy's time goes into."""
    ours = measured[measured.implementation == NUMPY]
    alone = ours.products_seconds / ours.seconds
    narrow, wide = products.iloc[0], products.iloc[int(products.macs.argmax())]
    pools = [
        f"{1000 * row['seconds']:.1f} ms of the {row['variant']} variant ({percent(row['share'])})"
        for row in layers[layers.layer_type == "MaxPooling2D"].to_dict("records")
    ]
    return (
        f"Timed on their own, NumPy's matrix products come to {percent(alone.min(), 0)} to "
        f"{percent(alone.max(), 0)} of its passes' time. One of {int(narrow['columns'])} columns "
        f"runs at {number(narrow['gflop_per_s'], 3)} GFLOP/s, the largest, of "
        f"{int(wide['columns'])}, at {number(wide['gflop_per_s'], 3)}. Where there is a "
        "max-pool, its comparisons are no MACs and no reduction saves them: forward it takes "
        f"{' and '.join(pools)}."
    )


def _span(values: pd.Series) -> str:
    return f"{number(values.min(), 3)} to {number(values.max(), 3)}"
