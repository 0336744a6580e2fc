"""Run studies one after the other, each from the same fresh state, and keep what they found."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from experiments import provenance, quiet, results, style
from experiments.study import Context, Study


def run_study(study: Study, context: Context, root: Path) -> results.StudyResults:
    """Run `study`, write its results to `root / study.name` and read them back.

    Raises:
        StudyError: The study cannot be run.
        ResultsError: Its results cannot be written.
    """
    start_afresh(context.seed)
    style.use()
    # One BLAS thread: its idle threads spin and take the cores that TensorFlow's would use, and
    # NumPy's sums then do not depend on how many there are.
    with threadpool_limits(1, user_api="blas"):
        began = time.perf_counter()
        findings = study.run(context)
        seconds = time.perf_counter() - began
        record = provenance.record(study.name, context, seconds)
    return results.read_study(results.write_study(root, study.name, findings, record))


def start_afresh(seed: int) -> None:
    """Seed everything and forget Keras' global state: a study alone runs as it does after others.

    Studies that need random numbers still draw them from `context.seed`.
    """
    quiet.load_tensorflow()
    import keras
    import tensorflow as tf

    from scratch import config

    tf.config.experimental.enable_op_determinism()  # as fast, on a CPU, as without
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    config.set_random_seed(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - whatever still draws from the global generator
