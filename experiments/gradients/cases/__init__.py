"""Every layer with every option that changes its gradient, grouped by layer."""

from experiments.gradients.cases import (
    activation,
    convolution,
    merging,
    normalization,
    pooling,
    shaping,
)
from experiments.gradients.cases.activation import AT_ZERO
from experiments.gradients.cases.case import LayerCase
from experiments.gradients.cases.pooling import TIED

CASES: tuple[LayerCase, ...] = (
    *convolution.CASES,
    *activation.CASES,
    *normalization.CASES,
    *pooling.CASES,
    *shaping.CASES,
    *merging.CASES,
)

__all__ = ["AT_ZERO", "CASES", "TIED", "LayerCase"]
