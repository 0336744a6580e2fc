"""Fixtures: a package of throw-away studies, and the command line in this process."""

import itertools
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from experiments import signs, study
from experiments.__main__ import main
from tests.experiments.helpers import named_data

_numbers = itertools.count()


@pytest.fixture(scope="module")
def weights_are_not_drawn() -> Iterator[None]:
    """Most of the time of building a large network, and counting reads none of them."""
    import keras  # Not above: the tests of the data do without it.

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            keras.initializers.VarianceScaling,
            "__call__",
            lambda self, shape, dtype=None, **options: keras.ops.zeros(shape, dtype),
        )
        yield


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Write `name=source` files into a new package and make it the one with the studies."""

    def write(**sources: str) -> str:
        name = f"toys_{next(_numbers)}"
        folder = tmp_path / "packages" / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        for module, source in sources.items():
            (folder / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(folder.parent)
        monkeypatch.setattr(study, "PACKAGE", name)
        return name

    return write


@pytest.fixture
def convtwin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Call the command as a shell would; returns its exit status, output and errors."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["convtwin", *map(str, arguments)])
        handler = signal.getsignal(signal.SIGINT)
        capsys.readouterr()
        try:
            with pytest.raises(SystemExit) as stopped:
                main()
        finally:
            signal.signal(signal.SIGINT, handler)
        return int(stopped.value.code or 0), *capsys.readouterr()

    monkeypatch.setattr(signs, "load_signs", lambda path=None: named_data())
    monkeypatch.delenv("FULL", raising=False)
    return call
