"""What an algorithm is given: the sizes of one convolution."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np

from scratch.functional.padding import Size
from scratch.functional.windows import Windows

Pass = Literal["forward", "input_gradient", "kernel_gradient"]


@dataclass(frozen=True)
class Problem:
    """A convolution of N images (H, W, Cin) to (Ho, Wo, Cout).

    Attributes:
        windows: Where the windows lie.
        batch: N.
        channels: Cin.
        filters: Cout.
        groups: Into how many independent groups the channels fall.
        dtype: What is computed in.
    """

    windows: Windows
    batch: int
    channels: int
    filters: int
    groups: int
    dtype: np.dtype

    @property
    def kernel_size(self) -> Size:
        """(kh, kw)."""
        return self.windows.kernel_size

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        """(N, Ho, Wo, Cout)."""
        return (self.batch, *self.windows.output_size, self.filters)

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """(N, H, W, Cin)."""
        return (self.batch, *self.windows.input_size, self.channels)

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        """(kh, kw, Cin / groups, Cout)."""
        return (*self.kernel_size, self.channels // self.groups, self.filters)

    @property
    def outputs_per_image(self) -> int:
        """Ho Wo: how many windows an image has."""
        return prod(self.windows.output_size)

    @property
    def products(self) -> int:
        """Kh kw Cin / groups: of how many products an output is the sum."""
        return prod(self.kernel_shape[:3])

    @property
    def run(self) -> int:
        """How many cells of a window's row are neighbours in memory, with all their channels."""
        return self.kernel_size[1] if self.groups == self.windows.dilation[1] == 1 else 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates, those with padding included."""
        return prod(self.output_shape) * self.products

    @property
    def is_wide(self) -> bool:
        """Whether there are fewer windows than filters, so that the kernel is what takes time."""
        return self.groups == 1 and self.batch * self.outputs_per_image <= self.filters

    @property
    def moves_by_one(self) -> bool:
        """Whether windows move by one pixel and see neighbouring pixels, in one group."""
        w = self.windows
        return w.strides == w.dilation == (1, 1) and self.groups == 1

    @property
    def is_pointwise(self) -> bool:
        """Whether each window is one pixel: a product of matrices."""
        return self.kernel_size == (1, 1) and not any(self.windows.pads) and self.groups == 1
