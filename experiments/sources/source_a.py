"""Every number that source A prints."""

from __future__ import annotations

import numpy as np

from experiments.sources import exact
from experiments.sources.digits import exactly
from experiments.sources.draws import convolution_draws, draws, pooled_gradient, pooling_draws
from experiments.sources.planted import conv_with_fault, pool_gradient_with_fault
from experiments.sources.printed import Printed, Wrong
from scratch import reference

_RATIONAL = "exact sum over the draws, in rational numbers"
_ONCE = "the bias was added once for each product of the window, {times} times in all"
_POOL_SET_UP = "A_prev (5, 5, 3, 2), f 2, stride 1, dA (5, 4, 2, 2)"


def source_a() -> list[Printed]:
    """The printed numbers of A, in their order."""
    numbers = [*_padding_and_step(), *_convolution(), *_pooling(), *_pooling_backward()]
    return sorted(numbers, key=lambda number: number.item)


def _padding_and_step() -> list[Printed]:
    (x,) = draws((4, 3, 3, 2))
    padded = reference.zero_pad(x, 2)
    about = ("A1", "zero_pad", "x (4, 3, 3, 2), pad 2")
    window, kernel, bias = draws((4, 4, 3), (4, 4, 3), (1, 1, 1))
    filters, biases = kernel[..., None], bias[..., None]
    fault = "bias-per-product"
    wrong = Wrong(
        _ONCE.format(times=kernel.size),
        exactly(exact.convolved(window[None], filters, biases, 1, 0)),
        _RATIONAL,
        fault,
        exactly(conv_with_fault(fault, window[None], filters, biases, 1, 0)),
    )
    return [
        Printed(*about, "x.shape", "(4, 3, 3, 2)", x.shape),
        Printed(*about, "x_pad.shape", "(4, 7, 7, 2)", padded.shape),
        Printed(
            *about,
            "x[1, 1]",
            "[[0.90085595, -0.68372786], [-0.12289023, -0.93576943], [-0.26788808, 0.53035547]]",
            x[1, 1],
        ),
        Printed(*about, "x_pad[1, 1]", str(np.zeros((7, 2), int).tolist()), padded[1, 1]),
        Printed(
            "A2",
            "conv_single_step",
            "a_slice (4, 4, 3), W (4, 4, 3), b (1, 1, 1)",
            "Z",
            "-23.1602122025",
            reference.conv_single_step(window, kernel, bias),
            wrong,
        ),
    ]


def _convolution() -> list[Printed]:
    fault = "bias-per-product"
    given = convolution_draws()
    z, cache = reference.conv_forward(*given[:3], given.hparameters)
    faulty = conv_with_fault(fault, *given)
    right = exact.mean(exact.convolved(*given))
    cause = _ONCE.format(times=given.kernel[..., 0].size)
    about = ("A3", "conv_forward", "A_prev (10, 4, 4, 3), W (2, 2, 3, 8), pad 2, stride 1")
    numbers = [
        Printed(
            *about,
            "mean of Z",
            "0.155859324889",
            z.mean(),
            Wrong(cause, [right], _RATIONAL, fault, exactly(faulty.mean())),
        ),
        Printed(
            *about,
            "cache_conv[0][1][2][3]",
            "[-0.20075807, 0.18656139, 0.41005165]",
            cache[0][1, 2, 3],
        ),
    ]
    gradients = reference.conv_backward(z, cache)
    from_faulty = reference.conv_backward(faulty, cache)
    means = exact.gradient_means(*given)
    texts = ("9.60899067587", "10.5817412755", "76.3710691956")
    for number, name in enumerate(("dA", "dW", "db")):
        wrong = Wrong(
            "the backward pass is right, but the dZ it was given is A3's wrong Z",
            [means[number]],
            "derivative of sum(Z^2) / 2 along ones, in rational numbers",
            fault,
            exactly(from_faulty[number].mean()),
        )
        computed = gradients[number].mean()
        row = ("A5", "conv_backward", "A3, dZ = Z", f"mean of {name}", texts[number], computed)
        numbers.append(Printed(*row, wrong))
    return numbers


def _pooling() -> list[Printed]:
    (a_prev,) = draws((2, 4, 4, 3))
    about = ("A4", "pool_forward", "A_prev (2, 4, 4, 3), f 4, stride 1")
    (window,) = draws((2, 3))
    texts = {
        "max": "[[1.74481176, 1.6924546, 2.10025514], [1.19891788, 1.51981682, 2.18557541]]",
        "average": "[[-0.09498456, 0.11180064, -0.14263511], "
        "[-0.09525108, 0.28325018, 0.33035185]]",
    }
    return [
        *(
            Printed(
                *about,
                f"A, mode {mode}",
                text,
                reference.pool_forward(a_prev, {"f": 4, "stride": 1}, mode)[0],
            )
            for mode, text in texts.items()
        ),
        Printed(
            "A6",
            "create_mask_from_window",
            "x (2, 3)",
            "mask",
            "[[True, False, False], [False, False, False]]",
            reference.create_mask_from_window(window),
        ),
        Printed(
            "A7",
            "distribute_value",
            "dz 2, shape (2, 2)",
            "the window",
            "[[0.5, 0.5], [0.5, 0.5]]",
            reference.distribute_value(2, (2, 2)),
        ),
    ]


def _pooling_backward() -> list[Printed]:
    a_prev, da = pooling_draws()
    fault = "overlapping-average-windows-overwrite"
    faulty = pool_gradient_with_fault(fault, "average", a_prev, da, 2, 1)
    wrong = Wrong(
        "overlapping windows overwrote one another: the value is the number of windows that cover "
        "the cell, over 4, times the dA of the last of them",
        exactly(exact.average_pool_gradient(da, 3, 2, image=1, row=1)),
        _RATIONAL,
        fault,
        exactly(faulty[1, 1]),
    )
    printed = "[[-0.32345834, 0.45074345], [2.52832571, -0.24863478], [1.26416285, -0.12431739]]"
    return [
        *max_pooling_backward("A8"),
        Printed(
            "A9",
            "pool_backward",
            f"{_POOL_SET_UP}, average",
            "dA_prev[1, 1]",
            printed,
            pooled_gradient("average")[1, 1],
            wrong,
        ),
    ]


def max_pooling_backward(item: str) -> list[Printed]:
    """A8's numbers, which source B prints too."""
    _, da = pooling_draws()
    about = (item, "pool_backward", f"{_POOL_SET_UP}, max")
    row = "[[0, 0], [5.05844394, -1.68282702], [0, 0]]"
    return [
        Printed(*about, "mean of dA", "0.145713902729", da.mean()),
        Printed(*about, "dA_prev[1, 1]", row, pooled_gradient("max")[1, 1]),
    ]
