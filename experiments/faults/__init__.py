"""The one catalogue of mistakes: those that people make in a from-scratch CNN, the sources' too.

Each fault is a layer class that differs from the right one in exactly what it gets wrong. Planting
it turns a layer of a model into that class. The comparison is tested by them, and names them when
a layer computes as one of them does; the audit of the sources reproduces wrong printed numbers by
them, and looks for the smallest input on which the others show.
"""

from experiments.faults import (
    convolution,
    convolution_backward,
    dense,
    normalization,
    pooling,
    pooling_windows,
)
from experiments.faults.fault import Fault

FAULTS: tuple[Fault, ...] = (
    *convolution.FAULTS,
    *convolution_backward.FAULTS,
    *pooling.FAULTS,
    *pooling_windows.FAULTS,
    *normalization.FAULTS,
    *dense.FAULTS,
)
BY_NAME = {fault.name: fault for fault in FAULTS}

__all__ = ["BY_NAME", "FAULTS", "Fault"]
