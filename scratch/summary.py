"""A model as a text table: what `model.summary()` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scratch.models import Model


def summary_table(model: Model) -> str:
    """One row a layer call, with output shape, parameters and where its input comes from.

    A shared layer's parameters are counted at its first call. The rows' parameters add up to the
    total printed below them, which splits into trainable and non-trainable ones.

    Raises:
        ValueError: The model is a Sequential that has no shapes yet.
    """
    model._check_built()
    header = ("Layer (type)", "Output shape", "Params", "Connected to")
    rows = [(f"{t.name} (Input)", _shape(t.shape), "0", "-") for t in model.inputs]
    counted = set()
    for call in model.calls:
        layer = call.layer
        params = 0 if layer in counted else layer.count_params()
        counted.add(layer)
        sources = ", ".join(t.name for t in call.inputs)
        kind = type(layer).__name__
        rows.append((f"{layer.name} ({kind})", _shape(call.output.shape), f"{params:,}", sources))
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [f'Model "{model.name}"', rule, _line(header, widths), rule]
    lines += [_line(row, widths) for row in rows]
    total = model.count_params()
    trainable = sum(w.size for layer in model.layers for w in layer.trainable_weights.values())
    lines += [
        rule,
        f"Total params: {total:,}",
        f"Trainable params: {trainable:,}",
        f"Non-trainable params: {total - trainable:,}",
    ]
    return "\n".join(lines)


def _shape(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join(str(n) for n in shape) + ")"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    name, shape, params, source = row
    cells = (
        name.ljust(widths[0]),
        shape.ljust(widths[1]),
        params.rjust(widths[2]),
        source.ljust(widths[3]),
    )
    return "  ".join(cells).rstrip()
