"""How far a layer's output and gradients can be off: bounds derived from how they are computed."""

from experiments.bounds.call import Bounds
from experiments.bounds.layers import layer_bounds

__all__ = ["Bounds", "layer_bounds"]
