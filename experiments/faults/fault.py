"""What a fault is, and how it is planted."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from scratch.layers import LAYERS, Layer


@dataclass(frozen=True)
class Fault:
    """One mistake.

    Attributes:
        name: Short, with hyphens.
        description: What the faulty layer does, as a clause behind "as if".
        layer_class: The faulty layer.
        tensors: The tensors that it gets wrong, as the comparison names them.
        site: A network and a layer in it where the fault shows: see `specimen.site_network`.
        source: The sources whose code has it, as "A, B"; empty for those of common experience.
        functions: The sources' functions that it touches.
        repeatable: Whether the faulty layer computes the same from the same input every time.
    """

    name: str
    description: str
    layer_class: type[Layer]
    tensors: tuple[str, ...]
    site: tuple[str, str]
    source: str = ""
    functions: tuple[str, ...] = ()
    repeatable: bool = True

    def fits(self, layer: Layer) -> bool:
        """Whether `layer` is of the type whose faulty form this is."""
        return type(layer) in LAYERS.values() and issubclass(self.layer_class, type(layer))

    def plant(self, layer: Layer) -> None:
        """Turn a layer into its faulty form, in place.

        Raises:
            TypeError: The layer is of another type.
        """
        if not self.fits(layer):
            raise TypeError(f"Fault {self.name!r} is of another layer type than {layer!r}.")
        layer.__class__ = self.layer_class

    def planted_copy(self, layer: Layer) -> Layer:
        """A faulty copy that shares the layer's weights; the layer stays as it is."""
        twin = copy.copy(layer)
        twin.gradients = {}
        self.plant(twin)
        return twin
