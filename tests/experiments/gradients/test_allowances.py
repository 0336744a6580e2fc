"""The bounds of the gradient check: third derivatives and path magnitudes, each against samples."""

import functools
from decimal import Decimal, localcontext

import numpy as np
import pytest

from experiments.derivatives import complex_step
from experiments.gradients.cases import CASES
from experiments.gradients.layer_allowances import (
    softmax_paths,
    softmax_third_derivative,
)
from experiments.gradients.layer_subject import layer_subject
from experiments.gradients.loss_subject import LOSS_CASES, LossSubject, loss_subject
from experiments.gradients.normalization_allowance import third_derivative
from scratch import functional as F  # noqa: N812

SEEDS = range(25)


def third_difference(function, t: float, h: float = 2.0**-7) -> float:
    """Of a function of one number; off by h^2 f^(5) / 4."""
    values = [function(t + k * h) for k in (2, 1, -1, -2)]
    return (values[0] - 2 * values[1] + 2 * values[2] - values[3]) / (2 * h**3)


@pytest.mark.parametrize("seed", SEEDS)
def test_softmax_bends_no_more_than_its_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, v, dy = 2 * rng.standard_normal((3, 5))
    bound = softmax_third_derivative(dy, np.ptp(v))
    for t in np.linspace(-2, 2, 9):
        found = third_difference(lambda s: (dy * F.softmax(z + s * v)).sum(), t)
        assert abs(found) <= 1.05 * bound


@pytest.mark.parametrize("seed", SEEDS)
def test_batch_normalization_bends_no_more_than_its_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, dy = rng.standard_normal((2, 6, 3))
    gamma, epsilon = rng.standard_normal((1, 3)), 10.0 ** rng.uniform(-3, 0)
    bound = third_derivative(x, gamma * dy, (0,), epsilon)

    def loss(value: float, index: tuple[int, int]) -> float:
        moved = x.copy()
        moved[index] = value
        mean, variance = F.moments(moved, (0,))
        return float((dy * F.normalize(moved, mean, variance, gamma, None, epsilon)).sum())

    largest = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        for value in np.linspace(-3, 3, 13):
            found = abs(third_difference(lambda s, index=index: loss(s, index), value))
            largest[index] = max(largest[index], found)
    assert (largest <= 1.05 * bound).all()
    assert (largest > bound / 200).any()  # It is not merely infinite.


@pytest.mark.parametrize("case", LOSS_CASES, ids=str)
def test_losses_bend_no_more_than_their_bounds(case) -> None:
    for seed in range(5):
        subject = loss_subject(case, seed)
        bound = np.broadcast_to(
            subject.allowances()["grad_input"].third_derivative, subject.y_pred.shape
        )
        h = 2.0**-9 if case.from_logits is False else 2.0**-7
        for index in np.ndindex(subject.y_pred.shape):
            along = functools.partial(loss_at, subject, index)
            found = third_difference(along, float(subject.y_pred[index]), h)
            assert abs(found) <= 1.1 * bound[index] + 1e-9


def loss_at(subject: LossSubject, index: tuple[int, ...], value: float) -> float:
    """The loss with one prediction changed."""
    moved = subject.y_pred.copy()
    moved[index] = value
    return float((subject.dy * subject.function("grad_input")(moved)).sum())


@pytest.mark.parametrize("case", LOSS_CASES, ids=str)
def test_probabilities_are_longer_than_two_steps(case) -> None:
    """The bound of the third derivative takes half of every probability for granted."""
    for seed in range(25):
        subject = loss_subject(case, seed)
        assert case.from_logits is not False or subject.y_pred.min() > 2 * 2.0**-10


def exact_softmax_gradient(z: np.ndarray, dy: np.ndarray) -> list[Decimal]:
    exponentials = [Decimal(float(value)).exp() for value in z]
    y = [e / sum(exponentials) for e in exponentials]
    upstream = [Decimal(float(value)) for value in dy]
    weighted = sum(d * p for d, p in zip(upstream, y, strict=True))
    return [p * (d - weighted) for d, p in zip(upstream, y, strict=True)]


@pytest.mark.parametrize("spread", [0.1, 2.0, 15.0])
def test_every_order_of_the_softmax_gradient_is_within_its_paths(spread: float) -> None:
    rng = np.random.default_rng(3)
    z, dy = spread * rng.standard_normal((20, 6)), rng.standard_normal((20, 6))
    magnitude, n = softmax_paths(z, dy)
    allowed = n * 2.0**-53 * magnitude
    by_step = complex_step(F.softmax, z, dy)
    by_formula = F.softmax_backward(dy, F.softmax(z))
    with localcontext() as digits:
        digits.prec = 50
        for row in range(len(z)):
            exact = exact_softmax_gradient(z[row], dy[row])
            for found in (by_step[row], by_formula[row]):
                pairs = zip(found, exact, strict=True)
                errors = np.array([float(abs(Decimal(float(a)) - e)) for a, e in pairs])
                assert (errors <= allowed[row]).all()


def test_bounds_are_tight_enough_to_mean_something() -> None:
    """1e-11 of the largest number or less, in every gradient that TensorFlow has in float64."""
    for subject in [
        *(layer_subject(c, 1) for c in CASES),
        *(loss_subject(c, 1) for c in LOSS_CASES),
    ]:
        # TensorFlow interpolates in float32, whatever the dtype.
        bilinear = subject.layer_type in ("Resizing", "UpSampling2D")
        share = 1e-3 if bilinear else 1e-11
        allowances = subject.allowances()
        for tensor, gradient in subject.gradients().items():
            assert (allowances[tensor].any_order <= share * np.abs(gradient).max() + 1e-300).all()
