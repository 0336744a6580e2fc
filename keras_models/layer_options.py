"""Which layers exist on both sides, and which of their options.

A layer has the same name, and an option the same name and meaning, on both sides. What Keras
has beyond these options must be at Keras' default, or the layer is not the same layer.
"""

from __future__ import annotations

import inspect
from typing import Any

import keras
from keras.src.applications.convnext import LayerScale
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

from keras_models.errors import UnsupportedLayerError
from keras_models.graph import keras_name
from scratch import layers as scratch_layers

_WEIGHTED = ("activation", "use_bias", "kernel_initializer", "bias_initializer")
_POOLING = ("pool_size", "strides", "padding")

OPTIONS: dict[str, tuple[str, ...]] = {
    "Activation": ("activation",),
    "Add": (),
    "AveragePooling2D": _POOLING,
    "BatchNormalization": ("momentum", "epsilon", "center", "scale"),
    "Concatenate": ("axis",),
    "Conv2D": (
        "filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", *_WEIGHTED,
    ),
    "Dense": ("units", *_WEIGHTED),
    "Dropout": ("rate", "seed"),
    "Flatten": (),
    "GlobalAveragePooling2D": ("keepdims",),
    "MaxPooling2D": _POOLING,
    "ReLU": (),
    "Softmax": (),
    "ZeroPadding2D": ("padding",),
}  # fmt: skip
_NOT_EXPORTED: dict[str, type[keras.Layer]] = {
    "CustomScaleLayer": CustomScaleLayer,
    "LayerScale": LayerScale,
}
"""Layers of keras.applications that `keras.layers` does not name."""

_KERAS_CLASSES = {name: _NOT_EXPORTED.get(name) or getattr(keras.layers, name) for name in OPTIONS}
_NAMES = {keras_class: name for name, keras_class in _KERAS_CLASSES.items()}
_SCRATCH = {getattr(scratch_layers, name): name for name in OPTIONS}
_SUPPORTED = f"Supported layers are {', '.join(OPTIONS)}"


def scratch_layer(layer: keras.Layer, path: str, rank: int, dtype: str) -> scratch_layers.Layer:
    """The scratch twin of a Keras layer, without its weights.

    Args:
        layer: A built Keras layer.
        path: The twin's name, as `LayerCall.name`.
        rank: The dimensions of its input, which say whether axis 3 is the last.
        dtype: What the twin computes in.

    Raises:
        UnsupportedLayerError: The layer or one of its options has no counterpart.
    """
    name = _NAMES.get(type(layer))
    if name is None:
        raise _unsupported(layer, path, "it has no from-scratch counterpart", _SUPPORTED)
    config = layer.get_config()
    if "axis" not in OPTIONS[name] and config.get("axis") == rank - 1:
        config["axis"] = -1
    _check_attributes(layer, path, config)
    options = {option: config[option] for option in (*OPTIONS[name], *_common_options(config))}
    _check_other_options(layer, path, config, options)
    options = {option: _plain(option, value) for option, value in options.items()}
    try:
        return getattr(scratch_layers, name)(**options, name=path, dtype=dtype)
    except (TypeError, ValueError) as error:
        problem = f"an option is not supported ({str(error).rstrip('.')})"
        raise _unsupported(layer, path, problem, "Rebuild the layer without it") from error


def keras_layer(layer: scratch_layers.Layer) -> keras.Layer:
    """The Keras twin of a scratch layer, without its weights; its name is `keras_name` of its own.

    Raises:
        UnsupportedLayerError: The layer or one of its options has no counterpart.
    """
    name = _SCRATCH.get(type(layer))
    if name is None:
        raise _unsupported(layer, layer.name, "it has no Keras counterpart", _SUPPORTED)
    config = layer.get_config()
    if others := set(config) - {*OPTIONS[name], *_common_options(config), "name", "dtype"}:
        problem = f"Keras has no option {', '.join(sorted(others))}"
        raise _unsupported(layer, layer.name, problem, _SUPPORTED)
    keras_class = _KERAS_CLASSES[name]
    config["name"] = keras_name(layer.name)
    return keras_class(**config, **_channels_last(keras_class))


def _common_options(config: dict[str, Any]) -> list[str]:
    """The options that every layer has: whether it is frozen, and its weights' regularizers."""
    return ["trainable", *(o for o in config if o.endswith("_regularizer") and config[o])]


def layer_dtype(layer: keras.Layer, path: str) -> str:
    """What a Keras layer computes in and keeps its weights in.

    Raises:
        UnsupportedLayerError: Its policy is mixed, quantized, or no float32 or float64.
    """
    policy = layer.dtype_policy.name
    if policy not in ("float32", "float64"):
        advice = 'Rebuild the model with dtype "float32" or "float64"'
        raise _unsupported(layer, path, f"dtype policy {policy!r} is not supported", advice)
    return policy


def _check_attributes(layer: keras.Layer, path: str, config: dict[str, Any]) -> None:
    """Refuse what the config does not tell, or tells under a name that is not unique."""
    layer_dtype(layer, path)
    if layer.activity_regularizer is not None:  # Dense leaves it out of its config.
        advice = "Rebuild it with activity_regularizer=None"
        raise _unsupported(layer, path, "option activity_regularizer is not supported", advice)
    name = config.get("activation", "linear")
    if "activation" in config and not (
        isinstance(name, str) and layer.activation is keras.activations.get(name)
    ):
        problem = f"option activation={layer.activation!r} is not one of Keras' own functions"
        raise _unsupported(layer, path, problem, 'Name one that both sides have, such as "relu"')


def _check_other_options(
    layer: keras.Layer, path: str, config: dict[str, Any], options: dict[str, Any]
) -> None:
    """Refuse any option beyond `options` that is not what Keras gives a layer by default."""
    plain = type(layer)(
        **options, **_channels_last(type(layer)), name=layer.name, dtype=config["dtype"]
    )
    defaults = plain.get_config()
    for option, value in config.items():
        default = defaults.get(option)
        if option not in options and value != default:
            problem = f"option {option}={value!r} is not supported"
            raise _unsupported(layer, path, problem, f"Use {option}={default!r}")


def _channels_last(keras_class: type) -> dict[str, str]:
    """`data_format` where there is one, so that no global setting decides it."""
    has_layout = "data_format" in inspect.signature(keras_class).parameters
    return {"data_format": "channels_last"} if has_layout else {}


def _plain(option: str, value: Any) -> Any:
    """An option of a Keras config in the form that the scratch constructor takes.

    A serialised initializer is given without the options that are not set.
    """
    settings = value.get("config") if isinstance(value, dict) else None
    if not (option.endswith("_initializer") and isinstance(settings, dict)):
        return value
    given = {name: setting for name, setting in settings.items() if setting is not None}
    return {"class_name": value["class_name"], "config": given}


def _unsupported(layer: Any, path: str, problem: str, advice: str) -> UnsupportedLayerError:
    return UnsupportedLayerError(path, type(layer).__name__, problem, advice)
