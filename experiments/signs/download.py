"""Download SIGNS from public repositories: pinned commits, SHA-256 checked, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import pooch

from experiments.signs.photos import DataError

_TIMEOUT = (5, 15)  # seconds to connect, and between two pieces


class DownloadError(DataError):
    """The data could not be downloaded."""


class ProgressBar(Protocol):
    """What is told how far a download is, in bytes."""

    total: int

    def update(self, count: int) -> None:
        """`count` more bytes have arrived."""

    def reset(self) -> None:
        """Count from zero again."""

    def close(self) -> None:
        """The download is complete."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of a public GitHub repository at one commit."""

    repository: str
    commit: str
    path: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's own name."""
        return Path(self.path).name

    @property
    def url(self) -> str:
        """Where its raw content is served."""
        return (
            f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/{quote(self.path)}"
        )


SIGNS_ZIP = RemoteFile(
    repository="HectorPulido/signs-dataset-with-pytorch-opencv",
    commit="99b1f432b4a44cbca0f30bfc84b2dbf5cb56b5c5",
    path="source/64x64_SIGNS.zip",
    sha256="83c747d0be0cb1f478c72f62f1dbb7e7b971e5f852ac614cefbf12a6fe75adac",
)
"""All 1,200 photographs in the layout of CS230, 1.5 MB; the repository is under the MIT licence."""

_COURSE = "abdur75648/Deep-Learning-Specialization-Coursera"
_COURSE_COMMIT = "cd9cb9a20b62aa2e1fbe52766a09f12edbb19001"
_COURSE_FOLDER = (
    "Improving Deep Neural Networks: Hyperparameter tuning, Regularization and Optimization"
    "/week7/datasets"
)
HDF5_PAIR = (
    RemoteFile(
        repository=_COURSE,
        commit=_COURSE_COMMIT,
        path=f"{_COURSE_FOLDER}/train_signs.h5",
        sha256="47480709d99f2ea6ae428ecc491fc6f65ff1d05336736dd859d5565e0ad3cf74",
    ),
    RemoteFile(
        repository=_COURSE,
        commit=_COURSE_COMMIT,
        path=f"{_COURSE_FOLDER}/test_signs.h5",
        sha256="539fb746ed9e947eb244cfca73f4d1b03f9bf5524d609eeed2cd76ddb1b179be",
    ),
)
"""The course's own two files, 14.8 MB: the pixels before they were saved as JPEG."""


def data_folder() -> Path:
    """Where downloads go: `data/signs/` of the project, or the user's cache when installed."""
    project = Path(__file__).resolve().parents[2]
    if (project / "pyproject.toml").is_file():
        return project / "data" / "signs"
    return Path(pooch.os_cache("convtwin")) / "signs"


def fetch_zip(folder: Path, progress: ProgressBar | None = None) -> Path:
    """Download the zip archive into `folder`, unless it is there already, and return its path.

    Raises:
        DownloadError: no network, the wrong content, or a folder that cannot be written.
    """
    return _fetch(SIGNS_ZIP, folder, progress)


def fetch_hdf5(folder: Path, progress: ProgressBar | None = None) -> Path:
    """Download the course's HDF5 pair into `folder`, unless it is there already; return `folder`.

    Raises:
        DownloadError: no network, the wrong content, or a folder that cannot be written.
    """
    for file in HDF5_PAIR:
        _fetch(file, folder, progress)
    return folder


def _fetch(file: RemoteFile, folder: Path, progress: ProgressBar | None) -> Path:
    pooch.get_logger().setLevel("WARNING")  # the caller says what is done
    downloader = pooch.HTTPDownloader(progressbar=progress or False, timeout=_TIMEOUT)
    try:
        pooch.retrieve(file.url, f"sha256:{file.sha256}", file.name, folder, downloader=downloader)
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise DownloadError(f"{folder} cannot be written; choose another folder.") from error
    except OSError as error:  # the network's own errors are among them
        raise DownloadError(
            f"{file.url} could not be downloaded ({type(error).__name__}); check the network, "
            "or fetch the file by other means and name it with --data or SIGNS_DATA."
        ) from error
    except ValueError as error:
        raise DownloadError(
            f"{file.url} did not deliver the pinned content (its SHA-256 differs); "
            "nothing was kept."
        ) from error
    return folder / file.name
