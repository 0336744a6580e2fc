"""What a convolution by Winograd's algorithm rounds beyond its sums of products.

The algorithm is three linear maps and a product of two of them. A number that it computes is a sum
of products of entries of the maps, pixels and weights, each of which passes at most n roundings, so
that it is off by at most gamma_n times the sum of their magnitudes, whatever the order of the
additions (Higham 2002, section 3.1; with norms: Barabasz et al. 2020, arXiv 1803.10986). That sum
is what the algorithm itself makes of magnitudes, its maps' entries by magnitude too. It has
products that cancel in the result, which is why it is much larger than the definition's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from experiments.rounding import Array, Bounded, Precision
from scratch.functional.convolution import Pass, Problem, winograd
from scratch.functional.convolution.turned import turned_kernel, turned_problem
from scratch.functional.convolution.winograd import MAGNITUDES
from scratch.functional.ending import Ending


def with_winograd(
    standard: Bounded, which: Pass, a: Bounded, b: Bounded, problem: Problem, p: Precision
) -> Bounded:
    """Bound that holds for the definition's sum of products and for Winograd's algorithm.

    Args:
        standard: The sum of products.
        which: The pass.
        a: What `scratch.functional.convolution.winograd` is given first in that pass.
        b: And second.
        problem: The convolution, as it is computed.
        p: The arithmetic.
    """
    factors = p.factor(roundings(which, problem), standard.value.size)
    exact = replace(problem, dtype=np.dtype("float64"))
    different = 1 if a.exact and b.exact else 3
    # The smallest normal number beside each makes up for results that fall below it.
    magnitudes = [
        _MAGNITUDES[which](of_a + p.tiny, of_b + p.tiny, exact)
        for of_a, of_b in zip(a.largest[:different], b.largest[:different], strict=True)
    ]
    errors = factors.reshape(3, *[1] * standard.value.ndim) * np.stack(magnitudes)
    return Bounded(standard.value, standard.radii + errors)


def roundings(which: Pass, problem: Problem) -> int:
    """How many roundings a product passes: those of its transforms, and of the sum it is in."""
    to_input, to_kernel, to_output = MAGNITUDES
    if which == "kernel_gradient":
        height, width = (-(-side // 4) for side in problem.windows.output_size)
        maps, summed = (to_input, to_output.T, to_kernel.T), problem.batch * height * width
    else:
        maps = (to_input, to_kernel, to_output)
        summed = problem.channels if which == "forward" else problem.filters
    # A sum has a rounding for each entry that is not zero; the entry itself is rounded too.
    return summed + sum(int((entries != 0).sum(axis=1).max()) + 1 for entries in maps)


def _forward(x: Array, kernel: Array, problem: Problem) -> Array:
    return winograd.forward(x, kernel, Ending(), problem, MAGNITUDES)


def _input_gradient(dy: Array, kernel: Array, problem: Problem) -> Array:
    return _forward(dy, turned_kernel(kernel, 1), turned_problem(problem))


def _kernel_gradient(dy: Array, x: Array, problem: Problem) -> Array:
    return winograd.kernel_gradient(dy, x, problem, MAGNITUDES)


_MAGNITUDES: dict[Pass, Callable[[Array, Array, Problem], Array]] = {
    "forward": _forward,
    "input_gradient": _input_gradient,
    "kernel_gradient": _kernel_gradient,
}
