"""What the tables of the speed study say, in words."""

from __future__ import annotations

import pandas as pd

from experiments.formatting import number, percent
from experiments.passes import NUMPY, TENSORFLOW


def ladder(rows: pd.DataFrame) -> list[str]:
    """From `ladder.climb`, a sentence a convolution."""
    return [
        _ladder(case, rows[rows.convolution == case]) for case in dict.fromkeys(rows.convolution)
    ]


def right_answers(rows: pd.DataFrame) -> str:
    """From `ladder.climb`: every rung's error against float64."""
    other = rows.algorithms.str.contains("winograd")
    exact = rows[~other]
    worst = exact.iloc[int(exact.error_ulps.argmax())]
    said = (
        f"All {len(rows)} timed results were held against float64. The largest error of those that "
        f"add up the definition's products is {number(worst.error_ulps, 3)} ulps of the largest "
        f"number ({worst.rung}, {worst.passes})"
    )
    if not other.any():
        return f"{said}."
    return f"{said}; where Winograd ran it is {number(rows[other].error_ulps.max(), 3)}."


def scaling(rows: pd.DataFrame) -> list[str]:
    """From `scaling.scaling_table`."""
    parts, threads = [], []
    for work, grows in dict.fromkeys(zip(rows.work, rows.grows, strict=True)):
        mine = rows[(rows.work == work) & (rows.grows == grows)]
        ours, theirs = (mine[mine.implementation == name] for name in (NUMPY, TENSORFLOW))
        if grows == "threads":
            faster = number(ours.milliseconds.iloc[0] / ours.milliseconds.iloc[-1], 3)
            threads.append(
                f"{work} {faster} times as fast on {ours.value.iloc[-1]} threads as on one"
            )
            continue
        ratio = ours.milliseconds.to_numpy() / theirs.milliseconds.to_numpy()
        parts.append(
            f"{work}, {grows} {ours.value.iloc[0]} to {ours.value.iloc[-1]}: "
            f"{_span(ours)} ms an image against {_span(theirs)}, "
            f"{number(ratio[0], 2)} to {number(ratio[-1], 2)} times TensorFlow's"
        )
    return [
        f"NumPy against TensorFlow on the same cores. {'; '.join(parts)}.",
        f"NumPy alone: {'; '.join(threads)}.",
    ]


def roofline(layers: pd.DataFrame, roof: pd.DataFrame) -> str:
    """From `layers.zoo_layers` and the measured roof."""
    limit = roof.iloc[0]
    multiply, move = layers[layers.macs > 0], layers[layers.macs == 0]
    best = multiply.iloc[int(multiply.gflop_per_s.argmax())]
    worst = multiply.iloc[int(multiply.share_of_roof.argmin())]
    above = int((multiply.gflop_per_s > limit.product_gflop_per_s).sum())
    return (
        f"This machine multiplies large float32 matrices at {number(limit.product_gflop_per_s, 3)} "
        f"GFLOP/s on {int(limit.threads)} threads and copies {number(limit.copy_gb_per_s, 3)} "
        f"GB/s. The {len(multiply)} layers of the zoo that multiply reach "
        f"{percent(multiply.share_of_roof.median(), 0)} of what that allows in the median; the "
        f"highest rate is {number(best.gflop_per_s, 3)} GFLOP/s ({best.network}, {best.layer}), "
        f"the smallest share {percent(worst.share_of_roof)} ({worst.network}, {worst.layer}: "
        f"{number(worst.milliseconds, 2)} ms). {above} run above the matrix product's rate, "
        f"counted by the definition's operations, of which Winograd does fewer. The {len(move)} "
        f"that move numbers do so at {number(move.gb_per_s.median(), 3)} GB/s in the median."
    )


def memory(rows: pd.DataFrame) -> str:
    """From `peaks.peak_table`: the forward pass by the textbook and as it is chosen."""
    parts = []
    forward = rows[rows["pass"] == "forward"]
    for case in dict.fromkeys(forward.convolution):
        mine = forward[forward.convolution == case]
        textbook = mine[mine.algorithm == "textbook"].iloc[0]
        chosen = mine[mine.chosen].iloc[0]
        parts.append(
            f"{case}: {number(textbook.peak_mib, 3)} MiB by im2col of the whole batch, "
            f"{number(chosen.peak_mib, 3)} by {chosen.algorithm}, {number(chosen.result_mib, 3)} "
            "of them the result"
        )
    return f"Memory of a forward pass at its peak, beyond its operands. {'; '.join(parts)}."


def accuracy(rows: pd.DataFrame) -> list[str]:
    """From `accuracy.accuracy_table`."""
    exact, other = rows[rows.elementwise], rows[~rows.elementwise]
    few, many = other.channels.min(), other.channels.max()
    parts = []
    for which in dict.fromkeys(other["pass"]):
        mine = other[other["pass"] == which]
        first, last = (mine[mine.channels == count].iloc[0] for count in (few, many))
        beside = exact[(exact["pass"] == which) & (exact.channels == many)].largest_ulps.max()
        parts.append(
            f"{which.replace('_', ' ')} {number(first.largest_ulps, 2)} ulps of the largest number "
            f"at {few} channels and {number(last.largest_ulps, 2)} at {many}, where the others "
            f"have at most {number(beside, 2)}"
        )
    return [
        f"The price of Winograd, largest errors: {'; '.join(parts)}. Beside the largest number "
        f"that is {number(other.relative.max(), 2)} at most.",
        f"The algorithms that are named elementwise exact take up at most "
        f"{percent(exact.share_of_elementwise_bound.max())} of the bound gamma_n that every sum of "
        f"these products keeps; {int((exact.share_of_elementwise_bound <= 1).sum())} of "
        f"{len(exact)} results keep it.",
    ]


def choice(rows: pd.DataFrame) -> str:
    """From `choice.choice_table`."""
    right, near = rows.auto == rows.fastest, rows.times_best <= 1.1
    worst = rows.iloc[int(rows.times_best.argmax())]
    lost = rows.auto_ms.sum() / rows.fastest_ms.sum() - 1
    said = (
        f"auto picks the fastest algorithm in {int(right.sum())} of {len(rows)} passes of "
        f"{rows.convolution.nunique()} convolutions of {rows.network.nunique()} networks, and one "
        f"within 10 % of it in {int(near.sum())}; all passes together take {percent(lost)} longer "
        "than by the best for each"
    )
    if worst.times_best <= 1:
        return f"{said}."
    return (
        f"{said}. Furthest from it: {worst.convolution}, {worst['pass'].replace('_', ' ')}, "
        f"{number(worst.auto_ms, 3)} ms by {worst.auto} and {number(worst.fastest_ms, 3)} by "
        f"{worst.fastest}."
    )


def _ladder(case: str, rows: pd.DataFrame) -> str:
    parts = []
    for passes in dict.fromkeys(rows.passes):
        loops, *rungs, auto = rows[rows.passes == passes].to_dict("records")
        steps = ", ".join(
            f"{row['rung']} {number(row['times_faster_than_rung_before'], 2)}" for row in rungs
        )
        parts.append(
            f"{passes} from {number(loops['seconds'], 2)} s by loops to "
            f"{number(1000 * auto['seconds'], 2)} ms as auto chooses ({auto['algorithms']}), "
            f"{number(auto['times_faster_than_loops'], 3)} times faster; each rung over the one "
            f"before: {steps}"
        )
    return f"{case}: {'; '.join(parts)}."


def _span(rows: pd.DataFrame) -> str:
    times = rows.milliseconds_per_image
    return f"{number(times.iloc[0], 2)} to {number(times.iloc[-1], 2)}"
