"""Random options for every layer: recipes by the layer's type.

A recipe is given Hypothesis' `draw` and the shape of the layer's input without the batch, and
returns the layer's options, or None if no layer of that type fits. What shrinks comes first: a
recipe's simplest draw is the plainest layer.
"""

from tests.random_networks.recipes import activations, kernels, merging, normalizations, shapes
from tests.random_networks.recipes.drawing import Draw, Options, Recipe, Shape

__all__ = ["RECIPES", "Draw", "Options", "Recipe", "Shape"]

_FAMILIES = (activations, kernels, merging, normalizations, shapes)

RECIPES: dict[str, Recipe] = dict(
    sorted(row for family in _FAMILIES for row in family.RECIPES.items())
)
