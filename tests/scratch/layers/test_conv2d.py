import pytest

from tests.scratch.layers.harness import check_layer

IMAGE = (2, 7, 6, 4)  # batch, height, width, channels: all different

CASES = {
    "square kernel": {"kernel_size": 3},
    "even kernel": {"kernel_size": (2, 4)},
    "even kernel, same": {"kernel_size": (4, 2), "padding": "same"},
    "1x1": {"kernel_size": 1},
    "1x1, stride 2": {"kernel_size": 1, "strides": 2},
    "kernel as large as the image": {"kernel_size": (7, 6)},
    "same, kernel larger than the image": {"kernel_size": (9, 8), "padding": "same"},
    "strides leave a remainder": {"kernel_size": (3, 2), "strides": (3, 4)},
    "strides leave a remainder, same": {
        "kernel_size": (3, 2), "strides": (2, 4), "padding": "same",
    },
    "stride beyond the kernel": {"kernel_size": 2, "strides": 3, "padding": "same"},
    "dilation": {"kernel_size": (2, 3), "dilation_rate": (3, 2)},
    "dilation, same": {"kernel_size": (3, 2), "dilation_rate": 2, "padding": "same"},
    "groups": {"kernel_size": (3, 2), "groups": 2},
    "depthwise, strides, same": {
        "kernel_size": 2, "strides": (2, 1), "groups": 4, "padding": "same", "filters": 8,
    },
    "no bias": {"kernel_size": (2, 3), "use_bias": False},
    "relu": {"kernel_size": (2, 3), "activation": "relu"},
    "softmax": {"kernel_size": (2, 3), "activation": "softmax"},
    "linear": {"kernel_size": (2, 3), "activation": "linear", "use_bias": False},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_as_keras(case):
    check_layer("Conv2D", IMAGE, **{"filters": 6, **CASES[case]})


def test_one_sample_one_channel_one_filter():
    check_layer("Conv2D", (1, 5, 4, 1), filters=1, kernel_size=(2, 3), padding="same")
