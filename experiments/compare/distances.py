"""How far two tensors are apart, and both from the float64 judge's; block by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.blocks import blocks

Array = np.ndarray
Triple = tuple[float, float, float]


@dataclass
class Distances:
    """What was found so far in two tensors of one shape and dtype.

    A NaN or infinity that stands on one side only is an infinite difference; on both it is none.

    Attributes:
        shape: The tensors'.
        difference: The largest |difference|.
        relative: The largest |difference| / larger magnitude.
        ulp: The largest |difference| in units in the last place of the larger number.
        identical: Whether all is equal; zeros of either sign are.
        error_ratio: The largest |difference| / what the deterministic bound allows, flips left out.
        flips: How many numbers are apart by a choice that rounding can turn.
        within_likely: Whether all are inside the probabilistic bound.
        within_flipping: Whether all are inside the widest.
        judge: The judge's largest magnitude, and the largest distances of both tensors from it.
    """

    shape: tuple[int, ...]
    difference: float = 0.0
    relative: float = 0.0
    ulp: float = 0.0
    identical: bool = True
    error_ratio: float = 0.0
    flips: int = 0
    within_likely: bool = True
    within_flipping: bool = True
    judge: Triple | None = None

    def add(self, ours: Array, theirs: Array, judge: Array | None, radii: Array | None) -> None:
        """Take a block into account."""
        difference = _difference(ours, theirs)
        differs = difference.any()
        if differs:
            largest = np.maximum(np.abs(ours), np.abs(theirs))
            self.identical = False
            self.difference = max(self.difference, _largest(difference))
            self.relative = max(self.relative, _largest_quotient(difference, largest))
            self.ulp = max(self.ulp, _largest_quotient(difference, np.spacing(largest)))
        if judge is not None:
            off = _largest(_difference(ours, judge))
            found = (
                _largest(np.abs(judge)),
                off,
                _largest(_difference(theirs, judge)) if differs else off,
            )
            self.judge = _each_largest(self.judge or found, found)
        if radii is not None and differs:
            self._hold_against(difference, 2 * radii)

    def _hold_against(self, difference: Array, allowed: Array) -> None:
        """Take into account what is allowed, (3, *block)."""
        # NaN or inf on one side is outside even where no bound can be given.
        within = (difference == 0) | ((difference <= allowed) & np.isfinite(difference))
        flipped = ~within[1] & within[2]
        self.flips += int(flipped.sum())
        self.within_likely &= bool(within[0].all())
        self.within_flipping &= bool(within[2].all())
        ratio = _largest_quotient(np.where(flipped, 0, difference), allowed[1])
        self.error_ratio = max(self.error_ratio, ratio)


def measure(
    ours: Array, theirs: Array, judge: Array | None = None, radii: Array | None = None
) -> Distances:
    """Hold two tensors of one shape and dtype against each other.

    Args:
        ours: Scratch's.
        theirs: Keras'.
        judge: The float64 judge's; one of another shape does not count.
        radii: (3, *shape), what each side may be off.
    """
    found = Distances(ours.shape)
    if judge is not None and judge.shape != theirs.shape:
        judge = None
    for block in blocks(ours.shape):
        found.add(
            ours[block],
            theirs[block],
            None if judge is None else judge[block],
            None if radii is None else radii[:, *block],
        )
    return found


def _difference(a: Array, b: Array) -> Array:
    """|a - b| in float64; infinite where NaN or inf stands on one side only."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        difference = np.abs(a - b)
    finite = np.isfinite(difference)
    if finite.all():
        return difference
    alike = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(alike, 0.0, np.where(finite, difference, np.inf))


def _largest(a: Array) -> float:
    return float(a.max(initial=0.0))


def _each_largest(one: Triple, other: Triple) -> Triple:
    """The larger of each pair; NaN, once found, stays."""
    a, b, c = np.maximum(one, other).tolist()
    return a, b, c


def _largest_quotient(difference: Array, unit: Array) -> float:
    """The largest difference / unit, 0 where equal and infinite where there is no unit."""
    with np.errstate(all="ignore"):
        quotient = np.where(difference == 0, 0.0, difference / unit)
    return _largest(np.where(np.isnan(quotient), np.inf, quotient))
