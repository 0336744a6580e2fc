"""The command: exit statuses, one-sentence errors, and what an interruption leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments import signs, study
from tests.experiments.helpers import STUDY, TOYS, named_data

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "PACKAGE", TOYS)


def one_sentence(err: str) -> bool:
    return err.startswith("convtwin: ") and err.count("\n") == 1


def test_list_names_every_study_and_its_question(convtwin) -> None:
    status, out, _ = convtwin("list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["layers", "curves"]
    assert "Does every layer compute what Keras computes" in out


def test_list_imports_no_tensorflow() -> None:
    code = (
        "import sys; sys.argv = ['convtwin', 'list']\n"
        "from experiments.__main__ import main\n"
        "try: main()\n"
        "finally: assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "command", ["list", "run", "report", "reproduce", "bench", "compare", "complexity"]
)
def test_every_command_has_help_with_examples(convtwin, command: str) -> None:
    status, out, _ = convtwin(command, "--help")
    assert status == 0
    assert f"convtwin {command}" in out[out.index("Examples:") :]


@pytest.mark.parametrize("arguments", [["frobnicate"], ["run", "--frob"], ["run", "--seed", "-1"]])
def test_wrong_usage_exits_with_2(convtwin, arguments: list[str]) -> None:
    assert convtwin(*arguments)[0] == 2


@pytest.mark.parametrize("command", ["run", "reproduce"])
def test_an_unknown_study_lists_the_known_ones(convtwin, command: str) -> None:
    status, _, err = convtwin(command, "curve")
    assert status == 2
    assert err == (
        "convtwin: No study is called 'curve'. Did you mean 'curves'? Known: layers, curves.\n"
    )


def test_run_writes_results_and_report_and_says_what_was_found(convtwin, tmp_path: Path) -> None:
    status, out, err = convtwin("run", "--output", tmp_path)
    assert status == 0
    assert err == ""
    assert "signs_deep reaches 0.9667" in out
    assert f"report: {tmp_path}/quick/report.html" in out
    assert sorted(path.name for path in (tmp_path / "quick").iterdir()) == [
        "README.md", "curves", "layers", "report.html",
    ]  # fmt: skip


@pytest.mark.parametrize("by_environment", [False, True])
def test_the_full_form_has_its_own_folder(
    convtwin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_environment: bool
) -> None:
    if by_environment:
        monkeypatch.setenv("FULL", "1")
    flags = [] if by_environment else ["--full"]
    assert convtwin("run", "curves", "--output", tmp_path, "--seed", "3", *flags)[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["full"]
    folder = tmp_path / "full" / "curves"
    assert len((folder / "steps.csv").read_text().splitlines()) == 401
    assert json.loads((folder / "meta.json").read_text())["provenance"]["command"] == (
        "convtwin run curves --full --seed 3"
    )


def test_reproduce_agrees_then_names_the_departing_column(convtwin, tmp_path: Path) -> None:
    convtwin("run", "curves", "--output", tmp_path, "--seed", "7")
    status, out, _ = convtwin("reproduce", "curves", "--results", tmp_path)
    assert status == 0
    assert "curves  13 columns held: as committed" in out
    table = tmp_path / "quick" / "curves" / "steps.csv"
    lines = table.read_text().splitlines()
    step, loss, *rest = lines[5].split(",")
    lines[5] = ",".join([step, str(float(loss) * (1 + 1e-5)), *rest])
    table.write_text("\n".join(lines) + "\n")
    before = table.read_bytes()
    status, out, _ = convtwin("reproduce", "curves", "--results", tmp_path)
    assert status == 1
    assert "curves/steps.loss_scratch: 1 of 120 rows depart, most at row 4" in out
    assert "curves/accuracy.seconds_keras: median" in out
    assert table.read_bytes() == before


def test_reproduce_on_other_data_exits_with_2(
    convtwin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convtwin("run", "curves", "--output", tmp_path)
    monkeypatch.setattr(signs, "load_signs", lambda path: named_data("1" * 64, synthetic=True))
    status, _, err = convtwin("reproduce", "curves", "--results", tmp_path)
    assert status == 2
    assert one_sentence(err)
    assert "were computed on 1080 training photographs" in err


def test_reproduce_and_report_without_results_exit_with_2(convtwin, tmp_path: Path) -> None:
    for command in ("reproduce", "report"):
        status, _, err = convtwin(command, "--results", tmp_path)
        assert status == 2
        assert one_sentence(err)


def test_results_that_cannot_be_written_are_told_before_the_data_are_read(
    convtwin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "results").touch()
    monkeypatch.setattr(signs, "load_signs", lambda path: pytest.fail("too late"))
    status, _, err = convtwin("run", "--output", tmp_path / "results")
    assert status == 2
    assert one_sentence(err)
    assert "Results cannot be written to" in err


def test_a_study_that_fails_keeps_those_before_it_and_shows_its_traceback(
    convtwin, tmp_path: Path, package
) -> None:
    package(
        a=STUDY, b=STUDY.replace("def run(context):", "def run(context):\n    raise OSError('x')")
    )
    with pytest.raises(OSError, match="x"):
        convtwin("run", "--output", tmp_path)
    assert [path.name for path in (tmp_path / "quick").iterdir()] == ["a"]


INTERRUPTED_IMPORT = """
import os, signal, sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt:
                raise {raised}
sys.meta_path.insert(0, Interrupt())
sys.argv = ["convtwin", "list"]
from experiments.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["typer", "rich.console", "experiments.terminal"])
@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "ImportError('numpy is broken')"])
def test_ctrl_c_during_imports_is_one_sentence(module: str, raised: str) -> None:
    code = INTERRUPTED_IMPORT.format(module=module, raised=raised)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 130
    assert one_sentence(done.stderr)


INTERRUPTED_RUN = """
import sys
from pathlib import Path
from experiments import signs, study
from experiments.__main__ import main
from tests.experiments.helpers import named_data
sys.path.insert(0, {path!r})
study.PACKAGE = {package!r}
signs.load_signs = lambda path: named_data()
sys.argv = ["convtwin", "run", "--output", {output!r}]
main()
"""


def test_ctrl_c_during_a_study_keeps_what_is_finished_and_what_was_there(
    tmp_path: Path, convtwin, package
) -> None:
    slow = STUDY.replace(
        "def run(context):",
        "def run(context):\n    import pathlib, time\n"
        f"    pathlib.Path({str(tmp_path / 'started')!r}).touch()\n    time.sleep(60)",
    )
    name = package(a=STUDY, b=slow)
    old = tmp_path / "quick" / "b"
    old.mkdir(parents=True)
    (old / "t.csv").write_text("as it was")
    code = INTERRUPTED_RUN.format(
        path=str(tmp_path / "packages"), package=name, output=str(tmp_path)
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert one_sentence(err)
    assert "interrupted" in err
    assert sorted(path.name for path in (tmp_path / "quick").iterdir()) == ["a", "b"]
    assert (old / "t.csv").read_text() == "as it was"
    assert sorted(path.name for path in (tmp_path / "quick" / "a").iterdir()) == [
        "meta.json", "t.csv",
    ]  # fmt: skip
