"""The theory of a convolutional network on single images: sources C and E (Qiu, chapter 5).

Images, kernels and errors are matrices, (H, W) or (kh, kw), without batch and channels; a layer of
several channels is a sum of these. Arithmetic is that of the arrays: integers (of a type wide
enough for the sums) and `Fraction` objects come out exact.
"""

from scratch.reference.theory.convolution import (
    conv_bias_gradient,
    conv_delta,
    conv_kernel_gradient,
    convolve,
    cross_correlate,
    rot180,
)
from scratch.reference.theory.dense import dense_delta, dense_kernel_gradient, sgd_update, softmax
from scratch.reference.theory.pooling import average_pool, max_pool, pool_delta, upsample

__all__ = [
    "average_pool",
    "conv_bias_gradient",
    "conv_delta",
    "conv_kernel_gradient",
    "convolve",
    "cross_correlate",
    "dense_delta",
    "dense_kernel_gradient",
    "max_pool",
    "pool_delta",
    "rot180",
    "sgd_update",
    "softmax",
    "upsample",
]
