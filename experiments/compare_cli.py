"""`convtwin compare`: any Keras model against its NumPy twin, layer by layer."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table as Grid

from experiments import quiet
from experiments.complexity_cli import sizes
from experiments.terminal import console, examples

if TYPE_CHECKING:
    import keras
    import pandas as pd
    from rich.console import Console

    from experiments.compare import Comparison

COLOURS = {
    "identical": "green",
    "rounding": "green",
    "flip": "magenta",
    "suspect": "yellow",
    "unjudged": "yellow",
    "fault": "bold red",
    "inherited": "dim",
}
SHOWN = ("layer", "type", "tensor", "mode", "shape", "max_abs_diff", "error_ratio", "verdict")
WORST = 10
"""How many tensors are shown beside those that need a look."""
MOST = 40
"""How many of those are shown."""
EPILOG = examples(
    "convtwin compare my_model.keras",
    "convtwin compare applications:MobileNetV2 --input-shape 96,96,3",
    "convtwin compare my_model.keras --data batch.npz --loss mean_squared_error",
    "convtwin compare zoo:signs_deep --dtype float64 --inference --output layers.html",
)


class DType(StrEnum):
    """The dtypes that both twins compute in."""

    float32 = "float32"
    float64 = "float64"


class Algorithm(StrEnum):
    """The algorithms for convolutions that a comparison is wanted of."""

    exact = "exact"
    auto = "auto"
    winograd = "winograd"


def compare(
    model: Annotated[
        str,
        typer.Argument(
            help="A saved Keras model (.keras or .h5), zoo:NAME for one of this project's "
            "networks, or applications:NAME for one of keras.applications. Networks by name have "
            "random weights of which none is neutral; nothing is downloaded.",
            show_default=False,
        ),
    ],
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
    input_shape: Annotated[
        str | None,
        typer.Option(
            "--input-shape",
            metavar="H,W,C",
            help="Shape of the inputs to draw, batch left out; the model's own by default.",
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
    algorithm: Annotated[
        Algorithm,
        typer.Option(
            "--algorithm",
            help="How the twin computes convolutions: by what is bounded most narrowly, by what "
            "training uses, or by Winograd's algorithm wherever it applies. The bound is its own.",
        ),
    ] = Algorithm.exact,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write the whole table: .csv, .html or .md.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--all", help="Print the whole table, not only what needs a look.")
    ] = False,
) -> None:
    """Compare a Keras model with its NumPy twin, layer by layer, forward and backward.

    Exits with 0 if they agree and with 1 if they do not. No code stored in the model is run.
    """
    shape = None if input_shape is None else sizes(input_shape)
    quiet.load_tensorflow()
    from experiments import user_models
    from experiments.compare import compare_layers
    from experiments.progress import Progress
    from keras_models.convert import to_scratch

    if output is not None:
        check_output(output)
    keras_model = _keras_model(model, shape, dtype, seed)
    scratch_model = to_scratch(keras_model)
    losses = user_models.known_loss(loss) if loss else user_models.default_loss(keras_model)
    if data is None:
        x, y = user_models.draw_data(keras_model, losses, batch, seed, shape)
    else:
        x, y = user_models.read_data(data, keras_model, losses, seed)
    comparison = compare_layers(
        scratch_model,
        keras_model,
        x,
        y,
        loss=losses,
        training=training,
        progress=Progress(),
        algorithm=algorithm.value,
    )
    if output is not None:
        _save(comparison, output)
    _print(comparison, whole, console())
    raise typer.Exit(0 if comparison.ok else 1)


def _keras_model(
    name: str, shape: tuple[int, ...] | None, dtype: str | None, seed: int
) -> keras.Model:
    """The model that `name` stands for; weights that no file gives are drawn."""
    import keras

    from experiments.named_models import find_model
    from experiments.random_weights import randomize
    from experiments.user_models import comparable
    from keras_models.zoo import NETWORKS

    keras.utils.set_random_seed(seed)
    found = find_model(name, shape, NETWORKS)
    if ":" in name and not Path(name).exists():
        randomize(found, seed)
    return comparable(name, found, dtype)


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


def _print(comparison: Comparison, whole: bool, out: Console) -> None:
    """The sentence, how many tensors have which verdict, and what needs a look; or all."""
    out.print(comparison.summary, markup=False, soft_wrap=True)
    out.print(_counts_grid(comparison.counts))
    if whole:
        out.print(_grid(comparison.table))
        return
    notable = comparison.notable
    if not notable.empty:
        out.print("What needs a look:")
        out.print(_grid(notable.head(MOST)))
        if len(notable) > MOST:
            out.print(f"and {len(notable) - MOST} more.")
    worst = comparison.worst(WORST)
    if not worst.empty:
        out.print("Nearest to what rounding can explain, which is an error ratio of 1, or beyond:")
        out.print(_grid(worst))
    out.print(f"The other rows of {len(comparison.table)}: --all, or --output FILE.")


def _counts_grid(counts: pd.DataFrame) -> Grid:
    grid = Grid(box=box.SIMPLE_HEAD)
    grid.add_column("verdict")
    for mode in counts.columns:
        grid.add_column(mode, justify="right")
    for verdict, row in counts.iterrows():
        grid.add_row(_coloured(str(verdict)), *(f"{count:,}" for count in row))
    return grid


def _grid(table: pd.DataFrame) -> Grid:
    from experiments.formatting import cell, label

    grid = Grid(box=box.SIMPLE_HEAD)
    for column in SHOWN:
        numeric = table[column].dtype.kind in "iuf"
        grid.add_column(label(column), justify="right" if numeric else "left", no_wrap=numeric)
    for row in table[list(SHOWN)].itertuples(index=False):
        *cells, verdict = (
            "x".join(map(str, value)) if isinstance(value, tuple) else cell(value) for value in row
        )
        grid.add_row(*map(escape, cells), _coloured(verdict))
    return grid


def _coloured(verdict: str) -> str:
    colour = COLOURS.get(verdict, "")
    return f"[{colour}]{verdict}[/]" if colour else verdict
