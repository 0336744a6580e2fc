"""Numbers that try a rounding bound: ordinary, cancelling, far from zero, huge, nearly nothing."""

from collections.abc import Callable

import numpy as np

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def ordinary(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape)


def cancelling(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Large numbers whose sums are small."""
    values = 1e4 * rng.standard_normal(shape)
    flat = values.reshape(-1)
    half = flat.size // 2
    flat[half : 2 * half] = -flat[:half][::-1] * (1 + 1e-6 * rng.standard_normal(half))
    return values


def far_from_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A mean that is 10,000 deviations away from zero."""
    return 1e3 + 0.1 * rng.standard_normal(shape)


def of_all_sizes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape) * 10.0 ** rng.uniform(-12, 6, shape)


def near_underflow(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Around the smallest normal number, 1.2e-38: TensorFlow takes what is below for zero."""
    return rng.standard_normal(shape) * 10.0 ** rng.uniform(-40, -36, shape)


def constant(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.full(shape, 0.1)


def huge(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Squares add up to just below the largest float32."""
    return 1e16 * rng.standard_normal(shape)


DATA: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (
        ordinary,
        cancelling,
        far_from_zero,
        of_all_sizes,
        near_underflow,
        constant,
        huge,
    )
}
