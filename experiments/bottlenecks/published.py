"""What papers and frameworks print for the networks of keras.applications, with its convention.

Papers write "FLOPs" where they count multiply-accumulates, leave moving statistics out of the
parameters, and round or cut: a figure is held against the count in its own convention and digits.
Not every paper says what it counts: one more operation for each batch-normalised number is the
reading under which the figures of Zoph et al. for other authors' networks come out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from experiments.bottlenecks.applications import TORCHVISION_RESNET

_SUMS = {
    "parameters": ["parameters"],
    "trainable parameters": ["trainable_parameters"],
    "MACs": ["macs"],
    "MACs + bias adds": ["macs", "bias_adds"],
    "MACs + batch-normalised numbers": ["macs", "batch_normalised_numbers"],
    "activations": ["activations"],
}
"""Convention -> the columns of the count that it adds up."""


class Figure(NamedTuple):
    """One published number.

    Attributes:
        application: Its network.
        convention: What is counted, a key of the conventions known here.
        value: The number, in full.
        unit: What its last digit stands for; 1 for a number that is given exactly.
        source: Where it is printed.
    """

    application: str
    convention: str
    value: int
    unit: int
    source: str


_VGG = "the network of Simonyan and Zisserman 2015, each product"
_RESNET = "He et al. 2016, Table 1"
_VISION = "torchvision's model table (GFLOPS)"
_KERAS = "Keras' documentation"
_MOBILE = "Howard et al. 2017"
_MOBILE_2 = "Sandler et al. 2018"
_MOBILE_3 = "Howard et al. 2019"
_NASNET = "Zoph et al. 2018"
_EFFICIENT = "Tan and Le 2019, Table 2"
_EFFICIENT_2 = "Tan and Le 2021"
_CONVNEXT = "Liu et al. 2022"

_K, _M, _G = 10**3, 10**6, 10**9
FIGURES = (
    Figure("VGG16", "parameters", 138_357_544, 1, _KERAS),
    Figure("VGG16", "MACs", 15_470_264_320, 1, _VGG),
    Figure("VGG16", "MACs + bias adds", 15_483_821_032, 1, _VGG),
    Figure("VGG16", "activations", 15_237_608, 1, _VGG),
    Figure("VGG19", "MACs", 19_600 * _M, 100 * _M, "He et al. 2016, section 3.3"),
    Figure("ResNet50", "parameters", 25_636_712, 1, _KERAS),
    Figure("ResNet50", "MACs", 3_857_973_248, 1, "the network of He et al. 2016, each product"),
    Figure("ResNet50", "MACs", 3_800 * _M, 100 * _M, _RESNET),
    Figure(TORCHVISION_RESNET, "MACs", 4_089_184_256, 1, "torchvision's network, each product"),
    Figure(TORCHVISION_RESNET, "MACs", 4_090 * _M, 10 * _M, _VISION),
    Figure("ResNet101", "MACs", 7_600 * _M, 100 * _M, _RESNET),
    Figure("ResNet152", "MACs", 11_300 * _M, 100 * _M, _RESNET),
    Figure("MobileNet", "MACs", 569 * _M, _M, _MOBILE),
    Figure("MobileNet", "trainable parameters", 4_200 * _K, 100 * _K, _MOBILE),
    Figure("MobileNetV2", "MACs", 300 * _M, _M, _MOBILE_2),
    Figure("MobileNetV2", "trainable parameters", 3_400 * _K, 100 * _K, _MOBILE_2),
    Figure("MobileNetV3Large", "MACs", 219 * _M, _M, _MOBILE_3),
    Figure("MobileNetV3Small", "MACs", 56 * _M, _M, _MOBILE_3),
    Figure("DenseNet121", "MACs", 2_830 * _M, 10 * _M, _VISION),
    Figure("DenseNet169", "MACs", 3_360 * _M, 10 * _M, _VISION),
    Figure("DenseNet201", "MACs", 4_290 * _M, 10 * _M, _VISION),
    Figure("InceptionV3", "MACs", 5_710 * _M, 10 * _M, _VISION),
    Figure("InceptionV3", "MACs + batch-normalised numbers", 5_720 * _M, 10 * _M, _NASNET),
    Figure("InceptionV3", "trainable parameters", 23_800 * _K, 100 * _K, _NASNET),
    Figure("InceptionResNetV2", "MACs + batch-normalised numbers", 13_200 * _M, 100 * _M, _NASNET),
    Figure("InceptionResNetV2", "trainable parameters", 55_800 * _K, 100 * _K, _NASNET),
    Figure("Xception", "MACs + batch-normalised numbers", 8_380 * _M, 10 * _M, _NASNET),
    Figure("Xception", "trainable parameters", 22_855_952, 1, "Chollet 2017, Table 3"),
    Figure("NASNetLarge", "MACs", 23_800 * _M, 100 * _M, _NASNET),
    Figure("NASNetMobile", "MACs", 564 * _M, _M, _NASNET),
    Figure("EfficientNetB0", "MACs", 390 * _M, 10 * _M, _EFFICIENT),
    Figure("EfficientNetB0", "trainable parameters", 5_300 * _K, 100 * _K, _EFFICIENT),
    Figure("EfficientNetB1", "MACs", 700 * _M, 10 * _M, _EFFICIENT),
    Figure("EfficientNetB2", "MACs", 1_000 * _M, 100 * _M, _EFFICIENT),
    Figure("EfficientNetB3", "MACs", 1_800 * _M, 100 * _M, _EFFICIENT),
    Figure("EfficientNetB4", "MACs", 4_200 * _M, 100 * _M, _EFFICIENT),
    Figure("EfficientNetB5", "MACs", 9_900 * _M, 100 * _M, _EFFICIENT),
    Figure("EfficientNetB6", "MACs", 19 * _G, _G, _EFFICIENT),
    Figure("EfficientNetB7", "MACs", 37 * _G, _G, _EFFICIENT),
    Figure("EfficientNetV2S", "MACs", 8_800 * _M, 100 * _M, _EFFICIENT_2),
    Figure("EfficientNetV2M", "MACs", 24 * _G, _G, _EFFICIENT_2),
    Figure("EfficientNetV2L", "MACs", 53 * _G, _G, _EFFICIENT_2),
    Figure("ConvNeXtTiny", "MACs", 4_500 * _M, 100 * _M, _CONVNEXT),
    Figure("ConvNeXtSmall", "MACs", 8_700 * _M, 100 * _M, _CONVNEXT),
    Figure("ConvNeXtBase", "MACs", 15_400 * _M, 100 * _M, _CONVNEXT),
    Figure("ConvNeXtLarge", "MACs", 34_400 * _M, 100 * _M, _CONVNEXT),
    Figure("ConvNeXtXLarge", "MACs", 60_900 * _M, 100 * _M, _CONVNEXT),
)


def published_table(applications: pd.DataFrame) -> pd.DataFrame:
    """Every published number of the networks in `applications`, and whether the count gives it.

    `agreement` is "exact", "rounded" or "cut" to the digits that are printed, or "no".
    """
    counted = applications.set_index("application")
    return pd.DataFrame(
        _row(figure, sum(counted[name][figure.application] for name in _SUMS[figure.convention]))
        for figure in FIGURES
        if figure.application in counted.index
    )


def agreement(counted: int, value: int, unit: int) -> str:
    """How `value`, with a last digit of `unit`, comes from `counted`: see `published_table`."""
    if counted == value:
        return "exact"
    if 2 * abs(counted - value) <= unit:
        return "rounded"
    return "cut" if 0 <= counted - value < unit else "no"


def _row(figure: Figure, counted: int) -> dict[str, Any]:
    return {
        "application": figure.application,
        "convention": figure.convention,
        "published": figure.value,
        "last_digit": figure.unit,
        "counted": counted,
        "counted_to_published": counted / figure.value,
        "agreement": agreement(counted, figure.value, figure.unit),
        "source": figure.source,
    }
