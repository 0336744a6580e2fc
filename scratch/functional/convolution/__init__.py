"""The algorithms of a convolution, one a file; `choice` says which is used where."""

from scratch.functional.convolution.algorithms import ALGORITHMS, Algorithm
from scratch.functional.convolution.choice import CHOICES, chosen, using_algorithm
from scratch.functional.convolution.problem import Pass, Problem

__all__ = ["ALGORITHMS", "CHOICES", "Algorithm", "Pass", "Problem", "chosen", "using_algorithm"]
