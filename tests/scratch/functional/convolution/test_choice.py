"""Which algorithm is chosen, by name or by what is fastest."""

from dataclasses import replace
from itertools import product
from threading import Thread

import numpy as np
import pytest

from scratch.functional import conv2d, conv2d_input_gradient, conv2d_kernel_gradient
from scratch.functional.convolution import ALGORITHMS, CHOICES, Problem, chosen, using_algorithm
from tests.scratch.functional.convolution.problems import LARGE, PASSES, SMALL, Case, run

MANY = Case((4, 33, 30, 192), (3, 3, 192, 256), padding="same")
"""For Winograd."""
STRIDED = replace(MANY, strides=(2, 1))
ALL = [*SMALL, *LARGE, MANY, STRIDED]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_can_compute_what_it_is_chosen_for(dtype: str) -> None:
    for case, which, algorithm in product(ALL, PASSES, ("auto", "exact")):
        problem = case.problem(dtype)
        assert chosen(which, problem, algorithm).can(which, problem)


def test_exact_is_elementwise() -> None:
    for case, which in product(ALL, PASSES):
        problem = case.problem("float32")
        assert chosen(which, problem, "exact").elementwise
        with using_algorithm("exact"):
            assert chosen(which, problem).elementwise


def test_winograd_is_chosen_for_many_channels_in_float32_alone() -> None:
    for which in PASSES:
        assert chosen(which, MANY.problem("float32")).name == "winograd"
        assert chosen(which, MANY.problem("float64")).elementwise
        assert chosen(which, STRIDED.problem("float32")).elementwise
        assert chosen(which, replace(MANY, x=(1, 8, 6, 192)).problem("float32")).elementwise


@pytest.mark.parametrize("name", ALGORITHMS)
def test_by_name_or_not_at_all(name: str) -> None:
    for case, which in product(ALL, PASSES):
        problem = case.problem("float32")
        if ALGORITHMS[name].can(which, problem):
            assert chosen(which, problem, name).name == name
        else:
            with pytest.raises(ValueError, match=f"The algorithm '{name}' has no {which} of a "):
                chosen(which, problem, name)


def test_a_refusal_says_what_was_asked_for() -> None:
    message = (
        r"'winograd' has no forward of a convolution \(4, 33, 30, 192\) -> \(4, 17, 30, 256\) "
        r"with kernel \(3, 3, 192, 256\), strides \(2, 1\), dilation \(1, 1\), in float32; "
        r"use 'auto'"
    )
    with pytest.raises(ValueError, match=message):
        chosen("forward", STRIDED.problem("float32"), "winograd")


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    known = ", ".join(CHOICES)
    with pytest.raises(ValueError, match=f"Unknown algorithm 'fft' .*; known are {known}"):
        chosen("forward", MANY.problem(), "fft")
    with pytest.raises(ValueError, match="Unknown algorithm 'fft'"), using_algorithm("fft"):
        pass


def names(problem: Problem) -> list[str]:
    return [chosen(which, problem).name for which in PASSES]


def test_what_auto_means_nests_and_is_restored() -> None:
    problem = MANY.problem("float32")
    with using_algorithm("tiles"):
        assert names(problem) == ["tiles"] * 3
        with using_algorithm("winograd"):
            assert names(problem) == ["winograd"] * 3
            assert chosen("forward", problem, "textbook").name == "textbook"
            assert chosen("forward", problem, "exact").elementwise
            with pytest.raises(ZeroDivisionError), using_algorithm("textbook"):
                1 / 0  # noqa: B018
            assert names(problem) == ["winograd"] * 3
        assert names(problem) == ["tiles"] * 3
    assert names(problem) == ["winograd"] * 3


def test_where_it_does_not_apply_auto_means_exact() -> None:
    with using_algorithm("winograd"):
        assert names(STRIDED.problem("float32")) == [
            chosen(which, STRIDED.problem("float32"), "exact").name for which in PASSES
        ]
    with using_algorithm("pointwise"):
        assert all(ALGORITHMS[name].elementwise for name in names(MANY.problem("float32")))


def test_another_thread_has_a_choice_of_its_own() -> None:
    found: list[str] = []
    with using_algorithm("textbook"):
        other = Thread(target=lambda: found.extend(names(MANY.problem("float32"))))
        other.start()
        other.join()
    assert found == ["winograd"] * 3


def test_the_public_functions_compute_by_it() -> None:
    case = Case((2, 10, 7, 5), (3, 3, 5, 4), padding="same")
    given, problem = case.operands("float32"), case.problem("float32")
    x, kernel, bias, dy = given
    for name in ("textbook", "winograd", "strips", "tiles"):
        options = {"padding": "same", "algorithm": name}
        found = {
            "forward": conv2d(x, kernel, bias, **options),
            "input_gradient": conv2d_input_gradient(dy, kernel, (10, 7), **options),
            "kernel_gradient": conv2d_kernel_gradient(dy, x, (3, 3), **options),
        }
        for which in PASSES:
            expected = run(ALGORITHMS[name], which, given, problem)
            np.testing.assert_array_equal(found[which], expected)
    with pytest.raises(ValueError, match="'pointwise' has no forward"):
        conv2d(x, kernel, algorithm="pointwise")
