"""Moving statistics that are one batch's own."""

import keras
import numpy as np

from experiments.random_weights import calibrate, randomize


def test_in_inference_a_calibrated_network_computes_as_in_training_on_its_batch() -> None:
    keras.utils.set_random_seed(0)
    inner = keras.Sequential(
        [keras.Input((5, 4, 3)), keras.layers.Conv2D(4, 2), keras.layers.BatchNormalization()]
    )
    image = keras.Input((5, 4, 3))
    x = keras.layers.BatchNormalization(momentum=0.9, name="first")(image)
    model = keras.Model(image, keras.layers.BatchNormalization(axis=1)(inner(x)))
    randomize(model, 1)
    batch = np.random.default_rng(2).normal(3, 2, (6, 5, 4, 3)).astype("float32")
    wanted = model(batch, training=True).numpy()
    assert not np.allclose(model(batch, training=False), wanted, atol=0.1)
    calibrate(model, batch)
    np.testing.assert_allclose(model(batch, training=False), wanted, atol=1e-5)
    assert model.get_layer("first").momentum == 0.9
