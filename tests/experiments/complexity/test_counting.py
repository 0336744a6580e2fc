"""The table of a model: what a row holds, what is counted once, and that the columns add up."""

import keras
import pytest
from keras import layers

import keras_models.zoo
import scratch.zoo
from experiments.complexity import count
from keras_models.config import using_floatx
from tests.keras_models.samples import branched, build, every_layer, shared

SUMS = (
    "weights", "biases", "other", "macs", "flops", "activations", "activation_bytes",
    "im2col_bytes", "macs_dx", "macs_dw",
)  # fmt: skip


def small_model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((6, 5, 2), name="image"),
            layers.Conv2D(3, (3, 2), strides=(2, 1), name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.Flatten(name="flat"),
            layers.Dense(4, use_bias=False, name="dense"),
        ],
        name="small",
    )


def test_the_table_of_a_small_model_as_text() -> None:
    """Worked out by hand: 8 windows of 12 numbers, 3 filters; 24 numbers into 4.

    Intensity: 600 / (240 + 156 + 96) of the convolution, 192 / (96 + 384 + 16) of the dense layer.
    """
    assert count(small_model()).to_markdown().splitlines() == [
        "| layer | type | kernel | strides | input shape | output shape | weights | biases | other "
        "| macs | flops | activations | activation bytes | im2col bytes | intensity | macs dx "
        "| macs dw | note |",
        "| --- | --- | --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: "
        "| ---: | ---: | ---: | ---: | --- |",
        "| image | Input |  |  |  | 1x6x5x2 | 0 | 0 | 0 | 0 | 0 | 60 | 240 | 0 | 0 | 0 | 0 |  |",
        "| conv | Conv2D | 3x2 | 2x1 | 1x6x5x2 | 1x2x4x3 | 36 | 3 | 0 | 288 | 600 | 24 | 96 | 384 "
        "| 1.22 | 288 | 288 |  |",
        "| norm | BatchNormalization |  |  | 1x2x4x3 | 1x2x4x3 | 0 | 0 | 12 | 0 | 0 | 24 | 96 | 0 "
        "| 0 | 0 | 0 |  |",
        "| flat | Flatten |  |  | 1x2x4x3 | 1x24 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |  |",
        "| dense | Dense |  |  | 1x24 | 1x4 | 96 | 0 | 0 | 96 | 192 | 4 | 16 | 0 | 0.3871 | 96 "
        "| 96 |  |",
        "| **total** |  |  |  |  |  | 132 | 3 | 12 | 384 | 792 | 112 | 448 | 384 |  | 384 | 384 "
        "|  |",
    ]


@pytest.mark.parametrize("network", scratch.zoo.NETWORKS)
def test_twins_cost_the_same(network: str) -> None:
    ours = count(scratch.zoo.NETWORKS[network](), batch=3)
    theirs = count(keras_models.zoo.NETWORKS[network](), batch=3)
    assert ours.table.to_csv() == theirs.table.to_csv()
    assert ours.totals == theirs.totals


@pytest.mark.parametrize("function", [every_layer, branched, shared, small_model])
def test_printed_columns_add_up_to_the_printed_totals(function) -> None:
    model = build(function)
    lines = count(model, batch=2).to_markdown().splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    for name, *column, total in zip(cells[0], *cells[2:], strict=True):
        if name.replace(" ", "_") in SUMS:
            numbers = [int(cell.replace(",", "")) for cell in column]
            assert sum(numbers) == int(total.replace(",", "")), name
    totals = count(model).totals
    assert totals["parameters"] == model.count_params()
    assert totals["parameters"] == totals["weights"] + totals["biases"] + totals["other"]


def test_a_shared_layer_has_its_weights_once_and_its_work_each_time() -> None:
    table = count(build(shared)).table
    conv, dense = table[table.layer == "conv"], table[table.layer == "dense"]
    assert conv.weights.tolist() == [2 * 3 * 2 * 3, 0]
    assert conv.biases.tolist() == [3, 0]
    assert conv.macs.tolist() == [4 * 2 * 3 * 12] * 2
    assert dense.weights.tolist() == [24 * 24, 0]
    assert dense.macs.tolist() == [24 * 24] * 2
    assert dense.note.tolist() == ["", "weights counted above"]
    assert conv.intensity.nunique() == 1


def test_a_nested_model_has_its_weights_once_and_its_work_each_time() -> None:
    inner = keras.Sequential([keras.Input((None, None, 2)), layers.Conv2D(2, 3, name="conv")])
    x = keras.Input((9, 8, 2))
    model = keras.Model(x, inner(layers.MaxPooling2D(2)(inner(x))))
    counted = count(model)
    conv = counted.table[counted.table.type == "Conv2D"]
    assert conv.layer.tolist() == [f"{inner.name}/conv"] * 2
    assert conv.weights.tolist() == [36, 0]
    assert conv.macs.tolist() == [7 * 6 * 36, 1 * 1 * 36]
    assert counted.totals["parameters"] == model.count_params() == 38


def test_a_batch_multiplies_the_work_not_the_weights() -> None:
    one, many = count(small_model()), count(small_model(), batch=7)
    for column in SUMS:
        factor = 1 if column in ("weights", "biases", "other") else 7
        assert many.totals[column] == factor * one.totals[column], column
    # The weights are read once for all samples.
    dense = many.table.iloc[-1]
    assert dense.intensity == 7 * 192 / (7 * 96 + 384 + 7 * 16)


def test_bytes_follow_the_dtype() -> None:
    single, double = count(small_model()).totals, count(build(small_model, "float64")).totals
    assert double["activation_bytes"] == 2 * single["activation_bytes"]
    assert double["im2col_bytes"] == 2 * single["im2col_bytes"]
    with using_floatx("float32"):
        half = keras.Sequential(
            [keras.Input((6, 5, 2)), layers.Conv2D(3, 2, dtype="mixed_bfloat16")]
        )
    row = count(half).table.iloc[1]
    assert row.activation_bytes == 2 * row.activations
    assert row.intensity == row.flops / (60 * 4 + 27 * 4 + 60 * 2)


def test_another_input_size() -> None:
    assert count(small_model(), (6, 5, 2)).totals == count(small_model()).totals
    for build_network in (scratch.zoo.signs_deep, keras_models.zoo.signs_deep):
        conv = count(build_network(), (32, 48, 3)).table.iloc[1]
        assert conv.macs == 32 * 48 * 27 * 16
    for build_network in (scratch.zoo.signs_convnet, keras_models.zoo.signs_convnet):
        with pytest.raises(ValueError, match=r"'classifier'.*64"):
            count(build_network(), (32, 48, 3))


def test_what_cannot_be_counted() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        count(small_model(), batch=0)
    with pytest.raises(ValueError, match="no shapes and weights yet"):
        count(scratch.Sequential([scratch.layers.Dense(3)]))
    x = keras.Input((2,))
    model = keras.Model(x, layers.Dense(3)(x))
    model.spare = layers.Dense(5)
    model.spare.build((None, 3))
    with pytest.raises(ValueError, match=r"holds 29 parameters.* hold 9;"):
        count(model)
