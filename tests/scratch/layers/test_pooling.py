import pytest

from tests.scratch.layers.harness import check_layer

IMAGE = (2, 7, 6, 3)

CASES = {
    "windows side by side": {"pool_size": 2},
    "uneven window": {"pool_size": (3, 2)},
    "one number for the strides": {"pool_size": (2, 3), "strides": 2},
    "windows overlap": {"pool_size": (3, 4), "strides": (2, 1)},
    "windows overlap, same": {"pool_size": (3, 2), "strides": 1, "padding": "same"},
    "strides leave a remainder, same": {"pool_size": (2, 3), "strides": (3, 4), "padding": "same"},
    "gaps between windows": {"pool_size": (1, 2), "strides": (2, 3)},
    "window as large as the image": {"pool_size": (7, 6)},
    "same, window larger than the image": {"pool_size": (8, 8), "padding": "same"},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["MaxPooling2D", "AveragePooling2D"])
def test_as_keras(name, case):
    check_layer(name, IMAGE, **CASES[case])


def test_default_window():
    check_layer("MaxPooling2D", (1, 5, 8, 2))


@pytest.mark.parametrize("case", ["windows side by side", "windows overlap, same"])
def test_the_first_of_equal_maxima_gets_the_gradient(case):
    check_layer("MaxPooling2D", (3, 9, 8, 2), ties=True, **CASES[case])


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", ["GlobalAveragePooling", "GlobalMaxPooling"])
@pytest.mark.parametrize("shape", [IMAGE, (1, 1, 5, 2), (2, 7, 3)])
def test_global_pooling(shape, name, ties, keepdims):
    """Of images and of sequences; tied maxima share the gradient."""
    check_layer(f"{name}{len(shape) - 2}D", shape, ties=ties, keepdims=keepdims)


@pytest.mark.parametrize(
    "options",
    [
        {"pool_size": 3},
        {"pool_size": 2, "strides": 3, "padding": "same"},
        {"pool_size": 4, "strides": 1, "padding": "same"},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["MaxPooling1D", "AveragePooling1D"])
def test_sequences(name, options):
    check_layer(name, (2, 11, 3), ties=True, **options)
