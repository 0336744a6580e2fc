"""Whether a scratch model hands its layers' tensors on as its graph says.

A layer run on its own cannot show that the model around it gives it the wrong input, or adds up
the gradients of branches wrongly. Both follow from what every call was given and returned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.compare.recording import Array, Recording
from experiments.rounding import Precision, exactly
from scratch.graph import SymbolicTensor

Place = tuple[Any, str]


def misrouted(model: Any, run: Recording, precision: Precision) -> dict[Place, str]:
    """Where a run of `model` departs from its graph: (a call's output, tensor) -> a note.

    An input must be bitwise what its producer returned. The gradient of a tensor that k calls use,
    and of a weight that k calls share, must be the sum of theirs within k - 1 roundings.
    """
    calls = list(zip(model.calls, run.calls, strict=True))
    values = dict(zip(model.inputs, run.inputs, strict=True))
    values |= {call.output: record.output for call, record in calls}
    returned: dict[SymbolicTensor, list[Array | None]] = defaultdict(list)
    for tensor, upstream in zip(model.outputs, run.grad_outputs, strict=True):
        returned[tensor].append(upstream)
    found: dict[Place, str] = {}
    for call, record in calls:
        for tensor, given in zip(call.inputs, record.inputs, strict=False):
            if not _is_sum(given, [values[tensor]], precision):
                note = f"the model gave the layer something else than {tensor.name!r}"
                found[call.output, "output"] = note
        for tensor, gradient in zip(call.inputs, record.grad_inputs, strict=False):
            returned[tensor].append(gradient)
    for call, record in calls:
        if not _is_sum(record.grad_output, returned[call.output], precision):
            note = "the model sent back something else than the sum of its users' gradients"
            found[call.output, "grad_input"] = note
        for name, total in run.grad_weights[call.layer].items():
            uses = [r.grad_weights.get(name) for c, r in calls if c.layer is call.layer]
            if not _is_sum(total, uses, precision):
                note = "the model's gradient is not the sum over the layer's uses"
                found[call.output, f"grad:{name}"] = note
    return found


def _is_sum(total: Array | None, parts: Sequence[Array | None], precision: Precision) -> bool:
    """Whether `total` is the sum of `parts`, in any order of addition; NaN counts as equal."""
    if total is not None and len(parts) == 1 and total is parts[0]:
        return True
    arrays = [part for part in (total, *parts) if part is not None]
    if len(arrays) != 1 + len(parts) or len({array.shape for array in arrays}) != 1:
        return False
    again = precision.total(*map(exactly, arrays[1:]))
    alike = np.isclose(arrays[0], again.value, rtol=0, atol=0, equal_nan=True)
    # Twice the radius: in float64 the sum taken again is rounded too.
    return bool((alike | (np.abs(arrays[0] - again.value) <= 2 * again.radii[1])).all())
