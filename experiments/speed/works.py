"""The benchmark's rows: what is timed on both sides, and what NumPy may take at most."""

from __future__ import annotations

from experiments.bottlenecks.variants import PAIRS
from experiments.passes import BOTH, FORWARD, PASSES
from experiments.speed.networks import application, block, inference, training_step
from experiments.speed.single_layers import (
    batch_normalization,
    convolutions,
    max_pool_backward,
    pointwise_layers,
)
from experiments.speed.work import Work
from keras_models.zoo import NETWORKS

BATCH = 64
"""Photographs in a batch of the SIGNS networks, as in training."""
BLOCK_BATCH = 8

_POINTWISE = 0.8
_BLOCKS = {"inception 3a": "inception_3a", "ResNet bottleneck": "resnet_bottleneck"}
_EXERCISE = PAIRS[-1]
_EXERCISE_LIMITS = {FORWARD: 0.8, BOTH: 1.0}
_NORMALIZED = ((64, 64, 16, BATCH), (56, 56, 64, BLOCK_BATCH))
"""Height, width, channels, batch: signs_deep's first normalisation, and one of ResNet-50."""


def works() -> list[Work]:
    """All rows, in the order of the table."""
    return [
        Work(
            f"signs_convnet, training step, batch {BATCH}",
            1.0,
            training_step("signs_convnet", BATCH),
        ),
        Work(f"signs_convnet, inference, batch {BATCH}", 1.1, inference("signs_convnet", BATCH)),
        Work(f"signs_deep, training step, batch {BATCH}", 2.0, training_step("signs_deep", BATCH)),
        *_exercise(),
        *(_pointwise(title, network) for title, network in _BLOCKS.items()),
        Work(
            f"inception 3a block, forward + backward, batch {BLOCK_BATCH}",
            1.1,
            block(NETWORKS["inception_3a"], BOTH, BLOCK_BATCH),
        ),
        Work(
            "max-pool 3x3, stride 2, backward, 8x112x112x64",
            0.8,
            max_pool_backward((BLOCK_BATCH, 112, 112, 64), 3, 2, "same"),
        ),
        *(_normalization(*sizes) for sizes in _NORMALIZED),
        *(
            Work(
                f"ResNet-50, forward, 224x224, batch {batch}",
                1.5,
                application("ResNet50", 224, batch),
            )
            for batch in (1, 8)
        ),
    ]


def pointwise_works() -> list[Work]:
    """A row for each 1x1 convolution of the blocks on its own."""
    return [
        Work(f"{title}, {name}: {case}", _POINTWISE, convolutions([case]))
        for title, network in _BLOCKS.items()
        for name, case in pointwise_layers(network, BLOCK_BATCH).items()
    ]


def _exercise() -> list[Work]:
    return [
        Work(
            f"exercise 5-4 {variant}, {passes}",
            _EXERCISE_LIMITS[passes],
            block(build, passes, _EXERCISE.batch),
        )
        for variant, build in _EXERCISE.variants.items()
        for passes in PASSES
    ]


def _pointwise(title: str, network: str) -> Work:
    cases = list(pointwise_layers(network, BLOCK_BATCH).values())
    return Work(
        f"{title}, its {len(cases)} 1x1 convolutions, forward + backward, batch {BLOCK_BATCH}",
        _POINTWISE,
        convolutions(cases),
    )


def _normalization(height: int, width: int, channels: int, batch: int) -> Work:
    return Work(
        f"batch normalisation, training, forward + backward, {batch}x{height}x{width}x{channels}",
        1.6,
        block(lambda: batch_normalization((height, width, channels)), BOTH, batch),
    )
