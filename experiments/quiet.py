"""TensorFlow without its start-up notes and its advice on speed."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def load_tensorflow() -> None:
    """Import TensorFlow with standard error closed to it, and keep its warnings from the terminal.

    Its C++ side reports CPU features and missing GPUs on the file descriptor itself, before
    TF_CPP_MIN_LOG_LEVEL is heard; later it warns of graphs that are traced often, as a study of
    many shapes must. Python's own errors are exceptions and get through.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
