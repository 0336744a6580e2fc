"""Which networks keras.applications has, for which inputs they are built, and what they are given.

Weights are drawn, not downloaded: no result depends on a file from elsewhere, and a gamma of one, a
bias of zero or a LayerScale of 1e-6 would hide whatever is wrong behind it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable

import keras
import numpy as np
from PIL import Image

from experiments.random_weights import randomize

Shape = tuple[int, int, int]

NAMES = tuple(
    sorted(name for name, value in vars(keras.applications).items() if inspect.isfunction(value))
)
QUICK = (
    "ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "MobileNet", "MobileNetV2",
    "MobileNetV3Large", "MobileNetV3Small", "ResNet50", "VGG16",
)  # fmt: skip
"""Ten that are small and have among them nearly every layer of the collection."""
LARGEST = (
    "ConvNeXtXLarge", "DenseNet201", "EfficientNetB7", "EfficientNetV2L", "InceptionResNetV2",
    "MobileNetV3Large", "NASNetLarge", "ResNet152", "VGG19", "Xception",
)  # fmt: skip
"""The largest of each family."""

_NATIVE = 224
"""What a network of open input size is built for."""
_SMALLEST = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}
_SMALL = 32


def small_shape(name: str) -> Shape:
    """The smallest photographs that an architecture allows: 32x32 but for three."""
    side = _SMALLEST.get(name, _SMALL)
    return (side, side, 3)


def native_shape(model: keras.Model) -> Shape:
    """The photographs that a network was published for, of one that is built for its default."""
    height, width, channels = model.input_shape[1:]
    return (height or _NATIVE, width or _NATIVE, channels)


def build(name: str, shape: Shape | None, seed: int) -> keras.Model:
    """A network with its classifier and random weights of which none is neutral.

    Args:
        name: One of `NAMES`.
        shape: Of its input, (height, width, 3); None for Keras' default.
        seed: Draws the weights.
    """
    keras.utils.set_random_seed(seed)
    model = _builder(name)(weights=None, input_shape=shape)
    randomize(model, seed)
    return model


def prepared(name: str, photos: np.ndarray, shape: Shape) -> np.ndarray:
    """Photographs, resized and in the range of numbers that a network expects.

    Args:
        name: One of `NAMES`.
        photos: (batch, height, width, 3), uint8.
        shape: What the network takes.

    Returns:
        (batch, *shape), float32.
    """
    size = (shape[1], shape[0])
    images = [Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR) for photo in photos]
    x = np.stack([np.asarray(image, np.float32) for image in images])
    return sys.modules[_builder(name).__module__].preprocess_input(x)


def _builder(name: str) -> Callable[..., keras.Model]:
    return getattr(keras.applications, name)
