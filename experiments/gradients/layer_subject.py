"""A layer call as a subject of the gradient check."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from experiments.compare.recording import named_tensors
from experiments.derivatives import Array, Function
from experiments.gradients import equations, layer_allowances
from experiments.gradients.cases import LayerCase
from experiments.gradients.framework import keras_tensors
from experiments.gradients.subject import Allowance, Equations, Tensors, on_grid, spread_numbers
from keras_models.layer_options import keras_layer
from keras_models.layer_state import settle
from scratch.layers import LAYERS, BaseDropout, Layer, SeparableConv2D

# No step of a finite difference is longer; inputs keep this far from kinks.
LONGEST_STEP = 2.0**-10


@dataclass(frozen=True)
class LayerSubject:
    """One call of a float64 layer.

    Attributes:
        case: What was asked for.
        layer: The scratch layer.
        inputs: What it is called on.
        dy: dL/doutput.
        framework: Output and gradients of the Keras layer with the same weights, inputs and dy.
    """

    case: LayerCase
    layer: Layer
    inputs: tuple[Array, ...]
    dy: Array
    framework: Tensors

    @property
    def layer_type(self) -> str:
        """The class' name."""
        return self.case.type

    @property
    def options(self) -> str:
        """Options, what is special about them, and the mode where it matters."""
        told = [f"{name}={_told(value)}" for name, value in self.case.options.items()]
        if self.case.pads:
            told.append(f"pads={_told(self.case.pads)}")
        if self.case.about:
            told.append(self.case.about)
        if self.case.type in ("BatchNormalization", "Dropout", "SpatialDropout2D"):
            told.append("training" if self.case.training else "inference")
        return ", ".join(told)

    def forward(self) -> Array:
        """The scratch layer's output."""
        return self._run(self.layer, self.inputs)

    def gradients(self) -> Tensors:
        """Output aside, what scratch's backward gives."""
        output = self.forward()
        dx = self.layer.backward(self.dy)
        tensors = named_tensors(output, dx if self.layer.takes_list else [dx], self.layer.gradients)
        del tensors["output"]
        return tensors

    def point(self, tensor: str) -> Array:
        """An input or a weight."""
        if tensor.startswith("grad:"):
            return self.layer.weights[tensor.removeprefix("grad:")]
        return self.inputs[_input_number(tensor)]

    def function(self, tensor: str) -> Function:
        """The output by one tensor; a copy of the layer computes in the dtype that it is given."""
        copies: dict[np.dtype, tuple[Layer, list[Array]]] = {}

        def function(values: Array) -> Array:
            if values.dtype not in copies:
                inputs = [x.astype(values.dtype) for x in self.inputs]
                copies[values.dtype] = (self._in(values.dtype), inputs)
            layer, inputs = copies[values.dtype]
            if tensor.startswith("grad:"):
                layer.weights[tensor.removeprefix("grad:")] = values
            else:
                inputs[_input_number(tensor)] = values
            return self._run(layer, inputs)

        return function

    def allowances(self) -> dict[str, Allowance]:
        """See `layer_allowances`."""
        return layer_allowances.allowances(self.layer, self.inputs, self.dy, self.case.training)

    def equations(self) -> list[Equations]:
        """See `equations`."""
        return equations.layer_equations(self.layer, self.inputs, self.dy, self.case.training)

    def keras(self) -> Tensors:
        """Output and gradients of the Keras layer."""
        return self.framework

    def planted(self, faulty: Layer) -> LayerSubject:
        """The same call of a faulty layer, with an upstream gradient of its output's shape."""
        subject = replace(self, layer=faulty)
        return replace(subject, dy=np.resize(self.dy, subject.forward().shape))

    def _run(self, layer: Layer, inputs: Any) -> Array:
        x = list(inputs) if layer.takes_list else inputs[0]
        return layer.forward(x, training=self.case.training)

    def _in(self, dtype: np.dtype) -> Layer:
        """A copy that computes in another dtype: its functions take complex numbers as well."""
        layer = copy.copy(self.layer)
        layer.dtype, layer.gradients = dtype, {}
        layer.weights = {name: w.astype(dtype) for name, w in self.layer.weights.items()}
        return layer


def layer_subject(case: LayerCase, seed: int) -> LayerSubject:
    """Both layers of a case with random weights, inputs and upstream gradient.

    Draws again until no ReLU inside the layer is within a step of its kink.

    Args:
        case: The layer, its options and its inputs' shapes.
        seed: Decides all numbers.
    """
    layer = LAYERS[case.type](**case.options, dtype="float64", name="checked")
    shapes = list(case.shapes)
    layer.build(shapes if layer.takes_list else shapes[0])
    twin = keras_layer(layer)
    twin.build(shapes if layer.takes_list else shapes[0])
    if case.pads:
        layer.padding = case.pads  # type: ignore[attr-defined] # its functions take four numbers
    rng = np.random.default_rng((seed, *case.type.encode()))
    subject = _drawn(case, layer, rng)
    while not _keeps_from_kinks(subject):
        subject = _drawn(case, layer, rng)
    dy = rng.standard_normal(subject.forward().shape)
    for weight in layer.weights.values():  # Moving statistics have moved.
        weight[...] = on_grid(weight)
    twin.set_weights([w.copy() for w in layer.weights.values()])
    settle(twin)
    framework = keras_tensors(twin, subject.inputs, dy, case.training, case.pads)
    if isinstance(layer, BaseDropout) and case.training:
        mask = framework["output"] != 0  # No input is zero.
        vars(layer)["draw_mask"] = lambda _shape: mask
    return replace(subject, dy=dy, framework=framework)


def _drawn(case: LayerCase, layer: Layer, rng: np.random.Generator) -> LayerSubject:
    """Random weights, in place, and inputs."""
    for name, weight in layer.weights.items():
        drawn = spread_numbers(rng, weight.shape)
        weight[...] = np.abs(drawn) + 0.5 if "variance" in name else drawn
    ends = np.cumsum([math.prod(shape) for shape in case.shapes])
    parts = np.split(spread_numbers(rng, (int(ends[-1]),)), ends[:-1])  # No two inputs are tied.
    inputs = tuple(
        case.reach / 2 * part.reshape(shape) for part, shape in zip(parts, case.shapes, strict=True)
    )
    if case.ties:
        inputs = tuple(np.round(x) for x in inputs)
    return LayerSubject(case, layer, inputs, np.zeros(()), {})


def _keeps_from_kinks(subject: LayerSubject) -> bool:
    """Whether no step can turn the sign in front of a ReLU."""
    layer = subject.layer
    activation = getattr(layer, "activation", None)
    if activation is None or activation.name != "relu" or not layer.weights:
        return True  # Inputs themselves are far enough apart, and from zero.
    subject.forward()
    z = layer.cache[1]
    steepest = max(1.0, *(np.abs(a).max() for a in (*subject.inputs, *layer.weights.values())))
    if isinstance(layer, SeparableConv2D):  # One kernel behind the other, over all its cells.
        steepest *= steepest * math.prod(layer.kernel_size)
    return bool(np.abs(z).min() > LONGEST_STEP * steepest)


def _input_number(tensor: str) -> int:
    return int(tensor.partition(":")[2] or 0)


def _told(value: Any) -> str:
    """An option's value for people: (3, 2) as 3x2."""
    if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
        return "x".join(map(str, value)) if len(value) == 2 else str(value)
    return str(value)
