"""How weights move: Keras' SGD and Adam, each update equal to Keras' own.

With float32 weights nothing special is needed. With float64 weights Keras still takes some numbers
through float32: `learning_rate`, kept in a variable of `keras.config.floatx()`, and `momentum`,
`beta_1` and `beta_2`, where `ops.cast(python_float, "float64")` makes a float32 tensor first. To
follow Keras there to the last bits, hand over the numbers it really uses, as
`SGD(through_float32(0.01), momentum=through_float32(0.9))`; Adam needs the betas both ways, hence
its `bias_correction_dtype`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from scratch.layers.base import Layer

State = dict[str, np.ndarray]


class HasLayers(Protocol):
    """A model, as far as an optimizer needs to know it."""

    @property
    def layers(self) -> Iterable[Layer]:
        """Every layer once."""


def through_float32(value: float) -> float:
    """`value` rounded to float32: 0.001 -> 0.0010000000474974513."""
    return float(np.float32(value))


class Optimizer:
    """Base of all optimizers.

    Args:
        learning_rate: Factor of each update; may be set anew between updates.
        slots: Names of the arrays kept for each weight, shaped as the weight.

    Attributes:
        iterations: How many updates have been made.
    """

    def __init__(self, learning_rate: float, slots: tuple[str, ...] = ()) -> None:
        self.learning_rate = float(learning_rate)
        self.iterations = 0
        self._slots = slots
        self._state: dict[str, State] = {}  # "layer/weight" -> slot -> array

    def apply_gradients(self, model: HasLayers) -> None:
        """Update every trainable weight in place from its layer's `gradients`.

        Either all weights are updated or, when an error is raised, none.

        Raises:
            ValueError: A gradient is missing or unlike its weight in shape or dtype, or the state
                kept for a weight is.
        """
        updates = [(w, g, self._state_of(key, w)) for key, w, g in _weights_and_gradients(model)]
        for weight, gradient, state in updates:
            self.update(weight, gradient, state)
        self.iterations += 1

    def update(self, weight: np.ndarray, gradient: np.ndarray, state: State) -> None:
        """Change `weight` and `state` in place, by one update in the weight's dtype."""
        raise NotImplementedError

    @property
    def variables(self) -> dict[str, np.ndarray]:
        """What a checkpoint keeps: "iterations", and the live array "layer/weight/slot" of each."""
        arrays = {f"{k}/{slot}": a for k, state in self._state.items() for slot, a in state.items()}
        return {"iterations": np.array(self.iterations), **arrays}

    def load_variables(self, variables: Mapping[str, np.ndarray]) -> None:
        """Continue from what `variables` gave, copied.

        Raises:
            ValueError: They are not this optimizer's.
        """
        if "iterations" not in variables:
            raise ValueError(f"Optimizer variables lack 'iterations', got {sorted(variables)}.")
        state: dict[str, State] = {}
        for name, array in variables.items():
            if name != "iterations":
                key, _, slot = name.rpartition("/")
                state.setdefault(key, {})[slot] = np.array(array)
        for key, slots in state.items():
            if slots.keys() != set(self._slots):
                raise ValueError(
                    f"{type(self).__name__} keeps {self._slots or 'nothing'} for each weight, but "
                    f"the variables hold {sorted(slots)} for {key!r}."
                )
        self.iterations = int(variables["iterations"])
        self._state = state

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as JSON values."""
        return {"learning_rate": self.learning_rate}

    def _state_of(self, key: str, weight: np.ndarray) -> State:
        """The slots of one weight: zeros before the first update, never silently after it."""
        if key not in self._state:
            if self.iterations and self._slots:
                raise ValueError(
                    f"The optimizer has no state for {key!r} after {self.iterations} updates; it "
                    f"knows {sorted(self._state)}. Use a new optimizer for another model."
                )
            self._state[key] = {slot: np.zeros_like(weight) for slot in self._slots}
        for slot, array in self._state[key].items():
            _check_alike(f"The optimizer's {slot}", key, array, weight)
        return self._state[key]


class SGD(Optimizer):
    """Gradient descent, with classical or Nesterov momentum (Sutskever et al. 2013).

    Without momentum w -= lr g; with it m = momentum m - lr g and w += m, or, Nesterov's,
    w += momentum m - lr g.

    Args:
        learning_rate: Factor of the gradient.
        momentum: What remains of the last step, from 0 to 1.
        nesterov: Whether to use Nesterov's form.

    Raises:
        ValueError: `momentum` is outside 0..1.
    """

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False
    ) -> None:
        if not 0.0 <= momentum <= 1.0:
            raise ValueError(f"SGD's momentum must be from 0 to 1, got {momentum}.")
        super().__init__(learning_rate, slots=("momentum",) if momentum else ())
        self.momentum = float(momentum)
        self.nesterov = bool(nesterov)

    def update(self, weight: np.ndarray, gradient: np.ndarray, state: State) -> None:
        """One step down the gradient."""
        step = gradient * weight.dtype.type(self.learning_rate)
        if not self.momentum:
            weight -= step
            return
        m = state["momentum"]
        m *= self.momentum
        m -= step
        weight += m * self.momentum - step if self.nesterov else m

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as JSON values."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015), in the form just before section 2.1, as Keras computes it.

    m += (1 - beta_1) (g - m), v += (1 - beta_2) (g^2 - v),
    w -= lr sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon).

    Args:
        learning_rate: Size of an update, more or less.
        beta_1: Decay of the gradient's running mean m.
        beta_2: Decay of the squared gradient's running mean v.
        epsilon: Added to sqrt(v) ("epsilon hat" in the paper).
        bias_correction_dtype: What the betas are rounded to in beta^t only: None, the weights'
            dtype, is the formula; "float32" is what Keras does even for float64 weights. There
            1 - float32(0.999) is 1.3e-5 of itself smaller than 0.001, and the first update departs
            by 6.7e-6 of itself. No difference for float32 weights.

    Raises:
        ValueError: A beta is outside 0 <= beta < 1, or `bias_correction_dtype` is another.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        bias_correction_dtype: str | None = None,
    ) -> None:
        if not (0.0 <= beta_1 < 1.0 and 0.0 <= beta_2 < 1.0):
            raise ValueError(f"Adam needs 0 <= beta < 1, got beta_1 {beta_1}, beta_2 {beta_2}.")
        if bias_correction_dtype not in (None, "float32"):
            raise ValueError(
                f"bias_correction_dtype must be None or 'float32', got {bias_correction_dtype!r}."
            )
        super().__init__(learning_rate, slots=("momentum", "velocity"))
        self.beta_1 = float(beta_1)
        self.beta_2 = float(beta_2)
        self.epsilon = float(epsilon)
        self.bias_correction_dtype = bias_correction_dtype

    def update(self, weight: np.ndarray, gradient: np.ndarray, state: State) -> None:
        """One step along the bias-corrected running means."""
        m, v = state["momentum"], state["velocity"]
        m += (gradient - m) * (1 - self.beta_1)
        v += (np.square(gradient) - v) * (1 - self.beta_2)
        weight -= m * self._alpha(weight.dtype) / (np.sqrt(v) + self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as JSON values."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "bias_correction_dtype": self.bias_correction_dtype,
        }

    def _alpha(self, dtype: np.dtype) -> np.floating[Any]:
        """The learning rate with the bias correction of both means, a scalar of `dtype`."""
        round_beta = through_float32 if self.bias_correction_dtype == "float32" else float
        t = dtype.type(self.iterations + 1)
        beta_1_power = dtype.type(round_beta(self.beta_1)) ** t
        beta_2_power = dtype.type(round_beta(self.beta_2)) ** t
        return dtype.type(self.learning_rate) * np.sqrt(1 - beta_2_power) / (1 - beta_1_power)


_BY_NAME: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam}


def get(identifier: str | dict[str, Any] | Optimizer) -> Optimizer:
    """The optimizer that `identifier` stands for.

    Args:
        identifier: "sgd" or "adam" in any case, an instance, or a config
            `{"class_name": ..., "config": {...}}`.

    Raises:
        ValueError: Nothing of that name.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        identifier = {"class_name": identifier}
    name = str(identifier.get("class_name")).lower()
    if name not in _BY_NAME:
        raise ValueError(f"Unknown optimizer {name!r}; known ones are {', '.join(_BY_NAME)}.")
    return _BY_NAME[name](**identifier.get("config", {}))


def _weights_and_gradients(model: HasLayers) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """("layer/weight", weight, gradient) of every trainable weight."""
    for layer in model.layers:
        for name, weight in layer.trainable_weights.items():
            key = f"{layer.name}/{name}"
            if name not in layer.gradients:
                raise ValueError(f"{key!r} has no gradient: run backward before apply_gradients.")
            _check_alike("The gradient", key, layer.gradients[name], weight)
            yield key, weight, layer.gradients[name]


def _check_alike(what: str, key: str, array: np.ndarray, weight: np.ndarray) -> None:
    if (array.shape, array.dtype) != (weight.shape, weight.dtype):
        raise ValueError(
            f"{what} of {key!r} is {array.dtype} {array.shape}, but the weight is {weight.dtype} "
            f"{weight.shape}."
        )
