import io

import pytest
from rich.console import Console

from experiments.progress import Progress


def test_silent_in_a_pipe() -> None:
    stream = io.StringIO()
    progress = Progress(Console(file=stream))
    with progress.task("outer", 2) as advance:
        advance()
    assert stream.getvalue() == ""


def interrupted_work(progress: Progress) -> None:
    with progress.task("outer", 2) as advance, progress.task("inner", 3) as advance_inner:
        advance()
        advance_inner(2)
        raise KeyboardInterrupt


def test_draws_nested_tasks_on_a_terminal_and_clears_them_even_after_an_error() -> None:
    stream = io.StringIO()
    progress = Progress(Console(file=stream, force_terminal=True, width=80))
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            interrupted_work(progress)
    drawn = stream.getvalue()
    assert "outer" in drawn
    assert "inner" in drawn
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 2  # cursor hidden and shown
