from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import results, style
from experiments.provenance import record
from experiments.results import ResultsError, prepare_root, read_root, read_study, write_study
from experiments.study import Figure, Findings, Table, exact, rounding, timing
from tests.experiments.helpers import context

PROVENANCE = record("toy", context(), 1.234)


def toy_findings(frame: pd.DataFrame | None = None) -> Findings:
    figure, axes = style.subplots()
    axes.plot([0, 1], [1, 0])
    frame = pd.DataFrame({"a": [1.0]}) if frame is None else frame
    return Findings([Table("t", "A title", frame)], [Figure("f", "Caption.", "Alt.", figure)])


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_reads_back_the_same_values_dtypes_kinds_and_texts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "float64": [
                *(rng.random(3) * 10.0 ** rng.integers(-300, 300, 3)),
                np.nan,
                np.inf,
                -0.0,
            ],
            "float32": rng.random(6).astype("float32"),
            "whole": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "int": [2**62 + 1, -1, 0, 1, 2, 3],
            "truth": [True, False] * 3,
            "text": ["a,b", 'quo"te', "NA", "nan", "", "two\nlines"],
            "digits": ["01", "1.50", "True", "-0", "1e3", " x "],
        }
    )
    kinds = {"float32": rounding(1e-6, 1e-9), "whole": timing()}
    write_study(tmp_path, "toy", Findings([Table("t", "A title", frame, kinds)]), PROVENANCE)
    read = read_study(tmp_path / "toy")
    pd.testing.assert_frame_equal(read.frames["t"], frame, check_exact=True)
    assert np.signbit(read.frames["t"].float64[5])
    table = read.tables[0]
    assert table.title == "A title"
    assert table.kind("float32") == rounding(1e-6, 1e-9)
    assert (table.kind("whole"), table.kind("int")) == (timing(), exact())
    assert read.provenance == PROVENANCE


def test_a_table_of_one_column_keeps_its_missing_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [np.nan, 1.0, np.nan]})
    write_study(tmp_path, "toy", toy_findings(frame), PROVENANCE)
    pd.testing.assert_frame_equal(read_study(tmp_path / "toy").frames["t"], frame)


def test_writing_twice_gives_the_same_bytes_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_study(tmp_path, "toy", toy_findings(), PROVENANCE)
    first = snapshot(tmp_path)
    write_study(tmp_path, "toy", toy_findings(), PROVENANCE)
    assert snapshot(tmp_path) == first
    assert set(first) == {"toy/t.csv", "toy/f.png", "toy/meta.json"}


def test_provenance_names_versions_and_machine_but_no_host_and_no_path(tmp_path: Path) -> None:
    import platform

    write_study(tmp_path, "toy", toy_findings(), PROVENANCE)
    text = (tmp_path / "toy" / "meta.json").read_text()
    assert PROVENANCE.command == "convtwin run toy"
    assert set(PROVENANCE.versions) == {
        "python", "numpy", "tensorflow", "keras", "pandas", "matplotlib"
    }  # fmt: skip
    assert platform.node() not in text
    assert str(Path.home()) not in text
    assert str(Path.cwd()) not in text


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
@pytest.mark.parametrize("step", ["_write_csv", "_write_png", "_meta"])
def test_an_interrupted_write_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: type[BaseException]
) -> None:
    write_study(tmp_path, "toy", toy_findings(), PROVENANCE)
    before = snapshot(tmp_path)

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(results, step, fail)
    with pytest.raises(error):
        write_study(tmp_path, "toy", toy_findings(pd.DataFrame({"a": [2.0]})), PROVENANCE)
    assert snapshot(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]


@pytest.mark.parametrize("interrupted_rename", [1, 2])
def test_an_interruption_between_the_renames_puts_the_old_results_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupted_rename: int
) -> None:
    write_study(tmp_path, "toy", toy_findings(), PROVENANCE)
    before = snapshot(tmp_path)
    rename, calls = Path.rename, []

    def interrupt(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == interrupted_rename:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_study(tmp_path, "toy", toy_findings(pd.DataFrame({"a": [2.0]})), PROVENANCE)
    assert snapshot(tmp_path) == before


def test_a_root_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file" / "quick", Path("/proc/nowhere")):
        with pytest.raises(ResultsError, match=r"Results cannot be written to .*; choose another"):
            prepare_root(root)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("meta.json", None, "has no meta.json"),
        ("meta.json", "{", "does not hold a study's results"),
        ("meta.json", "[]", "does not hold a study's results"),
        ("meta.json", '{"tables": []}', "'provenance'"),
        ("t.csv", None, "has no t.csv"),
        ("t.csv", "b\n1\n", "does not hold a study's results"),
        ("t.csv", "a\nfoo\n", "foo"),
        ("f.png", None, "has no f.png"),
    ],
)
def test_a_damaged_folder_gives_one_sentence(
    tmp_path: Path, file: str, content: str | None, message: str
) -> None:
    folder = write_study(tmp_path, "toy", toy_findings(), PROVENANCE)
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content)
    with pytest.raises(ResultsError, match=message):
        read_study(folder)


def test_an_empty_root_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="holds no results; run `convtwin run`"):
        read_root(tmp_path)
