"""The classifier at the end, and one step of gradient descent: source C."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from scratch.reference.theory.checks import check_derivative


def dense_delta(delta_next: np.ndarray, W: np.ndarray, derivative: np.ndarray) -> np.ndarray:
    """The error in front of a dense layer: delta^l = W^T delta^(l+1) . sigma'(z^l), source C.

    Args:
        delta_next: dC/dz of the layer, (outputs,).
        W: Its weights, (outputs, inputs).
        derivative: sigma'(z^l), (inputs,).

    Returns:
        (inputs,).

    Raises:
        ValueError: The shapes do not fit one another.
    """
    if W.ndim != 2 or delta_next.shape != W.shape[:1]:
        raise ValueError(f"delta {delta_next.shape} must have one number per row of W {W.shape}.")
    delta = W.T @ delta_next
    check_derivative(derivative, delta.shape)
    return delta * derivative


def dense_kernel_gradient(delta: np.ndarray, a: np.ndarray) -> np.ndarray:
    """dC/dW = delta a^T: source C; delta (outputs,) and a (inputs,) give (outputs, inputs)."""
    return np.outer(delta, a)


def softmax(z: np.ndarray) -> np.ndarray:
    """exp(z_k) / sum_j exp(z_j) over the classes j, the last axis, (..., classes): source C."""
    exponentials = np.exp(z - z.max(axis=-1, keepdims=True))  # The shift cancels; no overflow.
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def sgd_update(
    weights: np.ndarray, gradients_sum: np.ndarray, learning_rate: float | Fraction, batch_size: int
) -> np.ndarray:
    """One step of gradient descent: W - eta / batchsize * sum dL/dW, source C.

    Args:
        weights: W, of any shape.
        gradients_sum: dL/dW, summed over the batch, shaped as W.
        learning_rate: eta.
        batch_size: 1 for SGD, the whole set for BGD.

    Returns:
        The new weights; the old ones are left as they are.

    Raises:
        ValueError: The shapes differ, or the batch is empty.
    """
    if gradients_sum.shape != weights.shape or batch_size < 1:
        raise ValueError(
            "An update needs gradients shaped as the weights and a batch of at least 1: weights "
            f"{weights.shape}, gradients {gradients_sum.shape}, batch_size {batch_size}."
        )
    return weights - learning_rate / batch_size * gradients_sum
