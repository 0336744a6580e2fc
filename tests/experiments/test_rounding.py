"""The error bounds hold for what NumPy and TensorFlow compute, against exact rational numbers."""

import itertools
import math
import operator
from fractions import Fraction

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from experiments.rounding import Bounded, Precision, exactly, widest

DTYPES = ("float32", "float64")
U = {"float32": 2.0**-24, "float64": 2.0**-53}
P = Precision("float32")


def single(bound: float = 1e4, subnormal: bool = True):
    """float32 numbers of either sign, of all magnitudes up to `bound`."""
    bound = float(np.float32(bound))
    return st.floats(-bound, bound, width=32, allow_subnormal=subnormal)


def arrays(shape, elements=None):
    return hnp.arrays(np.float32, shape, elements=single() if elements is None else elements)


def assert_inside(computed: np.ndarray, bounded: Bounded, radius: int = 1) -> None:
    """Every computed number lies within the deterministic radius."""
    assert computed.dtype == np.float32
    error = np.abs(computed.astype(np.float64) - bounded.value)
    assert (error <= bounded.radii[radius]).all(), (error / bounded.radii[radius]).max()


def assert_nested(bounded: Bounded) -> None:
    likely, certain, flipping = bounded.radii
    assert (likely <= certain).all()
    assert (certain <= flipping).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_unit_roundoff_and_gamma_are_highams(dtype: str) -> None:
    p, u = Precision(dtype), Fraction(U[dtype])
    assert p.u == u
    assert p.tiny == np.finfo(dtype).tiny
    assert p.gamma(0) == 0
    for n in (1, 27, 4096):
        assert p.gamma(n) == pytest.approx(float(n * u / (1 - n * u)), rel=1e-15)
    assert p.gamma(int(1 / u)) == math.inf
    assert p.gamma(int(1 / u) - 1) < math.inf


def test_the_probabilistic_factor_is_higham_and_marys() -> None:
    n, elements = 10_000, 5
    likely, certain, flipping = P.factor(n, elements)
    # A sum is outside with probability 2 n exp(-lambda^2 (1 - u)^2 / 2), and of all the elements
    # none is but once in 10,000 tensors.
    confidence = math.sqrt(2 * math.log(2 * n * elements * 1e4)) / (1 - P.u)
    assert likely == pytest.approx(confidence * math.sqrt(n) * P.u, rel=1e-3)
    assert certain == flipping == P.gamma(n)
    assert likely < certain / 10


def test_few_roundings_have_no_probabilistic_bound_below_the_certain_one() -> None:
    assert set(P.factor(3, 100)) == {P.gamma(3)}
    assert not P.factor(0, 100).any()


def test_where_no_bound_exists_the_radius_is_infinite_and_a_sum_of_zeros_still_zero() -> None:
    total = P.sum(exactly(np.array([[1.0, 0.0]])), lambda x: x.sum(axis=0), n=2**24)
    assert total.radii[1].tolist() == [math.inf, 0.0]


@given(st.integers(1, 60).flatmap(arrays), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_sums_in_any_order_stay_inside(x: np.ndarray, random) -> None:
    bounded = P.sum(P.given(x[:, None]), lambda a: a.sum(axis=0), n=len(x) - 1)
    exact = sum(map(Fraction, x.tolist()), Fraction())
    shuffled = x.copy()
    random.shuffle(shuffled)
    one_by_one = itertools.accumulate(shuffled, np.add)
    orders = {
        "pairwise": x.sum(dtype=np.float32),
        "one by one": list(one_by_one)[-1],
        "by size": np.cumsum(np.sort(x), dtype=np.float32)[-1],
        "blas": np.ones(len(x), np.float32) @ x,
        "tensorflow": tf.reduce_sum(x).numpy(),
    }
    for order, total in orders.items():
        assert abs(Fraction(float(total)) - exact) <= Fraction(float(bounded.radii[1, 0])), order
    assert_nested(bounded)


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(arrays((3, n)), arrays((n, 2)))))
@settings(max_examples=150, deadline=None)
def test_dot_products_stay_inside(operands: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = operands
    bounded = P.dot(np.matmul, P.given(a), P.given(b), n=a.shape[1])
    rational_a, rational_b = (np.vectorize(Fraction, otypes=[object])(m.tolist()) for m in (a, b))
    exact = rational_a @ rational_b
    largest = rational_a.__abs__() @ rational_b.__abs__()
    products = (a @ b, (a[:, :, None] * b).sum(axis=1), tf.matmul(a, b).numpy())
    for computed, (i, j) in itertools.product(products, np.ndindex(3, 2)):
        error = abs(Fraction(float(computed[i, j])) - exact[i, j])
        assert error <= Fraction(float(bounded.radii[1, i, j]))
    # gamma_n (|x| . |w|), and next to it only what is lost below the smallest normal number.
    for i, j in np.ndindex(3, 2):
        gamma = P.gamma(a.shape[1]) * float(largest[i, j])
        assert bounded.radii[1, i, j] == pytest.approx(gamma, rel=1e-3, abs=3e5 * P.tiny)


def test_a_bound_is_not_vacuous() -> None:
    """One addition is rounded by at most half a unit in the last place: the radius is no wider."""
    a, b = np.float32([[1.0]]), np.float32([[2.0**-24]])
    bounded = P.add(exactly(a), exactly(b))
    assert_inside(a + b, bounded)  # A tie, rounded down: the error is the whole radius.
    assert abs(1.0 - bounded.value.item()) > 0.999 * bounded.radii[1].item()
    next_number = np.nextafter(a + b, np.float32(2), dtype=np.float32)
    assert abs(np.nextafter(next_number, np.float32(2)) - bounded.value) > bounded.radii[1]


def inexact(size: int = 6):
    """Values that carry an error already: (what was computed, with its bound)."""

    def perturbed(pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, Bounded]:
        computed, relative = pair
        exact = computed + relative.astype(np.float64) * np.abs(computed)
        radius = np.abs(exact - computed)  # Of the sum as float64 rounds it.
        return computed, Bounded(exact, radius + P.given(computed).radii)

    shares = arrays(size, single(2.0**-8))
    return st.tuples(arrays(size), shares).map(perturbed)


@given(inexact(), inexact())
@settings(max_examples=200, deadline=None)
def test_operations_on_inexact_values_carry_their_errors_on(a, b) -> None:
    (x, bounded_x), (y, bounded_y) = a, b
    for compute, bound in (
        (operator.add, P.add),
        (operator.sub, P.subtract),
        (operator.mul, P.multiply),
        (operator.add, P.total),
    ):
        bounded = bound(bounded_x, bounded_y)
        assert_inside(compute(x, y), bounded)
        assert_inside(compute(tf.constant(x), tf.constant(y)).numpy(), bounded)
        assert_nested(bounded)
    dot = P.dot(np.dot, bounded_x, bounded_y, n=6)
    assert_inside(np.dot(x, y), dot)
    assert_inside((x * y).sum(), dot)


@given(inexact(), inexact())
@settings(max_examples=200, deadline=None)
def test_quotients_roots_and_exponentials_stay_inside(a, b) -> None:
    (x, bounded_x), (y, bounded_y) = a, b
    shift = np.float32(0.25)
    positive = np.abs(y) + shift
    bounded_positive = P.add(
        Bounded(np.abs(bounded_y.value), bounded_y.radii), exactly(np.full(6, 0.25))
    )
    quotient = P.divide(bounded_x, bounded_positive)
    assert_inside(x / positive, quotient)
    assert_inside(x * (1 / positive), quotient)
    assert_inside((tf.constant(x) * tf.math.reciprocal(positive)).numpy(), quotient)
    root = P.reciprocal_sqrt(bounded_positive)
    assert_inside(1 / np.sqrt(positive), root)
    assert_inside(tf.math.rsqrt(positive).numpy(), root)
    scaled = P.scale(bounded_x, 1 / 49)
    assert_inside(x / np.float32(49), scaled)
    assert_inside(x * np.float32(1 / 49), scaled)
    negative = Bounded(-np.abs(bounded_x.value), bounded_x.radii)
    exponential = P.exp(negative)
    assert_inside(np.exp(-np.abs(x)), exponential)
    assert_inside(tf.exp(-np.abs(x)).numpy(), exponential)
    for bounded in (quotient, root, scaled, exponential):
        assert_nested(bounded)


def test_a_floor_bounds_what_the_radii_do_not() -> None:
    """A variance of which only its sign is certain: the root stays within what epsilon allows."""
    epsilon = 1e-3
    doubtful = Bounded(np.array([epsilon]), np.full((3, 1), 1.0))
    radius = P.reciprocal_sqrt(doubtful, floor=epsilon).radii[1, 0]
    assert 1 / math.sqrt(epsilon) - 1 / math.sqrt(epsilon + 1.0) < radius < 1e6
    assert P.divide(exactly(np.array([3.0])), doubtful, floor=0.5).radii[1, 0] < 1e7


@pytest.mark.parametrize(
    ("function", "exact", "above"),
    [
        (tf.math.reciprocal, lambda x: 1 / x, (1, 2)),
        (tf.math.rsqrt, lambda x: 1 / np.sqrt(x), (1, 2)),
        (tf.math.rsqrt, lambda x: 1 / np.sqrt(x), (2, 4)),
    ],
)
def test_tensorflows_newton_steps_for_every_mantissa(function, exact, above) -> None:
    """Exhaustive: both functions repeat from one power of two (or four) to the next."""
    first, last = (np.float32(x).view(np.int32) for x in above)
    x = np.arange(first, last, 3, dtype=np.int32).view(np.float32)
    value = exact(x.astype(np.float64))
    relative = np.abs(function(x).numpy() / value - 1)
    assert relative.max() <= 6 * P.u


def test_what_counts_as_zero_below_the_smallest_normal_number_is_allowed_for() -> None:
    x = np.float32([1e-39, -3e-45, 0.0, 1e-38, 2e-38])
    given_x = P.given(x)
    assert (given_x.radii > 0).tolist() == [[True, True, False, True, False]] * 3
    for factor in np.float32([1e3, 0.5, 1e-10]):
        product = P.multiply(given_x, P.given(np.full(5, factor)))
        assert_inside(x * factor, product)
        assert_inside((tf.constant(x) * factor).numpy(), product)
    kernel = np.full((5, 2), 1e3, np.float32)
    dot = P.dot(np.matmul, P.given(x[None]), P.given(kernel), n=5)
    assert_inside(x[None] @ kernel, dot)
    assert_inside(tf.matmul(x[None], kernel).numpy(), dot)
    logits = np.float32([[0.0, -80.0, -86.9, -87.2, -88.0, -95.0, -103.0, -1000.0]])
    exponential = P.exp(exactly(logits))
    assert_inside(np.exp(logits), exponential)
    assert_inside(tf.nn.softmax(logits).numpy(), exponential)  # Their sum is 1 but for 1e-35.


def test_zeros_stay_exact() -> None:
    zeros = P.given(np.zeros((2, 3)))
    for bounded in (
        P.multiply(zeros, P.given(np.ones((2, 3)))),
        P.dot(np.matmul, zeros, P.given(np.ones((3, 2))), n=3),
        P.sum(zeros, lambda a: a.sum(axis=0), n=2),
        P.total(zeros, zeros),
    ):
        assert not bounded.radii.any()


def test_broadcasting_aligns_values_and_radii() -> None:
    rows = Bounded(np.ones((4, 3)), np.full((3, 4, 3), 0.5))
    row = Bounded(np.arange(3.0), np.arange(9.0).reshape(3, 3))
    for bounded in (P.add(rows, row), P.multiply(rows, row), P.total(rows, row, row)):
        assert bounded.value.shape == (4, 3)
        assert bounded.radii.shape == (3, 4, 3)
    np.testing.assert_allclose(P.add(rows, row).radii[2, 0], [6.5, 7.5, 8.5], rtol=1e-5)


def test_the_widest_of_two_bounds_is_element_by_element() -> None:
    a = Bounded(np.zeros(2), np.array([[1.0, 4.0]] * 3))
    b = Bounded(np.zeros(2), np.array([[2.0, 3.0]] * 3))
    assert widest(a, b).radii.tolist() == [[2.0, 4.0]] * 3
