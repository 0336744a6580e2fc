"""`convtwin complexity`: what any network costs, layer by layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table as Grid

from experiments import quiet
from experiments.terminal import console, examples

if TYPE_CHECKING:
    from rich.console import Console

    from experiments.complexity import Complexity

EPILOG = examples(
    "convtwin complexity zoo:inception_3a",
    "convtwin complexity my_model.keras --input-shape 224,224,3 --csv layers.csv",
    "convtwin complexity applications:ResNet50 --batch 32",
)


def complexity(
    model: Annotated[
        str,
        typer.Argument(
            help="A saved Keras model (.keras or .h5), zoo:NAME for one of this project's "
            "networks, or applications:NAME for one of keras.applications.",
            show_default=False,
        ),
    ],
    input_shape: Annotated[
        str | None,
        typer.Option(
            "--input-shape",
            metavar="H,W,C",
            help="Count for inputs of this shape, batch left out; the model's own by default.",
        ),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="How many samples.")] = 1,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write the whole table, all columns, here.")
    ] = None,
) -> None:
    """Count a network's parameters, multiply-accumulates and memory, layer by layer.

    Nothing is computed, and no code stored in the model is run.
    """
    shape = None if input_shape is None else sizes(input_shape)
    quiet.load_tensorflow()
    from experiments.complexity import count
    from experiments.named_models import find_model
    from experiments.results import write_text
    from experiments.user_models import UserModelError

    found = find_model(model, shape)
    try:
        counted = count(found, shape, batch)
    except (TypeError, ValueError) as error:
        raise UserModelError(str(error)) from error
    if csv is not None:
        write_text(csv, counted.table.to_csv(index=False, lineterminator="\n"))
    _print(counted, console())


def sizes(text: str) -> tuple[int, ...]:
    """The numbers of "224,224,3", as --input-shape takes them."""
    numbers = text.split(",")
    if not all(number.strip().isdecimal() and int(number) > 0 for number in numbers):
        raise typer.BadParameter(
            f"{text!r} is no shape; write sizes with commas, such as 224,224,3.",
            param_hint="--input-shape",
        )
    return tuple(map(int, numbers))


def _print(counted: Complexity, out: Console) -> None:
    from experiments.complexity import CONVENTIONS

    samples = f"batch of {counted.batch}" if counted.batch > 1 else "one sample"
    out.print(f"[bold]{escape(counted.model)}[/bold], {samples}", soft_wrap=True)
    out.print(_grid(counted))
    totals = counted.totals
    out.print(
        f"{totals['parameters']:,} parameters: {totals['weights']:,} weights, "
        f"{totals['biases']:,} biases, {totals['other']:,} other. {totals['flops']:,} FLOPs. "
        f"{totals['activations']:,} activations, {totals['activation_bytes'] / 2**20:.2f} MiB.",
        soft_wrap=True,
    )
    if uncounted := totals["not_counted"]:
        out.print(
            f"[yellow]Layers not counted, for want of a rule: {uncounted}. The totals of MACs and "
            "FLOPs are lower bounds.[/yellow]",
            soft_wrap=True,
        )
    out.print()
    for sentence in CONVENTIONS:
        out.print(sentence, markup=False, soft_wrap=True)
    out.print("--csv FILE writes all columns: FLOPs, im2col, backward and notes too.", markup=False)


def _grid(counted: Complexity) -> Grid:
    """The columns that fit a terminal, parameters in one; only the names may be folded."""
    from experiments.complexity.rules import NOT_COUNTED
    from experiments.formatting import number

    grid = Grid(box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False, show_footer=True)
    grid.add_column("layer", overflow="fold", footer="total")
    grid.add_column("type", overflow="fold")
    for heading in ("kernel", "output"):
        grid.add_column(heading, no_wrap=True)
    totals = counted.totals
    for heading, total in (
        ("params", totals["parameters"]),
        ("MACs", totals["macs"]),
        ("activations", totals["activations"]),
    ):
        grid.add_column(heading, justify="right", no_wrap=True, footer=number(total))
    grid.add_column("FLOP/B", justify="right", no_wrap=True)
    for row in counted.table.to_dict("records"):
        strided = row["kernel"] and set(row["strides"].split("x")) != {"1"}
        unknown = NOT_COUNTED in row["note"]
        grid.add_row(
            escape(row["layer"]),
            row["type"],
            f"{row['kernel']}/{row['strides']}" if strided else row["kernel"],
            row["output_shape"],
            number(row["weights"] + row["biases"] + row["other"]),
            "[yellow]not counted[/yellow]" if unknown else number(row["macs"]),
            number(row["activations"]),
            "" if unknown else number(row["intensity"], digits=3),
        )
    return grid
