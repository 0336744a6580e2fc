"""Layer-by-layer comparison of a scratch model with its Keras twin."""

from experiments.compare.comparison import Comparison
from experiments.compare.layers import compare_layers

__all__ = ["Comparison", "compare_layers"]
