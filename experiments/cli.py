"""The command line: `convtwin list | run | compare | complexity | data | report | ...`.

Heavy imports (TensorFlow, pandas, matplotlib) happen inside the commands that need them.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table as Grid

from experiments import quiet
from experiments import study as study_module
from experiments.compare_cli import EPILOG as COMPARE_EPILOG
from experiments.compare_cli import compare
from experiments.complexity_cli import EPILOG as COMPLEXITY_EPILOG
from experiments.complexity_cli import complexity
from experiments.data_cli import data_app
from experiments.terminal import console, examples

if TYPE_CHECKING:
    from experiments.reproduce import Outcome
    from experiments.results import StudyResults
    from experiments.study import Context, Study

RESULTS = Path("results")

app = typer.Typer(
    help="A CNN written in NumPy and its Keras twin: the same network, compared layer by layer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Which studies; all when none is named.", show_default=False),
]
Full = Annotated[
    bool, typer.Option("--full", envvar="FULL", help="The long form: all epochs, several seeds.")
]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="The SIGNS photographs: zip, HDF5 or folder. Found by default."),
]


@app.command("list", epilog=examples("convtwin list"))
def list_studies() -> None:
    """List the studies, each with its question."""
    grid = Grid.grid(padding=(0, 2))
    for study in study_module.discover():
        grid.add_row(f"[bold]{study.name}[/bold]", escape(study.question))
    console().print(grid)


@app.command(
    epilog=examples(
        "convtwin run",
        "convtwin run layerwise training",
        "convtwin run --full --data 64x64_SIGNS.zip",
    )
)
def run(
    names: Names = None,
    full: Full = False,
    data: Data = None,
    output: Annotated[
        Path, typer.Option("--output", help="Results go to OUTPUT/quick or OUTPUT/full.")
    ] = RESULTS,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seeds all that is random.")] = 0,
) -> None:
    """Run studies, write their results, and make the report.

    A study's results are written when it ends, whole. An interrupted run keeps those of the
    studies that had ended; running again does every named study anew.
    """
    from experiments.results import prepare_root
    from experiments.runner import run_study

    studies = study_module.discover()
    chosen = study_module.select(studies, names or [])
    root = output / _form(full)
    prepare_root(root)
    context = _context(data, full, seed)
    with context.progress.task("studies", len(chosen)) as advance:
        for study in chosen:
            _print_results(study, run_study(study, context, root))
            advance(1)
    _write_report(root, studies)


@app.command(epilog=examples("convtwin report", "convtwin report --full"))
def report(
    full: Full = False,
    results: Annotated[Path, typer.Option("--results", help="The folder of results.")] = RESULTS,
) -> None:
    """Make report.html and README.md again from the results that are there."""
    _write_report(results / _form(full), study_module.discover())


@app.command(epilog=examples("convtwin reproduce", "convtwin reproduce training --full"))
def reproduce(
    names: Names = None,
    full: Full = False,
    data: Data = None,
    results: Annotated[
        Path, typer.Option("--results", help="The folder of committed results.")
    ] = RESULTS,
) -> None:
    """Run studies again and hold each against its committed results, which stay as they are.

    Exits with 1 if a column departs by more than its kind allows. Timings are informative.
    """
    from experiments.reproduce import check_data, hold
    from experiments.results import read_study
    from experiments.runner import run_study

    studies = study_module.discover()
    root = results / _form(full)
    chosen = study_module.select(studies, names or [])
    committed = {study.name: read_study(root / study.name) for study in chosen}
    context = _context(data, full, seed=0)
    for old in committed.values():
        check_data(old, context.signs)
    ok = True
    with (
        tempfile.TemporaryDirectory(prefix="convtwin-") as work,
        context.progress.task("studies", len(chosen)) as advance,
    ):
        for study in chosen:
            old = committed[study.name]
            seeded = replace(context, seed=old.provenance.seed)
            outcome = hold(old, run_study(study, seeded, Path(work)))
            _print_outcome(outcome)
            ok = ok and outcome.ok
            advance(1)
    raise typer.Exit(0 if ok else 1)


@app.command(epilog=examples("make bench", "convtwin bench --output timed"))
def bench(
    data: Data = None,
    output: Annotated[Path, typer.Option("--output", help="Results go to OUTPUT/speed.")] = RESULTS,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seeds all that is random.")] = 0,
) -> None:
    """Time NumPy against TensorFlow on all cores, beside the limits that NumPy is to keep.

    A limit that is missed is no error: the exit status is 0.
    """
    from experiments.results import prepare_root

    prepare_root(output)
    context = _context(data, False, seed)
    quiet.load_tensorflow()
    from experiments.bench import print_benchmark, run_benchmark

    print_benchmark(run_benchmark(context, output))


app.command("compare", epilog=COMPARE_EPILOG)(compare)
app.command("complexity", epilog=COMPLEXITY_EPILOG)(complexity)
app.add_typer(data_app, name="data")


def _form(full: bool) -> str:
    return "full" if full else "quick"


def _context(data: Path | None, full: bool, seed: int) -> Context:
    from experiments.progress import Progress
    from experiments.signs import load_signs

    return study_module.Context(load_signs(data), full, seed, Progress())


def _write_report(root: Path, studies: list[Study]) -> None:
    from experiments.reporting import write_report

    console().print(f"report: {write_report(root, studies)}", markup=False, soft_wrap=True)


def _print_results(study: Study, results: StudyResults) -> None:
    out = console()
    out.print(f"[bold]{study.name}[/bold]  {results.provenance.seconds:.1f} s")
    for sentence in study.findings(results.frames):
        out.print(f"  {sentence}", markup=False, soft_wrap=True)


def _print_outcome(outcome: Outcome) -> None:
    out = console()
    verdict = "[green]as committed[/green]" if outcome.ok else "[red]departs[/red]"
    out.print(f"[bold]{outcome.study}[/bold]  {outcome.columns} columns held: {verdict}")
    for line in (*outcome.departures, *outcome.timings):
        out.print(f"  {line}", markup=False, soft_wrap=True)
