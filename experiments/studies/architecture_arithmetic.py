"""Sizes, parameters and receptive fields: do the sources' formulas say what is computed?"""

from __future__ import annotations

import pandas as pd

from experiments.arithmetic.examples import example_rows, network_rows
from experiments.arithmetic.figures import fields_figure, network_figure, parameters_figure
from experiments.arithmetic.parameters import connection_rows, vgg16_rows
from experiments.arithmetic.receptive_fields import network_fields, vgg16_stack
from experiments.arithmetic.sizes import FORMULAS, formula_row, grid
from experiments.formatting import number
from experiments.study import Context, Findings, Table
from scratch.zoo import NETWORKS

question = (
    "How large is an output, how many parameters does a layer have and how much of the image does "
    "a unit see, and do scratch and Keras agree with the formulas?"
)
method = (
    "Every formula that the sources give for the size of an output (source A, floor((n - f + 2p) "
    "/ s) + 1; B and Keras, the same with unequal pads, and `same`; C, valid, same and pooling; "
    "D, P = (K - 1) / 2; E, wide) is held against the shapes that scratch and Keras compute, over "
    "a full grid of size, window, stride and padding; so are the shapes that the sources state and "
    "source C's network 39x39x3 to 1960. Parameters of full connection, local connection and "
    "shared weights are counted for the same input and output (source C). Receptive fields follow "
    "from the recurrence r' = r + (k - 1) j, j' = s j (Dumoulin and Visin 2016; Araujo, Norris and "
    "Sim 2019, Distill) and are measured on both sides: all weights 1 and averages for maxima, so "
    "that a unit's gradient is not zero exactly on the pixels it sees. All numbers are whole, and "
    "equality is exact."
)
order = 7

_ON_PHOTOGRAPHS = ("vgg_mini", "signs_deep")


def run(context: Context) -> Findings:
    """Compare formulas and shapes, count parameters, measure receptive fields."""
    sizes = []
    sides = grid(16 if context.full else 8)
    with context.progress.task("formulas for sizes", len(FORMULAS)) as advance:
        for formula in FORMULAS:
            sizes.append(formula_row(formula, sides))
            advance(1)
    fields = []
    networks = [*(build("float64") for build in NETWORKS.values()), vgg16_stack()]
    with context.progress.task("receptive fields", len(networks)) as advance:
        for network in networks:
            fields += network_fields(network)
            advance(1)
    tables = {
        "sizes": ("Formulas for the size of an output, over the grid", sizes),
        "examples": ("Shapes that the sources state", example_rows()),
        "ng_network": ("Source C's network, 39x39x3 to 1960", network_rows()),
        "connections": ("Parameters with and without sharing weights", connection_rows()),
        "vgg16": ("VGG16, layer by layer (source D)", vgg16_rows()),
        "receptive_fields": ("What the unit in the middle of a layer sees, in pixels", fields),
    }
    frames = {name: pd.DataFrame(rows) for name, (_, rows) in tables.items()}
    photo = context.signs.x_test[int((context.signs.y_test == 5).argmax())]
    return Findings(
        [Table(name, title, frames[name]) for name, (title, _) in tables.items()],
        [
            network_figure(frames["ng_network"]),
            fields_figure(frames["receptive_fields"], photo, _ON_PHOTOGRAPHS),
            parameters_figure(frames["connections"]),
        ],
    )


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The sentences of the report."""
    sizes, examples, network = tables["sizes"], tables["examples"], tables["ng_network"]
    agreeing = int(sizes.all_agree.sum())
    return [
        f"{agreeing} of {len(sizes)} formulas for the size of an output give what scratch and "
        f"Keras compute, over {number(int(sizes.cases.sum()))} cases; where a formula leaves no "
        f"output ({number(int(sizes.cases_without_output.sum()))} cases), scratch refuses in "
        f"{number(int(sizes.scratch_refuses.sum()))}.",
        f"{int(examples.all_agree.sum())} of {len(examples)} shapes that the sources state are "
        "what both compute.",
        f"Source C's network takes {number(network.numbers.iloc[0])} numbers to "
        f"{number(network.numbers.iloc[-1])}: {' -> '.join(network.formula)}, "
        f"{'the same' if network.all_agree.all() else 'NOT the same'} by formula, in scratch and "
        "in Keras.",
        *_parameter_sentences(tables["connections"], tables["vgg16"]),
        *_field_sentences(tables["receptive_fields"]),
    ]


def _parameter_sentences(connections: pd.DataFrame, vgg16: pd.DataFrame) -> list[str]:
    first = connections[connections.input == "39x39x3"].iloc[0]
    same = bool(vgg16.all_agree.all())
    return [
        f"Why not fully connected: from {first.input} to {first.output}, full connection needs "
        f"{number(first.full_connection)} parameters, local connection "
        f"{number(first.local_connection)}, the convolution {number(first.shared_weights)}: "
        f"{number(first.full_over_shared)} times fewer.",
        f"VGG16 has {number(int(vgg16.parameters.sum()))} parameters by formula; Keras' layers "
        f"have {'the same, one by one' if same else number(int(vgg16.keras_parameters.sum()))}.",
    ]


def _field_sentences(fields: pd.DataFrame) -> list[str]:
    equal = int(fields.all_agree.sum())
    last = fields.groupby("network", sort=False).tail(1).set_index("network").receptive_field
    ends = ", ".join(f"{last[name]} in {name}" for name in (*_ON_PHOTOGRAPHS, "vgg16"))
    return [
        "Receptive fields by recurrence are the pixels that a unit's gradient reaches, in scratch "
        f"and in Keras, for {equal} of {len(fields)} layers of {len(last)} networks. Pixels across "
        f"that the last layer with a window sees: {ends}.",
    ]
