"""The progress bar: on a terminal, and nowhere else unless asked for."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from scratch.progress import ProgressBar, progress_bar
from tests.scratch.small_models import dropout_net, samples

PROGRAM = """
from tests.scratch.small_models import dropout_net, samples
model = dropout_net()
model.compile(metrics=["accuracy"])
model.fit(*samples(20), batch_size=6, epochs=2, verbose={verbose})
model.evaluate(*samples(20))
model.predict(samples(20)[0])
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _run(verbose: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(verbose=verbose)],
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip


def test_silent_in_a_pipe() -> None:
    done = _run('"auto"')
    assert (done.stdout, done.stderr) == ("", "")


def test_one_plain_line_per_epoch_in_a_pipe_when_asked_for() -> None:
    done = _run("1")
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line[:9] for line in lines] == ["Epoch 1/2", "Epoch 2/2"]
    assert all("4/4" in line and "loss" in line and "accuracy" in line for line in lines)
    assert not set("\r\x1b") & set(done.stderr)


def _fit(monkeypatch: pytest.MonkeyPatch, verbose: int | str) -> str:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    model = dropout_net()
    model.compile()
    model.fit(*samples(20), batch_size=6, epochs=2, validation_split=0.2, verbose=verbose)
    return terminal.getvalue()


def test_on_a_terminal_one_line_per_epoch_is_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = _fit(monkeypatch, "auto")
    first, second, rest = shown.split("\n")
    assert rest == ""
    for number, line in enumerate((first, second), start=1):
        *earlier, last = line.split("\r")[1:]
        assert all(f"Epoch {number}/2" in drawn for drawn in (*earlier, last))
        assert "3/3" in last
        assert "·" not in last
        assert "val_loss" in last
        assert "1/3" in earlier[0]
        assert "·" in earlier[0]


def test_line_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    drawn = [part.split("\x1b")[0] for part in _fit(monkeypatch, 1).split("\r")]
    assert max(map(len, drawn)) == 39


def test_verbose_zero_is_silent_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _fit(monkeypatch, 0) == ""


def test_verbose_must_be_known() -> None:
    with pytest.raises(ValueError, match="verbose must be 0, 1"):
        progress_bar("loud")
    assert progress_bar(0) == []
    assert isinstance(progress_bar(1)[0], ProgressBar)
