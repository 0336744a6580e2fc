import re

import pytest

from scratch import Model, Sequential
from scratch.layers import (
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    ReLU,
)
from scratch.summary import summary_table
from scratch.zoo import NETWORKS
from tests.scratch.small_models import branched_net


def signs_like():
    """The signs' sizes, with normalisation, a shared layer and a residual connection."""
    image = Input((64, 64, 3), name="image")
    x = Conv2D(8, 4, padding="same", use_bias=False, name="conv1")(image)
    x = MaxPooling2D(8, padding="same", name="pool1")(BatchNormalization(name="norm1")(x))
    shared = Conv2D(8, 2, padding="same", name="shared")
    x = Add(name="add")([x, shared(ReLU(name="relu")(shared(x)))])
    x = Dense(6, activation="softmax", name="classifier")(Flatten(name="flatten")(x))
    return Model(image, x, name="signs_like")


# conv1: 4 x 4 x 3 x 8; norm1: 4 x 8, half of them moving statistics; shared, once:
# 2 x 2 x 8 x 8 + 8; classifier: 8 x 8 x 8 x 6 + 6.
GOLDEN = """\
Model "signs_like"
--------------------------------------------------------------------
Layer (type)                Output shape       Params  Connected to
--------------------------------------------------------------------
image (Input)               (None, 64, 64, 3)       0  -
conv1 (Conv2D)              (None, 64, 64, 8)     384  image
norm1 (BatchNormalization)  (None, 64, 64, 8)      32  conv1
pool1 (MaxPooling2D)        (None, 8, 8, 8)         0  norm1
shared (Conv2D)             (None, 8, 8, 8)       264  pool1
relu (ReLU)                 (None, 8, 8, 8)         0  shared
shared (Conv2D)             (None, 8, 8, 8)         0  relu
add (Add)                   (None, 8, 8, 8)         0  pool1, shared
flatten (Flatten)           (None, 512)             0  add
classifier (Dense)          (None, 6)           3,078  flatten
--------------------------------------------------------------------
Total params: 3,758
Trainable params: 3,742
Non-trainable params: 16"""


def test_golden_table():
    assert summary_table(signs_like()) == GOLDEN


def test_summary_prints_the_table(capsys):
    model = signs_like()
    model.summary()
    assert capsys.readouterr().out == summary_table(model) + "\n"


@pytest.mark.parametrize("build", [signs_like, branched_net, *NETWORKS.values()])
def test_rows_add_up_to_the_printed_totals(build):
    model = build()
    head, rows, totals = re.split(r"\n-+\n(?!.*Connected to)", summary_table(model))
    assert head.splitlines()[-1].split()[-2:] == ["Connected", "to"]
    params = [re.split(r" {2,}", line)[2] for line in rows.splitlines()]
    assert len(params) == len(model.inputs) + len(model.calls)
    total, trainable, frozen = (number(line.split()[-1]) for line in totals.splitlines())
    assert sum(map(number, params)) == total == trainable + frozen == model.count_params()
    assert trainable == sum(w.size for la in model.layers for w in la.trainable_weights.values())


def number(text):
    return int(text.replace(",", ""))


def test_inputs_without_a_name_are_told_apart():
    a, b = Input((3,)), Input((3,))
    table = summary_table(Model([a, b], Add(name="add")([a, b])))
    assert re.search(rf"^add \(Add\) .* 0  {a.name}, {b.name}$", table, re.MULTILINE)
    assert table.count(" (Input) ") == 2


def test_unknown_sizes():
    table = summary_table(
        Sequential([Input((None, 5, 3)), Conv2D(2, 2, name="c"), GlobalAveragePooling2D(name="g")])
    )
    assert "(None, None, 4, 2)" in table
