"""`convtwin data`: fetch the SIGNS photographs, and audit what was found."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table

from experiments.terminal import console, examples

if TYPE_CHECKING:
    from experiments.signs import SignsData
    from experiments.signs.audit import Audit, Resaved
    from experiments.signs.photos import Photos

data_app = typer.Typer(help="Fetch the SIGNS photographs and audit them.", no_args_is_help=True)


@data_app.command(
    epilog=examples("convtwin data fetch", "convtwin data fetch --hdf5 --output data/signs-hdf5")
)
def fetch(
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Where the files go; data/signs of the project by default."),
    ] = None,
    hdf5: Annotated[
        bool,
        typer.Option("--hdf5", help="The course's own HDF5 pair (15 MB) in place of the zip."),
    ] = False,
) -> None:
    """Download the SIGNS photographs (1.5 MB), checked by their SHA-256."""
    from experiments.signs.download import data_folder, fetch_hdf5, fetch_zip

    folder = data_folder() if output is None else output
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    off = not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=off, transient=True) as progress:
        bar = _Bar(progress, progress.add_task("SIGNS", total=None))
        place = (fetch_hdf5 if hdf5 else fetch_zip)(folder, bar)
    console().print(f"The SIGNS photographs are in {place}.", markup=False, soft_wrap=True)


class _Bar:
    """A Rich task in the shape that the downloader reports to."""

    def __init__(self, progress: Progress, task: TaskID):
        self._progress = progress
        self._task = task
        self.total = 0

    def update(self, count: int) -> None:
        self._progress.update(self._task, total=self.total, advance=count)

    def reset(self) -> None:
        self._progress.reset(self._task)

    def close(self) -> None:
        self._progress.refresh()


@data_app.command(
    "audit",
    epilog=examples(
        "convtwin data audit",
        "convtwin data audit --data 64x64_SIGNS.zip --output sheets",
        "convtwin data audit --data 64x64_SIGNS.zip --against test_signs.h5",
    ),
)
def audit_command(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", help="The SIGNS photographs: zip, HDF5 or folder. Found by default."
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="A second source (one HDF5 file will do) to compare with."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder to write contact_sheet.png into.")
    ] = None,
) -> None:
    """Count the photographs of each class and the exact duplicates within and across splits."""
    from experiments.signs import load_signs
    from experiments.signs.audit import audit, count_repeats, find_again
    from experiments.signs.photos import Photos

    signs = load_signs(data)
    other = None if against is None else _test_photos(against)
    findings = audit(signs)
    out = console()
    out.print(signs.source, markup=False, soft_wrap=True)
    out.print(f"SHA-256 of the pixels and labels: {signs.sha256}", soft_wrap=True)
    out.print(_count_table(findings))
    out.print(_finding_table(findings))
    if against is not None and other is not None:
        found = find_again(Photos(signs.x_test, signs.y_test), other)
        out.print(_resaved_table(found, count_repeats(other), against.name))
    if output is not None:
        sheet = _write_sheet(signs, output)
        out.print(f"Contact sheet: {sheet}", markup=False, soft_wrap=True)


def _test_photos(path: Path) -> Photos:
    from experiments.signs.formats import read_signs
    from experiments.signs.hdf5 import read_hdf5

    return read_hdf5(path) if path.suffix == ".h5" else read_signs(path).test


def _count_table(findings: Audit) -> Table:
    table = Table("class", title="Photographs of each class")
    for split in findings.counts.columns:
        table.add_column(split, justify="right")
    for label, row in findings.counts.iterrows():
        table.add_row(str(label), *map(str, row))
    table.add_section()
    table.add_row("all", *map(str, findings.counts.sum()))
    return table


def _finding_table(findings: Audit) -> Table:
    table = Table("what", title="Exact duplicates")
    table.add_column("count", justify="right")
    for what, count in findings.findings:
        table.add_row(what, str(count))
    return table


def _resaved_table(found: Resaved, repeats: int, name: str) -> Table:
    table = Table("what", title=f"The test photographs, found again in {name}")
    table.add_column("value", justify="right")
    table.add_row("photographs looked up", str(found.photographs))
    table.add_row("found pixel for pixel", str(found.identical))
    table.add_row("same label as the nearest image", str(found.same_label))
    table.add_row("mean RMSE to the nearest image, of 255", f"{found.mean_rmse:.1f}")
    table.add_row("largest RMSE, of 255", f"{found.largest_rmse:.1f}")
    table.add_row(f"repeats inside {name}", str(repeats))
    return table


def _write_sheet(signs: SignsData, folder: Path) -> Path:
    from experiments.signs.audit import contact_sheet
    from experiments.signs.photos import DataError
    from scratch.atomic import atomic_write

    target = folder / "contact_sheet.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(target) as stream:
            contact_sheet(signs).savefig(stream, dpi=130, format="png")
    except OSError as error:
        raise DataError(
            f"{target} cannot be written ({error.strerror}); choose another folder."
        ) from error
    return target
