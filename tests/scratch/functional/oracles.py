"""Independent derivatives, windows by stepping, and array checks that the tests here share.

The operations' definitions are the loops of `scratch.reference`.
"""

from collections.abc import Callable, Iterable
from itertools import product

import numpy as np
from threadpoolctl import threadpool_limits

Function = Callable[[np.ndarray], np.ndarray]


def normal(seed: int, *shape: int, dtype: str = "float64") -> np.ndarray:
    """Random numbers that nobody may write to, so that every test checks for changed inputs."""
    return frozen(np.random.default_rng(seed).standard_normal(shape).astype(dtype))


def frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def assert_same(name: str, ours: np.ndarray, theirs: np.ndarray, rtol: float = 1e-11) -> None:
    """Shape, then dtype, then value; errors are measured against the largest number."""
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape, f"{name}: shape {ours.shape} instead of {theirs.shape}"
    assert ours.dtype == theirs.dtype, f"{name}: dtype {ours.dtype} instead of {theirs.dtype}"
    scale = max(np.abs(theirs).max(initial=0), 1e-30)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=rtol * scale, err_msg=name)


def complex_step(function: Function, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """d(sum dy f(x))/dx of an analytic f: Im f(x + ih) / h, exact to rounding."""
    step = 1e-20
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[index] += 1j * step
        gradient[index] = (dy * function(moved)).sum().imag / step
    return gradient


def central_difference(function: Function, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """d(sum dy f(x))/dx of a real f, to about 1e-9."""
    step = 1e-6
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        gradient[index] = (dy * (function(up) - function(down))).sum() / (up[index] - down[index])
    return gradient


def padded(x: np.ndarray, pads: tuple[int, int, int, int], value: float) -> np.ndarray:
    top, bottom, left, right = pads
    border = ((0, 0), (top, bottom), (left, right), (0, 0))
    return np.pad(x, border, constant_values=value)


def loop_windows(x, window, strides, pads, dilation=(1, 1), value=0.0):
    """Yield (n, h, w, cells) for each window that fits, its cells (kh, kw, C)."""
    x = padded(x, pads, value)
    span = [d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True)]
    tops = range(0, x.shape[1] - span[0] + 1, strides[0])
    lefts = range(0, x.shape[2] - span[1] + 1, strides[1])
    for n, (h, top), (w, left) in product(range(len(x)), enumerate(tops), enumerate(lefts)):
        rows = slice(top, top + span[0], dilation[0])
        columns = slice(left, left + span[1], dilation[1])
        yield n, h, w, x[n, rows, columns]


def plain_kernel(kernel: np.ndarray, dilation: tuple[int, int], groups: int) -> np.ndarray:
    """The kernel without dilation and groups that computes the same: zeros fill the gaps."""
    kh, kw, into, out = kernel.shape
    span = [d * (k - 1) + 1 for k, d in zip((kh, kw), dilation, strict=True)]
    plain = np.zeros((*span, into * groups, out), kernel.dtype)
    for c in range(out):
        first = c // (out // groups) * into
        seen = plain[:: dilation[0], :: dilation[1], first : first + into, c]
        seen[...] = kernel[..., c]
    return plain


def assert_alike_on_any_threads(
    compute: Callable[[], Iterable[np.ndarray]], what: str = ""
) -> None:
    """No bit of what `compute` returns depends on how many threads there are."""
    results = []
    for threads in (1, 2, 3):
        with threadpool_limits(threads, user_api="blas"):
            results.append(list(compute()))
    for other in results[1:]:
        for ours, expected in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(ours, expected, what)
