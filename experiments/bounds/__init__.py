"""How far a layer's output and gradients can be off: bounds derived from how they are computed."""

from experiments.bounds.call import Bounds, GivenCall
from experiments.bounds.layers import has_bounds, layer_bounds, register

__all__ = ["Bounds", "GivenCall", "has_bounds", "layer_bounds", "register"]
