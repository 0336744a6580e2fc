"""`convtwin complexity`: which models it takes, what it prints and writes, and how it refuses."""

from pathlib import Path

import keras
import pandas as pd
import pytest
from keras import layers

import scratch.zoo
from experiments.complexity import count


def nested_model(path: Path) -> keras.Model:
    """Two inputs, a nested model used twice, and a layer that is not counted."""
    a, b = keras.Input((6, 5, 2), name="a"), keras.Input((6, 5, 2), name="b")
    block = keras.Sequential([keras.Input((6, 5, 2)), layers.Conv2D(3, 2, name="conv")], name="blk")
    y = layers.Flatten(name="flat")(layers.Concatenate(name="join")([block(a), block(b)]))
    y = layers.Reshape((10, 12), name="steps")(y)
    model = keras.Model([a, b], layers.GRU(4, name="gru")(y), name="two")
    model.save(path)
    return model


def open_model(path: Path) -> None:
    x = keras.Input((None, None, 3), name="image")
    keras.Model(x, layers.Conv2D(4, 3, padding="same")(x), name="open").save(path)


def test_a_network_of_the_zoo(convtwin) -> None:
    status, out, err = convtwin("complexity", "zoo:signs_convnet")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "signs_convnet, one sample"
    conv = next(line for line in lines if line.split()[:1] == ["conv1"])
    assert conv.split() == [
        "conv1",
        "Conv2D",
        "4x4",
        "1x64x64x8",
        "392",
        "1,572,864",
        "32,768",
        "17.5",
    ]
    pool = next(line for line in lines if line.split()[:1] == ["pool2"])
    assert "4x4/4x4" in pool
    total = next(line for line in lines if line.split()[:1] == ["total"])
    assert total.split() == ["total", "1,310", "1,606,016", "80,454"]
    assert "1,310 parameters: 1,280 weights, 30 biases, 0 other. 3,245,830 FLOPs." in out
    assert "FLOPs = 2 MACs + one addition for each bias use." in lines


def test_printed_rows_add_up_to_the_printed_total(convtwin) -> None:
    _, out, _ = convtwin("complexity", "zoo:inception_3a", "--batch", 3)
    rows = [line.split() for line in out.splitlines() if "3x28x28x" in line]
    total = next(line.split() for line in out.splitlines() if line.split()[:1] == ["total"])
    for place in (-4, -3, -2):
        numbers = [int(row[place].replace(",", "")) for row in rows]
        assert sum(numbers) == int(total[place + 1].replace(",", ""))


def test_csv_holds_the_whole_table(convtwin, tmp_path: Path) -> None:
    path = tmp_path / "layers.csv"
    assert convtwin("complexity", "zoo:signs_deep", "--batch", 2, "--csv", path)[0] == 0
    table = pd.read_csv(path, keep_default_na=False)
    expected = count(scratch.zoo.signs_deep(), batch=2).table
    pd.testing.assert_frame_equal(table, expected)


def test_a_csv_that_cannot_be_written_is_told(convtwin, tmp_path: Path) -> None:
    status, out, err = convtwin("complexity", "zoo:ng_example", "--csv", tmp_path / "no" / "x.csv")
    assert (status, out) == (2, "")
    assert err.startswith("convtwin: ")
    assert "x.csv cannot be written" in err


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_saved_model_with_several_inputs_and_nested_models(
    convtwin, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"two{suffix}"
    model = nested_model(path)
    status, out, _ = convtwin("complexity", path)
    assert status == 0
    assert out.count("blk/conv") == 2
    assert "not counted" in next(line for line in out.splitlines() if " GRU " in line)
    assert "Layers not counted, for want of a rule: 1." in out
    assert f"{model.count_params():,} parameters" in out


def test_an_open_size_needs_an_input_shape(convtwin, tmp_path: Path) -> None:
    path = tmp_path / "open.keras"
    open_model(path)
    status, _, err = convtwin("complexity", path)
    assert status == 2
    assert err == (
        "convtwin: Model 'open': input 'image' has shape (None, None, 3), which leaves sizes open; "
        "give them as input_shape, on the command line --input-shape.\n"
    )
    status, out, _ = convtwin("complexity", path, "--input-shape", "10,20,3")
    assert status == 0
    assert f"{10 * 20 * 9 * 3 * 4:,}" in out


def test_a_network_of_keras_for_another_size(convtwin) -> None:
    arguments = ["complexity", "applications:MobileNet", "--input-shape", "64,96,3"]
    status, out, err = convtwin(*arguments)
    assert (status, err) == (0, "")
    assert "1x64x96x3" in out
    status, _, err = convtwin("complexity", "applications:VGG16", "--input-shape", "10,10,3")
    assert status == 2
    assert "applications:VGG16 cannot be built for this shape: Input size must be" in err


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("zoo:sings_deep", "There is no model 'zoo:sings_deep'. Did you mean 'zoo:signs_deep'?"),
        ("resnet50", "There is no model 'resnet50'. Did you mean 'applications:ResNet50'?"),
        ("applications:Swin", "There is no model 'applications:Swin'. A model is"),
        ("gone.keras", "There is no model file gone.keras."),
        (__file__, "must end in .keras or .h5"),
    ],
)
def test_an_unknown_model_is_one_sentence(convtwin, model: str, message: str) -> None:
    status, out, err = convtwin("complexity", model)
    assert (status, out) == (2, "")
    assert message in err
    assert err.startswith("convtwin: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("shape", ["64", "64,x,3", "0,64,3", "", "64,,3"])
def test_a_wrong_input_shape_exits_with_2(convtwin, shape: str) -> None:
    status, out, err = convtwin("complexity", "zoo:signs_deep", "--input-shape", shape)
    assert (status, out) == (2, "")
    assert "give 3 sizes" in err if shape == "64" else "no shape" in err
