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

from keras_models import registered_layers
from keras_models.errors import UnsupportedLayerError
from keras_models.graph import keras_name
from keras_models.layer_state import numbers_to_use, numbers_used
from scratch import layers as scratch_layers

_WEIGHTED = ("activation", "use_bias", "kernel_initializer", "bias_initializer")
_POOLING = ("pool_size", "strides", "padding")
_DEPTHWISE = ("activation", "use_bias", "depthwise_initializer", "bias_initializer")
_WINDOW = ("kernel_size", "strides", "padding", "dilation_rate")
_NORMALIZING = ("epsilon", "center", "scale", "beta_initializer", "gamma_initializer")

OPTIONS: dict[str, tuple[str, ...]] = {
    "Activation": ("activation",),
    "Add": (),
    "Average": (),
    "AveragePooling1D": _POOLING,
    "AveragePooling2D": _POOLING,
    "BatchNormalization": (
        "axis", "momentum", *_NORMALIZING, "moving_mean_initializer", "moving_variance_initializer",
    ),
    "Concatenate": ("axis",),
    "Conv1D": ("filters", *_WINDOW, "groups", *_WEIGHTED),
    "Conv2D": ("filters", *_WINDOW, "groups", *_WEIGHTED),
    "Conv2DTranspose": ("filters", *_WINDOW, "output_padding", *_WEIGHTED),
    "CustomScaleLayer": ("scale",),
    "Cropping2D": ("cropping",),
    "Dense": ("units", *_WEIGHTED),
    "DepthwiseConv1D": (*_WINDOW, "depth_multiplier", *_DEPTHWISE),
    "DepthwiseConv2D": (*_WINDOW, "depth_multiplier", *_DEPTHWISE),
    "Dropout": ("rate", "noise_shape", "seed"),
    "ELU": ("alpha",),
    "Flatten": (),
    "GlobalAveragePooling1D": ("keepdims",),
    "GlobalAveragePooling2D": ("keepdims",),
    "GlobalMaxPooling1D": ("keepdims",),
    "GlobalMaxPooling2D": ("keepdims",),
    "GroupNormalization": ("groups", "axis", *_NORMALIZING),
    "LayerNormalization": ("axis", "rms_scaling", *_NORMALIZING),
    "LayerScale": ("init_values", "projection_dim"),
    "LeakyReLU": ("negative_slope",),
    "MaxPooling1D": _POOLING,
    "MaxPooling2D": _POOLING,
    "Maximum": (),
    "Minimum": (),
    "Multiply": (),
    "Normalization": ("axis", "mean", "variance", "invert"),
    "PReLU": ("alpha_initializer", "shared_axes"),
    "Permute": ("dims",),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "Rescaling": ("scale", "offset"),
    "Reshape": ("target_shape",),
    "Resizing": (
        "height", "width", "interpolation", "crop_to_aspect_ratio", "pad_to_aspect_ratio",
        "fill_value",
    ),
    "SeparableConv2D": (
        "filters", *_WINDOW, "depth_multiplier", "pointwise_initializer", *_DEPTHWISE,
    ),
    "Softmax": ("axis",),
    "SpatialDropout2D": ("rate", "seed"),
    "Subtract": (),
    "UpSampling2D": ("size", "interpolation"),
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


def _advice(layer: keras.Layer) -> str:
    """What to do about a Keras layer without counterpart."""
    name = type(layer).__name__
    if isinstance(layer, keras.layers.Lambda):
        return "Make its function a layer class, and register a scratch layer of that name"
    return f'Register one with scratch.layers.register(layer_class, name="{name}"). {_SUPPORTED}'


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
    twin_class = getattr(scratch_layers, name) if name else registered_layers.scratch_class(layer)
    if twin_class is None:
        raise _unsupported(layer, path, "it has no from-scratch counterpart", _advice(layer))
    config = _config(layer, path) | numbers_used(layer)
    own = OPTIONS[name] if name else registered_layers.shared_options(twin_class, config)
    if "axis" not in own and config.get("axis") == rank - 1:
        config["axis"] = -1
    _check_attributes(layer, path, config)
    options = {option: config[option] for option in (*own, *_common_options(config))}
    _check_other_options(layer, path, config, options)
    options = {option: _plain(option, value) for option, value in options.items()}
    try:
        return twin_class(**options, name=path, dtype=dtype)
    except (TypeError, ValueError) as error:
        problem = f"an option is not supported ({str(error).rstrip('.')})"
        raise _unsupported(layer, path, problem, "Rebuild the layer without it") from error


def keras_layer(layer: scratch_layers.Layer) -> keras.Layer:
    """The Keras twin of a scratch layer, without its weights; its name is `keras_name` of its own.

    Raises:
        UnsupportedLayerError: The layer or one of its options has no counterpart.
    """
    name = _SCRATCH.get(type(layer))
    twin_class = _KERAS_CLASSES[name] if name else registered_layers.keras_class(layer)
    if twin_class is None:
        advice = (
            "Register its scratch class with scratch.layers.register, and a Keras class of that "
            "name with keras.saving.register_keras_serializable"
        )
        raise _unsupported(layer, layer.name, "it has no Keras counterpart", advice)
    config = layer.get_config()
    own = OPTIONS[name] if name else config
    if others := set(config) - {*own, *_common_options(config), "name", "dtype"}:
        problem = f"Keras has no option {', '.join(sorted(others))}"
        raise _unsupported(layer, layer.name, problem, _SUPPORTED)
    config |= {"name": keras_name(layer.name), **numbers_to_use(name or "", config)}
    trainable = config.pop("trainable")
    try:
        twin = twin_class(**config, **_channels_last(twin_class))
    except (TypeError, ValueError) as error:
        problem = f"Keras does not take its options ({' '.join(str(error).split()).rstrip('.')})"
        raise _unsupported(layer, layer.name, problem, "Change the layer") from error
    twin.trainable = trainable  # not every class takes it as an option
    return twin


def _common_options(config: dict[str, Any]) -> list[str]:
    """Whether it is frozen, where its class takes that as an option; its weights' regularizers."""
    frozen = ["trainable"] if "trainable" in config else []
    return [*frozen, *(o for o in config if o.endswith("_regularizer") and config[o])]


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


def _config(layer: keras.Layer, path: str) -> dict[str, Any]:
    try:
        return layer.get_config()
    except NotImplementedError as error:  # a layer of a user's own that Keras cannot describe
        problem = "its options cannot be read, for its class has no get_config"
        raise _unsupported(layer, path, problem, "Define get_config in its class") from error


def _check_attributes(layer: keras.Layer, path: str, config: dict[str, Any]) -> None:
    """Refuse what the config does not tell, or tells under a name that is not unique."""
    layer_dtype(layer, path)
    if layer.activity_regularizer is not None:  # Dense leaves it out of its config.
        advice = "Rebuild it with activity_regularizer=None"
        raise _unsupported(layer, path, "option activity_regularizer is not supported", advice)
    name = config.get("activation", "linear")
    if (
        "activation" in config
        and hasattr(layer, "activation")
        and not (isinstance(name, str) and layer.activation is keras.activations.get(name))
    ):
        problem = f"option activation={layer.activation!r} is not one of Keras' own functions"
        raise _unsupported(layer, path, problem, 'Name one that both sides have, such as "relu"')


def _check_other_options(
    layer: keras.Layer, path: str, config: dict[str, Any], options: dict[str, Any]
) -> None:
    """Refuse any option beyond `options` that is not what Keras gives a layer by default."""
    try:
        plain = type(layer)(
            **options, **_channels_last(type(layer)), name=layer.name, dtype=config["dtype"]
        )
    except TypeError as error:  # a layer of a user's own, whose scratch class takes less
        problem = f"its registered scratch class takes too few of its options ({error})"
        advice = f"Give that class arguments for {', '.join(sorted(set(config) - set(options)))}"
        raise _unsupported(layer, path, problem, advice) from error
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
