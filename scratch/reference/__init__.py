"""Every operation in plain loops: the definition that everything faster is held against.

Each module keeps the names, arguments and layout of the sources it comes from, without their
faults:

- `course`: sources A and B, the step-by-step network; images (m, n_H, n_W, n_C). Exported here;
- `theory`: source C and the theory of source E, on matrices (H, W), exact for integers;
- `channels_first`: source D, one image (C, H, W);
- `modules`: source E's layers by im2col, images (N, C, H, W).
"""

from scratch.reference.course import (
    ConvCache,
    HParameters,
    PoolCache,
    conv_backward,
    conv_forward,
    conv_single_step,
    create_mask_from_window,
    distribute_value,
    pool_backward,
    pool_forward,
    zero_pad,
)

__all__ = [
    "ConvCache",
    "HParameters",
    "PoolCache",
    "conv_backward",
    "conv_forward",
    "conv_single_step",
    "create_mask_from_window",
    "distribute_value",
    "pool_backward",
    "pool_forward",
    "zero_pad",
]
