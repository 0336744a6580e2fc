"""What a network costs: parameters, multiply-accumulates, memory, layer by layer."""

from experiments.complexity.complexity import CONVENTIONS, Complexity
from experiments.complexity.counting import count
from experiments.complexity.symbolic import ConvCost, conv2d_cost

__all__ = ["CONVENTIONS", "Complexity", "ConvCost", "conv2d_cost", "count"]
