"""The check itself: what it covers, that it passes right layers and contradicts wrong ones."""

import inspect
import itertools
from dataclasses import replace

import numpy as np
import pytest

from experiments.gradients.cases import CASES, TIED
from experiments.gradients.check import (
    CENTRAL,
    COMPLEX,
    EQUATIONS,
    FAILS,
    HOLDS,
    KERAS,
    NONE,
    check,
    held,
)
from experiments.gradients.layer_subject import LONGEST_STEP, layer_subject
from experiments.gradients.loss_subject import LOSS_CASES, loss_subject
from experiments.gradients.subject import spread_numbers
from scratch import layers, losses
from scratch.layers import LAYERS

NOT_OF_THE_GRADIENT = {
    "self", "name", "dtype", "trainable", "momentum", "seed", "beta_initializer",
    "gamma_initializer", "moving_mean_initializer", "moving_variance_initializer", "init_values",
    "projection_dim", "filters", "units", "rate", "activation",
}  # fmt: skip
# TensorFlow has no transposed convolution with gaps in float64 on a CPU.
NOT_IN_KERAS = {("Conv2DTranspose", "dilation_rate")}


def subjects(seed: int = 0):
    yield from (layer_subject(case, seed) for case in CASES)
    yield from (loss_subject(case, seed) for case in LOSS_CASES)


def test_every_layer_and_loss_is_checked() -> None:
    assert {case.type for case in CASES} == set(LAYERS)
    known = {cls.__name__ for cls in losses.Loss.__subclasses__()}
    assert {case.type for case in LOSS_CASES} == known


@pytest.mark.parametrize("name", LAYERS)
def test_every_option_is_given_another_value_than_its_default_somewhere(name: str) -> None:
    parameters = inspect.signature(getattr(layers, name).__init__).parameters
    for option in set(parameters) - NOT_OF_THE_GRADIENT:
        if option.endswith(("_initializer", "_regularizer")) or (name, option) in NOT_IN_KERAS:
            continue
        given = [c.options.get(option) for c in CASES if c.type == name and option in c.options]
        assert any(value != parameters[option].default for value in given), option


def test_activations_and_modes_are_all_there() -> None:
    inside = {(c.type, c.options.get("activation")) for c in CASES}
    assert {("Conv2D", "relu"), ("Dense", "relu"), ("Dense", "softmax")} <= inside
    for name in ("BatchNormalization", "Dropout"):
        assert {c.training for c in CASES if c.type == name} == {True, False}


def test_names_of_cases_are_unique() -> None:
    names = [(s.layer_type, s.options) for s in subjects()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_every_right_gradient_holds_against_every_oracle(step: int) -> None:
    """All of them are slow, and checked by the study from other numbers as well."""
    for subject in itertools.islice(subjects(11), 0, None, step):
        gradients = subject.gradients()
        assert set(subject.keras()) - {"output"} == set(gradients)
        rows = check(subject)
        assert {row["verdict"] for row in rows} <= {HOLDS, NONE}, rows
        for tensor, gradient in gradients.items():
            found = {r["oracle"]: r["numbers_compared"] for r in rows if r["tensor"] == tensor}
            assert [found[oracle] for oracle in (CENTRAL, COMPLEX, KERAS)] == [gradient.size] * 3
            assert found[EQUATIONS] in (0, gradient.size)


def test_sources_a_and_c_are_both_asked_about_a_plain_convolution() -> None:
    rows = check(layer_subject(CASES[0], 0))
    sources = {row["source"] for row in rows if row["oracle"] == EQUATIONS}
    assert {source[:8] for source in sources} == {"source A", "source C"}


@pytest.mark.parametrize("case", [*CASES[:3], *CASES[13:15]], ids=lambda case: case.type)
def test_one_number_off_by_a_billionth_is_seen(case) -> None:
    subject = layer_subject(case, 0)
    right = subject.gradients()

    class Wrong:
        """The same subject with one number of its input gradient moved."""

        def __getattr__(self, name: str):
            return getattr(subject, name)

        def gradients(self) -> dict[str, np.ndarray]:
            moved = right["grad_input"].copy()
            moved[(0,) * moved.ndim] += 1e-9 * np.abs(moved).max()
            return right | {"grad_input": moved}

    verdicts = {
        (row["tensor"], row["oracle"]): row["verdict"]
        for row in check(Wrong())  # type: ignore[arg-type]
    }
    for oracle in (COMPLEX, EQUATIONS, KERAS):
        assert verdicts["grad_input", oracle] == FAILS
    assert verdicts["grad:kernel", KERAS] == HOLDS


def test_another_shape_or_nan_never_holds() -> None:
    ones = np.ones((2, 3))
    assert held(ones, ones, 0 * ones).holds
    assert not held(ones, np.ones((3, 2)), ones).holds
    assert not held(np.full((2, 3), np.nan), ones, ones).holds
    assert not held(ones, ones + 1e-15, 0 * ones).holds


def test_inputs_keep_from_kinks() -> None:
    rng = np.random.default_rng(0)
    for shape in ((2, 7, 6, 3), (4, 5), (1,), (2,)):
        numbers = np.sort(spread_numbers(rng, shape).ravel())
        assert np.abs(numbers).min() > 2 * LONGEST_STEP
        assert (np.diff(numbers) > 4 * LONGEST_STEP).all()
        assert ((numbers + 2.0**-50) - numbers == 2.0**-50).all()
    for case in CASES:
        if case.options.get("activation") == "relu" and case.type in ("Conv2D", "Dense"):
            subject = layer_subject(case, 5)
            subject.forward()
            assert np.abs(subject.layer.cache[1]).min() > 2 * LONGEST_STEP


def test_explicit_pads_are_what_a_padding_layer_in_front_gives() -> None:
    (case,) = [case for case in CASES if case.pads]
    subject = layer_subject(case, 2)
    valid = layer_subject(replace(case, pads=None), 2)
    top, bottom, left, right = case.pads
    padded = np.pad(valid.inputs[0], ((0, 0), (top, bottom), (left, right), (0, 0)))
    np.testing.assert_allclose(subject.forward(), valid.layer.forward(padded), rtol=1e-12)


def test_tied_inputs_are_tied() -> None:
    subject = layer_subject(TIED, 0)
    windows = (
        subject.inputs[0][0, :6, :6, 0].reshape(2, 3, 3, 2).transpose(0, 2, 1, 3).reshape(6, 6)
    )
    assert any((np.sort(window)[-1] == np.sort(window)[-2]) for window in windows)
