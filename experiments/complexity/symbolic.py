"""What one convolution costs, as a formula with its numbers put in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ConvCost:
    """Time and space of one convolution (source E, exercise 5-4); see `conv2d_cost`."""

    height: int
    width: int
    kernel_size: int
    channels_in: int
    channels_out: int

    @property
    def weights(self) -> int:
        """Numbers in the kernel, K^2 C_in C_out; biases aside."""
        return self.kernel_size**2 * self.channels_in * self.channels_out

    @property
    def macs(self) -> int:
        """Multiply-accumulates: time, M_H M_W K^2 C_in C_out."""
        return self.height * self.width * self.weights

    @property
    def activations(self) -> int:
        """Numbers in the output: space, M_H M_W C_out."""
        return self.height * self.width * self.channels_out

    @property
    def time_formula(self) -> str:
        """Time as formula, numbers and value."""
        factors = (
            self.height, self.width, self.kernel_size, self.kernel_size,
            self.channels_in, self.channels_out,
        )  # fmt: skip
        return f"time O(M_H M_W K^2 C_in C_out) = {_product(factors)} = {self.macs:,}"

    @property
    def space_formula(self) -> str:
        """Space as formula, numbers and value."""
        factors = (self.height, self.width, self.channels_out)
        return f"space O(M_H M_W C_out) = {_product(factors)} = {self.activations:,}"

    @property
    def formula(self) -> str:
        """Both formulas."""
        return f"{self.time_formula}; {self.space_formula}"


def conv2d_cost(
    height: int, width: int, kernel_size: int, channels_in: int, channels_out: int
) -> ConvCost:
    """The cost of a convolution that writes maps of `height` x `width`.

    Args:
        height: M_H, the output's height; the input's too at stride 1 with `same` padding.
        width: M_W, the output's width.
        kernel_size: K, the side of the square kernel.
        channels_in: C_in.
        channels_out: C_out.

    Raises:
        ValueError: A number is below 1.

    Example:
        >>> conv2d_cost(100, 100, 3, 256, 256).time_formula
        'time O(M_H M_W K^2 C_in C_out) = 100 * 100 * 3 * 3 * 256 * 256 = 5,898,240,000'
    """
    cost = ConvCost(height, width, kernel_size, channels_in, channels_out)
    if min(vars(cost).values()) < 1:
        raise ValueError(f"Sizes and channels must be at least 1, got {cost}.")
    return cost


def _product(factors: tuple[int, ...]) -> str:
    return " * ".join(map(str, factors))
