"""The Keras side: the same networks, converters in both directions, and a probe."""

from keras_models.convert import copy_weights, to_keras, to_scratch
from keras_models.errors import UnsupportedLayerError
from keras_models.probe import Probe, ProbedCall, loss_and_gradient, probe

__all__ = [
    "Probe",
    "ProbedCall",
    "UnsupportedLayerError",
    "copy_weights",
    "loss_and_gradient",
    "probe",
    "to_keras",
    "to_scratch",
]
