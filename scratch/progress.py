"""The line that `fit` keeps up to date on a terminal."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

from scratch.callbacks import Callback, Logs

_BAR_WIDTH = 24
_SECONDS_BETWEEN_DRAWS = 0.1
_CLEAR_TO_END = "\x1b[K"


class ProgressBar(Callback):
    """One line per epoch: number, bar, seconds, loss and metrics.

    Written to standard error, so that a program's own output stays clean. On a terminal the line
    is redrawn while the epoch runs; elsewhere it is written once, when the epoch is over.

    Args:
        stream: Where to write; standard error if None.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()

    def on_epoch_begin(self, epoch: int) -> None:
        """Start the clock."""
        self._epoch = epoch
        self._start = time.perf_counter()
        self._next_draw = self._start

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Redraw the line, if it is time."""
        if self._is_terminal and time.perf_counter() >= self._next_draw:
            self._redraw(self._line(batch + 1, logs))
            self._next_draw = time.perf_counter() + _SECONDS_BETWEEN_DRAWS

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:  # noqa: ARG002
        """Write the finished line."""
        line = self._line(self.params["steps"], logs)
        if self._is_terminal:
            self._redraw(line)
            line = ""
        self._write(f"{line}\n")

    def _line(self, done: int, logs: Logs) -> str:
        steps = self.params["steps"]
        epoch = f"{self._epoch + 1:>{len(str(self.params['epochs']))}}/{self.params['epochs']}"
        bar = ("━" * (_BAR_WIDTH * done // steps)).ljust(_BAR_WIDTH, "·")
        seconds = time.perf_counter() - self._start
        values = "  ".join(f"{name} {value:.4g}" for name, value in logs.items())
        return f"Epoch {epoch} {bar} {done}/{steps}  {seconds:.1f} s  {values}"

    def _redraw(self, line: str) -> None:
        width = shutil.get_terminal_size().columns - 1  # a wrapped line could not be redrawn
        self._write(f"\r{line[:width]}{_CLEAR_TO_END}")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def progress_bar(verbose: int | str) -> list[Callback]:
    """The callbacks that `fit(verbose=...)` stands for.

    Args:
        verbose: 0 is silent, 1 shows progress, "auto" shows it on a terminal only.

    Raises:
        ValueError: `verbose` is none of these.
    """
    if verbose not in (0, 1, "auto"):
        raise ValueError(f'verbose must be 0, 1 or "auto", got {verbose!r}.')
    shown = sys.stderr.isatty() if verbose == "auto" else bool(verbose)
    return [ProgressBar()] if shown else []
