"""Gradient descent by both twins: each step is the formula, and the tables say what was done."""

import keras
import numpy as np
import pandas as pd
import pytest

from experiments.descent import METHODS, Method, check_update_rule, descend, sentences, update_rule
from experiments.descent.training import batches_of, twins
from experiments.progress import Progress
from experiments.results import StudyResults
from experiments.runner import run_study
from experiments.signs import SignsData
from experiments.signs.synthetic import draw_signs
from experiments.study import Context, discover, select

PHOTOGRAPHS = 18


@pytest.fixture(scope="module")
def signs() -> SignsData:
    return SignsData.from_splits(draw_signs(train=PHOTOGRAPHS, test=6), synthetic=True)


@pytest.fixture(scope="module")
def study_results(signs, tmp_path_factory) -> tuple[StudyResults, str]:
    """What the study found in a few drawings, and its sentences in one text."""
    (study,) = select(discover(), ["descent"])
    context = Context(signs, full=False, seed=0, progress=Progress())
    found = run_study(study, context, tmp_path_factory.mktemp("results"))
    return found, " ".join(study.findings(found.frames))


def test_batches_are_one_some_and_all_photographs() -> None:
    sizes = {method.name: method.batch_size(1080) for method in METHODS}
    assert sizes == {"stochastic": 1, "mini-batch": 64, "batch": 1080}
    assert [method.steps_an_epoch(1080) for method in METHODS] == [1080, 17, 1]


@pytest.mark.parametrize("size", [1, 8, None])
def test_descent_reaches_the_cost_that_keras_reaches_by_itself(signs, size) -> None:
    data = signs.scaled("float64")
    method = Method("any", size, 0.05, (1, 1), (0.05,), 1, (1, 1))
    found = descend(data, method, epochs=2, seed=3, looks={1}, advance=lambda _steps: None)
    looked_at = sorted(found.course.step.unique())
    an_epoch = method.steps_an_epoch(PHOTOGRAPHS)
    assert looked_at == sorted({0, 1, an_epoch, 2 * an_epoch})

    _, model = twins(3, "float64")
    model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
    expected = {0: model.evaluate(data.x_train, data.y_train, verbose=0)}
    for step, batch in enumerate(batches_of(data, method, epochs=2, seed=3), start=1):
        model.train_on_batch(batch.x, batch.y)
        if step in looked_at:
            expected[step] = model.evaluate(data.x_train, data.y_train, verbose=0)
    assert abs(expected[2 * an_epoch] - expected[0]) > 1e-3
    for twin in ("scratch", "Keras"):
        costs = found.course[found.course.twin == twin].cost
        np.testing.assert_allclose(costs, list(expected.values()), rtol=1e-6)


def test_the_update_rule_holds(signs) -> None:
    rows = pd.DataFrame(check_update_rule(signs, seed=1))
    assert rows.holds.all()
    exact = rows[rows.check.str.contains("whole numbers")]
    assert len(exact) == 3
    assert not exact.largest_difference.any()
    assert set(rows.numbers[exact.index]) == {1310}


def test_a_wrong_update_is_found(signs, monkeypatch) -> None:
    def without_the_batch_size(weights, gradients_sum, learning_rate, batch_size):
        return weights - learning_rate * gradients_sum

    monkeypatch.setattr(update_rule, "sgd_update", without_the_batch_size)
    rows = pd.DataFrame(check_update_rule(signs, seed=1))
    updates = rows[rows.check.str.startswith("update")]
    assert list(updates.holds) == list(updates.batch_size == 1)
    assert rows.drop(updates.index).holds.all()


def test_a_wrong_sum_over_photographs_is_found(signs, monkeypatch) -> None:
    gradients = update_rule._numpy_gradients
    monkeypatch.setattr(
        update_rule, "_numpy_gradients", lambda *given: gradients(*given) + (len(given[1]) == 1)
    )
    rows = pd.DataFrame(check_update_rule(signs, seed=1))
    wrong = rows[~rows.holds]
    assert list(wrong.computed_by) == ["NumPy, photographs added up"]
    assert wrong.largest_difference.iloc[0] == 8


def test_the_study_counts_steps_and_starts_alike(study_results) -> None:
    found, _ = study_results
    looks, summary = found.frames["epochs"], found.frames["summary"]
    assert set(zip(summary.method, summary.steps, strict=True)) == {
        ("stochastic", 3 * PHOTOGRAPHS), ("mini-batch", 8), ("batch", 6),
    }  # fmt: skip
    start = looks[looks.step == 0]
    assert len(start) == 6
    assert np.ptp(start.cost) < 1e-5
    assert not start.seconds.any()
    an_epoch = looks.method.map({"stochastic": PHOTOGRAPHS, "mini-batch": 1, "batch": 1})
    np.testing.assert_array_equal(looks.step, looks.epoch * an_epoch)
    for _, course in looks.groupby(["method", "twin"]):
        assert course.seconds.is_monotonic_increasing
    # Both of these take all photographs a step here, at the same rate: one and the same descent.
    whole = (
        looks[looks.method != "stochastic"]
        .pivot_table(index=["twin", "step"], columns="method", values="cost")
        .dropna()
    )
    assert len(whole) == 2 * len({0, 1, 2, 3, 4, 6})
    np.testing.assert_allclose(whole["batch"], whole["mini-batch"], rtol=1e-4)


def test_the_twins_stay_together(study_results) -> None:
    found, text = study_results
    looks = found.frames["epochs"].pivot_table(
        index=["method", "step"], columns="twin", values="cost"
    )
    np.testing.assert_allclose(looks["scratch"], looks["Keras"], atol=0.01)
    assert (found.frames["float64"].largest_weight_difference < 1e-13).all()
    assert "3 of 3 comparisons in whole numbers are equal bit for bit" in text
    assert [figure.name for figure in found.figures] == ["cost", "seconds"]


def test_sentences_put_the_lowest_cost_first() -> None:
    rows = [
        (name, twin, 8, cost + (twin == "Keras") * extra)
        for twin in ("scratch", "Keras")
        for name, cost, extra in (
            ("stochastic", 1.9, 0),
            ("mini-batch", 1.7, 0),
            ("batch", 1.8, -0.5),
        )
    ]
    summary = pd.DataFrame(
        rows, columns=["method", "twin", "common_steps", "cost_after_common_steps"]
    )
    assert sentences.compare_after(summary, "steps") == (
        "Cost by steps, the lowest first: after 8 steps the NumPy network has a cost of 1.7 "
        "(mini-batch), 1.8 (batch) and 1.9 (stochastic); after 8 steps its Keras twin has a cost "
        "of 1.3 (batch), 1.7 (mini-batch) and 1.9 (stochastic)."
    )


def test_sentences_name_the_learning_rate_that_is_used() -> None:
    rates = pd.DataFrame(
        {
            "method": ["batch", "batch"],
            "learning_rate": [0.1, 0.3],
            "chosen": [False, True],
            "epochs": 48,
            "cost": [1.77, 1.7],
        }
    )
    assert sentences.learning_rates(rates) == (
        "Costs by learning rate: batch descent, after 48 epochs, 1.77 at 0.1, 1.7 at 0.3 (used)."
    )
