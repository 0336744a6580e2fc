"""`convtwin compare`: any saved Keras model against its NumPy twin, layer by layer."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table as Grid

from experiments import quiet
from experiments.terminal import console, examples

if TYPE_CHECKING:
    from experiments.compare import Comparison

COLOURS = {
    "identical": "green",
    "rounding": "green",
    "flip": "magenta",
    "suspect": "yellow",
    "fault": "bold red",
    "inherited": "dim",
}
SHOWN = ("layer", "type", "tensor", "mode", "shape", "max_abs_diff", "error_ratio", "verdict")
EPILOG = examples(
    "convtwin compare my_model.keras",
    "convtwin compare my_model.keras --data batch.npz --loss mean_squared_error",
    "convtwin compare my_model.h5 --dtype float64 --inference --output layers.csv",
)


class DType(StrEnum):
    """The dtypes that both twins compute in."""

    float32 = "float32"
    float64 = "float64"


def compare(
    model: Annotated[Path, typer.Argument(help="A saved Keras model, .keras or .h5.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="An .npz file with x and perhaps y; drawn when not given."),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            "--loss",
            help="A Keras loss. Default: sparse_categorical_crossentropy after a softmax, "
            "else mean_squared_error.",
        ),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="How many inputs to draw.")] = 4,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of what is drawn.")] = 0,
    dtype: Annotated[
        DType | None, typer.Option("--dtype", help="Compute in this dtype; the model's by default.")
    ] = None,
    training: Annotated[
        bool, typer.Option("--training/--inference", help="Which of the two modes to run.")
    ] = True,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write the table: .csv, .html or .md.")
    ] = None,
) -> None:
    """Compare a saved Keras model with its NumPy twin, layer by layer, forward and backward.

    Exits with 0 if they agree and with 1 if they do not. No code stored in the model is run.
    """
    quiet.load_tensorflow()
    from experiments import user_models
    from experiments.compare import compare_layers
    from keras_models.convert import to_scratch

    if output is not None:
        check_output(output)
    keras_model = user_models.load_model(model, dtype)
    scratch_model = to_scratch(keras_model)
    loss = user_models.known_loss(loss) if loss else user_models.default_loss(keras_model)
    if data is None:
        x, y = user_models.draw_data(keras_model, loss, batch, seed)
    else:
        x, y = user_models.read_data(data, keras_model, loss, seed)
    comparison = compare_layers(scratch_model, keras_model, x, y, loss=loss, training=training)
    if output is not None:
        _save(comparison, output)
    out = console()
    out.print(_grid(comparison))
    out.print(comparison.summary, markup=False, soft_wrap=True)
    raise typer.Exit(0 if comparison.ok else 1)


def check_output(path: Path) -> None:
    """Refuse a table file that cannot be written, before the comparison starts.

    Raises:
        ResultsError: The suffix is unknown or the folder does not exist.
    """
    from experiments.results import ResultsError

    if path.suffix not in (".csv", ".html", ".md"):
        raise ResultsError(f"--output {path}: the name must end in .csv, .html or .md.")
    if not path.parent.is_dir():
        raise ResultsError(f"--output {path}: there is no folder {path.parent}.")


def _save(comparison: Comparison, path: Path) -> None:
    from experiments.results import write_text

    if path.suffix == ".csv":
        write_text(path, comparison.table.to_csv(index=False, lineterminator="\n"))
    else:
        write_text(
            path, comparison.to_html() if path.suffix == ".html" else comparison.to_markdown()
        )


def _grid(comparison: Comparison) -> Grid:
    from experiments.formatting import cell, label

    grid = Grid()
    table = comparison.table
    for column in SHOWN:
        numeric = table[column].dtype.kind in "iuf"
        grid.add_column(label(column), justify="right" if numeric else "left", no_wrap=numeric)
    for row in table[list(SHOWN)].itertuples(index=False):
        cells = [cell(value) for value in row]
        colour = COLOURS.get(cells[-1], "")
        grid.add_row(*cells[:-1], f"[{colour}]{cells[-1]}[/]" if colour else cells[-1])
    return grid
