"""What is in a data set: counts, exact duplicates, and whether another source holds the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.signs import SignsData
from experiments.signs.photos import CLASSES, SIZE, Photos, digests


@dataclass(frozen=True)
class Audit:
    """The findings of `audit`. Training means the training set with its validation split.

    Attributes:
        counts: photographs of each class (rows) in train, val, train + val, and test (columns).
        total: photographs in all.
        unique: different photographs among them.
        inside: for each split, how many of its photographs repeat an earlier one of it.
        test_in_training: test photographs whose exact twin is in the training set.
        val_in_train: validation photographs whose exact twin is in the rest of the training set.
        conflicts: groups of twins that carry more than one label.
    """

    counts: pd.DataFrame
    total: int
    unique: int
    inside: dict[str, int]
    test_in_training: int
    val_in_train: int
    conflicts: int

    @property
    def findings(self) -> list[tuple[str, int]]:
        """What was counted, in words, with its number."""
        tests = int(self.counts["test"].sum())
        return [
            ("photographs", self.total),
            ("different photographs", self.unique),
            *((f"repeats inside {split}", count) for split, count in self.inside.items()),
            ("val photographs with an exact twin in train", self.val_in_train),
            ("test photographs with an exact twin in train or val", self.test_in_training),
            ("test photographs without one", tests - self.test_in_training),
            ("groups of twins with more than one label", self.conflicts),
        ]


@dataclass(frozen=True)
class Resaved:
    """How the photographs of one source are found again in another, by the nearest image.

    Attributes:
        photographs: how many were looked up.
        identical: how many are there pixel for pixel.
        same_label: how many carry the label of their nearest image.
        mean_rmse: root mean square pixel difference to the nearest image, averaged, of 255.
        largest_rmse: the largest of them.
    """

    photographs: int
    identical: int
    same_label: int
    mean_rmse: float
    largest_rmse: float


def audit(signs: SignsData) -> Audit:
    """Count classes and exact duplicates. Two photographs are twins if all their pixels agree."""
    split = np.where(signs.train_is_val, "val", "train").tolist() + ["test"] * len(signs.y_test)
    photographs = pd.DataFrame(
        {
            "split": pd.Categorical(split, ["train", "val", "test"]),
            "label": np.concatenate([signs.y_train, signs.y_test]),
            "pixels": digests(signs.x_train) + digests(signs.x_test),
        }
    )
    counts = pd.crosstab(photographs["label"], photographs["split"], dropna=False)
    counts.columns = counts.columns.astype(str)
    counts.insert(2, "train + val", counts["train"] + counts["val"])
    pixels = {name: part["pixels"] for name, part in photographs.groupby("split", observed=False)}
    return Audit(
        counts=counts.reindex(range(CLASSES), fill_value=0).rename_axis(index="class"),
        total=len(photographs),
        unique=photographs["pixels"].nunique(),
        inside={str(name): int(part.duplicated().sum()) for name, part in pixels.items()},
        test_in_training=int(signs.test_has_twin.sum()),
        val_in_train=int(pixels["val"].isin(pixels["train"]).sum()),
        conflicts=int((photographs.groupby("pixels")["label"].nunique() > 1).sum()),
    )


def count_repeats(photos: Photos) -> int:
    """How many photographs repeat an earlier one, pixel for pixel."""
    return len(photos.y) - len(set(digests(photos.x)))


def find_again(photos: Photos, other: Photos) -> Resaved:
    """Look up each photograph among `other`'s, by the smallest root mean square difference."""
    a = photos.x.reshape(len(photos.y), -1).astype(np.float64)
    b = other.x.reshape(len(other.y), -1).astype(np.float64)
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * a @ b.T  # (len(a), len(b))
    nearest = squares.argmin(axis=1)
    rmse = np.sqrt(((a - b[nearest]) ** 2).mean(axis=1))
    return Resaved(
        photographs=len(a),
        identical=int((rmse == 0).sum()),
        same_label=int((photos.y == other.y[nearest]).sum()),
        mean_rmse=float(rmse.mean()),
        largest_rmse=float(rmse.max()),
    )


def contact_sheet(signs: SignsData, columns: int = 12) -> Figure:
    """A figure with a row for each class: photographs spread evenly over its training set."""
    x, y = signs.x_train, signs.y_train
    sheet = np.full((CLASSES * SIZE, columns * SIZE, 3), 255, np.uint8)
    for label in range(CLASSES):
        members = np.flatnonzero(y == label)
        count = min(columns, len(members))
        chosen = members[np.linspace(0, len(members) - 1, count).round().astype(int)]
        row = slice(label * SIZE, (label + 1) * SIZE)
        for column, photo in enumerate(x[chosen]):
            sheet[row, column * SIZE : (column + 1) * SIZE] = photo

    figure = Figure(figsize=(columns * 0.8 + 0.8, CLASSES * 0.8 + 0.8), layout="constrained")
    axes = figure.subplots()
    axes.imshow(sheet, interpolation="nearest")
    axes.set_yticks([(label + 0.5) * SIZE for label in range(CLASSES)], map(str, range(CLASSES)))
    axes.set_xticks([])
    axes.set_ylabel("class")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_title(signs.source, fontsize="medium", wrap=True)
    return figure
