"""The contract that every layer keeps: `forward`, `backward`, `weights`, `gradients`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

import numpy as np

from scratch import config
from scratch.graph import SymbolicTensor, connect, unique_name
from scratch.initializers import Initializer
from scratch.regularizers import Regularizer, serialize
from scratch.regularizers import get as get_regularizer

Shape = tuple[int | None, ...]

WeightSource = Callable[["Layer", str, tuple[int, ...], np.dtype], np.ndarray]

_weight_source: ContextVar[WeightSource | None] = ContextVar("_weight_source", default=None)


@contextmanager
def weights_from(source: WeightSource) -> Iterator[None]:
    """Inside the block new weights are `source(layer, name, shape, dtype)`: no initializer runs."""
    token = _weight_source.set(source)
    try:
        yield
    finally:
        _weight_source.reset(token)


def _with_common_options(init: Callable[..., None]) -> Callable[..., None]:
    """A constructor that also takes the options of all layers.

    These are `trainable` and, for each `<weight>_initializer` of its own, `<weight>_regularizer`.
    Given an option that is neither its own nor one of these, it says which there are.
    """
    signature = inspect.signature(init)
    own = dict(signature.parameters)
    if any(p.kind is p.VAR_KEYWORD for p in own.values()):
        return init  # it hands them on to one that is checked
    regularizers = _regularizer_options(own)
    defaults = {"trainable": True, **dict.fromkeys(regularizers)}
    common = {
        name: inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in defaults.items()
        if name not in own
    }
    known = [*own, *common]

    @functools.wraps(init)
    def checked(self: Layer, *arguments: Any, **options: Any) -> None:
        if unknown := ", ".join(sorted(set(options) - set(known))):
            raise TypeError(
                f"{type(self).__name__} has no option {unknown}; it has {', '.join(known[1:])}."
            )
        init(self, *arguments, **{name: v for name, v in options.items() if name not in common})
        self.trainable = bool(options.get("trainable", self.trainable))
        weights = {option: weight for weight, option in self.option_names.items()}
        for option, name in regularizers.items():
            if regularizer := get_regularizer(options.get(option)):
                self.regularizers[weights.get(name, name)] = regularizer

    vars(checked)["__signature__"] = signature.replace(parameters=[*own.values(), *common.values()])
    return checked


def _regularizer_options(options: Iterable[str]) -> dict[str, str]:
    """`<name>_regularizer` -> name, for each trained weight that has an initializer."""
    weights = [o.removesuffix("_initializer") for o in options if o.endswith("_initializer")]
    return {f"{w}_regularizer": w for w in weights if not w.startswith("moving_")}


def _without_frozen_weights(
    backward: Callable[[Layer, np.ndarray], Any],
) -> Callable[[Layer, np.ndarray], Any]:
    """A `backward` that leaves a frozen layer's weights without gradients."""

    @functools.wraps(backward)
    def trimmed(self: Layer, dy: np.ndarray) -> Any:
        dx = backward(self, dy)
        if not self.trainable:
            self.gradients.clear()
        return dx

    return trimmed


_PARTNERS = {
    "backward_weights": {"backward"},
    "forward_over": {"forward", "backward"},
    "keeps_output": {"forward", "backward"},
}
"""What of a layer goes with which of its passes: a class that overrides these alone has it anew."""


class Layer:
    """Base of all layers.

    A layer is called in one of two ways, told apart by the argument's type: on a symbolic tensor
    it adds itself to a graph (see `scratch.graph`); `forward` on an array computes.

    Args:
        name: Unique within its model; drawn from the class name when None.
        dtype: "float32" or "float64"; `scratch.config.floatx()` when None.
        trainable: Whether training moves its weights; may be set later. A frozen layer's have no
            gradient, and a frozen BatchNormalization uses its moving statistics in training too
            and does not move them, all as in Keras.

    Every layer also has an option `<weight>_regularizer` for each `<weight>_initializer`: a name,
    instance or config of a regularizer (see `scratch.regularizers`), or None.

    Attributes:
        weights: Keras' weight names -> arrays, in Keras' order, updated in place by training.
        gradients: The same names -> dL/dweight, filled by `backward` (trainable weights only).
        cache: What `forward` keeps for `backward`; its form is the layer's own.
        regularizers: Weight names -> what `fit` adds to the loss for them.
        features: The input's last dimension that the weights were made for; None without any.
        takes_list: Whether `forward` takes a list of arrays, and `backward` returns one.
        keeps_output: Whether `backward` needs the output, or it may be the input's own memory; if
            not, a layer behind may write over it.
        option_names: Weight names -> how the names of their options start, where that differs.

    Raises:
        TypeError: An argument is not one of the layer's; the message lists those it has.
        ValueError: `dtype` is another.
    """

    takes_list: bool = False
    keeps_output: bool = True
    option_names: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = _with_common_options(cls.__init__)  # type: ignore[method-assign]
        if "backward" in vars(cls):
            cls.backward = _without_frozen_weights(cls.backward)  # type: ignore[method-assign,assignment]
        # What is inherited belongs to another `forward` or `backward`.
        for inherited, partners in _PARTNERS.items():
            if inherited not in vars(cls) and not partners.isdisjoint(vars(cls)):
                setattr(cls, inherited, vars(Layer)[inherited])

    @_with_common_options
    def __init__(
        self, *, name: str | None = None, dtype: str | None = None, trainable: bool = True
    ) -> None:
        self.name = name or unique_name(type(self).__name__)
        self.dtype = np.dtype(config.float_type(dtype))
        self.trainable = trainable
        self.regularizers: dict[str, Regularizer] = {}
        self.weights: dict[str, np.ndarray] = {}
        self.gradients: dict[str, np.ndarray] = {}
        self.cache: Any = None
        self.features: int | None = None
        self.built = False
        self._never_trained: set[str] = set()

    def build(self, input_shape: Any) -> None:  # noqa: ARG002 - for layers that have weights
        """Create the weights for inputs of `input_shape`, batch first; layers without any skip."""
        self.built = True

    def forward(self, x: Any, training: bool = False) -> np.ndarray:
        """Compute the output and keep what `backward` needs.

        Raises:
            TypeError: x is not an array of the layer's dtype.
            ValueError: The layer cannot take its shape.
        """
        raise NotImplementedError

    def forward_over(self, x: Any, training: bool = False) -> np.ndarray:
        """As `forward`, where x, or the first of several, is needed no more.

        A layer that saves memory by it writes its output over x, in training only if `backward`
        can do without x. Outside training no `backward` follows.
        """
        return self.forward(x, training=training)

    def backward(self, dy: np.ndarray) -> Any:
        """Fill `gradients` from dL/doutput and return dL/dinput, for the latest `forward`."""
        raise NotImplementedError

    def backward_weights(self, dy: np.ndarray) -> None:
        """Fill `gradients` as `backward` does, where dL/dinput is not wanted, as in a first layer.

        A layer that saves work by it has one of its own beside its `backward`.
        """
        self.backward(dy)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The output's shape, batch first, None where unknown.

        Raises:
            ValueError: The layer cannot take inputs of this shape.
        """
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as JSON values: `type(layer)(**layer.get_config())`."""
        return {
            **{
                f"{self.option_names.get(name, name)}_regularizer": serialize(r)
                for name, r in self.regularizers.items()
            },
            "name": self.name,
            "dtype": self.dtype.name,
            "trainable": self.trainable,
        }

    def __call__(self, inputs: Any) -> SymbolicTensor:
        """Connect this layer to symbolic tensors; returns the symbolic output."""
        return connect(self, inputs)

    @property
    def trainable_weights(self) -> dict[str, np.ndarray]:
        """The weights that an optimizer updates."""
        if not self.trainable:
            return {}
        return {name: w for name, w in self.weights.items() if name not in self._never_trained}

    def count_params(self) -> int:
        """How many numbers `weights` holds."""
        return sum(w.size for w in self.weights.values())

    def add_weight(
        self,
        name: str,
        shape: tuple[int, ...],
        initializer: Initializer,
        trainable: bool = True,
        dtype: Any = None,
    ) -> None:
        """Create `weights[name]`, in the layer's dtype by default; not all have a gradient."""
        source, dtype = _weight_source.get(), np.dtype(dtype or self.dtype)
        self.weights[name] = (
            source(self, name, shape, dtype) if source else np.asarray(initializer(shape, dtype))
        )
        if not trainable:
            self._never_trained.add(name)

    def _prepare(self, x: Any) -> None:
        """Refuse what `forward` cannot take or would change the dtype of; build on first use."""
        is_list = isinstance(x, list | tuple)
        if is_list != self.takes_list:
            wanted = "a list of arrays" if self.takes_list else "one array"
            raise TypeError(f"{self} takes {wanted}, got {type(x).__name__}.")
        for array in x if is_list else [x]:
            if not isinstance(array, np.ndarray):
                raise TypeError(f"{self} computes on NumPy arrays, got {type(array).__name__}.")
            if array.dtype != self.dtype:
                raise TypeError(
                    f"{self} computes in {self.dtype}, its input is {array.dtype}; "
                    f'convert it with x.astype("{self.dtype}").'
                )
        shape = [array.shape for array in x] if is_list else x.shape
        self.compute_output_shape(shape)  # for its check of the shape
        if not self.built:
            self.build(shape)

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.name!r}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"
