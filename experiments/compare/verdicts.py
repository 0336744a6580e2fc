"""From two arrays and a bound to a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from experiments.rounding import Bounded

Array = np.ndarray

IDENTICAL = "identical"  # bitwise
ROUNDING = "rounding"  # inside the probabilistic bound
SUSPECT = "suspect"  # between the probabilistic and the deterministic bound
FAULT = "fault"  # outside the deterministic bound: proven different
FLIP = "flip"  # outside it, but a choice that rounding can turn, a ReLU's sign, explains it
INHERITED = "inherited"  # propagated mode: what a fault elsewhere leads to


@dataclass(frozen=True)
class Measured:
    """How far two tensors are apart. Field names are the table's columns."""

    shape: tuple[int, ...]
    max_abs_diff: float
    max_rel_diff: float
    max_ulp: float
    error_ratio: float
    verdict: str
    flips: int = 0
    scratch_ulp: float = math.nan
    keras_ulp: float = math.nan
    nearer: str = ""
    note: str = ""

    def noted(self, note: str) -> Measured:
        """The same with one more clause to its note."""
        return replace(self, note="; ".join(part for part in (self.note, note) if part))


def judged(ours: Array | None, theirs: Array, bounded: Bounded, problem: str) -> Measured:
    """Hold scratch's tensor against Keras' by the bound, element by element.

    Each side may be off by the bound's radius, so they may differ by twice that.

    Args:
        ours: Scratch's tensor; None where it computed none.
        theirs: Keras' tensor.
        bounded: The judge's value and radii.
        problem: What scratch said when it raised.
    """
    obstacle = _obstacle(ours, theirs, problem)
    if ours is None or obstacle:
        return _incomparable(theirs.shape, obstacle, FAULT)
    difference = _difference(ours, theirs)
    allowed = 2 * bounded.radii
    # NaN or inf on one side is outside even where no bound can be given.
    within = (difference == 0) | ((difference <= allowed) & np.isfinite(difference))
    flipped = ~within[1] & within[2]
    if np.array_equal(ours, theirs, equal_nan=True):
        verdict = IDENTICAL
    elif not within[2].all():
        verdict = FAULT
    elif flipped.any():
        verdict = FLIP
    else:
        verdict = ROUNDING if within[0].all() else SUSPECT
    measured = replace(
        _measured(ours, theirs, bounded.value, verdict),
        error_ratio=_largest_quotient(np.where(flipped, 0, difference), allowed[1]),
        flips=int(flipped.sum()),
    )
    if verdict == FLIP:
        choice = f"rounding can turn a ReLU's sign or a maximum's place: {measured.flips} by that"
        measured = measured.noted(choice)
    return measured


def observed(
    ours: Array | None,
    theirs: Array,
    judge: Array | None,
    faulty: bool,
    problem: str,
    turned: int = 0,
) -> Measured:
    """Measure tensors of two networks that ran end to end.

    Their difference is made of what every layer before contributed. If no layer is at fault in
    isolation it is rounding that has grown; otherwise it may be inherited from a fault.

    Args:
        ours: Scratch's tensor; None where it computed none.
        theirs: Keras' tensor.
        judge: The float64 judge's tensor.
        faulty: Whether some fault is known.
        problem: What scratch said when it raised.
        turned: How many choices behind a gradient the twins made differently.
    """
    obstacle = _obstacle(ours, theirs, problem)
    if ours is None or obstacle:
        return _incomparable(theirs.shape, obstacle, INHERITED if faulty else FAULT)
    if np.array_equal(ours, theirs, equal_nan=True):
        verdict = IDENTICAL
    elif faulty:
        verdict = INHERITED
    elif not np.isfinite(_difference(ours, theirs)).all():
        verdict = FAULT
    else:
        verdict = FLIP if turned else ROUNDING
    measured = _measured(ours, theirs, judge, verdict)
    if verdict != FLIP:
        return measured
    note = f"choices that rounding turned (a ReLU's sign, a maximum's place) behind it: {turned}"
    return replace(measured, flips=turned).noted(note)


def _obstacle(ours: Array | None, theirs: Array, problem: str) -> str:
    """Why two tensors cannot be compared number by number; empty if they can."""
    if ours is None:
        return f"scratch {problem}" if problem else "scratch computed nothing here"
    if ours.shape != theirs.shape:
        return f"scratch has shape {ours.shape}"
    if ours.dtype != theirs.dtype:
        return f"scratch has dtype {ours.dtype}, Keras {theirs.dtype}"
    return ""


def _incomparable(shape: tuple[int, ...], note: str, verdict: str) -> Measured:
    """A difference that no number describes: nothing computed, another shape or dtype."""
    ratio = math.inf if verdict == FAULT else math.nan
    return Measured(shape, math.nan, math.nan, math.nan, ratio, verdict, note=note)


def _measured(ours: Array, theirs: Array, judge: Array | None, verdict: str) -> Measured:
    """How far two comparable tensors are apart, whatever is allowed."""
    difference = _difference(ours, theirs)
    largest = np.maximum(np.abs(ours), np.abs(theirs))
    note = "" if np.isfinite(difference).all() else "NaN or inf on one side only"
    measured = Measured(
        theirs.shape,
        float(difference.max(initial=0.0)),
        _largest_quotient(difference, largest),
        _largest_quotient(difference, np.spacing(largest)),
        math.nan,
        verdict,
        note=note,
    )
    # In float64 the judge is no more exact than the twins: there is nothing to judge by.
    if judge is None or judge.shape != theirs.shape or ours.dtype == np.float64:
        return measured
    unit = float(np.spacing(np.abs(judge).max(initial=0.0).astype(ours.dtype)))
    scratch, keras = (_difference(side, judge).max(initial=0.0) / unit for side in (ours, theirs))
    nearer = "both alike" if scratch == keras else "scratch" if scratch < keras else "keras"
    return replace(measured, scratch_ulp=float(scratch), keras_ulp=float(keras), nearer=nearer)


def _difference(a: Array, b: Array) -> Array:
    """|a - b| in float64; infinite where NaN or inf stands on one side only."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    alike = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        difference = np.abs(a - b)
    return np.where(alike, 0.0, np.where(np.isfinite(difference), difference, np.inf))


def _largest_quotient(difference: Array, unit: Array) -> float:
    """The largest difference / unit, 0 where equal and infinite where there is no unit."""
    with np.errstate(all="ignore"):
        quotient = np.where(difference == 0, 0.0, difference / unit)
    return float(np.where(np.isnan(quotient), np.inf, quotient).max(initial=0.0))
