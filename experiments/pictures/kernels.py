"""Kernels made by hand, in whole numbers."""

from __future__ import annotations

import numpy as np

# Sobel's: positive where it gets brighter to the right, or to the bottom.
EDGES_DOWN = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
EDGES_ACROSS = EDGES_DOWN.T.copy()
LAPLACIAN = np.array([[1.0, 1, 1], [1, -8, 1], [1, 1, 1]])
SUM = np.ones((3, 3))
