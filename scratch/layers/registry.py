"""Layers of a user's own: how files and converters find them by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from scratch.layers.base import Layer

LayerClass = type[Layer]

_registered: dict[str, LayerClass] = {}


@overload
def register(layer_class: LayerClass, name: str | None = None) -> LayerClass: ...
@overload
def register(
    layer_class: None = None, name: str | None = None
) -> Callable[[LayerClass], LayerClass]: ...
def register(layer_class: Any = None, name: str | None = None) -> Any:
    """Make a layer class known to `load_model` and to the converters from and to Keras.

    A Keras layer whose class is called `name` then converts into this one. Its constructor gets
    those fields of the Keras layer's config that it has arguments for, and its weights must have
    the names and shapes of the Keras layer's. To be found, the class must be registered before a
    model is loaded or converted. Registering another class under a name replaces the one before.

    Args:
        layer_class: A subclass of `Layer`; without it, `register` is a decorator's maker.
        name: The Keras class' name; the scratch class' own when None.

    Returns:
        The class itself, so that `register` serves as a decorator.

    Raises:
        TypeError: `layer_class` is no subclass of `Layer`.
        ValueError: The class has the name of one of `scratch.layers`.

    Example:
        A learned gain for each channel, as a Keras layer `Gain` has it with a weight "gain":

        >>> @register
        ... class Gain(Layer):
        ...     def __init__(self, start=1.0, *, name=None, dtype=None):
        ...         super().__init__(name=name, dtype=dtype)
        ...         self.start = start
        ...     def build(self, input_shape):
        ...         self.add_weight("gain", (input_shape[-1],), Constant(self.start))
        ...         super().build(input_shape)
        ...     def forward(self, x, training=False):
        ...         self._prepare(x)
        ...         self.cache = x
        ...         return x * self.weights["gain"]
        ...     def backward(self, dy):
        ...         others = tuple(range(dy.ndim - 1))
        ...         self.gradients["gain"] = (dy * self.cache).sum(axis=others)
        ...         return dy * self.weights["gain"]
        ...     def compute_output_shape(self, input_shape):
        ...         return tuple(input_shape)
        ...     def get_config(self):
        ...         return {"start": self.start, **super().get_config()}
        >>> Gain().forward(np.ones((2, 3), "float32")).shape
        (2, 3)
    """
    if layer_class is None:
        return lambda decorated: register(decorated, name)
    if not (isinstance(layer_class, type) and issubclass(layer_class, Layer)):
        raise TypeError(f"register takes a subclass of scratch.layers.Layer, got {layer_class!r}.")
    own = layer_class.__name__
    if own in _built_in():
        raise ValueError(
            f"scratch.layers has a layer called {own} already; give the class another name, as in "
            f'register(My{own}, name="{own}").'
        )
    _registered.update({own: layer_class, name or own: layer_class})
    return layer_class


def registered(name: str) -> LayerClass | None:
    """The class that was registered for a Keras class' name, or under its own; None if none was."""
    return _registered.get(name)


def names_of(layer_class: LayerClass) -> list[str]:
    """The names that a class is registered under."""
    return [name for name, known in _registered.items() if known is layer_class]


def layer_named(name: str) -> LayerClass:
    """One of `scratch.layers`, or a registered class.

    Raises:
        ValueError: There is none.
    """
    found = _built_in().get(name) or registered(name)
    if found is None:
        raise ValueError(
            f"there is no layer class {name!r}; if it is your own, register it first with "
            "scratch.layers.register"
        )
    return found


def _built_in() -> dict[str, LayerClass]:
    from scratch.layers import LAYERS  # which imports this module

    return LAYERS
