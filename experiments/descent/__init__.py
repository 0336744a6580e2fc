"""Stochastic, mini-batch and batch gradient descent with both twins: source C's training."""

from experiments.descent.method import METHODS, Method
from experiments.descent.rates import compare_rates
from experiments.descent.training import Descent, descend, float64_difference
from experiments.descent.update_rule import check_update_rule

__all__ = [
    "METHODS",
    "Descent",
    "Method",
    "check_update_rule",
    "compare_rates",
    "descend",
    "float64_difference",
]
