"""A comparison computes, and bounds, convolutions by the algorithm that it is told."""

import keras
import numpy as np
import pytest

from experiments.lockstep import examine_steps
from experiments.lockstep.batches import Batch
from scratch.functional.convolution import using_algorithm
from scratch.optimizers import SGD
from tests.experiments.compare.twins import CLEAN, Twins, twins


def convolutions() -> keras.Model:
    """3x3 kernels at stride 1, which Winograd's algorithm takes, and one that it does not."""
    return keras.Sequential(
        [
            keras.Input((9, 11, 3)),
            keras.layers.Conv2D(16, 3, padding="same", name="first"),
            keras.layers.Conv2D(12, 3, activation="relu", name="second"),
            keras.layers.Conv2D(8, 3, strides=2, name="strided"),
            keras.layers.Conv2DTranspose(6, 3, name="transposed"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(5, activation="softmax", name="end"),
        ],
        name="convolutions",
    )


@pytest.fixture
def pair() -> Twins:
    return twins(convolutions)


@pytest.mark.parametrize("algorithm", ["exact", "auto", "winograd", "textbook"])
def test_twins_agree_by_any(pair: Twins, algorithm: str) -> None:
    found = pair.compare(algorithm=algorithm)
    assert found.ok, found.summary
    assert set(found.table.verdict) <= {*CLEAN, "flip"}
    assert found.algorithm == algorithm
    told = f"Convolutions were computed, and bounded, by '{algorithm}'."
    assert found.summary.endswith(told) == (algorithm != "exact")


def test_winograd_is_what_ran(pair: Twins) -> None:
    """Its layers are further from Keras' than by the definition; the others are as they were."""
    rows = {
        name: pair.compare(algorithm=name).isolated.set_index(["layer", "tensor"])
        for name in ("exact", "winograd")
    }
    exact, winograd = (rows[name].scratch_ulp for name in ("exact", "winograd"))
    for layer in ("first", "second", "transposed"):
        for tensor in ("output", "grad_input", "grad:kernel"):
            assert winograd[layer, tensor] > exact[layer, tensor], (layer, tensor)
    for layer in ("strided", "end"):
        np.testing.assert_array_equal(winograd[layer], exact[layer])


def test_verdicts_rest_on_the_exact_algorithm_whatever_runs_outside(pair: Twins) -> None:
    expected = pair.compare().table
    with using_algorithm("winograd"):
        assert pair.compare().table.equals(expected)


@pytest.mark.parametrize("algorithm", ["exact", "winograd"])
def test_a_wrong_layer_is_found_by_any(pair: Twins, algorithm: str) -> None:
    pair.layer("second").weights["kernel"][1, 2] *= 1.02
    found = pair.compare(algorithm=algorithm)
    assert {layer for layer, _ in found.faults} == {"second"}


def test_an_unknown_algorithm(pair: Twins) -> None:
    with pytest.raises(ValueError, match="Unknown algorithm 'fft'"):
        pair.compare(algorithm="fft")


def test_lockstep_judges_by_the_exact_algorithm(pair: Twins) -> None:
    """A step's largest ratio is the same whatever trains."""
    ratios = []
    for algorithm in ("auto", "winograd"):
        twin = twins(convolutions)
        steps = [Batch(1, twin.x, twin.y)]
        with using_algorithm(algorithm):
            found = examine_steps(
                twin.scratch, twin.keras, steps, SGD(0.1), keras.optimizers.SGD(0.1)
            )
        assert found.departure is None
        ratios.append(found.gradient_ratio)
    assert ratios[0] == ratios[1]
