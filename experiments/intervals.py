"""How sure an accuracy is that was measured on few images."""

from __future__ import annotations

from math import sqrt

_Z = 1.959963984540054  # the normal distribution's 97.5 % quantile


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The Wilson 95 % score interval of a proportion (Wilson 1927).

    Args:
        successes: how many of the `n` were right.
        n: how many there were.

    Returns:
        The lower and the upper end, both within 0 to 1.

    Raises:
        ValueError: `n` is not positive or `successes` is not within 0 to `n`.

    Example:
        >>> low, high = wilson(94, 120)
        >>> f"{low:.3f} to {high:.3f}"
        '0.701 to 0.848'
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"An interval needs 0 <= successes <= n and n >= 1; got {successes}/{n}.")
    share = successes / n
    shrink = 1 + _Z**2 / n
    centre = (share + _Z**2 / (2 * n)) / shrink
    half = _Z / shrink * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    # The share is inside the interval; at 0 and 1 rounding would put it just outside.
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))
