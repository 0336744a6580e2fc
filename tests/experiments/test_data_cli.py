from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pooch
import pytest
import requests
from PIL import Image
from typer.testing import CliRunner, Result

from experiments.data_cli import data_app
from experiments.signs import audit, download
from experiments.signs.photos import DataError
from tests.experiments.signs.samples import small_splits, write_cs230, write_hdf5_pair

CONTENT = b"the archive"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(data_app, [str(argument) for argument in arguments])


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | Exception], None]:
    """Say what the network answers to every request, content or an error."""
    pinned = replace(download.SIGNS_ZIP, sha256=hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(download, "SIGNS_ZIP", pinned)

    def answers(answer: bytes | Exception) -> None:
        def downloader(url: str, output_file: str, _: object) -> None:
            if isinstance(answer, Exception):
                raise answer
            Path(output_file).write_bytes(answer)

        monkeypatch.setattr(pooch, "HTTPDownloader", lambda **_: downloader)

    return answers


@pytest.mark.parametrize("command", ["fetch", "audit"])
def test_help_has_examples(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"convtwin data {command}" in result.output


def test_fetch_says_where_the_data_are(network: Callable, tmp_path: Path) -> None:
    network(CONTENT)
    result = run("fetch", "--output", tmp_path / "new")
    assert result.exit_code == 0
    assert str(tmp_path / "new" / "64x64_SIGNS.zip") in result.output
    assert (tmp_path / "new" / "64x64_SIGNS.zip").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (requests.ConnectionError("no route"), r"could not be downloaded \(ConnectionError\)"),
        (requests.Timeout(), r"could not be downloaded \(Timeout\)"),
        (requests.HTTPError("404"), r"could not be downloaded \(HTTPError\)"),
        (b"something else", r"did not deliver the pinned content"),
    ],
)
def test_a_failed_fetch_leaves_nothing(
    network: Callable, answer: bytes | Exception, message: str, tmp_path: Path
) -> None:
    network(answer)
    result = run("fetch", "--output", tmp_path)
    with pytest.raises(download.DownloadError, match=message):
        raise result.exception
    assert list(tmp_path.iterdir()) == []


def test_fetch_into_a_place_that_is_a_file(network: Callable, tmp_path: Path) -> None:
    network(CONTENT)
    (tmp_path / "taken").write_text("")
    result = run("fetch", "--output", tmp_path / "taken")
    assert isinstance(result.exception, DataError)
    assert "cannot be written" in str(result.exception)


def test_the_pinned_addresses_are_complete() -> None:
    for file in (download.SIGNS_ZIP, *download.HDF5_PAIR):
        assert file.url.startswith("https://raw.githubusercontent.com/")
        assert " " not in file.url
        assert len(file.commit) == 40
        assert len(file.sha256) == 64


def test_audit_prints_the_counts(tmp_path: Path) -> None:
    write_hdf5_pair(tmp_path, small_splits())
    lines = run("audit", "--data", tmp_path).output.splitlines()
    assert any("HDF5" in line for line in lines)
    row = next(line for line in lines if "│ all " in line)
    assert [cell.strip() for cell in row.split("│")[2:-1]] == ["30", "0", "30", "12"]


def test_audit_against_a_second_source(tmp_path: Path) -> None:
    splits = small_splits()
    write_cs230(tmp_path / "jpeg", splits)
    write_hdf5_pair(tmp_path / "pair", splits)
    for second in (tmp_path / "pair", tmp_path / "pair" / "test_signs.h5"):
        output = run("audit", "--data", tmp_path / "jpeg", "--against", second).output
        row = next(line for line in output.splitlines() if "same label" in line)
        assert row.split("│")[2].strip() == "12"


def test_audit_writes_the_contact_sheet(tmp_path: Path) -> None:
    write_hdf5_pair(tmp_path / "data", small_splits())
    result = run("audit", "--data", tmp_path / "data", "--output", tmp_path / "out" / "sheets")
    assert result.exit_code == 0
    assert [path.name for path in (tmp_path / "out" / "sheets").iterdir()] == ["contact_sheet.png"]
    with Image.open(tmp_path / "out" / "sheets" / "contact_sheet.png") as image:
        image.load()
        assert image.format == "PNG"


def test_an_interrupted_contact_sheet_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        def savefig(self, stream: BinaryIO, **_: object) -> None:
            stream.write(b"half")
            raise KeyboardInterrupt

    monkeypatch.setattr(audit, "contact_sheet", lambda _: Interrupted())
    write_hdf5_pair(tmp_path / "data", small_splits())
    run("audit", "--data", tmp_path / "data", "--output", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_bad_data_propagates(tmp_path: Path) -> None:
    result = run("audit", "--data", tmp_path / "nowhere")
    assert isinstance(result.exception, DataError)


def test_a_sheet_that_cannot_be_written(tmp_path: Path) -> None:
    write_hdf5_pair(tmp_path / "data", small_splits())
    (tmp_path / "taken").write_text("")
    result = run("audit", "--data", tmp_path / "data", "--output", tmp_path / "taken")
    assert isinstance(result.exception, DataError)
    assert "cannot be written" in str(result.exception)
