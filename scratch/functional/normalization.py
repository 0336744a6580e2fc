"""Batch normalization over all but the last axis (Ioffe & Szegedy, 2015).

gamma and beta may be None: scale 1, shift 0.
"""

from __future__ import annotations

import numpy as np

from scratch.functional.sums import sum_to_channels

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


def batch_norm_statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance of each channel. Algorithm 1, lines 1 and 2.

    Two passes: E[x^2] - E[x]^2 would cancel when the mean is large beside the deviation.

    Args:
        x: (..., C).

    Returns:
        mean, variance: (C,) each, in x's dtype.
    """
    count = x.size // x.shape[-1]
    mean = sum_to_channels(x) / count
    return mean, sum_to_channels(np.square(x - mean)) / count


def batch_norm(
    x: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    gamma: np.ndarray | None,
    beta: np.ndarray | None,
    epsilon: float,
) -> np.ndarray:
    """Compute gamma (x - mean) / sqrt(variance + epsilon) + beta. Algorithm 1, lines 3 and 4.

    Args:
        x: (..., C).
        mean: (C,), of the batch in training, moving in inference.
        variance: (C,), likewise.
        gamma: (C,) or None.
        beta: (C,) or None.
        epsilon: Keeps the root away from 0.

    Returns:
        (..., C).
    """
    y = (x - mean) * _scale(variance, gamma, epsilon)
    if beta is not None:
        y += beta
    return y


def batch_norm_training_backward(
    dy: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    gamma: np.ndarray | None,
    epsilon: float,
) -> Gradients:
    """Gradients of `batch_norm` with the batch's own statistics, which depend on x.

    The paper's section 3 chain, in closed form: dx = scale (dy - mean(dy) - z mean(dy z)) with
    z the normalized x.

    Args:
        dy: dL/dy, (..., C).
        x: (..., C).
        mean: (C,), `batch_norm_statistics` of x.
        variance: (C,), likewise.
        gamma: (C,) or None.
        epsilon: As in `batch_norm`.

    Returns:
        dx (..., C), dgamma (C,), dbeta (C,).
    """
    count = x.size // x.shape[-1]
    normalized = (x - mean) * _scale(variance, None, epsilon)
    dgamma, dbeta = sum_to_channels(dy * normalized), sum_to_channels(dy)
    centred = dy - dbeta / count - normalized * (dgamma / count)
    return centred * _scale(variance, gamma, epsilon), dgamma, dbeta


def batch_norm_inference_backward(
    dy: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    gamma: np.ndarray | None,
    epsilon: float,
) -> Gradients:
    """Gradients of `batch_norm` with fixed statistics, as in inference.

    Args:
        dy: dL/dy, (..., C).
        x: (..., C).
        mean: (C,), moving.
        variance: (C,), moving.
        gamma: (C,) or None.
        epsilon: As in `batch_norm`.

    Returns:
        dx (..., C), dgamma (C,), dbeta (C,).
    """
    normalized = (x - mean) * _scale(variance, None, epsilon)
    dgamma, dbeta = sum_to_channels(dy * normalized), sum_to_channels(dy)
    return dy * _scale(variance, gamma, epsilon), dgamma, dbeta


def _scale(variance: np.ndarray, gamma: np.ndarray | None, epsilon: float) -> np.ndarray:
    inverse = 1 / np.sqrt(variance + epsilon)
    return inverse if gamma is None else gamma * inverse
