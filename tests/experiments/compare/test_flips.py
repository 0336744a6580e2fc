"""Where rounding turns a choice, the twins differ by far more, and neither is at fault."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from experiments.compare.flips import turned_choices
from experiments.faults import FAULTS
from keras_models import to_scratch
from scratch.layers import LAYERS
from tests.experiments.compare.twins import Twins, notes, twins, verdicts

GRADIENTS = ["grad_input", "grad:kernel", "grad:bias"]


def noise(seed: int = 0) -> Twins:
    """A convolution with ReLU whose sums all but vanish, by design of the last channel.

    The scratch layer adds up in an order of its own, which is its right.
    """

    def model() -> keras.Model:
        conv = keras.layers.Conv2D(2, 1, activation="relu", name="conv")
        mix = keras.layers.Conv2D(3, 2, name="mix")
        return keras.Sequential([keras.Input((16, 16, 32)), conv, mix], name="noise")

    pair = twins(model, loss="mean_squared_error")
    rng = np.random.default_rng(seed)
    kernel = rng.standard_normal((1, 1, 32, 2)).astype(np.float32)
    kernel[..., 31, :] = 1
    x = rng.standard_normal((3, 16, 16, 32)).astype(np.float32)
    x[..., 31] = 0
    x[..., 31] = -(x.astype(np.float64) @ kernel[0, 0, :, 0].astype(np.float64))
    keras_layer = pair.keras.get_layer("conv")
    keras_layer.kernel.assign(kernel)
    keras_layer.bias.assign(np.zeros(2))
    pair = pair._replace(scratch=to_scratch(pair.keras), x=x)
    conv = pair.layer("conv")

    def from_the_last_channel_on(x: np.ndarray, training: bool = False) -> np.ndarray:
        z = np.zeros((*x.shape[:3], 2), np.float32)
        for channel in reversed(range(32)):
            z += x[..., channel, None] * conv.weights["kernel"][0, 0, channel]
        z += conv.weights["bias"]
        conv.cache = (x, z, np.maximum(z, 0))
        return conv.cache[2]

    conv.forward = from_the_last_channel_on
    return pair


def turned_signs(pair: Twins) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the twins' ReLUs differ in sign, and both outputs in front of the last layer."""
    y_scratch = pair.layer("conv").forward(pair.x)
    y_keras = pair.keras.get_layer("conv")(pair.x).numpy()
    return (y_scratch > 0) != (y_keras > 0), y_scratch, y_keras


def test_turned_signs_are_flips_counted_and_explained() -> None:
    pair = noise()
    found = pair.compare()
    rows = found.isolated[found.isolated.layer == "conv"].set_index("tensor")
    assert verdicts(found, "conv") == {"output": "rounding", **dict.fromkeys(GRADIENTS, "flip")}
    assert found.ok
    assert found.faults == []
    assert "in 3, rounding turned a ReLU's sign" in found.summary
    turned, y_scratch, y_keras = turned_signs(pair)
    assert turned.sum() > 10  # Or the pair does not test what it is to test.
    assert np.abs(y_scratch - y_keras).max() < 1e-4
    # Each turned sign lets a whole pixel's input gradient differ, all 32 channels of it.
    assert rows.flips["grad_input"] == pytest.approx(32 * turned.sum(), rel=0.05)
    assert rows.flips["output"] == 0
    assert f"{rows.flips['grad_input']} by that" in rows.note["grad_input"]
    assert "ReLU's sign" in rows.note["grad_input"]
    assert (rows.error_ratio <= 1).all()


def test_end_to_end_the_gradients_in_front_of_a_turned_sign_are_flips() -> None:
    pair = noise()
    found = pair.compare()
    turned = turned_signs(pair)[0].sum()
    assert verdicts(found, "conv", "propagated") == {
        "output": "rounding", **dict.fromkeys(GRADIENTS, "flip")
    }  # fmt: skip
    assert set(verdicts(found, "mix", "propagated").values()) <= {"identical", "rounding"}
    rows = found.table[(found.table["mode"] == "propagated") & (found.table.verdict == "flip")]
    assert set(rows.flips) == {turned}
    assert rows.note.str.endswith(f"behind it: {turned}").all()


def test_a_flip_hides_no_fault() -> None:
    pair = noise()
    fault = next(f for f in FAULTS if f.name == "relu-derivative-forgotten")
    fault.plant(pair.layer("conv"))
    found = pair.compare()
    assert found.faults == [("conv", tensor) for tensor in GRADIENTS]
    assert fault.description in notes(found, "conv")["grad_input"]


def test_where_all_signs_are_clear_nothing_flips() -> None:
    pair = noise()
    pair.layer("conv").weights["bias"][...] = 1
    pair.keras.get_layer("conv").bias.assign(np.ones(2))
    found = pair.compare()
    assert found.ok
    assert found.table.flips.sum() == 0
    assert "flip" not in set(found.table.verdict)


def test_a_maximum_among_numbers_that_tensorflow_takes_for_zero() -> None:
    subnormal = np.float32(1e-39)
    if tf.add(subnormal, subnormal).numpy():
        pytest.skip("TensorFlow computes with subnormal numbers here.")

    def model() -> keras.Model:
        return keras.Sequential(
            [keras.Input((2, 2, 3)), keras.layers.MaxPooling2D(2, name="pool")], name="pooled"
        )

    pair = twins(model, loss="mean_squared_error")
    pair.x[0, :, :, 0] = np.float32([[1, 2], [4, 3]]) * subnormal
    found = pair.compare()
    assert verdicts(found, "pool") == {"output": "rounding", "grad_input": "flip"}
    assert found.ok
    assert "a maximum's place: 2 by that" in notes(found, "pool")["grad_input"]
    # The same exchange among ordinary numbers is a fault.
    pair.x[0, :, :, 0] = np.float32([[1, 2], [4, 3]])
    pair.layer("pool").backward = lambda dy: np.flip(
        type(pair.layer("pool")).backward(pair.layer("pool"), dy), axis=1
    )
    assert pair.compare().faults == [("pool", "grad_input")]


@pytest.mark.parametrize(
    ("kind", "options", "inputs", "turned"),
    [
        ("GlobalMaxPooling2D", {}, [[[[1.0], [2.0]], [[4.0], [3.0]]]], 2),  # off one, on another
        ("MaxPooling1D", {"pool_size": 2}, [[[1.0], [2.0], [4.0], [3.0]]], 1),
        ("Maximum", {}, [[3.0, 9.0, 1.0], [4.5, 4.5, 4.5]], 1),
        ("Minimum", {}, [[3.0, 9.0, 1.0], [4.5, 4.5, 4.5]], 1),
    ],
)
def test_choices_of_maxima_are_counted(kind, options, inputs, turned) -> None:
    """One twin's first input has another number where the largest was: 1 instead of 9, or of 4."""
    layer = LAYERS[kind](**options, dtype="float64")

    def call(*arrays: np.ndarray) -> SimpleNamespace:
        output = layer.forward(list(arrays) if layer.takes_list else arrays[0])
        return SimpleNamespace(inputs=arrays, output=output)

    xs = [np.array([values]) for values in inputs]
    other = np.where(xs[0] == xs[0].max(), 0.0, xs[0])
    ours, theirs = call(*xs), call(other, *xs[1:])
    pair = SimpleNamespace(judge=SimpleNamespace(layer=layer, inputs=(), output="y"))
    assert turned_choices([pair], [theirs], [ours]) == [turned]
    assert turned_choices([pair], [ours], [ours]) == [0]
