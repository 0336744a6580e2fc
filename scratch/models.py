"""Models: layers in a row (`Sequential`) or in any directed acyclic graph (`Model`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from scratch.data_checks import check_array, check_fits
from scratch.fusing import fused
from scratch.graph import Call, Input, SymbolicTensor, calls_between, replay, unique_name
from scratch.layers import Layer
from scratch.layers.registry import layer_named
from scratch.passes import ForwardPass, Values, run_backward, run_forward
from scratch.pooled_convolution import pooled_at_once
from scratch.reordering import pooled_first
from scratch.summary import summary_table
from scratch.training import Trainable


class Model(Trainable):
    """A graph of layers; branches, joins and shared layers included.

    Args:
        inputs: What `Input` returned, or a list.
        outputs: A symbolic tensor that depends on them, or a list.
        name: Drawn from the class name when None.

    Attributes:
        calls: Every use of a layer, in topological order.
        layers: Every layer once, in the order of first use.
        gradients: After `backward`, "layer/weight" -> dL/dweight.

    Raises:
        ValueError: The outputs depend on other inputs, or two layers have one name.

    Example:
        >>> x = Input((28, 28, 192))
        >>> y = Concatenate()([Conv2D(64, 1)(x), Conv2D(32, 5, padding="same")(x)])
        >>> Model(x, y).output_shape
        (None, 28, 28, 96)
    """

    calls: tuple[Call, ...]
    _trained_by: tuple[Call, ...]
    _inferred_by: tuple[Call, ...]
    _lists: tuple[bool, bool]
    _latest: ForwardPass | None

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        self.name = name or unique_name(type(self).__name__)
        self._set_graph(inputs, outputs)

    def _set_graph(self, inputs: Any, outputs: Any) -> None:
        self._lists = (isinstance(inputs, list | tuple), isinstance(outputs, list | tuple))
        self.inputs = self._as_tensors(inputs)
        self.outputs = self._as_tensors(outputs)
        self.calls = calls_between(self.inputs, self.outputs)
        reordered = pooled_first(self.calls, self.outputs)
        self._trained_by = pooled_at_once(reordered, self.outputs)
        self._inferred_by = fused(self._trained_by, self.outputs)
        self.layers = list(dict.fromkeys(call.layer for call in self.calls))
        self.gradients = {}
        self._latest = None
        names = [layer.name for layer in self.layers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"Layer names must be unique in {self.name!r}; used twice: {twice}.")

    def _as_tensors(self, value: Any) -> tuple[SymbolicTensor, ...]:
        tensors = tuple(value) if isinstance(value, list | tuple) else (value,)
        for tensor in tensors:
            if not isinstance(tensor, SymbolicTensor):
                raise TypeError(
                    f"Model {self.name!r} is made of symbolic tensors, as Input and layers called "
                    f"on it return them, got {type(tensor).__name__}; to compute on an array use "
                    "model.forward(x)."
                )
        return tensors

    @property
    def input_shape(self) -> Any:
        """The input's shape, batch first; a list for several inputs."""
        self._check_built()
        shapes = [t.shape for t in self.inputs]
        return shapes if self._lists[0] else shapes[0]

    @property
    def output_shape(self) -> Any:
        """The output's shape, batch first; a list for several outputs."""
        self._check_built()
        shapes = [t.shape for t in self.outputs]
        return shapes if self._lists[1] else shapes[0]

    @property
    def dtype(self) -> np.dtype:
        """What the model computes in."""
        self._check_built()
        return np.dtype(self.inputs[0].dtype)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """Every weight as "layer/weight"."""
        return {f"{la.name}/{name}": w for la in self.layers for name, w in la.weights.items()}

    def _check_built(self) -> None:
        if not self.inputs:
            raise ValueError(
                f"Model {self.name!r} has no shapes and weights yet; start it with Input(shape) "
                "or call build(input_shape)."
            )

    def get_layer(self, name: str) -> Layer:
        """The layer of that name.

        Raises:
            ValueError: There is none.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"Model {self.name!r} has no layer {name!r}; it has {[la.name for la in self.layers]}."
        )

    def count_params(self) -> int:
        """How many numbers all weights hold; a shared layer's count once."""
        return sum(layer.count_params() for layer in self.layers)

    def forward(self, x: Any, training: bool = False) -> Any:
        """Compute the outputs and keep, for each call, what `backward` needs.

        Args:
            x: An array (batch, ...) in the model's dtype; a list for several inputs.
            training: Whether Dropout drops and BatchNormalization uses the batch.

        Raises:
            ValueError: A shape does not fit the input's.
            TypeError: An input is not an array of the model's dtype.
        """
        values = self._given(x)
        self._latest = run_forward(self.calls, values, self.outputs, training, sparing=training)
        return self._output_of(self._latest)

    def _forward_to_train(self, x: Any) -> Any:
        """As `forward` in training; not every layer need have the output that it has there."""
        values = self._given(x)
        self._latest = run_forward(self._trained_by, values, self.outputs, True, sparing=True)
        return self._output_of(self._latest)

    def backward(self, dy: Any) -> Any:
        """Fill every layer's `gradients` from any upstream gradient; return dL/dinput.

        A layer that is used more than once gets the sum over its calls, and so does a tensor that
        goes to more than one layer. What `forward` kept is dropped on the way, so that each
        `forward` has one `backward`.

        Args:
            dy: dL/doutput of the latest `forward`, of the output's shape; a list for several.

        Returns:
            dL/dinput, of the input's shape; a list for several, with zeros for an input that no
            output depends on.

        Raises:
            RuntimeError: There was no `forward` before, or `backward` has used it up.
            ValueError: The shape is not the output's.
            TypeError: The gradient is not an array of the output's dtype.
        """
        values = self._latest.values if self._latest else {}
        found = self._go_back(dy, self.inputs)
        dx = [found[t] if t in found else np.zeros_like(values[t]) for t in self.inputs]
        return dx if self._lists[0] else dx[0]

    def _backward_weights(self, dy: Any) -> None:
        """As `backward`, without dL/dinput."""
        self._go_back(dy, ())

    def _go_back(self, dy: Any, wanted: Sequence[SymbolicTensor]) -> Values:
        """Fill every layer's `gradients`; the gradients of those inputs that are wanted."""
        if self._latest is None:
            raise RuntimeError(f"Model {self.name!r}: call forward before backward, each time.")
        values = self._latest.values
        arrays = self._as_arrays(dy, self._lists[1], len(self.outputs), "output gradient")
        for tensor, array in zip(self.outputs, arrays, strict=True):
            what = f"Model {self.name!r}: dy, the gradient of {tensor.name!r},"
            check_fits(what, array, values[tensor].shape, tensor.dtype)
        upstream = list(zip(self.outputs, arrays, strict=True))
        latest, self._latest = self._latest, None
        found = run_backward(latest, upstream, wanted)
        self.gradients = {
            f"{la.name}/{name}": g for la in self.layers for name, g in la.gradients.items()
        }
        return found

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, outside training; `backward` still goes with `forward`.

        Args:
            x: As in `forward`.

        Returns:
            What `forward` returns, in less time and memory; to rounding where convolutions pool
            their output while they compute it, else bit for bit.

        Raises:
            ValueError: A shape does not fit the input's.
            TypeError: An input is not an array of the model's dtype.
        """
        values = self._given(x)
        return self._output_of(
            run_forward(self._inferred_by, values, self.outputs, False, sparing=True)
        )

    def _given(self, x: Any) -> Values:
        """The inputs, checked."""
        return dict(zip(self.inputs, self._check_inputs(x), strict=True))

    def _output_of(self, run: ForwardPass) -> Any:
        outputs = [run.values[t] for t in self.outputs]
        return outputs if self._lists[1] else outputs[0]

    def _check_inputs(self, x: Any) -> list[np.ndarray]:
        arrays = self._as_arrays(x, self._lists[0], len(self.inputs), "input")
        for array, tensor in zip(arrays, self.inputs, strict=True):
            what = f"Model {self.name!r}: x, its input {tensor.name!r},"
            check_fits(what, array, tensor.shape, tensor.dtype)
        return arrays

    def _as_arrays(self, value: Any, is_list: bool, count: int, what: str) -> list[Any]:
        if not is_list:
            return [value]
        if not isinstance(value, list | tuple) or len(value) != count:
            given = len(value) if isinstance(value, list | tuple) else type(value).__name__
            raise ValueError(f"Model {self.name!r} takes a list of {count} {what}s, got {given}.")
        return list(value)

    def with_layer_replaced(self, layer: Layer, other: Layer) -> Model:
        """A model of the same graph with `other` for `layer`; all other layers are shared.

        Raises:
            ValueError: `layer` is not one of the model's.
        """
        if layer not in self.layers:
            raise ValueError(f"Model {self.name!r} has no layer {layer!r} to replace.")
        tensors = {t: SymbolicTensor(t.shape, t.dtype, t.name) for t in self.inputs}
        tensors = replay(self.calls, tensors, {layer: other})
        inputs, outputs = [tensors[t] for t in self.inputs], [tensors[t] for t in self.outputs]
        return Model(
            inputs if self._lists[0] else inputs[0],
            outputs if self._lists[1] else outputs[0],
            name=self.name,
        )

    def summary(self) -> None:
        """Print layers, output shapes and parameters, as Keras does; see `scratch.summary`."""
        print(summary_table(self))  # noqa: T201 - printing is what it is for

    def get_config(self) -> dict[str, Any]:
        """Name, layers and connections as JSON values; `from_config` reads them."""
        self._check_built()
        numbers = {t: i for i, t in enumerate([*self.inputs, *(c.output for c in self.calls)])}
        return {
            "class_name": type(self).__name__,
            "name": self.name,
            "inputs": [
                {"shape": list(t.shape), "dtype": t.dtype, "name": t.name} for t in self.inputs
            ],
            "layers": [
                {"class_name": type(la).__name__, "config": la.get_config()} for la in self.layers
            ],
            "calls": [
                {
                    "layer": self.layers.index(call.layer),
                    "inputs": [numbers[t] for t in call.inputs],
                }
                for call in self.calls
            ],
            "outputs": [numbers[t] for t in self.outputs],
            "lists": list(self._lists),
        }

    @staticmethod
    def from_config(config: dict[str, Any]) -> Model:
        """The model that `get_config` described, with fresh weights.

        Raises:
            KeyError: A field is missing.
            ValueError: A layer's class is neither one of `scratch.layers` nor registered.
        """
        layers = [layer_named(la["class_name"])(**la["config"]) for la in config["layers"]]
        inputs = [SymbolicTensor((*i["shape"],), i["dtype"], i["name"]) for i in config["inputs"]]
        tensors = list(inputs)
        for call in config["calls"]:
            layer = layers[call["layer"]]
            arguments = [tensors[number] for number in call["inputs"]]
            tensors.append(layer(arguments if layer.takes_list else arguments[0]))
        outputs = [tensors[number] for number in config["outputs"]]
        if config["class_name"] == "Sequential":
            row = [layers[call["layer"]] for call in config["calls"]]
            return Sequential([inputs[0], *row], name=config["name"])
        several_inputs, several_outputs = config["lists"]
        return Model(
            inputs if several_inputs else inputs[0],
            outputs if several_outputs else outputs[0],
            name=config["name"],
        )

    def save(self, path: str | Path) -> None:
        """Write architecture and weights to one file; see `scratch.serialization`."""
        from scratch.serialization import save_model

        save_model(self, path)

    def __call__(self, inputs: Any) -> Any:
        """Write the model's calls down again on other symbolic tensors, as one part of a model.

        The layers are shared and keep their names, which must be unique in the whole model.

        Args:
            inputs: A symbolic tensor; a list for several inputs.

        Returns:
            The symbolic output; a list for several.

        Raises:
            TypeError: An input is not symbolic (arrays go through `forward`), or of another dtype.
            ValueError: There are more or fewer inputs, or a layer cannot take their shapes.
        """
        self._check_built()
        given = self._as_tensors(inputs)
        if len(given) != len(self.inputs):
            raise ValueError(
                f"Model {self.name!r} has {len(self.inputs)} inputs, got {len(given)}; call it on "
                "one symbolic tensor for each."
            )
        tensors = replay(self.calls, dict(zip(self.inputs, given, strict=True)), {})
        outputs = [tensors[t] for t in self.outputs]
        return outputs if self._lists[1] else outputs[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {len(self.layers)} layers>"


class Sequential(Model):
    """Layers in a row.

    Args:
        layers: The layers. With `Input(shape)` as the first, the weights exist at once; without,
            they are created at the first `forward`, as in Keras.
        name: Drawn from the class name when None.

    Raises:
        ValueError: There is no layer.
        TypeError: What should be a layer is none. A model is nested by calling it on a tensor.
    """

    def __init__(self, layers: Sequence[Any], name: str | None = None) -> None:
        self.name = name or unique_name(type(self).__name__)
        row = list(layers)
        starts_with_input = bool(row) and isinstance(row[0], SymbolicTensor)
        self._row: list[Layer] = row[1:] if starts_with_input else row
        if not self._row:
            raise ValueError(f"Sequential {self.name!r} needs at least one layer.")
        for layer in self._row:
            if not isinstance(layer, Layer):
                raise TypeError(
                    f"Sequential {self.name!r} takes layers, the first of them perhaps an Input, "
                    f"got {layer!r}."
                )
        if starts_with_input:
            self._connect(row[0])
        else:
            self._lists, self.inputs, self.outputs, self.calls = (False, False), (), (), ()
            self.layers, self.gradients, self._latest = self._row, {}, None

    def build(self, input_shape: tuple[int | None, ...]) -> Self:
        """Create the weights for inputs of `input_shape`, batch first."""
        self._connect(Input(input_shape[1:], input_shape[0], dtype=self._row[0].dtype.name))
        return self

    def _connect(self, tensor: SymbolicTensor) -> None:
        first = tensor
        for layer in self._row:
            tensor = layer(tensor)
        self._set_graph(first, tensor)

    def _given(self, x: Any) -> Values:
        """See `Model`; builds the layers when there was no Input."""
        if not self.inputs:
            check_array(f"Sequential {self.name!r}: the input", x)
            self.build((None, *x.shape[1:]))
        return super()._given(x)
