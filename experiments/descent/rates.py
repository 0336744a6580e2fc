"""What the learning rates were chosen from: each method at three of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from experiments.descent.method import LOSS, METHODS
from experiments.descent.training import COST, batches_of, twins
from experiments.lockstep.sides import KerasSide
from experiments.signs import SignsData
from keras_models.convert import copy_weights


def compare_rates(
    data: SignsData, seed: int, advance: Callable[[float], None]
) -> list[dict[str, Any]]:
    """Train the Keras twin alone, which is the quicker one, at every rate of every method.

    Args:
        data: Scaled photographs.
        seed: Of the initial weights and of the batches.
        advance: Called after each training.

    Returns:
        A row for each method and rate, with the cost over the whole training set at the end.
    """
    rows = []
    for method in METHODS:
        for rate in method.rates:
            model, trained = twins(seed, data.x_train.dtype.name)
            side = KerasSide(trained, keras.optimizers.SGD(rate), LOSS)
            for batch in batches_of(data, method, method.trial_epochs, seed):
                side.step(batch.x, batch.y)
            copy_weights(trained, model)
            rows.append(
                {
                    "method": method.name,
                    "learning_rate": rate,
                    "chosen": rate == method.learning_rate,
                    "epochs": method.trial_epochs,
                    "cost": COST(data.y_train, model.predict(data.x_train, batch_size=64)),
                }
            )
            advance(1)
    return rows
