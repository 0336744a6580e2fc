"""Symbolic tensors and layer calls: how a model is written down before it computes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scratch import config

if TYPE_CHECKING:
    from scratch.layers.base import Layer

_uses_of_name: Counter[str] = Counter()


def unique_name(class_name: str) -> str:
    """Keras' automatic name: conv2d, conv2d_1, max_pooling2d, ..."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", class_name)
    stem = re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
    _uses_of_name[stem] += 1
    uses = _uses_of_name[stem]
    return stem if uses == 1 else f"{stem}_{uses - 1}"


@dataclass(eq=False)
class SymbolicTensor:
    """A tensor that has a shape and a place in a graph, but no values.

    Attributes:
        shape: Batch first, None where unknown.
        dtype: "float32" or "float64".
        name: The layer's name, or the input's own.
        call: The layer call that produces it; None for a model's input.
    """

    shape: tuple[int | None, ...]
    dtype: str
    name: str
    call: Call | None = field(default=None, repr=False)


@dataclass(eq=False)
class Call:
    """One use of a layer: a shared layer has several calls."""

    layer: Layer
    inputs: tuple[SymbolicTensor, ...]
    output: SymbolicTensor

    @property
    def merges(self) -> bool:
        """Whether the layer takes a list of tensors, as Add and Concatenate do."""
        return self.layer.takes_list

    def arguments(self, values: Mapping[SymbolicTensor, Any]) -> Any:
        """The values of `inputs` in the form the layer takes: a list if it merges, else one."""
        found = [values[t] for t in self.inputs]
        return found if self.merges else found[0]


def sole_feeders(calls: Sequence[Call], outputs: Iterable[SymbolicTensor]) -> dict[Call, Call]:
    """For each call the one that made its first input, if nothing else takes that.

    Args:
        calls: In topological order.
        outputs: What is taken as well.
    """
    uses = Counter([*outputs, *(tensor for call in calls for tensor in call.inputs)])
    makers = {call.output: call for call in calls if uses[call.output] == 1}
    return {call: makers[call.inputs[0]] for call in calls if call.inputs[0] in makers}


def Input(  # noqa: N802 - Keras' name
    shape: Sequence[int | None],
    batch_size: int | None = None,
    dtype: str | None = None,
    name: str | None = None,
) -> SymbolicTensor:
    """A model's input, as `keras.Input`.

    Args:
        shape: One sample's shape, without the batch dimension.
        batch_size: None for any.
        dtype: `scratch.config.floatx()` when None.
        name: "input", "input_1", ... when None.

    Raises:
        ValueError: `dtype` is neither "float32" nor "float64".
    """
    name = name or unique_name("Input")
    return SymbolicTensor((batch_size, *shape), config.float_type(dtype), name)


def connect(layer: Layer, inputs: Any) -> SymbolicTensor:
    """Call `layer` on symbolic tensors: build it if need be, and return its symbolic output.

    Raises:
        TypeError: `inputs` is not symbolic (arrays go through `layer.forward`), a list where the
            layer takes one tensor or the reverse, or of another dtype than the layer.
        ValueError: The layer cannot take inputs of this shape.
    """
    is_list = isinstance(inputs, list | tuple)
    tensors = tuple(inputs) if is_list else (inputs,)
    for tensor in tensors:
        _check_connects(layer, tensor)
    if is_list != layer.takes_list:
        wanted = "a list of tensors" if layer.takes_list else "one tensor"
        given = f"a list of {len(tensors)}" if is_list else "one tensor"
        raise TypeError(f"{layer} is called on {wanted}, got {given}.")
    shape = [t.shape for t in tensors] if is_list else tensors[0].shape
    output = SymbolicTensor(layer.compute_output_shape(shape), layer.dtype.name, layer.name)
    if not layer.built:
        layer.build(shape)
    output.call = Call(layer, tensors, output)
    return output


def _check_connects(layer: Layer, tensor: Any) -> None:
    if not isinstance(tensor, SymbolicTensor):
        raise TypeError(
            f"{layer} is called on symbolic tensors such as Input((64, 64, 3)), "
            f"got {type(tensor).__name__}; to compute on an array use layer.forward(x)."
        )
    if tensor.dtype != layer.dtype:
        raise TypeError(
            f"{layer} computes in {layer.dtype}, its input {tensor.name!r} is {tensor.dtype}; "
            "give both the same dtype."
        )


def calls_between(
    inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor]
) -> tuple[Call, ...]:
    """Every call that `outputs` need, in depth-first order from the outputs, inputs left to right.

    The order follows from the connections alone, so that one graph has one order however it was
    written down.

    Raises:
        ValueError: An output depends on a tensor that is not among `inputs`.
    """
    known = set(inputs)
    calls: list[Call] = []
    stack = list(reversed(outputs))
    while stack:
        tensor = stack[-1]
        if tensor in known:
            stack.pop()
            continue
        if tensor.call is None:
            raise ValueError(
                f"The model's output depends on input {tensor.name!r} of shape {tensor.shape}, "
                "which is not among its inputs; pass it to Model(inputs, outputs)."
            )
        waiting = [t for t in tensor.call.inputs if t not in known]
        if waiting:
            stack.append(waiting[0])
        else:
            calls.append(tensor.call)
            known.add(tensor)
            stack.pop()
    return tuple(calls)


def replay(
    calls: Iterable[Call],
    tensors: Mapping[SymbolicTensor, SymbolicTensor],
    replaced: Mapping[Layer, Layer],
) -> dict[SymbolicTensor, SymbolicTensor]:
    """Write the same calls down again with some layers replaced; maps old tensors to new ones."""
    new = dict(tensors)
    for call in calls:
        new[call.output] = connect(replaced.get(call.layer, call.layer), call.arguments(new))
    return new
