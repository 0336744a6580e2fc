"""How many windows fit along one side of an image."""

from __future__ import annotations


def output_size(size: int, window: int, stride: int, pad: int = 0) -> int:
    """floor((n - f + 2 pad) / stride) + 1: source A's rule, with one pad for both ends.

    Raises:
        ValueError: No window fits, or a number is not one of a geometry.
    """
    given = f"size {size}, window {window}, stride {stride}, pad {pad}"
    if min(size, window, stride) < 1 or pad < 0:
        raise ValueError(f"Size, window and stride must be at least 1 and pad at least 0: {given}.")
    if size + 2 * pad < window:
        raise ValueError(f"The window is larger than the padded image: {given}.")
    return (size - window + 2 * pad) // stride + 1
