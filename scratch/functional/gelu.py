"""Gaussian error linear units (Hendrycks and Gimpel 2016): the exact one and its approximation."""

from __future__ import annotations

import math

import numpy as np

from scratch.functional.blocks import in_float64
from scratch.functional.erf import erfc_flat

# TensorFlow takes these two through float32 whatever it computes in.
ROOT_HALF = float(np.float32(math.sqrt(0.5)))
CUBIC = float(np.float32(0.044715))

_ROOT_TWO_OVER_PI = math.sqrt(2 / math.pi)


def gelu(x: np.ndarray) -> np.ndarray:
    """Gate x by P(X <= x) of a standard normal X: x/2 erfc(-x / sqrt 2), which cancels nowhere."""
    return in_float64(lambda v: 0.5 * v * erfc_flat(v * -ROOT_HALF), x)


def gelu_backward(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dL/dx of `gelu`: dy (P(X <= x) + x p(x))."""
    return dy * in_float64(_gelu_derivative, x)


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    """x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), `keras.ops.gelu(x, approximate=True)`."""
    y = _inner_tanh(x)
    y += 1
    y *= x
    y *= 0.5
    return y


def gelu_tanh_backward(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dL/dx of `gelu_tanh`, by the product and the chain rule."""
    t = _inner_tanh(x)
    slope = x * x
    slope *= 3 * CUBIC * _ROOT_TWO_OVER_PI
    slope += _ROOT_TWO_OVER_PI
    slope *= 1 - t * t  # First: times x it may overflow where this is 0.
    slope *= x
    t += 1
    t += slope
    t *= 0.5
    t *= dy
    return t


def _gelu_derivative(x: np.ndarray) -> np.ndarray:
    scaled = x * ROOT_HALF
    density = np.exp(-scaled * scaled) * (ROOT_HALF / math.sqrt(math.pi))
    return 0.5 * erfc_flat(-scaled) + x * density


def _inner_tanh(x: np.ndarray) -> np.ndarray:
    inner = x * x
    inner *= CUBIC
    inner += 1
    inner *= x
    inner *= _ROOT_TWO_OVER_PI
    return np.tanh(inner, out=inner)
