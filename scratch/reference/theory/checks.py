"""What the operations on matrices refuse."""

from __future__ import annotations

import numpy as np


def check_matrices(**operands: np.ndarray) -> None:
    """Raise ValueError, naming the operand, where one is no matrix or empty."""
    for name, operand in operands.items():
        if operand.ndim != 2 or operand.size == 0:
            raise ValueError(f"{name} must be a matrix with numbers in it, got {operand.shape}.")


def check_derivative(derivative: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raise ValueError where a derivative is not shaped as the error it multiplies."""
    if derivative.shape != shape:
        raise ValueError(
            f"The derivative {derivative.shape} must be shaped as the error it multiplies, {shape}."
        )
