"""Where each item of the five sources, and each published figure, is covered."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd


class Item(NamedTuple):
    """One item: a function, a formula, a picture or a number.

    Attributes:
        source: "A" to "E", or "published".
        item: What it is, with the sources' own names.
        study: The study that covers it.
        where: The table or figure of that study.
        test: The file of tests that holds it.
    """

    source: str
    item: str
    study: str
    where: str
    test: str


def coverage_frame() -> pd.DataFrame:
    """One row an item, in the order of the sources."""
    return pd.DataFrame(COVERAGE)


_IDENTITIES = "convolution_identities"
_ARITHMETIC = "architecture_arithmetic"
_GRADIENTS = "gradient_check"
_COST = "complexity"

_SOURCES = "tests/experiments/sources/test_printed.py"
_HIDDEN = "tests/experiments/sources/test_hidden.py"
_COURSE = "tests/scratch/reference/test_course.py"
_THEORY = "tests/scratch/reference/test_theory.py"
_MODULES = "tests/scratch/reference/test_modules.py"
_CHANNELS_FIRST = "tests/scratch/reference/test_channels_first.py"
_CONV = "tests/scratch/functional/test_conv.py"
_POOLING = "tests/scratch/functional/test_pooling.py"
_PADDING = "tests/scratch/functional/test_padding.py"
_ACTIVATIONS = "tests/scratch/functional/test_activations.py"
_DENSE = "tests/scratch/functional/test_dense.py"
_MATRIX = "tests/scratch/functional/test_conv_matrix.py"
_PICTURES = "tests/experiments/test_feature_maps.py"
_ZOO = "tests/keras_models/test_zoo.py"
_COMPLEXITY = "tests/experiments/complexity/test_published.py"
_FAULTS = "tests/experiments/faults/test_catalogue.py"
_TRAINING = "tests/experiments/test_training_studies.py"

_A = (
    Item("A", "zero_pad, A1", "sources", "printed", _SOURCES),
    Item("A", "picture: an image beside its padded self", "feature_maps", "padding", _PICTURES),
    Item("A", "conv_single_step, A2 wrong", "sources", "wrong_numbers", _SOURCES),
    Item("A", "conv_forward, A3 wrong, its cache right", "sources", "wrong_numbers", _SOURCES),
    Item("A", "pool_forward, max and average, A4", "sources", "printed", _SOURCES),
    Item("A", "conv_backward, A5: right, given a wrong Z", "sources", "wrong_numbers", _SOURCES),
    Item("A", "create_mask_from_window, A6", "sources", "printed", _SOURCES),
    Item("A", "distribute_value, A7", "sources", "printed", _SOURCES),
    Item("A", "pool_backward max, A8", "sources", "printed", _SOURCES),
    Item("A", "pool_backward average, A9 wrong", "sources", "wrong_numbers", _SOURCES),
    Item("A", "hparameters: stride, pad, f", _ARITHMETIC, "sizes", _COURSE),
    Item("A", "ReLU after a convolution", "layerwise", "layers", _ACTIVATIONS),
    Item("A", "output sizes of convolution and pooling", _ARITHMETIC, "sizes", _PADDING),
    Item(
        "A", "equations (1), (2), (3): gradients of a convolution", _GRADIENTS, "gradients", _CONV
    ),
    Item("A", "equations (4), (5): gradients of pooling", _GRADIENTS, "gradients", _POOLING),
)

_B = (
    Item("B", "distribute_value, B1", "sources", "printed", _SOURCES),
    Item("B", "pool_backward average, B2", "sources", "printed", _SOURCES),
    Item("B", "pool_backward max, as A8", "sources", "printed", _SOURCES),
    Item(
        "B",
        "fault: backward windows of a convolution ignore the stride",
        "sources",
        "hidden",
        _HIDDEN,
    ),
    Item("B", "fault: backward windows of pooling ignore the stride", "sources", "hidden", _HIDDEN),
    Item("B", "fault: the mask marks every tied maximum", "sources", "hidden", _HIDDEN),
    Item("B", "both policies for ties, the first maximum by default", _GRADIENTS, "kinks", _COURSE),
    Item(
        "B",
        "the same network in TensorFlow: SIGNS ConvNet, layer by layer",
        "layerwise",
        "verdicts",
        _ZOO,
    ),
    Item("B", "1,310 parameters, 1,606,016 MACs", "sources", "printed", _SOURCES),
    Item("B", "Adam, batch 64, 100 epochs on the photographs", "training", "runs", _TRAINING),
    Item("B", "same pads (1, 2) and (0, 1): four numbers", "sources", "printed", _SOURCES),
    Item(
        "B",
        "2021 version: conv_forward and conv_backward, stride 2",
        "sources",
        "printed",
        _SOURCES,
    ),
)

_C = (
    Item("C", "why not fully connected: parameter counts", _ARITHMETIC, "connections", _ZOO),
    Item("C", "valid and same convolution, 5x5 image", "feature_maps", "five_by_five", _PICTURES),
    Item("C", "output sizes with padding and floor", _ARITHMETIC, "sizes", _PADDING),
    Item("C", "several channels: the sum of 2-D convolutions", _IDENTITIES, "summary", _THEORY),
    Item("C", "6x6x3 to 4x4, two kernels to 4x4x2", "sources", "printed", _SOURCES),
    Item(
        "C", "kernels that treat R, G, B differently", "feature_maps", "colour_kernels", _PICTURES
    ),
    Item("C", "network 39x39x3 to 1960, 4563 numbers in", "sources", "printed", _SOURCES),
    Item("C", "ReLU", "layerwise", "layers", _ACTIVATIONS),
    Item("C", "max and average pooling, 4x4 in 2x2 blocks", "feature_maps", "pooling", _PICTURES),
    Item("C", "fully connected layer", "layerwise", "layers", _DENSE),
    Item("C", "softmax sums to 1; the sum runs over the classes", _IDENTITIES, "softmax", _THEORY),
    Item("C", "local connection and shared parameters", _ARITHMETIC, "connections", _MATRIX),
    Item("C", "delta of a convolution: rot180 and wide", _IDENTITIES, "readings", _THEORY),
    Item("C", "dC/db = sum of delta", _GRADIENTS, "gradients", _THEORY),
    Item("C", "pooling: upsample(delta)", _GRADIENTS, "gradients", _THEORY),
    Item("C", "dense: W^T delta . sigma', dW = delta a^T", _GRADIENTS, "gradients", _THEORY),
    Item("C", "dC/dw is a cross-correlation", _IDENTITIES, "readings", _THEORY),
    Item("C", "training in 11 steps", "descent", "update_rule", _THEORY),
    Item("C", "SGD, mini-batch, BGD; W -= eta / batchsize * sum", "descent", "summary", _THEORY),
)

_D = (
    Item("D", "convolution, P = (K - 1) / 2", "sources", "printed", _CHANNELS_FIRST),
    Item("D", "ReLU, channels first", "layerwise", "layers", _CHANNELS_FIRST),
    Item("D", "pooling(input, size, stride)", "feature_maps", "pooling", _CHANNELS_FIRST),
    Item("D", "VGG16 as stacks of conv, activation, pool", _ARITHMETIC, "vgg16", _COMPLEXITY),
    Item(
        "D",
        "picture: a convolution's first three output channels",
        "feature_maps",
        "first_channels",
        _PICTURES,
    ),
    Item("D", "fault: pooling ignores its stride", "sources", "hidden", _HIDDEN),
    Item("D", "fault: as many channels as rows", "sources", "hidden", _HIDDEN),
    Item("D", "fault: the kernel is drawn anew in every call", "sources", "hidden", _HIDDEN),
)

_E = (
    Item("E", "5-2 wide convolution commutes with turning", _IDENTITIES, "summary", _THEORY),
    Item("E", "5-3 what 1x1 convolutions do", "one_by_one", "roles", _CONV),
    Item("E", "5-3 387,072, 157,184, 163,328, about one third", "sources", "printed", _SOURCES),
    Item("E", "5-4 time and space, with and without a 1x1", _COST, "exercise_5_4", _COMPLEXITY),
    Item("E", "5-7 forward and backward are transposes", _IDENTITIES, "matrices", _MATRIX),
    Item(
        "E", "back-propagation: upsample, turned kernel, dW, db", _GRADIENTS, "gradients", _THEORY
    ),
    Item(
        "E", "im2col, Conv2D: forward, backward, zero_grad, update", "sources", "printed", _MODULES
    ),
    Item("E", "MaxPooling", "sources", "hidden", _MODULES),
    Item("E", "Module: forward, backward, step", "sources", "printed", _MODULES),
    Item("E", "the im2col test and its shapes", "sources", "printed", _SOURCES),
    Item("E", "fault: input gradient right for stride 1 only", "sources", "hidden", _HIDDEN),
    Item("E", "fault: pooling's output is h // stride", "sources", "hidden", _HIDDEN),
    Item("E", "fault: one mask for overlapping windows", "sources", "hidden", _HIDDEN),
    Item("E", "fault: np.repeat by the stride", "sources", "hidden", _HIDDEN),
    Item(
        "E", "all faults of the sources, planted and named", "layerwise", "planted_faults", _FAULTS
    ),
)

_PUBLISHED = (
    Item("published", "28x28x192 to 5x5x32, with a 16-channel 1x1", _COST, "blocks", _COMPLEXITY),
    Item("published", "inception 3a and 3b: weights and MACs", _COST, "inception", _COMPLEXITY),
    Item(
        "published",
        "ResNet bottleneck: 69,632 against 1,179,648 weights",
        _COST,
        "blocks",
        _COMPLEXITY,
    ),
    Item("published", "ResNet-50: MACs both ways, parameters", _COST, "published", _COMPLEXITY),
    Item("published", "VGG16: parameters, MACs, activations", _COST, "published", _COMPLEXITY),
    Item("published", "SIGNS: test accuracy of the ConvNet", "training", "published", _TRAINING),
    Item("published", "SIGNS: ResNet-50's accuracy", "training", "published", _TRAINING),
)

COVERAGE: tuple[Item, ...] = (*_A, *_B, *_C, *_D, *_E, *_PUBLISHED)
