"""Faulty resizing, cropping, reshaping and dropping of images."""

from __future__ import annotations

import numpy as np

from experiments.faults.fault import Fault
from scratch import layers
from scratch.functional.resizing import bilinear_neighbours

Array = np.ndarray


class AlignedCorners(layers.UpSampling2D):
    """Bilinear with the corner pixels' centres on the corners, as with `align_corners=True`."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """Both axes by a matrix; nearest neighbours stay as they are."""
        y = super().forward(x, training)
        if self.interpolation == "nearest":
            return y
        rows, columns = self._matrices(y.shape)
        return np.einsum("nhwc,oh,pw->nopc", x, rows, columns, optimize=True).astype(x.dtype)

    def backward(self, dy: Array) -> Array:
        """The transpose of that."""
        if self.interpolation == "nearest":
            return super().backward(dy)
        rows, columns = self._matrices(dy.shape)
        return np.einsum("nopc,oh,pw->nhwc", dy, rows, columns, optimize=True).astype(dy.dtype)

    def _matrices(self, shape: tuple[int, ...]) -> list[Array]:
        return [_corner_weights(n, m) for n, m in zip(self.cache, shape[1:3], strict=True)]


def _corner_weights(n: int, m: int) -> Array:
    """(m, n): output i lies at i (n - 1) / (m - 1)."""
    lower, upper, weights = bilinear_neighbours(np.linspace(0, n - 1, m), n)
    matrix = np.zeros((m, n))
    np.add.at(matrix, (np.arange(m), lower), 1 - weights)
    np.add.at(matrix, (np.arange(m), upper), weights)
    return matrix


class UpSamplingGradientAveraged(layers.UpSampling2D):
    """A repeated pixel gets the mean of its copies' gradients, not their sum."""

    def backward(self, dy: Array) -> Array:
        """Divided by the number of copies."""
        return super().backward(dy) / (self.size[0] * self.size[1])


class CroppingSidesSwapped(layers.Cropping2D):
    """What is meant for the top and the left is cut off at the bottom and the right."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """Swap for the call."""
        return self._swapped(super().forward, x, training)

    def backward(self, dy: Array) -> Array:
        """The same."""
        return self._swapped(super().backward, dy)

    def _swapped(self, call: object, *arguments: object) -> Array:
        given = self.crops
        top, bottom, left, right = given
        self.crops = (bottom, top, right, left)
        try:
            return call(*arguments)  # type: ignore[operator]
        finally:
            self.crops = given


class ReshapeInColumnOrder(layers.Reshape):
    """The first axis varies fastest (order="F")."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """Sample by sample."""
        shape = super().forward(x, training).shape
        return np.stack([sample.reshape(shape[1:], order="F") for sample in x])

    def backward(self, dy: Array) -> Array:
        """Back in the same order."""
        return np.stack([sample.reshape(self.cache[1:], order="F") for sample in dy])


class PermuteBackwardAgain(layers.Permute):
    """The gradient's axes are permuted as the input's were, instead of back."""

    def backward(self, dy: Array) -> Array:
        """Right for swaps alone."""
        return dy.transpose(0, *self.dims)


class SpatialDropoutOfPixels(layers.SpatialDropout2D):
    """Single pixels are dropped instead of whole channels."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """A mask of the input's shape."""
        y = super().forward(x, training)
        if self.cache is None:
            return y
        self.cache = self.rng.random(x.shape) >= self.rate
        return np.where(self.cache, x / (1 - self.rate), 0).astype(x.dtype)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "corners-aligned",
        "bilinear interpolation aligned the corner pixels' centres",
        AlignedCorners,
        ("output", "grad_input"),
        ("specimen_branches", "enlarged"),
    ),
    Fault(
        "upsampling-gradient-averaged",
        "the gradients of a pixel's copies were averaged instead of added up",
        UpSamplingGradientAveraged,
        ("grad_input",),
        ("specimen_branches", "repeated"),
    ),
    Fault(
        "cropping-sides-swapped",
        "the image was cropped at the opposite sides",
        CroppingSidesSwapped,
        ("output", "grad_input"),
        ("specimen_branches", "crop"),
    ),
    Fault(
        "reshape-in-column-order",
        "the numbers were reshaped in column order",
        ReshapeInColumnOrder,
        ("output", "grad_input"),
        ("specimen_branches", "rows"),
    ),
    Fault(
        "permutation-not-inverted",
        "the gradient's axes were permuted forwards again",
        PermuteBackwardAgain,
        ("grad_input",),
        ("specimen_branches", "permuted"),
    ),
    Fault(
        "spatial-dropout-of-pixels",
        "single pixels were dropped instead of whole channels",
        SpatialDropoutOfPixels,
        ("output", "grad_input"),
        ("specimen_branches", "dropped"),
        repeatable=False,
    ),
)
