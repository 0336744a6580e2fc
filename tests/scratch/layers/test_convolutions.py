"""Depthwise, separable, transposed and one-dimensional convolution, as Keras computes them."""

import pytest

from scratch.layers import Conv1D, Conv2DTranspose, DepthwiseConv2D
from tests.scratch.layers.harness import check_layer, random

IMAGE = (2, 7, 6, 4)  # batch, height, width, channels: all different
SEQUENCE = (3, 9, 4)  # batch, steps, channels

DEPTHWISE = {
    "square kernel": {"kernel_size": 3},
    "even kernel, same": {"kernel_size": (4, 2), "padding": "same"},
    "1x1": {"kernel_size": 1},
    "kernel as large as the image": {"kernel_size": (7, 6)},
    "same, kernel larger than the image": {"kernel_size": (9, 8), "padding": "same"},
    "three outputs a channel": {"kernel_size": (3, 2), "depth_multiplier": 3},
    "stride 2": {"kernel_size": 3, "strides": 2},
    "stride 2, same": {"kernel_size": (3, 4), "strides": 2, "padding": "same"},
    "stride beyond the kernel": {"kernel_size": 2, "strides": 3, "padding": "same"},
    "stride, several outputs": {
        "kernel_size": (5, 3), "strides": 2, "padding": "same", "depth_multiplier": 2,
    },
    "dilation": {"kernel_size": (2, 3), "dilation_rate": (3, 2)},
    "dilation, same": {"kernel_size": (3, 2), "dilation_rate": 2, "padding": "same"},
    "dilation and stride": {"kernel_size": 3, "dilation_rate": (2, 1), "strides": 2},
    "dilation and unequal strides, same": {
        "kernel_size": (3, 2), "dilation_rate": (2, 4), "strides": (3, 2), "padding": "same",
    },
    "no bias": {"kernel_size": (2, 3), "use_bias": False},
    "relu": {"kernel_size": (2, 3), "activation": "relu"},
}  # fmt: skip

SEPARABLE = {
    name: {"filters": 5, **options} for name, options in DEPTHWISE.items()
}  # fmt: skip

TRANSPOSED = {
    "stride 1": {"kernel_size": (3, 2)},
    "same": {"kernel_size": (3, 2), "padding": "same"},
    "even kernel, same": {"kernel_size": (4, 2), "strides": (2, 3), "padding": "same"},
    "windows overlap": {"kernel_size": (4, 3), "strides": 2},
    "windows leave gaps": {"kernel_size": (1, 2), "strides": (3, 4)},
    "gaps, same": {"kernel_size": (1, 2), "strides": (3, 4), "padding": "same"},
    "output padding": {"kernel_size": (3, 2), "strides": (2, 3), "output_padding": (1, 2)},
    "no output padding": {"kernel_size": (1, 2), "strides": (3, 2), "output_padding": 0},
    "output padding, same": {
        "kernel_size": (3, 2), "strides": (2, 3), "output_padding": 1, "padding": "same",
    },
    "odd kernel, no output padding, same": {
        "kernel_size": (3, 5), "strides": 2, "output_padding": 0, "padding": "same",
    },
    "no bias": {"kernel_size": 2, "use_bias": False},
    "relu": {"kernel_size": (2, 3), "activation": "relu"},
}  # fmt: skip

SEQUENCES = {
    "valid": {"kernel_size": 4},
    "valid, stride": {"kernel_size": (3,), "strides": 2},
    "same, stride": {"kernel_size": 4, "strides": (3,), "padding": "same"},
    "dilation, same": {"kernel_size": 3, "dilation_rate": 2, "padding": "same"},
    "relu, no bias": {"kernel_size": 2, "activation": "relu", "use_bias": False},
}
CAUSAL = {
    "causal": {"kernel_size": 3, "padding": "causal"},
    "causal, stride": {"kernel_size": 4, "padding": "causal", "strides": 2},
    "causal, dilation": {"kernel_size": 3, "padding": "causal", "dilation_rate": 3},
    "groups": {"kernel_size": 3, "padding": "same", "groups": 2},
}


@pytest.mark.parametrize("case", DEPTHWISE)
def test_depthwise(case):
    check_layer("DepthwiseConv2D", IMAGE, **DEPTHWISE[case])


@pytest.mark.parametrize("case", SEPARABLE)
def test_separable(case):
    check_layer("SeparableConv2D", IMAGE, **SEPARABLE[case])


@pytest.mark.parametrize("case", TRANSPOSED)
def test_transposed(case):
    check_layer("Conv2DTranspose", IMAGE, filters=5, **TRANSPOSED[case])


@pytest.mark.parametrize("case", SEQUENCES | CAUSAL)
def test_sequences(case):
    check_layer("Conv1D", SEQUENCE, filters=6, **(SEQUENCES | CAUSAL)[case])


@pytest.mark.parametrize("case", SEQUENCES)
def test_depthwise_sequences(case):
    check_layer("DepthwiseConv1D", SEQUENCE, depth_multiplier=2, **SEQUENCES[case])


@pytest.mark.parametrize("name", ["DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose"])
def test_one_sample_one_channel(name):
    filters = {} if name == "DepthwiseConv2D" else {"filters": 1}
    check_layer(name, (1, 5, 4, 1), kernel_size=(2, 3), padding="same", **filters)


def test_regularizers_have_keras_option_names_and_sit_on_the_weights():
    layer = DepthwiseConv2D(3, depthwise_regularizer="l2", bias_regularizer="l1")
    assert set(layer.regularizers) == {"kernel", "bias"}
    assert "depthwise_regularizer" in layer.get_config()
    assert "kernel_regularizer" not in layer.get_config()
    again = DepthwiseConv2D(**layer.get_config())
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier must be at least 1"),
        (lambda: DepthwiseConv2D(3, padding="causal"), 'padding must be "valid" or "same"'),
        (lambda: Conv1D(2, 3, padding="full"), '"valid" or "same" or "causal", got \'full\''),
        (lambda: Conv2DTranspose(2, 3, 2, output_padding=2), r"output_padding must be below"),
    ],
)
def test_bad_options_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_output_that_no_convolution_shrinks_to_the_input_is_refused():
    """TensorFlow refuses it in its kernels."""
    layer = Conv2DTranspose(2, (3, 2), 2, padding="same", output_padding=0, name="up")
    with pytest.raises(ValueError, match=r"'up': .* output_padding must be at least 1"):
        layer.forward(random(IMAGE, "float32", 0))


def test_sequences_are_not_images():
    with pytest.raises(ValueError, match=r"takes sequences \(batch, steps, channels\)"):
        Conv1D(2, 3).forward(random(IMAGE, "float32", 0))
