"""Merging with broadcast, against TensorFlow and the definition of a gradient."""

import numpy as np
import pytest
import tensorflow as tf

from scratch import functional as F  # noqa: N812
from tests.scratch.functional.oracles import assert_same, complex_step, frozen, normal

IMAGE = (2, 5, 4, 3)
SHAPES = {
    "two": [IMAGE, IMAGE],
    "four": [IMAGE] * 4,
    "one": [IMAGE],
    "gate": [IMAGE, (2, 1, 1, 3)],
    "gates": [(2, 1, 1, 3), (2, 5, 1, 1), IMAGE, (2, 5, 4, 1)],
    "ranks": [IMAGE, (2, 3), (2, 4, 1)],
    "batch": [(1, 6), (1, 1)],
}
KERAS = {
    "add": tf.add,
    "subtract": tf.subtract,
    "multiply": tf.multiply,
    "maximum": tf.maximum,
    "minimum": tf.minimum,
}


def scratch(name, xs):
    """Output and a function from dy to the gradients."""
    shapes = [x.shape for x in xs]
    if name in ("maximum", "minimum"):
        y, winner = getattr(F, name)(xs)
        return y, lambda dy: F.extreme_backward(dy, winner, shapes)
    given = xs if name == "multiply" else shapes
    return getattr(F, name)(xs), lambda dy: getattr(F, f"{name}_backward")(dy, given)


def by_tensorflow(name, xs):
    tensors = [tf.constant(x) for x in xs]
    rank = max(x.ndim for x in xs)
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        wide = [tf.reshape(x, (x.shape[0], *[1] * (rank - x.ndim), *x.shape[1:])) for x in tensors]
        y = wide[0]
        for x in wide[1:]:
            y = KERAS["add" if name == "average" else name](y, x)
        y = y / len(xs) if name == "average" else y
    dy = normal(9, *y.shape, dtype=xs[0].dtype.name)
    return y, dy, tape.gradient(y, tensors, tf.constant(dy))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "case"),
    [
        (name, case)
        for name in (*KERAS, "average")
        for case in SHAPES
        if name != "subtract" or len(SHAPES[case]) == 2
    ],
)
def test_against_tensorflow(name, case, dtype):
    xs = [normal(seed, *shape, dtype=dtype) for seed, shape in enumerate(SHAPES[case])]
    if name in ("maximum", "minimum"):
        xs = [frozen(np.round(x)) for x in xs]  # ties
    y_keras, dy, dx_keras = by_tensorflow(name, xs)
    y, backward = scratch(name, xs)
    rtol = 1e-6 if dtype == "float32" else 1e-14
    assert_same("output", y, y_keras, rtol)
    for dx, expected in zip(backward(dy), dx_keras, strict=True):
        assert_same("dx", dx, expected, rtol)


@pytest.mark.parametrize("case", ["four", "gates", "ranks"])
def test_a_product_with_zeros_has_a_gradient(case):
    """Where a factor is zero, that factor's gradient is the product of the others."""
    xs = [normal(seed, *shape).copy() for seed, shape in enumerate(SHAPES[case])]
    xs[0].flat[::3] = 0
    xs[1].flat[::2] = 0
    dy = normal(9, *F.multiply(xs).shape)
    for i, dx in enumerate(F.multiply_backward(dy, xs)):
        exact = complex_step(lambda x, i=i: F.multiply([*xs[:i], x, *xs[i + 1 :]]), xs[i], dy)
        assert_same("dx", dx, exact)


@pytest.mark.parametrize(("name", "better"), [("maximum", 7.0), ("minimum", -7.0)])
def test_the_first_of_equal_inputs_gets_the_gradient(name, better):
    equal = np.full((1, 3), 2.0)
    other = np.array([[better, 2.0, 2.0]])
    _, backward = scratch(name, [equal, other, equal])
    np.testing.assert_array_equal(
        np.stack(backward(np.ones((1, 3)))), [[[0, 1, 1]], [[1, 0, 0]], [[0, 0, 0]]]
    )


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_not_a_number_wins_as_in_tensorflow(name):
    xs = [np.array([[np.nan, 1.0, 2.0, np.nan]]), np.array([[1.0, np.nan, 2.0, np.nan]])]
    y_keras, dy, dx_keras = by_tensorflow(name, xs)
    y, backward = scratch(name, xs)
    np.testing.assert_array_equal(y, y_keras)
    for dx, expected in zip(backward(dy), dx_keras, strict=True):
        np.testing.assert_array_equal(dx, expected)


@pytest.mark.parametrize("case", SHAPES)
def test_add_over_the_first(case):
    xs = [normal(i, *shape) for i, shape in enumerate(SHAPES[case])]
    expected, given = F.add(xs), [x.copy() for x in xs]
    np.testing.assert_array_equal(F.add_over(given), expected)
    if expected.shape == xs[0].shape:
        np.testing.assert_array_equal(given[0], expected)
    for x, before in zip(given[1:], xs[1:], strict=True):
        np.testing.assert_array_equal(x, before)
