"""Exponential linear units: x above 0, a shifted exponential below."""

from __future__ import annotations

import numpy as np

# Klambauer et al. (2017), section 2: mean 0 and variance 1 are a fixed point.
SELU_SCALE = 1.0507009873554804934193349852946
SELU_SCALE_ALPHA = 1.7580993408473768599402175208123


def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """Keep x above 0, alpha (exp(x) - 1) below (Clevert et al. 2016, eq. 15)."""
    y = np.minimum(x, 0)
    np.expm1(y, out=y)
    y *= alpha
    y += np.maximum(x, 0)
    return y


def elu_backward(dy: np.ndarray, x: np.ndarray, y: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """dL/dx of `elu` from its input x and output y: dy (y + alpha) below 0; alpha dy at 0."""
    return _backward(dy, x > 0, y, 1.0, alpha)


def selu(x: np.ndarray) -> np.ndarray:
    """Scale `elu`, alpha and scale being such that activations stay normalized."""
    y = np.minimum(x, 0)
    np.expm1(y, out=y)
    y *= SELU_SCALE_ALPHA
    y += SELU_SCALE * np.maximum(x, 0)
    return y


def selu_backward(dy: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dL/dx of `selu` from x and y: dy (y + scale alpha) below 0; scale dy at 0."""
    return _backward(dy, x >= 0, y, SELU_SCALE, SELU_SCALE_ALPHA)


def _backward(
    dy: np.ndarray, straight: np.ndarray, y: np.ndarray, above: float, below: float
) -> np.ndarray:
    """Multiply dy by `above` on the straight piece, by y + `below` elsewhere."""
    slope = y + below
    slope *= ~straight
    slope += straight * dy.dtype.type(above)
    slope *= dy
    return slope
