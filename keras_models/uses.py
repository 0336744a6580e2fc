"""Every use of every layer in a Keras model, nested models opened, with the shapes it works on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras.src.layers.input_spec import assert_input_compatibility

from keras_models.graph import filled, functional_of, input_names, walk


@dataclass(frozen=True)
class TensorSpec:
    """The shape, batch first, and the dtype of a tensor."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class LayerUse:
    """One use of one layer.

    Attributes:
        layer: The layer, or the `keras.ops` operation; None for a model's input.
        path: Its name, after those of the models that it is nested in: "block/conv".
        inputs: The tensors it reads.
        outputs: The tensors it writes.
    """

    layer: Any
    path: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


def layer_uses(
    model: keras.Model, input_shape: Sequence[int] | None = None, batch: int = 1
) -> list[LayerUse]:
    """The model's inputs, then every use of a layer that its outputs depend on, in order.

    A nested model is replaced by the uses of its layers, as often as it is used. Shapes are
    computed symbolically: no tensor is computed and no weight made.

    Args:
        model: A built Sequential or Functional model, nested in any depth.
        input_shape: One sample's shape, in place of the one that the model declares.
        batch: How many samples.

    Raises:
        TypeError: `model`, or a model nested in it, computes in code of its own.
        ValueError: `model` is not built, leaves sizes of its input open that `input_shape` does
            not give, is fixed to another batch, or has a layer that cannot take such inputs.
    """
    functional = functional_of(model)
    names = input_names(functional)
    declared = [(name, t.shape) for name, t in zip(names, functional.inputs, strict=True)]
    shapes = resolve_input_shapes(model.name, declared, input_shape, batch)
    inputs = [
        keras.KerasTensor(shape, tensor.dtype)
        for shape, tensor in zip(shapes, functional.inputs, strict=True)
    ]
    uses = [
        LayerUse(None, name, (), _specs([value])) for name, value in zip(names, inputs, strict=True)
    ]

    _walk(functional, inputs, uses)
    return uses


def output_specs(model: keras.Model, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
    """The specs of a model's outputs for inputs of these specs; nothing is computed.

    Raises:
        TypeError: As `layer_uses`.
        ValueError: `model` is not built, or has a layer that cannot take such inputs.
    """
    symbolic = [keras.KerasTensor(spec.shape, spec.dtype) for spec in inputs]
    return list(_specs(_walk(functional_of(model), symbolic, [])))


def _walk(functional: Any, inputs: Sequence[Any], uses: list[LayerUse]) -> list[Any]:
    """Add the uses of a model called on `inputs` to `uses`; returns its outputs."""

    def visit(path: str, node: Any, values: Sequence[Any]) -> list[Any]:
        read = _specs(values)
        outputs = _outputs(node.operation, path, read, *filled(node.arguments, values))
        uses.append(LayerUse(node.operation, path, read, _specs(outputs)))
        return outputs

    return walk(functional, inputs, visit)


def resolve_input_shapes(
    model: str,
    declared: Sequence[tuple[str, tuple[int | None, ...]]],
    input_shape: Sequence[int] | None,
    batch: int,
) -> list[tuple[int, ...]]:
    """The inputs' full shapes, from what a model declares and what is asked for.

    Args:
        model: The model's name, for the messages.
        declared: Each input's name and shape, batch first, None where open.
        input_shape: One sample's shape, or None for the declared one.
        batch: How many samples.

    Raises:
        ValueError: Sizes stay open, or what is asked for does not fit what is declared.
    """
    if input_shape is not None and len(declared) != 1:
        raise ValueError(
            f"Model {model!r} has {len(declared)} inputs, but an input shape is that of one; "
            "build the model with the shapes wanted."
        )
    shapes = []
    for name, (fixed, *sizes) in declared:
        if fixed not in (None, batch):
            raise ValueError(
                f"Model {model!r}: input {name!r} is fixed to batches of {fixed}, not {batch}; "
                f"count it with batch {fixed}."
            )
        sample = sizes if input_shape is None else list(input_shape)
        if len(sample) != len(sizes):
            raise ValueError(
                f"Model {model!r}: input {name!r} has shape {tuple(sizes)} without the batch, "
                f"which {tuple(sample)} does not fit; give {len(sizes)} sizes."
            )
        if None in sample:
            raise ValueError(
                f"Model {model!r}: input {name!r} has shape {tuple(sizes)}, which leaves sizes "
                "open; give them as input_shape, on the command line --input-shape."
            )
        shapes.append((batch, *sample))
    return shapes


def _outputs(
    operation: Any,
    path: str,
    inputs: tuple[TensorSpec, ...],
    arguments: tuple[Any, ...],
    options: dict[str, Any],
) -> list[Any]:
    """The symbolic outputs of an operation called on symbolic inputs."""
    try:
        if arguments:
            spec = getattr(operation, "input_spec", None)
            assert_input_compatibility(spec, arguments[0], operation.name)
        outputs = keras.tree.flatten(operation.compute_output_spec(*arguments, **options))
        if _leaves_open(outputs):
            # A layer may declare its output shape with None; tracing its call finds the sizes.
            traced = keras.Operation.compute_output_spec(operation, *arguments, **options)
            outputs = keras.tree.flatten(traced)
    except ValueError as error:
        shapes = " and ".join(str(spec.shape) for spec in inputs)
        # Keras names the layer again, without the models around it, and adds advice on calls.
        reason = str(error).rpartition("incompatible with the layer: ")[2]
        reason = " ".join(reason.split()).split(". ")[0].rstrip(".")
        message = f"Layer {path!r} cannot take inputs of shape {shapes}: {reason}."
        raise ValueError(message) from error
    if _leaves_open(outputs):
        raise ValueError(
            f"Layer {path!r} ({type(operation).__name__}): the size of its output depends on the "
            "values of its input, so it cannot be counted."
        )
    return outputs


def _leaves_open(tensors: Iterable[Any]) -> bool:
    return any(None in tensor.shape for tensor in tensors)


def _specs(tensors: Iterable[Any]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(tuple(t.shape), keras.backend.standardize_dtype(t.dtype)) for t in tensors
    )
