"""How the step decides the error of a numerical derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.derivatives import central_differences, complex_step, forward_differences
from experiments.gradients.layer_subject import LayerSubject

_SMALLEST_EXPONENT = -66
_LAST_EXACT_EXPONENT = -50  # Below, x + h is rounded, which the bound does not know.


def step_rows(subject: LayerSubject, tensor: str) -> list[dict[str, Any]]:
    """Errors against the backward, relative to its largest number, for h = 1, 1/2, 1/4, ...

    Args:
        subject: A layer call that is not linear in the tensor.
        tensor: Whose gradient.
    """
    gradient, allowance = subject.gradients()[tensor], subject.allowances()[tensor]
    given = subject.function(tensor), subject.point(tensor), subject.dy
    scale = np.abs(gradient).max()
    third = float(np.max(allowance.third_derivative))
    rows = []
    for exponent in range(0, _SMALLEST_EXPONENT - 1, -1):
        step = 2.0**exponent
        found = {
            "forward_error": forward_differences(*given, step),
            "central_error": central_differences(*given, step)[0],
            "complex_error": complex_step(*given, step),
        }
        errors = {name: float(np.abs(by - gradient).max() / scale) for name, by in found.items()}
        bound = (allowance.output / step + third * step**2 / 6) / scale
        known = exponent >= _LAST_EXACT_EXPONENT
        rows.append({"step_log2": exponent, **errors, "central_bound": bound if known else np.nan})
    return rows
