"""A convolutional network from scratch: NumPy alone, with Keras' names."""

from scratch.config import set_random_seed
from scratch.memory import keep_freed_memory
from scratch.models import Model, Sequential
from scratch.serialization import load_model

__all__ = ["Model", "Sequential", "load_model", "set_random_seed"]

keep_freed_memory()
