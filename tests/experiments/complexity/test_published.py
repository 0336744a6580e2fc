"""Figures that others have published, each under the convention it was counted by."""

import keras
import pytest
from keras import Input, Model, layers

import keras_models.zoo
import scratch.zoo
from experiments.complexity import count

pytestmark = pytest.mark.usefixtures("weights_are_not_drawn")


def convolution(filters: int, kernel_size: int, **options) -> layers.Layer:
    return layers.Conv2D(filters, kernel_size, padding="same", **options)


def test_a_5x5_convolution_with_and_without_a_1x1_before_it() -> None:
    x = Input((28, 28, 192))
    assert count(Model(x, convolution(32, 5)(x))).totals["macs"] == 120_422_400
    reduced = count(Model(x, convolution(32, 5)(convolution(16, 1)(x))))
    assert reduced.table.macs.tolist() == [0, 2_408_448, 10_035_200]
    assert reduced.totals["macs"] == 12_443_648


def test_inception_3a() -> None:
    counted = count(scratch.zoo.inception_3a())
    totals = counted.totals
    assert (totals["weights"], totals["parameters"]) == (163_328, 163_696)
    assert totals["macs"] == 128_049_152
    branch = counted.table[counted.table.layer != "conv_pool_project"]
    assert branch.weights.sum() == 157_184
    assert count(scratch.zoo.inception_3a_naive()).totals["weights"] == 387_072


def test_inception_3b() -> None:
    x = Input((28, 28, 256))
    branches = [
        convolution(128, 1)(x),
        convolution(192, 3)(convolution(128, 1)(x)),
        convolution(96, 5)(convolution(32, 1)(x)),
        convolution(64, 1)(layers.MaxPooling2D(3, 1, padding="same")(x)),
    ]
    totals = count(Model(x, layers.Concatenate()(branches))).totals
    assert (totals["weights"], totals["macs"]) == (388_096, 304_267_264)


def test_resnet_bottleneck() -> None:
    assert count(keras_models.zoo.resnet_bottleneck()).totals["weights"] == 69_632


def test_signs_convnet() -> None:
    totals = count(scratch.zoo.signs_convnet()).totals
    assert (totals["parameters"], totals["macs"]) == (1_310, 1_606_016)


def resnet50_convolutions(stride_in_3x3: bool) -> Model:
    """ResNet-50 without normalisation, which takes no MACs."""
    x = image = Input((224, 224, 3))
    x = layers.MaxPooling2D(3, 2, padding="same")(convolution(64, 7, strides=2)(x))
    for stage, (filters, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            strides = (1, stride) if stride_in_3x3 else (stride, 1)
            shortcut = x if block else convolution(4 * filters, 1, strides=stride)(x)
            x = convolution(filters, 1, strides=strides[0])(x)
            x = convolution(filters, 3, strides=strides[1])(x)
            x = layers.Add()([convolution(4 * filters, 1)(x), shortcut])
    return Model(image, layers.Dense(1000)(layers.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize(("stride_in_3x3", "macs"), [(False, 3_857_973_248), (True, 4_089_184_256)])
def test_where_resnet50_has_its_stride(stride_in_3x3: bool, macs: int) -> None:
    assert count(resnet50_convolutions(stride_in_3x3)).totals["macs"] == macs


def test_resnet50_of_keras() -> None:
    counted = count(keras.applications.ResNet50(weights=None))
    totals, table = counted.totals, counted.table
    convolutions = table[table.type == "Conv2D"]
    moving = totals["other"] // 2  # of gamma, beta, moving mean and moving variance
    assert totals["macs"] == 3_857_973_248
    assert (int(convolutions.biases.sum()), moving) == (26_560, 53_120)
    assert totals["parameters"] == 25_636_712 == 25_557_032 + 26_560 + 53_120


def test_vgg16() -> None:
    totals = count(keras.applications.VGG16(weights=None)).totals
    assert totals["parameters"] == 138_357_544
    assert totals["macs"] == 15_470_264_320
    # One addition for each bias use, on top of the multiply-accumulates.
    assert totals["flops"] - totals["macs"] == 15_483_821_032
    # The input, and what convolutions, poolings and dense layers write; Flatten writes nothing.
    assert totals["activations"] == 15_237_608
    assert f"{totals['activation_bytes'] / 2**20:.2f}" == "58.13"


@pytest.mark.parametrize(
    ("name", "billions_of_macs", "millions_of_parameters"),
    [
        ("MobileNet", "0.57", "4.3"),  # Howard et al. 2017, table 4: 569 million
        ("MobileNetV2", "0.30", "3.5"),  # Sandler et al. 2018, table 4: 300 million
        ("DenseNet121", "2.83", "8.1"),  # torchvision: 2.83 billion
        ("EfficientNetB0", "0.39", "5.3"),  # Tan and Le 2019, table 2: 0.39 billion
    ],
)
def test_other_networks(name: str, billions_of_macs: str, millions_of_parameters: str) -> None:
    """Parameters as in the table of keras.io/api/applications."""
    totals = count(getattr(keras.applications, name)(weights=None)).totals
    assert f"{totals['macs'] / 1e9:.2f}" == billions_of_macs
    assert f"{totals['parameters'] / 1e6:.1f}" == millions_of_parameters
    assert totals["not_counted"] == 0


NAMES = [name for name in vars(keras.applications) if name[0].isupper()]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_network_of_keras(name: str) -> None:
    model = getattr(keras.applications, name)(weights=None)
    counted = count(model, (224, 224, 3) if None in model.input_shape[1:] else None)
    assert counted.totals["parameters"] == model.count_params()
    assert counted.totals["not_counted"] == 0
    assert counted.table.output_shape.iloc[-1] == "1x1000"
    keras.backend.clear_session()
