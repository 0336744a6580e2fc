"""What papers and frameworks print for the networks of keras.applications, with its convention.

A number stands here as it is printed, whether the count gives it or not. Some sources say what they
count: multiply-accumulates (which He et al. and the code of EfficientNetV2 call FLOPs), or the
parameters that are trained. Others do not: all their FLOPs are read as MACs, and all their
parameters as those that are trained.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from experiments.bottlenecks.applications import TORCHVISION_RESNET

_MACS, _READ_AS_MACS = "MACs", "FLOPs, read as MACs"
_TRAINABLE, _READ_AS_TRAINABLE = "trainable parameters", "parameters, read as trainable"
_UNBIASED = "trainable parameters without the biases of convolutions"
_SUMS = {
    "parameters": ["parameters"],
    _TRAINABLE: ["trainable_parameters"],
    _READ_AS_TRAINABLE: ["trainable_parameters"],
    _UNBIASED: ["trainable_without_conv_biases"],
    _MACS: ["macs"],
    _READ_AS_MACS: ["macs"],
    "MACs + bias adds": ["macs", "bias_adds"],
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


_SLIM = "tensorflow/models, slim's pages of MobileNets"
_MOBILE, _MOBILE_2 = "Howard et al. 2017, Table 6", "Sandler et al. 2018, Table 4"
_MOBILE_3 = "Howard et al. 2019, Table 3"
_NASNET = "Zoph et al. 2018, Tables 2 and 3"
_EFFICIENT, _EFFICIENT_2 = "Tan and Le 2019, Table 2", "google/automl, efficientnetv2/README.md"
_CONVNEXT = "facebookresearch/ConvNeXt, README.md"

_PRINTED: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("Keras' documentation, table of available models", "parameters", {
        "Xception": "22,910,480", "VGG16": "138,357,544", "VGG19": "143,667,240",
        "ResNet50": "25,636,712", "ResNet101": "44,707,176", "ResNet152": "60,419,944",
        "ResNet50V2": "25,613,800", "ResNet101V2": "44,675,560", "ResNet152V2": "60,380,648",
        "InceptionV3": "23,851,784", "InceptionResNetV2": "55,873,736",
        "MobileNet": "4,253,864", "MobileNetV2": "3,538,984",
        "DenseNet121": "8,062,504", "DenseNet169": "14,307,880", "DenseNet201": "20,242,984",
        "NASNetMobile": "5,326,716", "NASNetLarge": "88,949,818",
        "EfficientNetB0": "5,330,571", "EfficientNetB1": "7,856,239",
        "EfficientNetB2": "9,177,569", "EfficientNetB3": "12,320,535",
        "EfficientNetB4": "19,466,823", "EfficientNetB5": "30,562,527",
        "EfficientNetB6": "43,265,143", "EfficientNetB7": "66,658,687",
    }),
    ("the network of Simonyan and Zisserman 2015, each product", _MACS, {
        "VGG16": "15,470,264,320",
    }),
    ("the network of Simonyan and Zisserman 2015, each product and bias", "MACs + bias adds", {
        "VGG16": "15,483,821,032",
    }),
    ("the network of Simonyan and Zisserman 2015, each number", "activations", {
        "VGG16": "15,237,608",
    }),
    ("torchvision's network, whose convolutions have no biases", _UNBIASED, {
        "ResNet50": "25,557,032",
    }),
    ("the network of He et al. 2016, each product", _MACS, {"ResNet50": "3,857,973,248"}),
    ("torchvision's network, each product", _MACS, {TORCHVISION_RESNET: "4,089,184,256"}),
    ("He et al. 2016, section 4.1", _MACS, {"VGG16": "15.3B", "VGG19": "19.6B"}),
    ("He et al. 2016, Table 1", _MACS, {
        "ResNet50": "3.8B", "ResNet101": "7.6B", "ResNet152": "11.3B",
    }),
    ("torchvision's weights, GFLOPS", _READ_AS_MACS, {
        "VGG16": "15.47B", "VGG19": "19.632B", TORCHVISION_RESNET: "4.089B",
        "DenseNet121": "2.834B", "DenseNet169": "3.36B", "DenseNet201": "4.291B",
        "InceptionV3": "5.713B",
    }),
    (_MOBILE, _MACS, {"MobileNet": "569M"}),
    (_MOBILE, _READ_AS_TRAINABLE, {"MobileNet": "4.2M"}),
    (_MOBILE_2, _MACS, {"MobileNetV2": "300M"}),
    (_MOBILE_2, _READ_AS_TRAINABLE, {"MobileNetV2": "3.4M"}),
    (_MOBILE_3, _MACS, {"MobileNetV3Large": "219M", "MobileNetV3Small": "56M"}),
    (_MOBILE_3, _READ_AS_TRAINABLE, {"MobileNetV3Large": "5.4M", "MobileNetV3Small": "2.5M"}),
    (_SLIM, _MACS, {
        "MobileNet": "569M", "MobileNetV2": "300M", "MobileNetV3Large": "217M",
        "MobileNetV3Small": "66M",
    }),
    (_SLIM, _READ_AS_TRAINABLE, {
        "MobileNet": "4.24M", "MobileNetV2": "3.47M", "MobileNetV3Large": "5.4M",
        "MobileNetV3Small": "2.9M",
    }),
    ("Chollet 2017, Table 3", _READ_AS_TRAINABLE, {
        "InceptionV3": "23,626,728", "Xception": "22,855,952",
    }),
    (_NASNET, _MACS, {
        "InceptionV3": "5.72B", "Xception": "8.38B", "InceptionResNetV2": "13.2B",
        "NASNetLarge": "23.8B", "NASNetMobile": "564M",
    }),
    (_NASNET, _READ_AS_TRAINABLE, {
        "InceptionV3": "23.8M", "Xception": "22.8M", "InceptionResNetV2": "55.8M",
        "NASNetLarge": "88.9M", "NASNetMobile": "5.3M",
    }),
    (_EFFICIENT, _READ_AS_MACS, {
        "EfficientNetB0": "0.39B", "EfficientNetB1": "0.70B", "EfficientNetB2": "1.0B",
        "EfficientNetB3": "1.8B", "EfficientNetB4": "4.2B", "EfficientNetB5": "9.9B",
        "EfficientNetB6": "19B", "EfficientNetB7": "37B",
    }),
    (_EFFICIENT, _READ_AS_TRAINABLE, {
        "EfficientNetB0": "5.3M", "EfficientNetB1": "7.8M", "EfficientNetB2": "9.2M",
        "EfficientNetB3": "12M", "EfficientNetB4": "19M", "EfficientNetB5": "30M",
        "EfficientNetB6": "43M", "EfficientNetB7": "66M",
    }),
    (_EFFICIENT_2, _MACS, {
        "EfficientNetV2B0": "0.72B", "EfficientNetV2B1": "1.2B", "EfficientNetV2B2": "1.7B",
        "EfficientNetV2B3": "3.0B", "EfficientNetV2S": "8.4B", "EfficientNetV2M": "24.7B",
        "EfficientNetV2L": "56.3B",
    }),
    (_EFFICIENT_2, _TRAINABLE, {
        "EfficientNetV2B0": "7.1M", "EfficientNetV2B1": "8.1M", "EfficientNetV2B2": "10.1M",
        "EfficientNetV2B3": "14.4M", "EfficientNetV2S": "21.5M", "EfficientNetV2M": "54.1M",
        "EfficientNetV2L": "119.5M",
    }),
    (_CONVNEXT, _READ_AS_MACS, {
        "ConvNeXtTiny": "4.5B", "ConvNeXtSmall": "8.7B", "ConvNeXtBase": "15.4B",
        "ConvNeXtLarge": "34.4B", "ConvNeXtXLarge": "60.9B",
    }),
    (_CONVNEXT, _READ_AS_TRAINABLE, {
        "ConvNeXtTiny": "28M", "ConvNeXtSmall": "50M", "ConvNeXtBase": "89M",
        "ConvNeXtLarge": "198M", "ConvNeXtXLarge": "350M",
    }),
)  # fmt: skip
"""(source, convention, network -> the digits printed, millions as M and billions as B)."""


def in_full(printed: str) -> tuple[int, int]:
    """The number that `printed` stands for, such as "0.39B", and what its last digit stands for."""
    digits = printed.rstrip("MB").replace(",", "")
    zeros = {"M": 6, "B": 9}.get(printed[-1], 0)
    unit = int(10 ** (zeros - len(digits.partition(".")[2])))
    return int(digits.replace(".", "")) * unit, unit


FIGURES = tuple(
    Figure(application, convention, *in_full(printed), source)
    for source, convention, table in _PRINTED
    for application, printed in table.items()
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
