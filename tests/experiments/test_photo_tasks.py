"""What networks of any shape are given from photographs: real pixels, and labels or pictures."""

import keras
import numpy as np
import pytest

from experiments.photo_tasks import patches, photo_task
from keras_models.zoo import NETWORKS
from scratch import zoo as scratch_zoo
from tests.experiments.photographs import photographs

# Photographs whose pixels say where they are: 10,000 row + 100 column + colour, and the number.
ROWS, COLUMNS, COLOURS = np.meshgrid(np.arange(64), np.arange(64), np.arange(3), indexing="ij")
MAPS = np.stack([10_000 * ROWS + 100 * COLUMNS + COLOURS + 0.25 * n for n in range(2)])


def places(cut: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which row, column and colour each number came from."""
    number = np.floor(cut).astype(int)
    return number // 10_000, number // 100 % 100, number % 100


@pytest.mark.parametrize(
    "shape",
    [(64, 64, 3), (39, 39, 3), (7, 20, 3), (28, 28, 192), (14, 14, 256), (28, 28, 416),
     (5, 9, 12), (10, 3, 50), (64, 64, 1), (4, 4, 7)],
)  # fmt: skip
def test_every_number_is_a_pixel_of_its_photograph(shape: tuple[int, int, int]) -> None:
    cut = patches(MAPS, shape)
    assert cut.shape == (2, *shape)
    assert cut.dtype == MAPS.dtype
    np.testing.assert_array_equal(cut[1] - cut[0], np.full(shape, 0.25))
    rows, columns, colours = places(cut[0])
    np.testing.assert_array_equal(MAPS[0][rows, columns, colours], cut[0])


def test_three_channels_are_the_middle_of_the_photograph() -> None:
    np.testing.assert_array_equal(patches(MAPS, (39, 39, 3)), MAPS[:, 12:51, 12:51])
    np.testing.assert_array_equal(patches(MAPS, (64, 64, 3)), MAPS)
    np.testing.assert_array_equal(patches(MAPS, (10, 30, 3)), MAPS[:, 27:37, 17:47])


def test_many_channels_are_a_patch_row_by_row() -> None:
    """Twelve channels: 2x2 pixels in three colours, the windows of im2col."""
    cut = patches(MAPS, (5, 9, 12))
    rows, columns, colours = places(cut[0])
    assert (rows[..., 0] == rows[:, :1, 0]).all()
    assert (columns[..., 0] == columns[:1, :, 0]).all()
    steps = np.diff(rows[:, 0, 0]), np.diff(columns[0, :, 0])
    assert {*steps[0], *steps[1]} == {7}  # 63 // 9: as far apart as nine windows fit.
    offsets = rows - rows[..., :1], columns - columns[..., :1], colours
    for found, expected in zip(offsets, np.indices((2, 2, 3)).reshape(3, 12), strict=True):
        assert (found == expected).all()


def test_channels_beyond_the_patch_are_cut_off() -> None:
    np.testing.assert_array_equal(patches(MAPS, (4, 4, 7)), patches(MAPS, (4, 4, 12))[..., :7])


@pytest.mark.parametrize("shape", [(65, 10, 3), (10, 65, 3), (60, 60, 192), (2, 2, 3 * 65 * 65)])
def test_what_cannot_be_cut_is_refused_with_all_dimensions(shape) -> None:
    height, width, channels = shape
    message = f"{height}x{width} with {channels} channels cannot be cut from .* of 64x64x3"
    with pytest.raises(ValueError, match=message):
        patches(MAPS, shape)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_of_the_zoo_gets_a_task(name: str, dtype: str) -> None:
    model, signs = NETWORKS[name](dtype), photographs()
    task = photo_task(model, signs, 4, np.random.default_rng(5))
    assert task.x.shape == (4, *model.input_shape[1:])
    assert task.x.dtype == dtype
    assert 0 <= task.x.min() < task.x.max() <= 1
    pixels = np.rint(task.x * 255)
    np.testing.assert_allclose(pixels / 255, task.x, rtol=1e-6)
    if model.output_shape == (None, 6):
        assert task.loss == "sparse_categorical_crossentropy"
        chosen = np.random.default_rng(5).choice(len(signs.x_test), size=4, replace=False)
        np.testing.assert_array_equal(task.y, signs.y_test[chosen])
        middle = patches(signs.x_test[chosen], model.input_shape[1:])
        np.testing.assert_array_equal(pixels, middle)
    else:
        assert task.loss == "mean_squared_error"
        assert task.y.shape == (4, *model.output_shape[1:])
        assert task.y.dtype == dtype
        assert np.abs(task.y[..., :3] - task.x[..., : task.y.shape[3]][..., :3]).max() > 0.01


def test_both_sides_get_the_same_task() -> None:
    tasks = [
        photo_task(model, photographs(), 3, np.random.default_rng(0))
        for model in (NETWORKS["ng_example"]("float32"), scratch_zoo.ng_example("float32"))
    ]
    for of_keras, of_scratch in zip(*tasks, strict=True):
        np.testing.assert_array_equal(of_keras, of_scratch)


@pytest.mark.parametrize(
    ("inputs", "outputs", "named"),
    [((8,), 6, r"input shape \(None, 8\)"), ((8, 8, 3), 5, r"output shape \(None, 5\)")],
)
def test_networks_of_other_forms_are_refused(inputs, outputs: int, named: str) -> None:
    image = keras.Input(inputs)
    x = keras.layers.Flatten()(image)
    model = keras.Model(image, keras.layers.Dense(outputs)(x), name="other")
    with pytest.raises(ValueError, match=f"'other' has {named}"):
        photo_task(model, photographs(), 2, np.random.default_rng(0))


def test_more_photographs_than_there_are_is_refused() -> None:
    model, signs = NETWORKS["signs_convnet"](), photographs()
    with pytest.raises(ValueError, match=f"the test set has {len(signs.x_test)}"):
        photo_task(model, signs, len(signs.x_test) + 1, np.random.default_rng(0))
