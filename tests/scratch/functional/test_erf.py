"""The error function against 60 digits, and what lies at its ends."""

import math
from decimal import Decimal, getcontext, localcontext

import numpy as np
import pytest

from scratch.functional import erf, erfc

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def exact_erf(x: float) -> Decimal:
    """Its Maclaurin series, to far more digits than it cancels."""
    value = Decimal(x)
    term = total = value
    n = 0
    while abs(term) > Decimal(10) ** (1 - getcontext().prec):
        n += 1
        term = -term * value * value / n
        total += term / (2 * n + 1)
    return 2 / PI.sqrt() * total


def relative_errors(found: np.ndarray, expected: list[Decimal]) -> list[float]:
    pairs = zip(found, expected, strict=True)
    return [float(abs((Decimal(float(a)) - e) / e)) for a, e in pairs]


def test_both_are_exact_to_a_few_roundings() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-2, 5, 300), 10.0 ** rng.uniform(-12, 0, 100), [1 / 128]])
    with localcontext() as digits:
        digits.prec = 60
        expected = [exact_erf(v) for v in x]
        assert max(relative_errors(erf(x), expected)) < 4 * 2.0**-53
        assert max(relative_errors(erfc(x), [1 - e for e in expected])) < 4 * 2.0**-53


def test_float32_is_rounded_once() -> None:
    x = np.random.default_rng(1).uniform(-5, 10, 2000).astype("float32")
    for ours, libm in ((erf, math.erf), (erfc, math.erfc)):
        exact = np.array([libm(float(v)) for v in x])
        y = ours(x)
        assert y.dtype == "float32"
        assert (np.abs(y - exact) <= 0.5001 * np.spacing(np.abs(exact).astype("float32"))).all()


def test_far_tails() -> None:
    x = np.array([20.0, 26.0, 27.2, 28.0, 1e300, np.inf, -7.0, -np.inf])
    expected = [math.erfc(v) for v in x]
    np.testing.assert_allclose(erfc(x), expected, rtol=1e-14, atol=5e-323)
    np.testing.assert_array_equal(erf(x), [math.erf(v) for v in x])


def test_nan_stays_and_zero_keeps_its_value() -> None:
    with np.errstate(invalid="ignore"):
        assert np.isnan(erf(np.array([np.nan]))).all()
        assert np.isnan(erfc(np.array([np.nan]))).all()
    np.testing.assert_array_equal(erf(np.array([0.0, 1e-310])), [0, math.erf(1e-310)])


@pytest.mark.parametrize("shape", [(), (0,), (3, 1), (5, 7, 1001)])
def test_any_shape_and_layout(shape) -> None:
    x = np.random.default_rng(2).standard_normal(shape)
    np.testing.assert_allclose(erf(x), np.vectorize(math.erf, otypes=[float])(x), rtol=1e-15)
    np.testing.assert_array_equal(erf(x.T), erf(x).T)
