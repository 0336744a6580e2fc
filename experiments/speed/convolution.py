"""One convolution as a piece of work: its tensors, NumPy's passes, TensorFlow's passes."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod
from typing import Any, NamedTuple, get_args

import numpy as np
import tensorflow as tf
from keras import layers

from experiments.timing import Run
from scratch import functional as F  # noqa: N812 - the usual short name
from scratch.functional import Padding, Size
from scratch.functional.convolution import Pass, Problem, chosen
from scratch.functional.convolution.sparse import share_of_pixels
from scratch.functional.windows import windows_over

PASSES: tuple[Pass, ...] = get_args(Pass)


class Tensors(NamedTuple):
    """What the passes of a convolution are computed from.

    Attributes:
        x: Images, (N, H, W, Cin).
        kernel: (kh, kw, Cin, Cout).
        bias: (Cout,) or None.
        dy: The upstream gradient, (N, Ho, Wo, Cout).
    """

    x: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray | None
    dy: np.ndarray


@dataclass(frozen=True)
class Convolution:
    """The sizes of one convolution.

    Attributes:
        batch: Images.
        size: Their height and width.
        channels: Cin.
        filters: Cout.
        kernel_size: (kh, kw).
        strides: Steps between windows, down and across.
        padding: As in `conv2d`.
        bias: Whether there is one.
        nonzero: The share of the upstream gradient that is not zero, one pixel in each 1 / nonzero
            of a channel, as behind a max-pooling.
    """

    batch: int
    size: Size
    channels: int
    filters: int
    kernel_size: Size = (3, 3)
    strides: Size = (1, 1)
    padding: Padding = "same"
    bias: bool = False
    nonzero: float = 1.0

    def __str__(self) -> str:
        (height, width), (kh, kw) = self.size, self.kernel_size
        steps = "" if self.strides == (1, 1) else f" / {self.strides[0]}"
        return f"{self.batch}x{height}x{width}x{self.channels}, {kh}x{kw}{steps} to {self.filters}"

    @classmethod
    def of_layer(cls, layer: layers.Conv2D, batch: int) -> Convolution:
        """What a built Keras layer computes on so many images; one group, undilated."""
        return cls(
            batch,
            tuple(layer.input.shape[1:3]),
            layer.input.shape[3],
            layer.filters,
            tuple(layer.kernel_size),
            tuple(layer.strides),
            layer.padding,
            layer.use_bias,
        )

    def with_(self, **sizes: Any) -> Convolution:
        """The same with other sizes."""
        return replace(self, **sizes)

    @property
    def geometry(self) -> dict[str, Any]:
        """The options that every function of `functional.conv` takes."""
        return {"strides": self.strides, "padding": self.padding}

    @property
    def problem(self) -> Problem:
        """What an algorithm is chosen by, in float32."""
        windows = windows_over(self.size, self.kernel_size, self.strides, self.padding)
        dtype = np.dtype(np.float32)
        return Problem(windows, self.batch, self.channels, self.filters, groups=1, dtype=dtype)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the forward pass; each gradient takes as many."""
        return self.problem.macs

    def draw(self, rng: np.random.Generator) -> Tensors:
        """Random float32 tensors; the kernel is scaled so that outputs are near one."""
        kernel_shape = (*self.kernel_size, self.channels, self.filters)
        scale = prod(kernel_shape[:3]) ** -0.5
        shapes = (self.problem.input_shape, kernel_shape, (self.filters,))
        x, kernel, bias, dy = (
            rng.standard_normal(shape).astype(np.float32)
            for shape in (*shapes, self.problem.output_shape)
        )
        dy *= rng.random(dy.shape) < self.nonzero
        return Tensors(x, kernel * np.float32(scale), bias if self.bias else None, dy)


def scratch_pass(
    which: Pass, case: Convolution, tensors: Tensors, algorithm: str = "auto"
) -> np.ndarray:
    """One pass by scratch.

    Args:
        which: The pass.
        case: The convolution.
        tensors: Its tensors.
        algorithm: As in `conv2d`.
    """
    x, kernel, bias, dy = tensors
    options = {**case.geometry, "algorithm": algorithm}
    if which == "forward":
        return F.conv2d(x, kernel, bias, **options)
    if which == "input_gradient":
        return F.conv2d_input_gradient(dy, kernel, case.size, **options)
    return F.conv2d_kernel_gradient(dy, x, case.kernel_size, **options)


def algorithm_of(which: Pass, case: Convolution, tensors: Tensors, algorithm: str = "auto") -> str:
    """The name of the algorithm by which `scratch_pass` computes; arguments as there."""
    share = functools.partial(share_of_pixels, tensors.dy)
    return chosen(which, case.problem, algorithm, share).name


def scratch_passes(case: Convolution, tensors: Tensors) -> list[np.ndarray]:
    """All passes by scratch: y, dx, dL/dkernel and, where there is a bias, its gradient."""
    found = [scratch_pass(which, case, tensors) for which in PASSES]
    return found if tensors.bias is None else [*found, F.conv2d_bias_gradient(tensors.dy)]


def tensorflow_passes(cases: Iterable[tuple[Convolution, Tensors]]) -> Run:
    """The same of several convolutions by TensorFlow, in one graph.

    Args:
        cases: Convolutions of padding "same" or "valid", each with its tensors.
    """
    cases = list(cases)
    given = [[None if t is None else tf.constant(t) for t in tensors] for _, tensors in cases]

    @tf.function
    def passes(inputs: Any) -> Any:
        found = []
        for (case, _), (x, kernel, bias, dy) in zip(cases, inputs, strict=True):
            with tf.GradientTape() as tape:
                sources = [tensor for tensor in (x, kernel, bias) if tensor is not None]
                tape.watch(sources)
                y = tf.nn.conv2d(x, kernel, case.strides, str(case.padding).upper())
                y = y if bias is None else tf.nn.bias_add(y, bias)
            found.append([y, *tape.gradient(y, sources, output_gradients=dy)])
        return found

    return lambda: [[np.asarray(tensor) for tensor in tensors] for tensors in passes(given)]
