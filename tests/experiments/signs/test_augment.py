from __future__ import annotations

import numpy as np
import pytest

from experiments.signs.augment import augment


def batch(dtype: str, low: float, high: float, n: int = 16) -> np.ndarray:
    values = np.random.default_rng(0).uniform(low, high, (n, 20, 26, 3))
    return values.astype(dtype)


CASES = [("uint8", 0, 255), ("float32", 0, 1), ("float64", 0, 1)]


@pytest.mark.parametrize(("dtype", "low", "high"), CASES)
def test_shape_dtype_range_and_source_are_kept(dtype: str, low: float, high: float) -> None:
    x = batch(dtype, low, high)
    before = x.copy()
    y = augment(x, np.random.default_rng(1))
    assert y.shape == x.shape
    assert y.dtype == x.dtype
    assert low <= y.min()
    assert y.max() <= high
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(y, augment(x, np.random.default_rng(1)))
    assert (y != augment(x, np.random.default_rng(2))).any()


def test_every_photograph_is_a_shift_a_mirror_image_and_a_change_of_light() -> None:
    """Search all shifts and both sides for the one that explains each photograph."""
    x = batch("float64", 0.2, 0.8, n=40)
    y = augment(x, np.random.default_rng(3))
    found = [explain(before, after) for before, after in zip(x, y, strict=True)]
    downs, rights, sides, lights = map(np.array, zip(*found, strict=True))
    assert set(sides) == {False, True}
    assert len(set(downs)) > 6
    assert len(set(rights)) > 6
    assert max(map(abs, (*downs, *rights))) <= 6
    assert 0.85 <= lights.min() < 0.9
    assert 1.1 < lights.max() <= 1.15


def explain(before: np.ndarray, after: np.ndarray) -> tuple[int, int, bool, float]:
    height, width, _ = before.shape
    padded = np.pad(before, ((6, 6), (6, 6), (0, 0)), "edge")
    for down in range(-6, 7):
        for right in range(-6, 7):
            moved = padded[6 + down : 6 + down + height, 6 + right : 6 + right + width]
            for mirrored in (False, True):
                ratio = after / (moved[:, ::-1] if mirrored else moved)
                if np.ptp(ratio) < 1e-9:
                    return down, right, mirrored, float(ratio.mean())
    raise AssertionError("no shift, side and light explain this photograph")
