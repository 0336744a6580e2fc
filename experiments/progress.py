"""Progress bars that studies can use: drawn on a terminal, silent in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress


class Progress:
    """Nested progress bars on standard error.

    Args:
        console: Where to draw; standard error when None. Nothing is drawn unless it is a terminal.

    Example:
        >>> with progress.task("epochs", total=10) as advance:
        ...     for _ in range(10):
        ...         advance()
    """

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        self._bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            # Rich would send what is printed to standard output here, even when that is a file.
            redirect_stdout=sys.stdout.isatty(),
            disable=not console.is_terminal,
        )

    @contextmanager
    def task(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """Show a bar while the block runs; calling what it yields moves it by one, or by `steps`.

        Args:
            name: What is being done.
            total: How many steps there are; None when nobody knows.
        """
        if not self._bars.tasks:
            self._bars.start()
        bar = self._bars.add_task(name, total=total)

        def advance(steps: float = 1) -> None:
            self._bars.advance(bar, steps)

        try:
            yield advance
        finally:
            self._bars.remove_task(bar)
            if not self._bars.tasks:
                self._bars.stop()
