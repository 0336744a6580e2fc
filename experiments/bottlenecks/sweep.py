"""How wide may a 1x1 reduction be? The width r at which it breaks even, in exact integers.

A KxK convolution costs K^2 C_in C_out multiply-accumulates at each position; behind a 1x1 to r
channels it costs r C_in + r K^2 C_out. The second is less than the first as long as

    r < r* = K^2 C_in C_out / (C_in + K^2 C_out).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pandas as pd

from experiments.bottlenecks.variants import convolutions
from experiments.complexity import conv2d_cost, count


@dataclass(frozen=True)
class Reduction:
    """A convolution that a 1x1 is put in front of; stride 1, `same` padding.

    Attributes:
        name: Where it is from.
        size: Height and width.
        kernel_size: K.
        channels_in: C_in.
        channels_out: C_out.
        used: The width that its network has; None where it is made up.
    """

    name: str
    size: int
    kernel_size: int
    channels_in: int
    channels_out: int
    used: int | None = None

    @property
    def direct_macs(self) -> int:
        """MACs without the 1x1."""
        return self._cost(self.kernel_size, self.channels_in, self.channels_out)

    def reduced_macs(self, r: int) -> int:
        """MACs through a 1x1 to `r` channels."""
        reduce = self._cost(1, self.channels_in, r)
        return reduce + self._cost(self.kernel_size, r, self.channels_out)

    @property
    def break_even(self) -> Fraction:
        """r*, exactly."""
        taken = self.kernel_size**2 * self.channels_out
        return Fraction(taken * self.channels_in, self.channels_in + taken)

    @property
    def widest(self) -> int:
        """The largest r that saves: floor(r*), or r* - 1 where r* is whole and costs the same."""
        return -(-self.break_even.numerator // self.break_even.denominator) - 1

    @property
    def formula(self) -> str:
        """r* with the numbers put in."""
        k, c, d = self.kernel_size, self.channels_in, self.channels_out
        return (
            f"r* = K^2 C_in C_out / (C_in + K^2 C_out) = {k}^2 * {c} * {d} / ({c} + {k}^2 * {d}) "
            f"= {k * k * c * d:,} / {c + k * k * d:,} = {float(self.break_even):.6g}"
        )

    def _cost(self, kernel_size: int, channels_in: int, channels_out: int) -> int:
        return conv2d_cost(self.size, self.size, kernel_size, channels_in, channels_out).macs


REDUCTIONS = (
    Reduction("exercise 5-4", 100, 3, 256, 256, used=64),
    Reduction("inception 3a, 3x3", 28, 3, 192, 128, used=96),
    Reduction("inception 3a, 5x5", 28, 5, 192, 32, used=16),
    Reduction("inception 5b, 5x5", 7, 5, 832, 128, used=48),
    Reduction("no network", 14, 1, 256, 256),
)


def break_even_table(reductions: tuple[Reduction, ...] = REDUCTIONS) -> pd.DataFrame:
    """r* of every reduction, and whether integers up to twice that width bear it out."""
    return pd.DataFrame([_break_even(reduction) for reduction in reductions])


def sweep_table(reductions: tuple[Reduction, ...] = REDUCTIONS) -> pd.DataFrame:
    """MACs over the width: powers of two, the network's width, and both sides of r*."""
    return pd.DataFrame(
        {
            "reduction": reduction.name,
            "r": r,
            "macs": reduction.reduced_macs(r),
            "share_of_direct": reduction.reduced_macs(r) / reduction.direct_macs,
            "saves": reduction.reduced_macs(r) < reduction.direct_macs,
            "used": r == reduction.used,
        }
        for reduction in reductions
        for r in _widths(reduction)
    )


def _break_even(reduction: Reduction) -> dict[str, Any]:
    widest, direct = reduction.widest, reduction.direct_macs
    widths = range(1, 2 * widest + 1)
    proven = all((reduction.reduced_macs(r) < direct) == (r < reduction.break_even) for r in widths)
    return {
        "reduction": reduction.name,
        "convolution": f"{reduction.kernel_size}x{reduction.kernel_size}, "
        f"{reduction.channels_in} to {reduction.channels_out}, at {reduction.size}x"
        f"{reduction.size}",
        "formula": reduction.formula,
        "break_even": float(reduction.break_even),
        "direct_macs": direct,
        "widest_that_saves": widest,
        "macs_at_widest": reduction.reduced_macs(widest),
        "saves_at_widest": reduction.reduced_macs(widest) < direct,
        "macs_one_wider": reduction.reduced_macs(widest + 1),
        "saves_one_wider": reduction.reduced_macs(widest + 1) < direct,
        "widths_checked": len(widths),
        "formula_holds_at_all": proven,
        "models_cost_the_same": _models_agree(reduction),
    }


def _models_agree(reduction: Reduction) -> bool:
    """Whether models at both sides of r* are counted as the closed form says."""
    k, c, d = reduction.kernel_size, reduction.channels_in, reduction.channels_out
    return all(
        count(convolutions(reduction.size, c, (1, r), (k, d))).totals["macs"]
        == reduction.reduced_macs(r)
        for r in (reduction.widest, reduction.widest + 1)
    )


def _widths(reduction: Reduction) -> list[int]:
    around = {reduction.widest, reduction.widest + 1}
    end = 2 * reduction.widest
    powers = {2**exponent for exponent in range(2, end.bit_length())}
    return sorted(around | powers | ({reduction.used} if reduction.used else set()))
