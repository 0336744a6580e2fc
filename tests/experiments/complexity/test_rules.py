"""Every rule against plain loops that count each multiplication, on shapes without symmetry."""

from itertools import product
from math import ceil

import keras
import numpy as np
import pytest
from keras import layers

import scratch
from experiments.complexity import count
from scratch.layers import Conv2D as ScratchConv2D
from scratch.layers import Input as ScratchInput


def row_of(layer: keras.Layer, shape: tuple[int, ...], batch: int = 1):
    x = keras.Input(shape)
    return count(keras.Model(x, layer(x)), batch=batch).table.iloc[1]


def window_starts(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    """How many places a window has along one axis, found by sliding it over the padded axis."""
    extent = (kernel - 1) * dilation + 1
    if padding == "same":
        size += max((ceil(size / stride) - 1) * stride + extent - size, 0)
    places = start = 0
    while start + extent <= size:
        places += 1
        start += stride
    return places


def counted_by_loops(shape, filters, kernel, strides, padding, dilation=None, groups=1, batch=1):
    """Multiplications, and numbers in the unrolled matrix, of a convolution in loops."""
    *sizes, channels = shape
    dilation = dilation or (1,) * len(sizes)
    geometry = zip(sizes, kernel, strides, dilation, strict=True)
    places = [range(window_starts(*axis, padding)) for axis in geometry]
    group_of_filter = np.repeat(np.arange(groups), filters // groups)
    group_of_channel = np.repeat(np.arange(groups), channels // groups)
    macs = columns = 0
    for _ in range(batch):
        for _ in product(*places):
            for _ in product(*map(range, kernel)):
                columns += channels
                for f, c in product(range(filters), range(channels)):
                    macs += group_of_filter[f] == group_of_channel[c]
    return macs, columns


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("kernel", "strides", "dilation", "groups"),
    [
        ((3, 2), (2, 1), (1, 1), 1),
        ((2, 4), (3, 2), (1, 1), 2),
        ((2, 3), (1, 1), (3, 2), 1),
        ((1, 1), (2, 2), (1, 1), 1),
        ((1, 3), (1, 1), (1, 1), 4),
    ],
)
def test_convolution(padding, kernel, strides, dilation, groups) -> None:
    shape, filters = (7, 10, 4), 8
    options = {"strides": strides, "padding": padding, "dilation_rate": dilation, "groups": groups}
    row = row_of(layers.Conv2D(filters, kernel, **options), shape, batch=2)
    macs, columns = counted_by_loops(
        shape, filters, kernel, strides, padding, dilation, groups, batch=2
    )
    outputs = int(np.prod([int(n) for n in row.output_shape.split("x")]))
    assert (row.macs, row.macs_dx, row.macs_dw) == (macs, macs, macs)
    assert row.im2col_bytes == 4 * columns
    assert row.flops == 2 * macs + outputs
    image = ScratchInput(shape)
    twin = count(scratch.Model(image, ScratchConv2D(filters, kernel, **options)(image)), batch=2)
    same = ["kernel", "strides", "weights", "biases", "macs", "flops", "im2col_bytes", "note"]
    assert twin.table.iloc[1][same].tolist() == row[same].tolist()


def test_a_1x1_convolution_at_stride_1_needs_no_unrolling() -> None:
    row = row_of(layers.Conv2D(5, 1), (6, 4, 3))
    assert (row.macs, row.im2col_bytes) == (6 * 4 * 3 * 5, 0)


def test_one_and_three_dimensions() -> None:
    row = row_of(layers.Conv1D(5, 4, strides=3, padding="same"), (11, 3))
    assert (row.macs, row.im2col_bytes // 4) == counted_by_loops((11, 3), 5, (4,), (3,), "same")
    row = row_of(layers.Conv3D(4, (2, 3, 1), strides=(1, 2, 2)), (4, 5, 3, 2))
    assert (row.macs, row.im2col_bytes // 4) == counted_by_loops(
        (4, 5, 3, 2), 4, (2, 3, 1), (1, 2, 2), "valid"
    )


def test_depthwise_is_a_convolution_of_as_many_groups_as_channels() -> None:
    layer = layers.DepthwiseConv2D((2, 3), strides=(2, 2), padding="same", depth_multiplier=3)
    row = row_of(layer, (7, 6, 4))
    assert (row.macs, row.im2col_bytes // 4) == counted_by_loops(
        (7, 6, 4), 12, (2, 3), (2, 2), "same", groups=4
    )
    assert (row.weights, row.biases) == (2 * 3 * 4 * 3, 12)


def test_separable_is_depthwise_then_1x1() -> None:
    layer = layers.SeparableConv2D(5, (3, 2), strides=(2, 2), depth_multiplier=2)
    row = row_of(layer, (7, 6, 4))
    depthwise, columns = counted_by_loops((7, 6, 4), 8, (3, 2), (2, 2), "valid", groups=4)
    pointwise, _ = counted_by_loops((3, 3, 8), 5, (1, 1), (1, 1), "valid")
    assert row.output_shape == "1x3x3x5"
    assert (row.macs, row.im2col_bytes) == (depthwise + pointwise, 4 * columns)
    assert row.flops == 2 * row.macs + 3 * 3 * 5
    assert (row.weights, row.biases) == (3 * 2 * 4 * 2 + 8 * 5, 5)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_transposed_spreads_every_input_number(padding: str) -> None:
    row = row_of(layers.Conv2DTranspose(5, (3, 2), strides=(2, 2), padding=padding), (4, 6, 3))
    macs = sum(1 for _ in product(range(4), range(6), range(3), range(3), range(2), range(5)))
    outputs = int(np.prod([int(n) for n in row.output_shape.split("x")]))
    assert row.macs == macs
    assert row.flops == 2 * macs + outputs
    assert row.weights == 3 * 2 * 3 * 5


def test_dense_on_its_last_axis() -> None:
    row = row_of(layers.Dense(5), (4, 3), batch=2)
    assert (row.macs, row.flops, row.im2col_bytes) == (2 * 4 * 3 * 5, 2 * 120 + 2 * 4 * 5, 0)
    assert (row.weights, row.biases) == (15, 5)
    assert row_of(layers.Dense(5, use_bias=False), (4, 3)).flops == 2 * 60


@pytest.mark.parametrize(
    ("equation", "output_shape", "macs"),
    [
        ("abc,cd->abd", (None, 7), 2 * 4 * 3 * 7),
        ("abc,cde->abde", (None, 7, 5), 2 * 4 * 3 * 7 * 5),
        ("abc,bcd->ad", 7, 2 * 4 * 3 * 7),
        ("...x,xy->...y", 7, 2 * 4 * 3 * 7),
    ],
)
def test_einsum_dense(equation: str, output_shape, macs: int) -> None:
    row = row_of(layers.EinsumDense(equation, output_shape), (4, 3), batch=2)
    assert (row.macs, row.flops) == (macs, 2 * macs)


def test_what_moves_or_scales_data_takes_none() -> None:
    for layer in (
        layers.MaxPooling2D(2), layers.GlobalAveragePooling2D(), layers.BatchNormalization(),
        layers.LayerNormalization(axis=[1, 2, 3]), layers.PReLU(), layers.UpSampling2D(2),
        layers.Normalization(mean=[0.0] * 4, variance=[1.0] * 4), layers.Dropout(0.5),
    ):  # fmt: skip
        row = row_of(layer, (6, 8, 4))
        assert (row.macs, row.flops, row.im2col_bytes, row.intensity) == (0, 0, 0, 0.0)
        assert (row.weights, row.biases, row.note) == (0, 0, "")
        assert row.other == layer.count_params()


def test_what_multiplies_without_a_rule_is_never_a_silent_zero() -> None:
    x = keras.Input((4, 6), name="x")
    y = layers.LSTM(5, return_sequences=True, name="lstm")(x)
    y = layers.TimeDistributed(layers.Dense(3), name="steps")(y)
    y = layers.Attention(name="attention")([y, y])
    y = keras.ops.einsum("bij,bkj->bik", y, y)
    counted = count(keras.Model(x, layers.Dense(2, name="end")(y)))
    assert counted.table.note.tolist() == ["", *["not counted"] * 4, ""]
    assert counted.totals["not_counted"] == 4
    assert counted.totals["macs"] == 4 * 4 * 2
    lstm, steps = counted.table.iloc[1], counted.table.iloc[2]
    assert (lstm.weights, lstm.biases) == (4 * 5 * (6 + 5), 4 * 5)
    assert (steps.weights, steps.biases) == (15, 3)


class Mixer(keras.Layer):
    """A layer of a user, with a matrix of its own."""

    def build(self, shape):
        self.matrix = self.add_weight((shape[-1], shape[-1]), name="matrix")

    def call(self, x):
        return keras.ops.matmul(x, self.matrix)


class Dense(layers.Dense):
    """A layer of a user, derived from one that has a rule."""


def test_layers_of_users() -> None:
    row = row_of(Mixer(), (5,))
    assert (row.weights, row.macs, row.note) == (25, 0, "not counted")
    assert row_of(Dense(3), (5,)).macs == 15


def test_a_lookup_is_none_either() -> None:
    row = row_of(layers.Embedding(100, 8), (6,))
    assert (row.weights, row.macs, row.note) == (800, 0, "table lookup")
