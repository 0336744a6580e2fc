"""Every use of every layer in a scratch model, with the shapes it works on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import scratch
from keras_models.uses import LayerUse, TensorSpec, resolve_input_shapes


def scratch_uses(
    model: scratch.Model, input_shape: Sequence[int] | None = None, batch: int = 1
) -> list[LayerUse]:
    """The model's inputs, then every use of a layer, in order; as `keras_models.uses.layer_uses`.

    Raises:
        ValueError: As there.
    """
    declared = [(t.name, t.shape) for t in model.inputs]
    if not declared:
        raise ValueError(
            f"Model {model.name!r} has no shapes and weights yet; start it with Input(shape) or "
            "call build(input_shape)."
        )
    shapes: dict[Any, Any] = dict(
        zip(
            model.inputs,
            resolve_input_shapes(model.name, declared, input_shape, batch),
            strict=True,
        )
    )
    uses = [LayerUse(None, t.name, (), (TensorSpec(shapes[t], t.dtype),)) for t in model.inputs]
    for call in model.calls:
        shapes[call.output] = call.layer.compute_output_shape(call.arguments(shapes))
        uses.append(
            LayerUse(
                call.layer,
                call.layer.name,
                tuple(TensorSpec(shapes[t], t.dtype) for t in call.inputs),
                (TensorSpec(shapes[call.output], call.output.dtype),),
            )
        )
    return uses
