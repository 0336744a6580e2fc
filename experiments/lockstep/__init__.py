"""Train a scratch model and its Keras twin on the same batches, and say where they part."""

from experiments.lockstep.batches import Batch, epoch_batches
from experiments.lockstep.departure import Departure, Examination, examine_steps
from experiments.lockstep.fit_step import fit_step
from experiments.lockstep.optimizers import scratch_optimizer
from experiments.lockstep.outcome import Predictions, predict_both
from experiments.lockstep.record import Record, Step
from experiments.lockstep.run import lockstep
from experiments.lockstep.step_outcome import FitStep

__all__ = [
    "Batch",
    "Departure",
    "Examination",
    "FitStep",
    "Predictions",
    "Record",
    "Step",
    "epoch_batches",
    "examine_steps",
    "fit_step",
    "lockstep",
    "predict_both",
    "scratch_optimizer",
]
