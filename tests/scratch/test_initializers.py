import keras
import numpy as np
import pytest

from scratch import config, initializers

SHAPES = [(), (7,), (300, 50), (3, 5, 16, 40), (2, 4, 1, 1)]
SCALED = [
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal",
]  # fmt: skip
FIXED = ["random_normal", "random_uniform", "truncated_normal"]


def spread(values: np.ndarray) -> tuple[float, float, float]:
    return float(values.mean()), float(values.std()), float(np.abs(values).max())


@pytest.mark.parametrize("shape", SHAPES)
def test_fans_are_keras(shape):
    from keras.src.initializers.random_initializers import compute_fans

    assert initializers.compute_fans(shape) == compute_fans(shape)


@pytest.mark.parametrize("name", [*SCALED, *FIXED])
@pytest.mark.parametrize("shape", [(300, 200), (3, 5, 40, 100)], ids=["dense", "conv"])
def test_mean_deviation_and_limit_are_keras(name, shape):
    y_scratch = initializers.get(name)(shape, "float64")
    y_keras = np.asarray(keras.initializers.get(name)(shape, "float64"))
    (mean, std, largest), (keras_mean, keras_std, keras_largest) = map(spread, (y_scratch, y_keras))
    # 60,000 values: a mean is known to std/245, a deviation to 0.3 %; five such steps are allowed.
    assert abs(mean - keras_mean) < 5 * 2**0.5 * keras_std / 245
    assert std == pytest.approx(keras_std, rel=0.02)
    if name != "random_normal":  # the others are bounded, and come close to their bounds
        assert largest == pytest.approx(keras_largest, rel=2e-3)


@pytest.mark.parametrize("shape", [(30, 20), (3, 5, 8, 12)], ids=["dense", "conv"])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["uniform", "normal", "untruncated_normal"])
def test_variance_scaling_hands_keras_numbers_to_the_generator(
    shape, mode, distribution, monkeypatch
):
    """The scale exactly: both generators give ones, what remains is the factor."""
    import keras.src.initializers.random_initializers as keras_module

    def limit(shape, minval, maxval, **_):
        assert minval == -maxval
        return maxval

    for name in ("normal", "truncated_normal"):
        monkeypatch.setattr(keras_module.random, name, lambda shape, mean, stddev, **_: stddev)
    monkeypatch.setattr(keras_module.random, "uniform", limit)
    keras_factor = keras.initializers.VarianceScaling(0.7, mode, distribution)(shape)

    class Ones:
        def standard_normal(self, shape):
            return np.ones(shape)

        def normal(self, mean, stddev, shape):
            return np.full(shape, stddev)

        def uniform(self, low, high, shape):
            return np.full(shape, limit(shape, low, high))

    drawn = initializers.VarianceScaling(0.7, mode, distribution).draw(Ones(), shape)
    np.testing.assert_array_equal(drawn, np.full(shape, keras_factor))


@pytest.mark.parametrize("name", [*SCALED, *FIXED, "variance_scaling"])
def test_seeds(name):
    draw = initializers.get({"class_name": name, "config": {"seed": 3}})
    first = draw((4, 5), "float32")
    np.testing.assert_array_equal(first, draw((4, 5), "float32"))
    other = initializers.get({"class_name": name, "config": {"seed": 4}})
    assert not np.array_equal(first, other((4, 5), "float32"))

    unseeded = initializers.get(name)
    config.set_random_seed(1)
    one, two = unseeded((4, 5), "float64"), unseeded((4, 5), "float64")
    assert not np.array_equal(one, two)
    config.set_random_seed(1)
    np.testing.assert_array_equal(one, unseeded((4, 5), "float64"))


@pytest.mark.parametrize("name", ["zeros", "ones", "constant", *SCALED, *FIXED])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_and_dtype(name, dtype):
    for shape in ((), (3,), (2, 3, 4, 5)):
        y = initializers.get(name)(shape, dtype)
        assert isinstance(y, np.ndarray)
        assert (y.shape, y.dtype) == (shape, dtype)


def test_float32_and_float64_twins_start_from_the_same_numbers():
    draw = initializers.HeNormal(seed=5)
    wide = draw((3, 3, 4, 5), "float64")
    np.testing.assert_array_equal(draw((3, 3, 4, 5), "float32"), wide.astype("float32"))


def test_constants():
    np.testing.assert_array_equal(initializers.Zeros()((2,), "float32"), [0, 0])
    np.testing.assert_array_equal(initializers.Ones()((2,), "float32"), [1, 1])
    np.testing.assert_array_equal(initializers.Constant(0.5)((2,), "float32"), [0.5, 0.5])


@pytest.mark.parametrize(
    "keras_initializer",
    [
        keras.initializers.Zeros(),
        keras.initializers.Constant(0.25),
        keras.initializers.RandomNormal(1.0, 2.0, seed=3),
        keras.initializers.RandomUniform(-1.0, 2.0),
        keras.initializers.TruncatedNormal(1.0, 2.0),
        keras.initializers.VarianceScaling(2.0, "fan_out", "uniform", seed=4),
        keras.initializers.HeNormal(seed=5),
    ],
    ids=lambda i: type(i).__name__,
)
def test_get_takes_keras_config_and_gives_it_back(keras_initializer):
    ours = initializers.get(keras.initializers.serialize(keras_initializer))
    assert type(ours).__name__ == type(keras_initializer).__name__
    theirs = keras_initializer.get_config()
    assert ours.get_config().items() <= theirs.items()
    assert type(ours)(**ours.get_config()) == ours


def test_get_by_name_instance_and_none():
    assert initializers.get("HeNormal") == initializers.get("he_normal") == initializers.HeNormal()
    instance = initializers.Constant(2.0)
    assert initializers.get(instance) is instance
    assert initializers.get(None) == initializers.GlorotUniform()


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("orthogonal", "Unknown initializer 'orthogonal'"),
        (3, "given as a name"),
        ({"config": {}}, "given as a name"),
        ({"class_name": "HeNormal", "config": {"scale": 2.0}}, "takes"),
        ({"class_name": "HeNormal", "config": {"seed": {"class_name": "SeedGenerator"}}}, "seed"),
    ],
)
def test_get_refuses(identifier, message):
    with pytest.raises(ValueError, match=message):
        initializers.get(identifier)


@pytest.mark.parametrize(
    "arguments", [{"scale": 0.0}, {"mode": "fan"}, {"distribution": "gamma"}], ids=str
)
def test_variance_scaling_refuses(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        initializers.VarianceScaling(**arguments)
