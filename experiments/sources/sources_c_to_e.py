"""Every number that sources C, D and E print: sizes, counts of weights and of products."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

import scratch.zoo
from experiments.complexity import conv2d_cost, count
from experiments.sources.printed import Printed
from scratch import reference
from scratch.functional import resolve_padding
from scratch.functional.conv_matrix import conv_matrix
from scratch.reference import modules
from scratch.reference.theory import softmax

# Source C's kernel: turned by 180 degrees it is itself.
_KERNEL = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])


def sources_c_to_e() -> list[Printed]:
    """The printed numbers of C, D and E, in their order."""
    return [*_source_c(), *_ng_example(), *_source_d(), *_googlenet(), *_cost(), *_exercises()]


def _source_c() -> list[Printed]:
    image, cube = np.arange(25.0).reshape(1, 5, 5, 1), np.arange(108.0).reshape(1, 6, 6, 3)
    own, ones = _KERNEL.reshape(3, 3, 1, 1).astype(float), np.ones((3, 3, 3, 2))
    pooled, _ = reference.pool_forward(np.zeros((1, 4, 4, 1)), {"f": 2, "stride": 2})
    total = round(Fraction(softmax(np.array([2.0, 1.0, 0.1])).sum()), 12)
    convolution = ("C sizes", "convolution")
    return [
        Printed(*convolution, "5x5, kernel 3x3, valid", "output", "3x3", _size(image, own)[:2]),
        Printed(*convolution, "5x5, kernel 3x3, same", "output", "5x5", _size(image, own, 1)[:2]),
        Printed(*convolution, "6x6x3, kernel 3x3x3", "output", "4x4", _size(cube, ones)[:2]),
        Printed(*convolution, "6x6x3, two such kernels", "output", "4x4x2", _size(cube, ones)),
        Printed("C sizes", "pooling", "4x4 in blocks of 2x2", "output", "2x2", pooled.shape[1:3]),
        Printed("C softmax", "softmax", "three classes", "sum, to twelve decimals", "1", total),
    ]


def _size(x: np.ndarray, kernel: np.ndarray, pad: int = 0) -> tuple[int, ...]:
    """Rows, columns and channels of a convolution at stride 1, by the loops."""
    bias = np.zeros((1, 1, 1, kernel.shape[3]))
    z, _ = reference.conv_forward(x, kernel, bias, {"stride": 1, "pad": pad})
    return z.shape[1:]


def _ng_example() -> list[Printed]:
    model = scratch.zoo.ng_example()
    shapes = {call.layer.name: call.output.shape[1:] for call in model.calls}
    texts = {"conv1": "37x37x10", "conv2": "17x17x20", "conv3": "7x7x40", "flatten": "1960"}
    about = ("C network", "network", "39x39x3, f 3 s 1, f 5 s 2, f 5 s 2")
    return [
        Printed(*about, "numbers in", "4563", math.prod(model.inputs[0].shape[1:])),
        *(Printed(*about, f"after {name}", text, shapes[name]) for name, text in texts.items()),
    ]


def _source_d() -> list[Printed]:
    pads = [resolve_padding("same", (8, 8), (k, k), (1, 1)) for k in (3, 5)]
    return [
        Printed(
            "D pads", "convolution", "K = 3 and K = 5, stride 1", "P on all four sides",
            "(1, 1, 1, 1) and (2, 2, 2, 2)", pads, note="as P = (K - 1) / 2",
        )
    ]  # fmt: skip


def _googlenet() -> list[Printed]:
    naive = count(scratch.zoo.inception_3a_naive()).totals["weights"]
    reduced = scratch.zoo.inception_3a()
    projection = reduced.get_layer("conv_pool_project").weights["kernel"].size
    total = count(reduced).totals["weights"]
    without = total - projection
    about = ("E 5-3", "inception 3a", "28x28x192 to 1x1 64, 3x3 128, 5x5 32")
    part = Fraction(without, naive)
    return [
        Printed(*about, "weights, naive", "387,072", naive),
        Printed(*about, "weights with 1x1 reductions to 96 and 16", "157,184", without),
        Printed(*about, "the same and the pool branch's 1x1 to 32", "163,328", total),
        Printed(
            *about,
            "part of the naive weights",
            "0.33",
            part,
            words="about one third",
            note=f"loosely said: {without:,} / {naive:,} = {float(part):.3f}, and "
            f"{total / naive:.3f} with the pool branch",
        ),
    ]


def _cost() -> list[Printed]:
    direct = conv2d_cost(100, 100, 3, 256, 256)
    narrow, then = conv2d_cost(100, 100, 1, 256, 64), conv2d_cost(100, 100, 3, 64, 256)
    about = ("E 5-4", "cost of a layer", "100x100x256, 3x3 to 256")
    by_64 = (*about[:2], "the same, through a 1x1 to 64")
    both = narrow.activations + then.activations
    return [
        Printed(*about, "time", "5,898,240,000", direct.macs),
        Printed(*about, "space", "2,560,000", direct.activations),
        Printed(*by_64, "time of the 1x1", "163,840,000", narrow.macs),
        Printed(*by_64, "time of the 3x3", "1,474,560,000", then.macs),
        Printed(*by_64, "time", "1,638,400,000", narrow.macs + then.macs),
        Printed(*by_64, "space", "3,200,000", both),
    ]


def _exercises() -> list[Printed]:
    matrix = conv_matrix(np.arange(9.0).reshape(3, 3, 1, 1), (4, 4, 1))
    x = np.stack([np.arange(9.0), np.arange(1.0, 10.0)]).reshape(1, 2, 3, 3)
    layer = modules.Conv2D(2, 3, 2, 1, 0)
    layer.weight = np.round(4 * layer.weight)  # Whole numbers: y - (y + 1) is then -1 exactly.
    y = layer.forward(x)
    upstream = y - (y + 1)
    about = ("E im2col", "Conv2D", "Conv2D(2, 3, 2, 1, 0), x (1, 2, 3, 3) of 0 to 8 and 1 to 9")
    backward = (about[0], "Conv2D.backward", about[2])
    dx = layer.backward(upstream)
    return [
        Printed("E 5-7", "matrix", "4x4 input, 3x3 kernel", "shape of C", "4x16", matrix.shape),
        Printed(*about, "y.shape", "(1, 3, 2, 2)", y.shape),
        Printed(*about, "y - (y + 1), everywhere", "-1", np.unique(upstream)),
        Printed(*backward, "input gradient's shape", "(1, 2, 3, 3)", dx.shape),
    ]
