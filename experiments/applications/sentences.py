"""What the tables of the study `applications` say."""

from __future__ import annotations

import pandas as pd

from experiments.applications.native import LIMIT_GIB
from experiments.formatting import number


def converted(networks: pd.DataFrame) -> str:
    """How many networks convert, with all their parameters."""
    same = int((networks.parameters_keras == networks.parameters_scratch).sum())
    most = networks.nlargest(1, "parameters_scratch").iloc[0]
    return (
        f"{len(networks)} networks of keras.applications became NumPy, {same} of them with as many "
        f"parameters as in Keras, {number(int(most.parameters_scratch))} at most ({most.network}), "
        f"in {networks.layers.min()} to {networks.layers.max()} layers."
    )


def verdicts(runs: pd.DataFrame) -> str:
    """What the comparison in isolation found."""
    return (
        f"Each layer on its own, {number(int(runs.tensors.sum()))} outputs and gradients "
        f"({_modes(runs)}): {runs.fault.sum()} at fault, {runs.suspect.sum()} suspect, "
        f"{runs.unjudged.sum()} without a bound, {runs.flip.sum()} with a choice turned by "
        f"rounding, {number(int(runs.identical.sum()))} bitwise identical."
    )


def _modes(runs: pd.DataFrame) -> str:
    counts = runs.run_as.value_counts(sort=False)
    return ", ".join(f"{count} networks in {mode}" for mode, count in counts.items())


def worst(runs: pd.DataFrame) -> str:
    """Which tensors take up most of their bounds."""
    forward = runs.nlargest(1, "worst_forward_ratio").iloc[0]
    backward = runs.nlargest(1, "worst_backward_ratio").iloc[0]
    return (
        f"Forward the largest difference is {number(forward.worst_forward_ratio, 2)} of what "
        f"rounding allows (output of {forward.worst_forward_layer} in {forward.network}, "
        f"{forward.run_as}), backward {number(backward.worst_backward_ratio, 2)} "
        f"({backward.worst_backward_tensor} of {backward.worst_backward_layer} in "
        f"{backward.network}, {backward.run_as})."
    )


def grown(runs: pd.DataFrame) -> str:
    """How far rounding carries the twins from float64, end to end."""
    furthest = runs.nlargest(1, "propagated_ulp").iloc[0]
    nearest = runs.nsmallest(1, "propagated_ulp").iloc[0]
    return (
        f"End to end the twins' outputs are at most {number(furthest.propagated_ulp, 3)} ulps from "
        f"float64 in {furthest.network} ({furthest.run_as}: at {furthest.propagated_layer}; it "
        f"grows fastest at {furthest.grows_at}, {number(furthest.growth, 3)} times), and "
        f"{number(nearest.propagated_ulp, 3)} in {nearest.network} ({nearest.run_as})."
    )


def agreement(networks: pd.DataFrame) -> str:
    """Whether both twins name the same class."""
    photos, agree = int(networks.top1_photos.sum()), int(networks.top1_agree.sum())
    return (
        f"Asked for the likeliest of 1,000 classes, the twins agree on {number(agree)} of "
        f"{number(photos)} photographs."
    )


def cost(networks: pd.DataFrame) -> str:
    """What the twins need of time and memory."""
    ratios = networks.assign(
        seconds=networks.seconds_scratch / networks.seconds_keras,
        memory=networks.peak_mib_scratch / networks.peak_mib_keras,
    ).sort_values("seconds")
    least, most = ratios.iloc[0], ratios.iloc[-1]
    return (
        f"A pass forward and backward takes NumPy {number(least.seconds, 2)} ({least.network}) to "
        f"{number(most.seconds, 2)} ({most.network}) times TensorFlow's time, "
        f"{number(float(ratios.seconds.median()), 2)} in the median, and "
        f"{number(float(ratios.memory.min()), 2)} to {number(float(ratios.memory.max()), 2)} times "
        f"its memory, {number(float(ratios.memory.median()), 2)} in the median."
    )


def fit_steps(steps: pd.DataFrame) -> str:
    """What one step of `fit` came to, part by part."""
    said = []
    for name, rows in steps.groupby("network", sort=False):
        worst = rows.nlargest(1, "largest_ratio").iloc[0]
        said.append(
            f"{name}: {rows.tensors.sum():,} tensors, {rows.faults.sum()} at fault, at most "
            f"{number(worst.largest_ratio, 2)} of the bound ({worst.part}: {worst.tensor} of "
            f"{worst.layer})"
        )
    return (
        "One step of fit by both twins (gradients, moving statistics, updates, each layer from the "
        f"same given numbers). {'; '.join(said)}."
    )


def native(table: pd.DataFrame) -> str:
    """Which networks fit at their native size."""
    fitting = table[table.fits]
    said = (
        f"Of the largest networks of {len(table)} families {len(fitting)} go forward and backward "
        f"at their native size within {LIMIT_GIB} GiB"
    )
    if len(fitting):
        largest = fitting.nlargest(1, "parameters").iloc[0]
        fullest = fitting.nlargest(1, "peak_gib").iloc[0]
        said += (
            f"; the largest by its parameters is {largest.network} "
            f"({number(int(largest.parameters))}, {largest.input}, {number(largest.peak_gib, 3)} "
            f"GiB), the one that needs most memory {fullest.network} ({fullest.input}, "
            f"{number(fullest.peak_gib, 3)} GiB)"
        )
    without = ", ".join(table.network[~table.fits])
    return f"{said}; {without} do not fit." if without else f"{said}."
