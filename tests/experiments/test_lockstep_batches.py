"""The batches of a lockstep run, and what the trained twins are asked."""

import numpy as np

from experiments.lockstep import Predictions, epoch_batches, predict_both
from experiments.lockstep.outcome import accuracy, confusion, worth_seeing
from scratch.batches import epoch_order
from tests.experiments.twins import photographs, twins


def test_every_epoch_visits_every_photograph_in_the_order_of_fit() -> None:
    x, y = photographs(10, "float32")
    batches = list(epoch_batches(x, y, epochs=2, seed=3, batch_size=4))
    assert [(b.epoch, len(b.y)) for b in batches] == [
        (1, 4), (1, 4), (1, 2), (2, 4), (2, 4), (2, 2),
    ]  # fmt: skip
    for epoch in (1, 2):
        order = epoch_order(10, 3, epoch - 1)
        mine = [b for b in batches if b.epoch == epoch]
        np.testing.assert_array_equal(np.concatenate([b.x for b in mine]), x[order])
        np.testing.assert_array_equal(np.concatenate([b.y for b in mine]), y[order])


def test_augmentation_is_drawn_anew_for_every_epoch_and_depends_on_the_seed_alone() -> None:
    x, y = photographs(6, "float32")

    def batches(seed: int):
        return list(epoch_batches(x, y, epochs=2, seed=seed, batch_size=6, augmented=True))

    first, second = batches(0)
    np.testing.assert_array_equal(first.x, batches(0)[0].x)
    np.testing.assert_array_equal(first.y, y[epoch_order(6, 0, 0)])
    assert first.x.dtype == np.float32
    assert np.abs(first.x - x[epoch_order(6, 0, 0)]).max() > 0.1
    in_order = [b.x[np.argsort(epoch_order(6, 0, b.epoch - 1))] for b in (first, second)]
    assert np.abs(in_order[0] - in_order[1]).max() > 0.1
    assert np.abs(first.x - batches(1)[0].x).max() > 0.1


def test_disagreements_are_where_the_classes_differ() -> None:
    ours = np.array([[0.6, 0.4], [0.2, 0.8], [0.5, 0.5]])
    theirs = np.array([[0.6, 0.4], [0.7, 0.3], [0.4, 0.6]])
    both = Predictions(ours, theirs)
    assert [list(c) for c in both.classes] == [[0, 1, 0], [0, 0, 1]]
    assert list(both.disagreements) == [1, 2]
    assert both.largest_difference == 0.5


def test_both_models_predict_as_they_do_alone() -> None:
    scratch_model, keras_model = twins("float32")
    x, _ = photographs(7, "float32")
    both = predict_both(scratch_model, keras_model, x, batch_size=3)
    np.testing.assert_allclose(both.scratch, scratch_model.forward(x), rtol=1e-6)
    np.testing.assert_allclose(both.keras, keras_model.predict(x, verbose=0), rtol=1e-6)


def test_accuracy_and_confusion_count() -> None:
    predicted, y = np.array([0, 2, 2, 1, 0]), np.array([0, 2, 1, 1, 2])
    measured = accuracy(predicted, y)
    assert (measured["correct"], measured["accuracy"]) == (3, 0.6)
    assert 0.2 < measured["low"] < 0.6 < measured["high"] < 0.9
    assert confusion(predicted, y, 3).tolist() == [[1, 0, 0], [0, 1, 1], [1, 0, 1]]


def test_mistakes_are_shown_before_right_ones_of_every_class() -> None:
    y = np.array([0, 0, 0, 1, 1, 1])
    ours = np.eye(2)[[0, 1, 0, 1, 0, 1]]
    theirs = np.eye(2)[[0, 1, 0, 1, 1, 1]]
    both = Predictions(ours, theirs)
    assert list(worth_seeing(both, y, a_row=2)) == [4, 1, 0, 3]
    assert list(worth_seeing(both, y, a_row=3)) == [4, 1, 0, 3, 2, 5]
