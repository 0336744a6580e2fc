"""Receptive fields: by recurrence, and measured by where one unit's gradient is not zero.

A unit of a layer sees the pixels `start` to `end`, its right neighbour those `jump` further. A
window of k cells, d apart, after p zeros, moving by s, gives

    start' = start - p jump        end' = end + (d (k - 1) - p) jump        jump' = s jump

so that r = end - start + 1 grows by d (k - 1) jump (Dumoulin and Visin 2016; Araujo, Norris and
Sim 2019). Where branches meet, a unit sees what any of them sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from keras_models import to_keras
from scratch import layers
from scratch.config import using_floatx
from scratch.functional import resolve_padding
from scratch.graph import Call
from scratch.layers.windows import Window2D
from scratch.models import Model, Sequential

Array = np.ndarray
_SEEING = (Window2D, layers.GlobalAveragePooling2D, layers.Add, layers.Concatenate)


@dataclass(frozen=True)
class Field:
    """What the first unit of a layer sees along one side, and the step to the next unit.

    Attributes:
        start: First pixel, negative in the padding.
        end: Last pixel.
        jump: Pixels from one unit's field to the next one's.
    """

    start: int = 0
    end: int = 0
    jump: int = 1

    @property
    def size(self) -> int:
        """r, pixels that one unit sees."""
        return self.end - self.start + 1

    def of(self, unit: int, length: int) -> tuple[int, int]:
        """First and last pixel of an image of `length` that a unit sees."""
        shift = unit * self.jump
        return max(self.start + shift, 0), min(self.end + shift, length - 1)


def vgg16_stack() -> Model:
    """VGG16's convolutions and pools on 224x224, one channel each: fields do not depend on it."""
    with using_floatx("float64"):
        stack: list[Any] = [layers.Input((224, 224, 1))]
        for block, count in enumerate((2, 2, 3, 3, 3), start=1):
            for number in range(1, count + 1):
                name = f"block{block}_conv{number}"
                stack.append(layers.Conv2D(1, 3, padding="same", name=name))
            stack.append(layers.AveragePooling2D(2, name=f"block{block}_pool"))
        return Sequential(stack, name="vgg16")


def all_seeing(model: Model) -> Model:
    """The same geometry where every path counts, in place: weights 1, average for max pooling.

    A maximum hands its gradient to one cell of its window. With ones for weights and inputs nothing
    cancels, so that a gradient is zero exactly where no path leads.
    """
    for layer in model.layers:
        if isinstance(layer, layers.MaxPooling2D):
            layer.__class__ = layers.AveragePooling2D  # type: ignore[assignment]
        for weight in layer.weights.values():
            weight[...] = 1
    return model


def network_fields(model: Model) -> list[dict[str, Any]]:
    """The fields of a network's middle units: by recurrence, and measured on both sides.

    Args:
        model: A float64 network of images; its weights are set to ones.
    """
    all_seeing(model)
    calls = [call for call in model.calls if len(call.output.shape) == 4]
    shown = [call for call in calls if isinstance(call.layer, _SEEING)]
    fields = _by_recurrence(model, calls)
    image = model.input_shape[1:]
    by_keras = _measured_by_keras(model, shown)
    model.forward(np.ones((1, *image)))
    rows = []
    for call in shown:
        field, places = fields[call.output], _sizes(call)
        predicted = field.of(places[0] // 2, image[0])
        ours = _support(_input_gradient(model, call))
        theirs = _support(by_keras[call.layer.name])
        rows.append(
            {
                "network": model.name,
                "layer": call.layer.name,
                "window": _window(call.layer),
                "output": "x".join(map(str, places)),
                "receptive_field": field.size,
                "jump": field.jump,
                "start": field.start,
                "sees": _told(predicted),
                "scratch_sees": " and ".join(sorted(set(map(_told, ours)))),
                "keras_sees": " and ".join(sorted(set(map(_told, theirs)))),
                "all_agree": {*ours, *theirs} == {predicted},
            }
        )
    return rows


def _by_recurrence(model: Model, calls: list[Call]) -> dict[Any, Field]:
    """Each tensor's field down the image."""
    fields = {tensor: Field() for tensor in model.inputs}
    for call in calls:
        inputs = [fields[tensor] for tensor in call.inputs]
        start, end = min(f.start for f in inputs), max(f.end for f in inputs)
        seen = Field(start, end, inputs[0].jump)
        fields[call.output] = _through(call.layer, call.inputs[0].shape, seen)
    return fields


def _through(layer: layers.Layer, shape: Any, field: Field) -> Field:
    """The field behind one layer."""
    if not isinstance(layer, Window2D):
        return field
    before = resolve_padding(
        layer.padding, shape[1:3], layer.window_size, layer.strides, layer.dilation_rate
    )[0]
    reach = layer.dilation_rate[0] * (layer.window_size[0] - 1)
    return Field(
        field.start - before * field.jump,
        field.end + (reach - before) * field.jump,
        field.jump * layer.strides[0],
    )


def _input_gradient(model: Model, call: Call) -> Array:
    """The gradient of one unit in the middle by the image, from the latest forward pass."""
    gradients = {call.output: _one_unit(call.output.shape)}
    for earlier in reversed(model.calls[: model.calls.index(call) + 1]):
        if earlier.output not in gradients:
            continue
        dx = earlier.layer.backward(gradients.pop(earlier.output))
        for tensor, part in zip(earlier.inputs, dx if earlier.merges else [dx], strict=True):
            gradients[tensor] = gradients[tensor] + part if tensor in gradients else part
    return gradients[model.inputs[0]]


def _measured_by_keras(model: Model, shown: list[Call]) -> dict[str, Array]:
    """The same gradients by Keras, for each layer's name."""
    twin = to_keras(model)
    x = tf.ones((1, *model.input_shape[1:]), tf.float64)
    found, tensors = {}, {}
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        tensors[model.inputs[0]] = x
        for call in model.calls[: model.calls.index(shown[-1]) + 1]:
            inputs = [tensors[tensor] for tensor in call.inputs]
            layer = twin.get_layer(call.layer.name)
            tensors[call.output] = layer(inputs if call.merges else inputs[0])
    for call in shown:
        dy = tf.constant(_one_unit(call.output.shape))
        gradient = tape.gradient(tensors[call.output], x, output_gradients=dy)
        found[call.layer.name] = gradient.numpy()
    return found


def _one_unit(shape: Any) -> Array:
    """1 at the place in the middle, in all channels; 0 elsewhere."""
    dy = np.zeros((1, *shape[1:]))
    dy[0, shape[1] // 2, shape[2] // 2] = 1
    return dy


def _support(gradient: Array) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and last row, first and last column with a gradient; all between must have one."""
    seen = (gradient != 0).any(axis=(0, 3))
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    if not seen[np.ix_(rows, columns)].all() or len(rows) != np.ptp(rows) + 1:
        return (-1, -1), (-1, -1)
    return (int(rows[0]), int(rows[-1])), (int(columns[0]), int(columns[-1]))


def _sizes(call: Call) -> tuple[int, int]:
    """Rows and columns of a call's output, which the model's input fixes."""
    _, rows, columns, _ = call.output.shape
    if rows is None or columns is None:
        raise ValueError(
            f"{call.layer} has no fixed output size; give the model one for its input."
        )
    return rows, columns


def _window(layer: layers.Layer) -> str:
    """A layer's window for people: 3x3 / 2."""
    if not isinstance(layer, Window2D):
        return type(layer).__name__
    return f"{layer.window_size[0]}x{layer.window_size[1]} / {layer.strides[0]}"


def _told(pixels: tuple[int, int]) -> str:
    return f"{pixels[0]} to {pixels[1]}"
