"""Activations that are layers."""

from __future__ import annotations

from typing import Any

from experiments.gradients.cases.case import LayerCase, Shape

_IMAGES = (2, 4, 5, 3)

# Beyond -2..2 for functions that have kinks there.
_REACH = {"hard_sigmoid": 4.0, "hard_silu": 4.0, "relu6": 8.0}


def _named(name: str, shape: Shape = _IMAGES) -> LayerCase:
    return LayerCase("Activation", (shape,), {"activation": name}, reach=_REACH.get(name, 2.0))


def _layer(kind: str, shape: Shape = _IMAGES, about: str = "", **options: Any) -> LayerCase:
    return LayerCase(kind, (shape,), options, about)


CASES: tuple[LayerCase, ...] = (
    _named("relu"),
    _named("softmax", (2, 3, 5)),
    _named("linear", (2, 9)),
    *(
        _named(name)
        for name in (
            "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "leaky_relu", "mish",
            "relu6", "selu", "sigmoid", "silu", "softplus", "softsign", "tanh",
        )
    ),
    _named("log_softmax", (2, 3, 5)),
    _layer("ReLU"),
    _layer("ReLU", max_value=1.5, negative_slope=0.25, threshold=0.5),
    _layer("LeakyReLU", negative_slope=0.1),
    _layer("ELU", alpha=0.5),
    _layer("PReLU"),
    _layer("PReLU", about="a slope for each channel", shared_axes=[1, 2]),
    _layer("Softmax", (4, 6)),
    _layer("Softmax", (2, 4, 3), axis=1),
    _layer("Softmax", (2, 3, 4, 2), axis=[1, 2]),
)  # fmt: skip

AT_ZERO = LayerCase("Activation", (_IMAGES,), {"activation": "relu"}, "zeros", ties=True)
"""Where a ReLU has no derivative: for a fault that shows nowhere else."""
