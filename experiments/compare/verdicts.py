"""From two arrays and a bound to a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from experiments.compare.distances import Distances, measure
from experiments.rounding import Bounded

Array = np.ndarray

IDENTICAL = "identical"  # bitwise
ROUNDING = "rounding"  # inside the probabilistic bound
SUSPECT = "suspect"  # between the probabilistic and the deterministic bound
FAULT = "fault"  # outside the deterministic bound: proven different
FLIP = "flip"  # outside it, but a choice that rounding can turn, a ReLU's sign, explains it
INHERITED = "inherited"  # propagated mode: what a fault elsewhere leads to
UNJUDGED = "unjudged"  # no bound for this kind of layer, or for such numbers: measured only


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


def judged(
    ours: Array | None, theirs: Array, bounded: Bounded, problem: str, given: float = 0.0
) -> Measured:
    """Hold scratch's tensor against Keras' by the bound, element by element.

    Each side may be off by the bound's radius, so they may differ by twice that.

    Args:
        ours: Scratch's tensor; None where it computed none.
        theirs: Keras' tensor.
        bounded: The judge's value and radii.
        problem: What scratch said when it raised.
        given: The largest magnitude of what Keras computed it from; infinite for NaN. Rounding
            bounds are for numbers that do not overflow.
    """
    obstacle = _obstacle(ours, theirs, problem)
    if ours is None or obstacle:
        return _incomparable(theirs.shape, obstacle, FAULT)
    distances = measure(ours, theirs, bounded.value, bounded.radii)
    if distances.identical:
        verdict = IDENTICAL
    elif not distances.within_flipping:
        one_sided = not np.isfinite(distances.difference)
        beyond = np.isinf(given) or (one_sided and _may_overflow(given, bounded, theirs.dtype))
        verdict = UNJUDGED if beyond else FAULT
    elif distances.flips:
        verdict = FLIP
    else:
        verdict = ROUNDING if distances.within_likely else SUSPECT
    measured = replace(
        _measured(distances, ours.dtype, verdict),
        error_ratio=math.nan if verdict == UNJUDGED else distances.error_ratio,
        flips=distances.flips,
    )
    if verdict == FLIP:
        choice = f"rounding can turn a ReLU's sign or a maximum's place: {measured.flips} by that"
        measured = measured.noted(choice)
    return measured


def _may_overflow(given: float, bounded: Bounded, dtype: np.dtype) -> bool:
    """Whether numbers of this size may be infinite on one side and not on the other.

    Products of what is given may be; so may what is rounded on the way, which is as large as a
    radius / u, the unit roundoff.
    """
    limits = np.finfo(dtype)
    radii = bounded.radii[1]
    return given > limits.max**0.5 or not bool((radii <= limits.eps / 2 * limits.max).all())


def unjudged(
    ours: Array | None, theirs: Array, judge: Array | None, problem: str, given: float = 0.0
) -> Measured:
    """Measure tensors for which there is no bound: only what is no number's doing is a fault.

    Args:
        ours: Scratch's tensor; None where it computed none.
        theirs: Keras' tensor.
        judge: The float64 judge's tensor; None where it computed none.
        problem: What scratch said when it raised.
        given: See `judged`.
    """
    infinite = UNJUDGED if np.isinf(given) else FAULT
    return _unbounded(ours, theirs, judge, problem, (UNJUDGED, infinite, FAULT))


def observed(
    ours: Array | None,
    theirs: Array,
    judge: Array | None,
    faulty: bool,
    problem: str,
    turned: int = 0,
    overflown: bool = False,
) -> Measured:
    """Measure tensors of two networks that ran end to end.

    Their difference is made of what every layer before contributed. If no layer is at fault in
    isolation it is rounding that has grown, perhaps until a number overflowed on one side;
    otherwise it may be inherited from a fault.

    Args:
        ours: Scratch's tensor; None where it computed none.
        theirs: Keras' tensor.
        judge: The float64 judge's tensor; None where it computed none.
        faulty: Whether some fault is known.
        problem: What scratch said when it raised.
        turned: How many choices behind a gradient the twins made differently.
        overflown: Whether Keras' own numbers did somewhere.
    """
    if faulty:
        return _unbounded(ours, theirs, judge, problem, (INHERITED, INHERITED, INHERITED))
    infinite = ROUNDING if overflown else FAULT
    verdicts = (FLIP if turned else ROUNDING, infinite, FAULT)
    measured = _unbounded(ours, theirs, judge, problem, verdicts)
    if measured.verdict != FLIP:
        return measured
    note = f"choices that rounding turned (a ReLU's sign, a maximum's place) behind it: {turned}"
    return replace(measured, flips=turned).noted(note)


def _unbounded(
    ours: Array | None,
    theirs: Array,
    judge: Array | None,
    problem: str,
    verdicts: tuple[str, str, str],
) -> Measured:
    """Measure tensors that may differ by any number.

    Args:
        ours: See `observed`.
        theirs: See `observed`.
        judge: See `observed`.
        problem: See `observed`.
        verdicts: On tensors that differ in numbers; on one that is NaN or infinite where the other
            is not; on one that is missing, or of another shape or dtype.
    """
    finite, infinite, missing = verdicts
    obstacle = _obstacle(ours, theirs, problem)
    if ours is None or obstacle:
        return _incomparable(theirs.shape, obstacle, missing)
    distances = measure(ours, theirs, judge)
    if distances.identical:
        verdict = IDENTICAL
    else:
        verdict = finite if np.isfinite(distances.difference) else infinite
    return _measured(distances, ours.dtype, verdict)


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


def _measured(distances: Distances, dtype: np.dtype, verdict: str) -> Measured:
    """The columns that say how far two tensors of `dtype` are apart, whatever is allowed."""
    measured = Measured(
        distances.shape,
        distances.difference,
        distances.relative,
        distances.ulp,
        math.nan,
        verdict,
        note="" if np.isfinite(distances.difference) else "NaN or inf on one side only",
    )
    # In float64 the judge is no more exact than the twins: there is nothing to judge by.
    if distances.judge is None or dtype == np.float64:
        return measured
    largest, ours, theirs = distances.judge
    unit = float(np.spacing(dtype.type(largest)))
    scratch, keras = (float(np.float64(side) / unit) for side in (ours, theirs))
    nearer = "both alike" if scratch == keras else "scratch" if scratch < keras else "keras"
    return replace(measured, scratch_ulp=scratch, keras_ulp=keras, nearer=nearer)
