"""Rounding bounds of the layers that resize images.

TensorFlow interpolates bilinearly in float32 whatever the images are: so does the bound. A place
fl(fl((i + 1/2) fl(n / m)) - 1/2) is off by at most gamma_3 (p + 1/2) with p = (i + 1/2) n / m
(Higham 2002, lemma 3.1): where it lies near a pixel's centre, the pixels on either side of that
centre may be interpolated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from experiments.bounds.call import Bounds, GivenCall
from experiments.rounding import Array, Bounded, Precision, exactly
from scratch import functional as F  # noqa: N812
from scratch.functional.resizing import bilinear_neighbours, bilinear_places, nearest_indices
from scratch.layers import Resizing, UpSampling2D

_FLOAT32 = Precision("float32")


def up_sampling_bounds(layer: UpSampling2D, call: GivenCall) -> Bounds:
    """Pixels repeated, or interpolated."""
    output = _output(exactly(call.x), call.dy.shape[1:3], layer.interpolation)
    return {"output": output, "grad_input": _gradient(call, call.x.shape[1:3], layer.interpolation)}


def resizing_bounds(layer: Resizing, call: GivenCall) -> Bounds:
    """The same, behind what is cut off or put around the image."""
    crops, pads = layer.margins(call.x.shape[1:3])
    kept = F.pad2d(F.crop2d(call.x, crops), pads, layer.fill_value)
    image = call.precision.constant(kept) if any(pads) else exactly(kept)
    dkept = _gradient(call, kept.shape[1:3], layer.interpolation)

    def handed_back(dkept: Array) -> Array:
        return F.crop2d_backward(F.pad2d_backward(dkept, pads), crops)

    dx = Bounded(handed_back(dkept.value), np.stack([handed_back(r) for r in dkept.radii]))
    return {"output": _output(image, call.dy.shape[1:3], layer.interpolation), "grad_input": dx}


def _output(image: Bounded, size: tuple[int, ...], interpolation: str) -> Bounded:
    if interpolation == "bilinear":  # Even where no size changes.
        image = _FLOAT32.round(image.value, image.radii)
    for axis in (2, 1):
        n, m = image.value.shape[axis], size[axis - 1]
        if n != m:
            nearest = interpolation == "nearest"
            image = _taken(image, nearest_indices(n, m), axis) if nearest else _lerp(image, axis, m)
    return image


def _lerp(a: Bounded, axis: int, m: int) -> Bounded:
    """First + (second - first) * weight, at both ends of where rounding can move each place."""
    p, n = _FLOAT32, a.value.shape[axis]
    along = [-1 if i == axis else 1 for i in range(a.value.ndim)]
    places, off = _places(n, m)

    def interpolated(places: Array, doubt: Array) -> Bounded:
        lower, upper, weights = bilinear_neighbours(places, n)
        radii = np.broadcast_to(doubt.reshape(along), (3, *weights.reshape(along).shape))
        first, second = _taken(a, lower, axis), _taken(a, upper, axis)
        step = p.multiply(p.subtract(second, first), Bounded(weights.reshape(along), radii))
        return p.add(first, step)

    value = interpolated(places, off).value
    # From end to end it is 2 off, and the weight is rounded.
    ends = [interpolated(end, 2 * off + p.u) for end in (places - off, places + off)]
    return Bounded(value, np.maximum(*(np.abs(e.value - value) + e.radii for e in ends)))


def _gradient(call: GivenCall, size: tuple[int, ...], interpolation: str) -> Bounded:
    """Every pixel's sum over the outputs that it is part of."""
    rows, columns = (
        _shares(n, m, interpolation) for n, m in zip(size, call.dy.shape[1:3], strict=True)
    )
    terms = rows.terms * columns.terms
    if interpolation == "nearest":
        p, n = call.precision, terms - 1
    else:
        p, n = _FLOAT32, 3 * terms  # Each is multiplied twice and added.
    dy = p.given(call.dy)
    if p is not call.precision:
        dy = p.round(dy.value, dy.radii)  # Rounded to float32, should it be float64.
    summed = p.sum(dy, lambda v: _spread(v, rows.shares, columns.shares), n)
    highest = _spread(np.abs(call.dy), rows.shares + rows.doubt, columns.shares + columns.doubt)
    moved = highest - _spread(np.abs(call.dy), rows.shares, columns.shares)
    return Bounded(summed.value, summed.radii + (1 + p.gamma(n)) * moved)


class _Shares(NamedTuple):
    """How n pixels make up m outputs along an axis.

    Attributes:
        shares: (m, n), the weight of each pixel in each output.
        doubt: (m, n), how far rounding can move it.
        terms: How many contributions a pixel gathers at most.
    """

    shares: Array
    doubt: Array
    terms: int


def _shares(n: int, m: int, interpolation: str) -> _Shares:
    shares, doubt, outputs = np.zeros((m, n)), np.zeros((m, n)), np.arange(m)
    if interpolation == "nearest" or n == m:
        shares[outputs, nearest_indices(n, m)] = 1
        return _Shares(shares, doubt, int(shares.sum(axis=0).max()))
    places, off = _places(n, m)
    lower, upper, weights = bilinear_neighbours(places, n)
    shares[outputs, lower] += 1 - weights
    shares[outputs, upper] += weights
    counts = np.zeros((2, m, n))
    for count, end in zip(counts, (places - off, places + off), strict=True):
        for pixels in bilinear_neighbours(end, n)[:2]:
            count[outputs, pixels] += 1
            # A pixel at the border is both neighbours: two weights are rounded.
            doubt[outputs, pixels] = off + 2 * _FLOAT32.u
    return _Shares(shares, doubt, int(counts.max(axis=0).sum(axis=0).max()))


def _spread(dy: Array, rows: Array, columns: Array) -> Array:
    """The transpose of resizing both axes."""
    return np.einsum("nopc,oh,pw->nhwc", dy, rows, columns, optimize=True)


def _places(n: int, m: int) -> tuple[Array, Array]:
    """Each output's place among n pixels, and how far float32 can be off it."""
    places = bilinear_places(n, m)
    return places, _FLOAT32.gamma(3) * (places + 1)


def _taken(a: Bounded, index: Array, axis: int) -> Bounded:
    return Bounded(a.value.take(index, axis), a.radii.take(index, axis + 1))
