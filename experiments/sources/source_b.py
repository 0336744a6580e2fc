"""Every number that source B and the versions after it print."""

from __future__ import annotations

import scratch.zoo
from experiments.complexity import count
from experiments.sources.draws import convolution_draws, pooled_gradient
from experiments.sources.printed import Printed
from experiments.sources.source_a import max_pooling_backward
from scratch import reference
from scratch.functional import resolve_padding


def source_b() -> list[Printed]:
    """The printed numbers of B, in their order."""
    return [*_pooling_backward(), *_network(), *_version_of_2021()]


def _pooling_backward() -> list[Printed]:
    spread = reference.distribute_value(100, (10, 10))
    return [
        Printed(
            "B1", "distribute_value", "dz 100, shape (10, 10)", "sum of the window", "100",
            spread.sum(),
        ),
        *max_pooling_backward("B max"),
        Printed(
            "B2",
            "pool_backward",
            "as in A9",
            "dA_prev[1, 1]",
            "[[0.08485462, 0.2787552], [1.26461098, -0.25749373], [1.17975636, -0.53624893]]",
            pooled_gradient("average")[1, 1],
        ),
    ]  # fmt: skip


def _network() -> list[Printed]:
    model = scratch.zoo.signs_convnet()
    parameters = {layer.name: layer.count_params() for layer in model.layers}
    totals = count(model).totals
    texts = {"conv1": "392", "conv2": "528", "classifier": "390"}
    pads = [resolve_padding("same", (n, n), (f, f), (1, 1))[:2] for n, f in ((64, 4), (8, 2))]
    about = ("B network", "convolutional_model", "64x64x3 to 6 classes")
    return [
        *(
            Printed(*about, f"parameters of {name}", text, parameters[name])
            for name, text in texts.items()
        ),
        Printed(*about, "parameters", "1,310", totals["parameters"]),
        Printed(*about, "MACs of an image", "1,606,016", totals["macs"]),
        Printed(*about, "same pads of kernels 4x4 and 2x2", "(1, 2) and (0, 1)", pads),
    ]


def _version_of_2021() -> list[Printed]:
    given = convolution_draws(stride=2)
    z, cache = reference.conv_forward(*given[:3], given.hparameters)
    texts = {"dA": "1.4524377775388075", "dW": "1.7269914583139097", "db": "7.839232564616838"}
    gradients = reference.conv_backward(z, cache)
    about = ("B 2021", "conv_forward", "A_prev (10, 4, 4, 3), W (2, 2, 3, 8), pad 2, stride 2")
    row = (
        "[-0.61490741, -6.7439236, -2.55153897, 1.75698377, 3.56208902, 0.53036437, 5.18531798, "
        "8.75898442]"
    )
    return [
        Printed(*about, "mean of Z", "0.04899520352885578", z.mean()),
        Printed(*about, "Z[3, 2, 1]", row, z[3, 2, 1]),
        *(
            Printed(
                "B 2021", "conv_backward", "the same, dZ = Z", f"mean of {name}", text,
                gradient.mean(),
            )
            for (name, text), gradient in zip(texts.items(), gradients, strict=True)
        ),
    ]  # fmt: skip
