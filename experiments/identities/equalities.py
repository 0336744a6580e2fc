"""The equalities: each as two sides, written with a convolution and its gradients only.

⊗ is convolution as frameworks compute it (cross-correlation); wide is with kernel - 1 zeros all
around; rot180 turns a kernel by 180 degrees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from experiments.identities.cases import Array, Case, Operands
from experiments.identities.twins import Twin
from scratch.functional import conv_matrix
from scratch.functional.padding import Pads, Size
from scratch.reference.theory import cross_correlate

Sides = tuple[Array, Array]


@dataclass(frozen=True)
class Equality:
    """Two computations that give the same numbers.

    Attributes:
        name: What it is called in the tables.
        source: Where it is stated.
        statement: What is equal, in symbols.
        sides: Both, in whatever arithmetic the operands have.
        roundings: How many roundings a term of either side meets, both sides' added up: in floating
            point they differ by at most gamma of that, times the same sum of absolute values.
        planes_only: It is about two matrices, not about channels and strides.
    """

    name: str
    source: str
    statement: str
    sides: Callable[[Twin, Case, Operands], Sides]
    roundings: Callable[[Case], int]
    planes_only: bool = False

    def applies(self, case: Case) -> bool:
        """Whether the case has the geometry that it is about."""
        return case.is_plane or not self.planes_only


def wide_commutes(twin: Twin, case: Case, given: Operands) -> Sides:
    """rot180(W) over X against rot180(X) over W, both wide."""
    left = twin.conv(given.x, turned(given.kernel), padding=wide(case.kernel))
    image, kernel = _swapped(given)
    return left, twin.conv(image, turned(kernel), padding=wide(case.size))


def wide_correlation_turns(twin: Twin, case: Case, given: Operands) -> Sides:
    """W over X against X over W, both wide: each is the other turned."""
    left = twin.conv(given.x, given.kernel, padding=wide(case.kernel))
    image, kernel = _swapped(given)
    return left, turned(twin.conv(image, kernel, padding=wide(case.size)))


def stamps_a_turned_kernel(twin: Twin, case: Case, given: Operands) -> Sides:
    """Convolution by its definition, every pixel stamping W, against the turned kernel."""
    image, kernel = given.x[..., 0], given.kernel[..., 0, 0]
    (height, width), (kh, kw) = image.shape, kernel.shape
    stamped = np.zeros((height + kh - 1, width + kw - 1), np.result_type(image, kernel))
    for h, w in np.ndindex(image.shape):
        stamped[h : h + kh, w : w + kw] += image[h, w] * kernel
    correlated = twin.conv(given.x, turned(given.kernel), padding=wide(case.kernel))
    return stamped[..., None], correlated


def is_a_matrix(twin: Twin, case: Case, given: Operands) -> Sides:
    """C x against the convolution."""
    y = twin.conv(given.x, given.kernel, case.strides, case.padding)
    return (_matrix(case, given) @ given.x.ravel()).reshape(y.shape), y


def goes_back_transposed(twin: Twin, case: Case, given: Operands) -> Sides:
    """C^T dy against the input gradient."""
    return (_matrix(case, given).T @ given.dy.ravel()).reshape(given.x.shape), _dx(
        twin, case, given
    )


def input_gradient_is_wide(twin: Twin, case: Case, given: Operands) -> Sides:
    """The turned kernel laid wide over dy, zeros between its rows and columns for strides."""
    windows = case.windows
    backward_kernel = turned(given.kernel).swapaxes(2, 3)  # (kh, kw, Cout, Cin)
    reached = twin.conv(_spread(given.dy, case.strides), backward_kernel, padding=wide(case.kernel))
    top, bottom, left, right = windows.pads
    padded = np.zeros(
        (case.height + top + bottom, case.width + left + right, case.channels), reached.dtype
    )
    padded[: reached.shape[0], : reached.shape[1]] = reached  # No window reaches a remainder.
    cut = padded[top : top + case.height, left : left + case.width]
    return cut, _dx(twin, case, given)


def kernel_gradient_is_a_correlation(twin: Twin, case: Case, given: Operands) -> Sides:
    """dy, spread out for strides, laid as a kernel over every channel of the padded x."""
    top, bottom, left, right = case.windows.pads
    padded = np.pad(given.x, ((top, bottom), (left, right), (0, 0)))
    errors = _spread(given.dy, case.strides)[:, :, None]  # (h, w, 1, Cout)
    kh, kw = case.kernel
    planes = [twin.conv(padded[..., c : c + 1], errors)[:kh, :kw] for c in range(case.channels)]
    _, dkernel = twin.gradients(given.dy, given.x, given.kernel, case.strides, case.padding)
    return np.stack(planes, axis=2), dkernel


def adjoint_in_x(twin: Twin, case: Case, given: Operands) -> Sides:
    """<conv(x), dy> against <x, input gradient>."""
    y = twin.conv(given.x, given.kernel, case.strides, case.padding)
    return _inner(y, given.dy), _inner(given.x, _dx(twin, case, given))


def adjoint_in_kernel(twin: Twin, case: Case, given: Operands) -> Sides:
    """<conv(x), dy> against <W, kernel gradient>."""
    y = twin.conv(given.x, given.kernel, case.strides, case.padding)
    _, dkernel = twin.gradients(given.dy, given.x, given.kernel, case.strides, case.padding)
    return _inner(y, given.dy), _inner(given.kernel, dkernel)


def channels_add_up(twin: Twin, case: Case, given: Operands) -> Sides:
    """A sum of convolutions of matrices, every stride-th place of it, against all at once."""
    top, bottom, left, right = case.windows.pads
    padded = np.pad(given.x, ((top, bottom), (left, right), (0, 0)))
    down, across = case.strides
    filters = [
        sum(
            cross_correlate(padded[..., c], given.kernel[..., c, f])[::down, ::across]
            for c in range(case.channels)
        )
        for f in range(case.filters)
    ]
    together = twin.conv(given.x, given.kernel, case.strides, case.padding)
    return np.stack(filters, axis=2), together


def is_linear(twin: Twin, case: Case, given: Operands) -> Sides:
    """The convolution of a sum against the sum of convolutions."""
    options = (given.kernel, case.strides, case.padding)
    apart = twin.conv(given.x, *options) + twin.conv(given.other, *options)
    return twin.conv(given.x + given.other, *options), apart


def turned(kernel: Array) -> Array:
    """Rows and columns back to front: rot180 of every channel."""
    return kernel[::-1, ::-1]


def wide(kernel: Size) -> Pads:
    """The zeros of a wide convolution."""
    return kernel[0] - 1, kernel[0] - 1, kernel[1] - 1, kernel[1] - 1


def _swapped(given: Operands) -> tuple[Array, Array]:
    """The kernel as the image (kh, kw, 1), the image as the kernel (H, W, 1, 1)."""
    return given.kernel[..., 0], given.x[..., None]


def _spread(dy: Array, strides: Size) -> Array:
    """Put stride - 1 zeros between the rows and the columns of dy."""
    height, width, filters = dy.shape
    (down, across) = strides
    spread = np.zeros(((height - 1) * down + 1, (width - 1) * across + 1, filters), dy.dtype)
    spread[::down, ::across] = dy
    return spread


def _matrix(case: Case, given: Operands) -> Array:
    return conv_matrix(given.kernel, case.input_shape, case.strides, case.padding)


def _dx(twin: Twin, case: Case, given: Operands) -> Array:
    return twin.gradients(given.dy, given.x, given.kernel, case.strides, case.padding)[0]


def _inner(a: Array, b: Array) -> Array:
    return np.asarray((a * b).sum())


def _forward(case: Case) -> int:
    """Products in a number of y."""
    return case.kernel[0] * case.kernel[1] * case.channels


def _backward(case: Case) -> int:
    """Products in a number of dx, at most."""
    return case.kernel[0] * case.kernel[1] * case.filters


def _places(case: Case) -> int:
    """Products in a number of the kernel gradient, at most."""
    return case.windows.output_size[0] * case.windows.output_size[1]


EQUALITIES = (
    Equality(
        "wide convolution commutes",
        "E 5-2",
        "rot180(W) ⊗ X = rot180(X) ⊗ W, wide",
        wide_commutes,
        lambda case: 2 * _forward(case),
        planes_only=True,
    ),
    Equality(
        "wide cross-correlation turns",
        "E 5-2",
        "W ⊗ X = rot180(X ⊗ W), wide",
        wide_correlation_turns,
        lambda case: 2 * _forward(case),
        planes_only=True,
    ),
    Equality(
        "convolution is cross-correlation, turned",
        "C, E",
        "sum_ij X_(h-i)(w-j) W_ij = (rot180(W) ⊗ X)_hw, wide",
        stamps_a_turned_kernel,
        lambda case: 2 * _forward(case),
        planes_only=True,
    ),
    Equality(
        "convolution is a matrix",
        "E 5-7",
        "W ⊗ X = C x",
        is_a_matrix,
        lambda case: 2 * _forward(case),
    ),
    Equality(
        "backward is the transpose",
        "E 5-7",
        "dL/dx = C^T dy",
        goes_back_transposed,
        lambda case: 2 * _backward(case),
    ),
    Equality(
        "input gradient is wide",
        "C, E",
        "dL/dx = rot180(W) ⊗ dy, wide; dy spread out by the strides",
        input_gradient_is_wide,
        lambda case: 2 * _backward(case),
    ),
    Equality(
        "kernel gradient is a cross-correlation",
        "C, A (2)",
        "dL/dW = dy ⊗ X; dy spread out by the strides",
        kernel_gradient_is_a_correlation,
        lambda case: 2 * _places(case),
    ),
    Equality(
        "forward and backward are adjoint in x",
        "E 5-7",
        "<W ⊗ X, dy> = <X, dL/dx>",
        adjoint_in_x,
        lambda case: (
            _forward(case)
            + _backward(case)
            + case.filters * _places(case)
            + case.height * case.width * case.channels
        ),
    ),
    Equality(
        "forward and backward are adjoint in W",
        "A (1), (2)",
        "<W ⊗ X, dy> = <W, dL/dW>",
        adjoint_in_kernel,
        lambda case: _forward(case) * (1 + case.filters) + _places(case) * (1 + case.filters),
    ),
    Equality(
        "channels add up",
        "C",
        "W ⊗ X = sum over channels c of W_c ⊗ X_c",
        channels_add_up,
        lambda case: 2 * _forward(case) + case.channels,
    ),
    Equality(
        "convolution is linear",
        "C",
        "W ⊗ (X + X') = W ⊗ X + W ⊗ X'",
        is_linear,
        lambda case: 2 * _forward(case) + 2,
    ),
)
