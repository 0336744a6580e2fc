"""The sources' `*` means two things: which reading of each formula gives the true gradient.

The truth is the matrix of the layer, transposed, and for the kernel the sum over places that
defines its gradient: neither uses a correlation or a convolution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.identities.cases import Array, Case, Operands
from scratch.functional import conv_matrix
from scratch.reference.theory import convolve, cross_correlate, rot180

Operation = Callable[..., Array]

_OPERATIONS: dict[str, Operation] = {"cross-correlation": cross_correlate, "convolution": convolve}
_DELTA = "delta^l = delta^(l+1) * rot180(w^(l+1)), wide"
_KERNEL = "dC/dw = delta * sigma(z), valid"
_WIDE = "rot180(W) * X = rot180(X) * W, wide"


def readings(drawn: list[tuple[Case, Operands]]) -> list[dict[str, Any]]:
    """A row for every formula, layer and meaning of `*`: what it gives on all of the cases.

    Args:
        drawn: Cases with their whole numbers; planes that a kernel fits into are used.
    """
    planes = [
        (given.x[..., 0], given.kernel[..., 0, 0])
        for case, given in drawn
        if case.is_plane and case.kernel[0] <= case.height and case.kernel[1] <= case.width
    ]
    rows = []
    for star, operation in _OPERATIONS.items():
        sides = [
            (operation(x, rot180(w), "wide"), operation(w, rot180(x), "wide")) for x, w in planes
        ]
        rows.append(_row("E 5-2", _WIDE, "", star, sides))
    for layer in _OPERATIONS:
        for formula, compute in ((_DELTA, _delta_sides), (_KERNEL, _kernel_sides)):
            for star, operation in _OPERATIONS.items():
                sides = [compute(layer, operation, x, w) for x, w in planes]
                rows.append(_row("C", formula, layer, star, sides))
    return rows


def _row(
    source: str, formula: str, layer: str, star: str, sides: list[tuple[Array, Array]]
) -> dict[str, Any]:
    return {
        "source": source,
        "formula": formula,
        "layer_computes": layer,
        "star_read_as": star,
        "cases": len(sides),
        "outcome": _outcome(sides),
    }


def _outcome(sides: list[tuple[Array, Array]]) -> str:
    if all(np.array_equal(left, right) for left, right in sides):
        return "holds"
    if all(np.array_equal(left, rot180(right)) for left, right in sides):
        return "turned by 180 degrees"
    return "does not hold"


def _delta_sides(layer: str, star: Operation, x: Array, w: Array) -> tuple[Array, Array]:
    """The formula's error of x, and the layer's matrix transposed times the error of its output."""
    correlated = w if layer == "cross-correlation" else rot180(w)
    matrix = conv_matrix(correlated[..., None, None], (*x.shape, 1))
    delta = _errors(x, w)
    return star(delta, rot180(w), "wide"), (matrix.T @ delta.ravel()).reshape(x.shape)


def _kernel_sides(layer: str, star: Operation, x: Array, w: Array) -> tuple[Array, Array]:
    """The formula's kernel gradient, and what every weight adds to the cost, place by place."""
    delta = _errors(x, w)
    gradient = np.zeros_like(w)
    for i, j in np.ndindex(w.shape):
        seen = x[i : i + delta.shape[0], j : j + delta.shape[1]]
        gradient[i, j] = (seen * delta).sum()
    # A layer that convolves has at (i, j) the weight that a correlating one has opposite.
    true = gradient if layer == "cross-correlation" else rot180(gradient)
    return star(x, delta, "valid"), true


def _errors(x: Array, w: Array) -> Array:
    """Errors of the output without any symmetry: 1, 2, 4, 7, 11, ..."""
    shape = tuple(n - k + 1 for n, k in zip(x.shape, w.shape, strict=True))
    steps = np.arange(int(np.prod(shape)))
    return (1 + steps * (steps + 1) // 2).reshape(shape)
