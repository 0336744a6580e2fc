"""Receptive fields against published sizes, and measured in networks made to be awkward."""

import numpy as np

from experiments.arithmetic.receptive_fields import Field, network_fields, vgg16_stack
from scratch import zoo
from scratch.config import using_floatx
from scratch.layers import (
    Add,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    ReLU,
)
from scratch.models import Model, Sequential


def by_layer(rows: list[dict]) -> dict[str, dict]:
    assert all(row["all_agree"] for row in rows), rows
    return {row["layer"]: row for row in rows}


def test_vgg16s_published_field() -> None:
    """212 pixels, stride 32, padding 90: Araujo, Norris and Sim 2019, table 1."""
    fields = by_layer(network_fields(vgg16_stack()))
    last = fields["block5_pool"]
    assert (last["receptive_field"], last["jump"], last["start"]) == (212, 32, -90)
    assert fields["block1_conv2"]["receptive_field"] == 5


def test_source_cs_network() -> None:
    fields = by_layer(network_fields(zoo.ng_example("float64")))
    assert [row["receptive_field"] for row in fields.values()] == [3, 7, 15]
    assert [row["jump"] for row in fields.values()] == [1, 2, 4]


def test_strides_dilation_even_windows_and_overlapping_pools_are_measured_as_predicted() -> None:
    with using_floatx("float64"):
        model = Sequential(
            [
                Input((37, 37, 2)),
                Conv2D(3, 4, strides=2, padding="same", name="even"),
                ReLU(name="relu"),
                MaxPooling2D(3, strides=2, padding="same", name="overlapping"),
                Conv2D(2, 2, dilation_rate=2, name="dilated"),
                Flatten(name="flatten"),
                Dense(3, name="dense"),
            ],
            name="awkward",
        )
    rows = network_fields(model)
    by_name = {row["layer"]: row for row in rows}
    assert list(by_name) == ["even", "overlapping", "dilated"]
    assert [row["receptive_field"] for row in rows] == [4, 4 + 2 * 2, 8 + 2 * 4]
    assert all(row["all_agree"] for row in rows[:2])
    # Between the cells of the dilated window lies a gap of one unit, 4 pixels, narrower than 8.
    assert by_name["dilated"]["all_agree"]


def test_a_field_with_holes_is_not_called_whole() -> None:
    """A window of two cells, three apart, skips the pixels between."""
    with using_floatx("float64"):
        model = Sequential([Input((9, 9, 1)), Conv2D(1, 2, dilation_rate=3, name="holes")])
    (row,) = network_fields(model)
    assert row["receptive_field"] == 4
    assert not row["all_agree"]


def test_a_branch_widens_the_field_where_it_joins() -> None:
    with using_floatx("float64"):
        x = image = Input((12, 12, 2))
        x = Conv2D(2, 5, padding="same", name="wide")(x)
        x = Add(name="add")([x, image])
        x = GlobalAveragePooling2D(keepdims=True, name="average")(x)
        model = Model(image, x)
    rows = network_fields(model)
    assert by_layer(rows[:2])["add"]["receptive_field"] == 5


def test_what_a_unit_sees_ends_at_the_image() -> None:
    field = Field(start=-3, end=4, jump=2)
    assert field.size == 8
    assert field.of(0, 10) == (0, 4)
    assert field.of(2, 10) == (1, 8)
    assert field.of(4, 10) == (5, 9)


def test_the_zoo_is_measured_on_both_sides() -> None:
    for name in ("signs_convnet", "inception_3a"):
        rows = network_fields(zoo.NETWORKS[name]("float64"))
        assert all(row["all_agree"] for row in rows)
        assert {row["scratch_sees"] for row in rows} == {row["keras_sees"] for row in rows}
    assert np.max([row["receptive_field"] for row in rows]) == 5
