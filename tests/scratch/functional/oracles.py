"""What the functions are held against: loops, derivatives by complex step, and array checks."""

from collections.abc import Callable
from itertools import product

import numpy as np

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


def loop_conv2d(x, kernel, strides, pads, dilation, groups):
    """Convolution by its definition, one output number at a time."""
    results = {}
    per_group_in, per_group_out = x.shape[3] // groups, kernel.shape[3] // groups
    for n, h, w, cells in loop_windows(x, kernel.shape[:2], strides, pads, dilation):
        for c in range(kernel.shape[3]):
            first = c // per_group_out * per_group_in
            seen = cells[:, :, first : first + per_group_in]
            results[n, h, w, c] = (seen * kernel[:, :, :, c]).sum()
    shape = tuple(max(index) + 1 for index in zip(*results, strict=True))
    return np.array([results[index] for index in np.ndindex(shape)]).reshape(shape)


def loop_pool2d(x, pool_size, strides, pads, reduce):
    """Pooling by its definition; `reduce` gets a window's cells inside the image, in order."""
    inside = padded(np.ones(x.shape, bool), pads, False)
    windows = loop_windows(x, pool_size, strides, pads)
    masks = loop_windows(inside, pool_size, strides, (0, 0, 0, 0))
    results = {
        (n, h, w, c): reduce(cells[:, :, c][mask[:, :, c]])
        for (n, h, w, cells), (*_, mask) in zip(windows, masks, strict=True)
        for c in range(x.shape[3])
    }
    shape = tuple(max(index) + 1 for index in zip(*results, strict=True))
    return np.array([results[index] for index in np.ndindex(shape)]).reshape(shape)
