"""Scales and shifts by fixed numbers or by a learned one for each channel.

All parameters broadcast against x and have its dtype.
"""

from __future__ import annotations

import numpy as np

from scratch.functional.sums import sum_to_channels

Array = np.ndarray


def rescale(x: Array, scale: Array, offset: Array) -> Array:
    """Compute x scale + offset."""
    return x * scale + offset


def rescale_backward(dy: Array, scale: Array) -> Array:
    """dL/dx of `rescale`."""
    return dy * scale


def standardize(x: Array, mean: Array, deviation: Array) -> Array:
    """Compute (x - mean) / deviation."""
    return (x - mean) / deviation


def standardize_backward(dy: Array, deviation: Array) -> Array:
    """dL/dx of `standardize`."""
    return dy / deviation


def layer_scale(x: Array, gamma: Array) -> Array:
    """Compute x gamma, gamma (C,) for x (..., C). Touvron et al. 2021, section 2.1."""
    return x * gamma


def layer_scale_backward(dy: Array, x: Array, gamma: Array) -> tuple[Array, Array]:
    """dL/dx and dL/dgamma of `layer_scale`."""
    return dy * gamma, sum_to_channels(dy * x)


def add_scaled(shortcut: Array, residual: Array, scale: float) -> Array:
    """Compute shortcut + residual scale. Szegedy et al. 2016, section 3.3."""
    return residual * scale + shortcut


def add_scaled_backward(dy: Array, scale: float) -> tuple[Array, Array]:
    """dL/dshortcut, which is dy itself and not to be written to, and dL/dresidual."""
    return dy, dy * scale
