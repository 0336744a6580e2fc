"""The operations of a CNN as pure functions on arrays, each backward beside its forward.

Images are channels last, (N, H, W, C). Nothing changes the dtype it is given, nothing writes to
its arguments.
"""

from scratch.functional.activations import (
    Activation,
    relu,
    relu_backward,
    softmax,
    softmax_backward,
)
from scratch.functional.activations import get as get_activation
from scratch.functional.conv import (
    conv2d,
    conv2d_bias_gradient,
    conv2d_input_gradient,
    conv2d_kernel_gradient,
)
from scratch.functional.conv_matrix import conv_matrix
from scratch.functional.dense import (
    dense,
    dense_bias_gradient,
    dense_input_gradient,
    dense_kernel_gradient,
)
from scratch.functional.dropout import dropout, dropout_backward
from scratch.functional.losses import (
    cross_entropy_from_logits,
    cross_entropy_from_logits_backward,
    mean_squared_error,
    mean_squared_error_backward,
)
from scratch.functional.merging import add, add_backward, concatenate, concatenate_backward
from scratch.functional.normalization import (
    batch_norm,
    batch_norm_inference_backward,
    batch_norm_statistics,
    batch_norm_training_backward,
)
from scratch.functional.padding import (
    Padding,
    Pads,
    Size,
    output_size,
    pad2d,
    pad2d_backward,
    resolve_padding,
)
from scratch.functional.pooling import (
    average_pool2d,
    average_pool2d_backward,
    global_average_pool2d,
    global_average_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from scratch.functional.shaping import flatten, flatten_backward

__all__ = [
    "Activation",
    "Padding",
    "Pads",
    "Size",
    "add",
    "add_backward",
    "average_pool2d",
    "average_pool2d_backward",
    "batch_norm",
    "batch_norm_inference_backward",
    "batch_norm_statistics",
    "batch_norm_training_backward",
    "concatenate",
    "concatenate_backward",
    "conv2d",
    "conv2d_bias_gradient",
    "conv2d_input_gradient",
    "conv2d_kernel_gradient",
    "conv_matrix",
    "cross_entropy_from_logits",
    "cross_entropy_from_logits_backward",
    "dense",
    "dense_bias_gradient",
    "dense_input_gradient",
    "dense_kernel_gradient",
    "dropout",
    "dropout_backward",
    "flatten",
    "flatten_backward",
    "get_activation",
    "global_average_pool2d",
    "global_average_pool2d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "mean_squared_error",
    "mean_squared_error_backward",
    "output_size",
    "pad2d",
    "pad2d_backward",
    "relu",
    "relu_backward",
    "resolve_padding",
    "softmax",
    "softmax_backward",
]
