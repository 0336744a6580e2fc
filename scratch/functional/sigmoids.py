"""Smooth activations made of exponentials: the sigmoid and its relatives."""

from __future__ import annotations

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)); where exp overflows that is 0, as it should be."""
    y = np.negative(x)
    with np.errstate(over="ignore"):
        np.exp(y, out=y)
    y += 1
    return np.divide(1, y, out=y)


def sigmoid_backward(dy: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dL/dx of `sigmoid` from its output y: dy y (1 - y)."""
    dx = 1 - y
    dx *= y
    dx *= dy
    return dx


def tanh_backward(dy: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dL/dx of `np.tanh` from its output y: dy (1 - y^2)."""
    dx = y * y
    np.subtract(1, dx, out=dx)
    dx *= dy
    return dx


def silu(x: np.ndarray) -> np.ndarray:
    """Gate x by sigmoid(x), also called swish (Ramachandran, Zoph and Le 2017)."""
    y = sigmoid(x)
    y *= x
    return y


def silu_backward(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dL/dx of `silu`: dy s (1 + x (1 - s)), s the sigmoid of x."""
    s = sigmoid(x)
    dx = 1 - s
    dx *= x
    dx += 1
    dx *= s
    dx *= dy
    return dx


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x)) as max(x, 0) + log(1 + exp(-|x|)), which neither overflows nor cancels."""
    y = np.minimum(x, -x)  # -|x|, for complex numbers near the real line as well.
    np.exp(y, out=y)
    np.log1p(y, out=y)
    y += np.maximum(x, 0)
    return y


def softplus_backward(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dL/dx of `softplus`: dy sigmoid(x)."""
    dx = sigmoid(x)
    dx *= dy
    return dx


def softsign(x: np.ndarray) -> np.ndarray:
    """Divide x by 1 + |x|."""
    return x / _one_and_magnitude(x)


def softsign_backward(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dL/dx of `softsign`: dy / (1 + |x|)^2."""
    divisor = _one_and_magnitude(x)
    divisor *= divisor
    return dy / divisor


def mish(x: np.ndarray) -> np.ndarray:
    """Gate x by tanh(softplus(x)) (Misra 2019)."""
    y = softplus(x)
    np.tanh(y, out=y)
    y *= x
    return y


def mish_backward(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dL/dx of `mish`: dy (t + x (1 - t^2) sigmoid(x)), t the tanh of softplus."""
    t = softplus(x)
    np.tanh(t, out=t)
    dx = tanh_backward(x, t)
    dx *= sigmoid(x)
    dx += t
    dx *= dy
    return dx


def _one_and_magnitude(x: np.ndarray) -> np.ndarray:
    y = np.maximum(x, -x)
    y += 1
    return y
