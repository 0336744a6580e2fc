"""The one catalogue of mistakes: those that people make in a from-scratch CNN, the sources' too.

Each fault is a layer class that differs from the right one in exactly what it gets wrong. Planting
it turns a layer of a model into that class. The comparison is tested by them, and names them when
a layer computes as one of them does; the audit of the sources reproduces wrong printed numbers by
them, and looks for the smallest input on which the others show.
"""

from experiments.faults import (
    activations,
    convolution,
    convolution_backward,
    convolution_kinds,
    dense,
    merging,
    normalization,
    pooling,
    pooling_windows,
    resizing,
    scaling,
)
from experiments.faults.fault import Fault

FAULTS: tuple[Fault, ...] = (
    *convolution.FAULTS,
    *convolution_backward.FAULTS,
    *convolution_kinds.FAULTS,
    *pooling.FAULTS,
    *pooling_windows.FAULTS,
    *normalization.FAULTS,
    *dense.FAULTS,
    *activations.FAULTS,
    *merging.FAULTS,
    *resizing.FAULTS,
    *scaling.FAULTS,
)
BY_NAME = {fault.name: fault for fault in FAULTS}

__all__ = ["BY_NAME", "FAULTS", "Fault"]
